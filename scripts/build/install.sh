#!/bin/sh
# Installs or removes the files that `make` built: install.sh install|uninstall. Run it in the top folder. The
# environment has the Makefile's settings: OUT FLAVOUR LUA_PROGRAM DESTDIR INST_LIBDIR INST_LUADIR INST_BINDIR
# INST_SHAREDIR INST_RECORD ROCK.
#
# Several Luas share the command, its manual page and its completions. So INST_RECORD has a folder for each Lua. Its
# file `files` lists the files that the install wrote; the name of a directory ends with a slash. Its file `command` is
# a copy of the command for that Lua. Without INST_RECORD nothing is recorded, because a package manager knows the
# files.
set -eu
LC_ALL=C
export LC_ALL
umask 022 # so that every user can read the installed files
records=$DESTDIR$INST_RECORD
record=$INST_RECORD/$FLAVOUR

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/new" "$work/old"
echo // >"$work/others" # never empty, because some versions of grep misread an empty list of patterns
if [ "$INST_RECORD" ]; then
    [ ! -e "$DESTDIR$record/files" ] || cp "$DESTDIR$record/files" "$work/old"
    for file in "$records"/*/files; do
        [ "$file" = "$DESTDIR$record/files" ] || [ ! -e "$file" ] || cat "$file" >>"$work/others"
    done
fi

# remove LIST: removes the files in LIST that no other Lua has, then the directories in LIST that are empty.
remove() {
    { grep '/$' "$1" || :; grep -vxFf "$work/others" "$1" || :; } | sort -ru | while IFS= read -r path; do
        case $path in
        */) rmdir "$DESTDIR$path" 2>/dev/null || : ;;
        *) rm -f "$DESTDIR$path" ;;
        esac
    done
}

# directory PATH: makes the directory and its parents.
directory() {
    if [ -z "$1" ] || [ -d "$DESTDIR$1" ]; then return 0; fi
    case $1 in */*) directory "${1%/*}" ;; esac
    mkdir "$DESTDIR$1"
    echo "$1/" >>"$work/new"
}

# put MODE FROM TO: copies the file FROM to TO with this mode, and records TO.
put() {
    directory "${3%/*}"
    install -m "$1" "$2" "$DESTDIR$3"
    echo "$3" >>"$work/new"
    echo "$DESTDIR$3"
}

# The command runs on the Lua for which it was built, and finds its modules below any PREFIX. LuaRocks moves the modules
# of a rock into its tree later, and the tree may move too.
command_text() {
    echo "#!$(command -v "$LUA_PROGRAM")"
    if [ "$ROCK" ]; then
        cat <<'END'
local tree, version = arg[0]:match "^(.*)/lib[^/]*/luarocks/rocks[^/]*/cmr/[^/]*/bin/[^/]*$", _VERSION:sub(5)
if tree then
  package.path = ("%s/share/lua/%s/?.lua;%s/share/lua/%s/?/init.lua;"):format(tree, version, tree, version) .. package.path
  package.cpath = ("%s/lib/lua/%s/?.so;%s/lib64/lua/%s/?.so;"):format(tree, version, tree, version) .. package.cpath
end
END
    else
        echo "package.path = '$INST_LUADIR/?.lua;$INST_LUADIR/?/init.lua;' .. package.path"
        echo "package.cpath = '$INST_LIBDIR/?.so;' .. package.cpath"
    fi
    sed 1d bin/cmr
}

put_command() {
    command_text >"$work/command"
    put 755 "$work/command" "$INST_BINDIR/cmr"
    [ -z "$INST_RECORD" ] || put 755 "$work/command" "$record/command"
    put 644 docs/cmr.1 "$INST_SHAREDIR/man/man1/cmr.1"
    # each shell looks for completions in another folder
    while read -r shell file; do
        "$LUA_PROGRAM" -e "io.write(dofile('lua/cmr/cli/completion_scripts.lua').$shell)" >"$work/completion"
        put 644 "$work/completion" "$INST_SHAREDIR/$file"
    done <<END
bash bash-completion/completions/cmr
zsh zsh/site-functions/_cmr
fish fish/vendor_completions.d/cmr.fish
END
}

install_all() {
    [ -z "$DESTDIR" ] || mkdir -p "$DESTDIR"
    for module in core operations sqlite; do
        put 755 "$OUT/cmr/$module.so" "$INST_LIBDIR/cmr/$module.so"
    done
    (cd lua && find cmr -type f | sort) >"$work/modules"
    while IFS= read -r file; do put 644 "lua/$file" "$INST_LUADIR/$file"; done <"$work/modules"
    put 644 types/cmr.lua "$INST_SHAREDIR/cmr/types/cmr.lua" # for editors, as a workspace library
    put 644 LICENSE "$INST_SHAREDIR/doc/cmr/LICENSE"
    # This Lua may be only inside nginx, without a program. A command for it could not start, so the command of another
    # Lua stays.
    if command -v "$LUA_PROGRAM" >/dev/null; then
        put_command
    else
        echo "cmr, the command, is left out: there is no $LUA_PROGRAM to run it" >&2
    fi
    [ "$INST_RECORD" ] || return 0
    # An older version may have installed other files, which are removed now. The record also has the directories that
    # other Luas made, so that the removal of the last Lua removes them too.
    grep -vxFf "$work/new" "$work/old" | grep -v '/$' >"$work/stale" || :
    remove "$work/stale"
    grep -h '/$' "$work/old" "$work/others" | grep -vx // >>"$work/new" || :
    directory "$record"
    echo "$record/files" >>"$work/new"
    sort -u "$work/new" >"$work/files"
    install -m 644 "$work/files" "$DESTDIR$record/files"
}

# The command runs on the Lua that was installed last. When that Lua is removed, the command runs on the Lua installed
# before.
uninstall_all() {
    if [ ! -s "$work/old" ]; then
        echo "cmr: nothing to remove: $records has no install for $FLAVOUR" >&2
        exit 1
    fi
    command=$DESTDIR$INST_BINDIR/cmr
    cmp -s "$DESTDIR$record/command" "$command" && own=yes || own=
    remove "$work/old"
    # shellcheck disable=SC2012 # each folder has the name of a Lua, such as 5.4, which ls prints unchanged
    next=$(ls -t "$records"/*/command 2>/dev/null | head -n 1)
    if [ "$own" ] && [ "$next" ] && [ -e "$command" ]; then install -m 755 "$next" "$command"; fi
}

"$1_all"
