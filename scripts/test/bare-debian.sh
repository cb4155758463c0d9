#!/bin/sh
# Makes the Debian package in a minimal Debian, installs it in another one, and runs the README's commands there:
# bare-debian.sh [SUITE]. It needs root and debootstrap. The minimal system is made once, in /var/tmp, and copied for
# each run. The output says which steps succeeded.
set -eu
cd "$(dirname "$0")/../.."
suite=${1:-trixie}
checkout=$PWD
. scripts/test/debian.sh
debian_make "$suite" || exit 2

work=$(mktemp -d /var/tmp/cmr-bare.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT TERM

# in_system NAME COMMANDS: runs the commands in the copy NAME of the system.
in_system() {
    [ -e "$work/$1" ] || cp -a "$base" "$work/$1"
    debian_run "$work/$1" "$2" >"$work/log" 2>&1 || {
        tail -n 30 "$work/log" >&2
        exit 1
    }
}

in_system builder 'apt-get update && apt-get install -y git make lintian'
mkdir "$work/builder/checkout"
git archive HEAD | tar -x -C "$work/builder/checkout"
in_system builder 'cd /checkout && apt-get build-dep -y . && make deb && lintian --fail-on error,warning build/deb/*.changes'
echo "$suite: lintian finds nothing"

cp -a "$base" "$work/user"
mkdir "$work/user/there"
cp "$work"/builder/checkout/build/deb/lua-cmr_*.deb "$checkout/README.md" "$work/user/there"
in_system user 'apt-get update && cd /there && apt-get install -y ./lua-cmr_*.deb'
echo "$suite: apt installs it, for Lua $(dpkg-deb -f "$work"/user/there/lua-cmr_*.deb Lua-Versions)"

# shellcheck disable=SC2016
in_system user '
    cd /there
    # block LANGUAGE N: prints the N-th code block of the README in this language
    block() { awk -v fence="\`\`\`$1" -v number="$2" "/^\`\`\`/ { inside = 0 } inside { print } \$0 == fence { inside = ++count == number }" README.md; }
    cmr mock >mock.env &
    until grep -qs "^# ready" mock.env; do sleep 0.1; kill -0 $!; done
    . ./mock.env
    user=BVZGM5TE9BMP3PP0VWGW943RGV1B

    block lua 1 >script.lua
    for lua in lua5.4; do $lua script.lua | tee script.out; grep -q john@agency.com script.out; grep -q ACT_ script.out; done

    block sh 1 | grep "^lua5.4 -e" >one-liner
    sh -eu one-liner | tee one-liner.out
    test -s one-liner.out

    port=$((10000 + RANDOM % 10000)) # outgoing connections get only higher ports
    block nginx 1 | sed "s/127.0.0.1:8080/127.0.0.1:$port/" >nginx.conf
    nginx -c /there/nginx.conf
    exec 3<>/dev/tcp/127.0.0.1/$port
    printf "GET /platforms?user=%s HTTP/1.0\r\n\r\n" $user >&3
    cat <&3 | tee nginx.out
    grep -q john@agency.com nginx.out
'
echo "$suite: a script, a one-liner and nginx call the API"
