# shellcheck shell=sh
# To be sourced. Makes a minimal Debian in a directory, and runs commands in it. It needs root, debootstrap and unshare.

# debian_make SUITE: makes the system once, in /var/tmp, and stores its directory in $base. Fails if it cannot.
debian_make() {
    base=/var/tmp/cmr-bare-$1
    [ -e "$base/made" ] && return
    [ "$(id -u)" = 0 ] || { echo 'a bare Debian needs root' >&2; return 1; }
    command -v debootstrap >/dev/null || { echo 'a bare Debian needs debootstrap' >&2; return 1; }
    unshare --mount --pid --fork true || { echo 'a bare Debian needs unshare' >&2; return 1; }
    rm -rf --one-file-system "$base"
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -n 's/^URIs: *//p; s/^deb \(\[.*\] \)\{0,1\}\([^ ]*\).*/\2/p' | head -n 1)
    script=/usr/share/debootstrap/scripts/$1
    # an older debootstrap lacks the script of a newer suite
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
    debootstrap --variant=minbase --include=ca-certificates "$1" "$base" "${mirror:?"no mirror is known"}" \
        "$script" >"$base.log" 2>&1 || { tail -n 3 "$base.log" >&2; return 1; }
    apt-config dump | grep '^Acquire::https\{0,1\}::[Pp]roxy' >"$base/etc/apt/apt.conf.d/99proxy" || :
    # no service may start, because it would listen on this machine
    printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
    chmod 755 "$base/usr/sbin/policy-rc.d"
    touch "$base/made"
}

# debian_run ROOT COMMANDS: runs the commands in this copy of a system. When the commands end, so do their processes.
debian_run() {
    # shellcheck disable=SC2016 # the inner shell expands these
    unshare --mount --pid --fork --kill-child env ROOT="$1" sh -c '
        mount -t proc proc "$ROOT/proc" && mount --rbind /dev "$ROOT/dev" &&
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
            chroot "$ROOT" bash -euc "$1"' sh "$2" </dev/null
}
