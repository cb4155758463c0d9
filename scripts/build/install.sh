#!/bin/sh
# Installs or removes what `make` built: install.sh install|uninstall BUILD LUA_PROGRAM DESTDIR LIBDIR LUADIR BINDIR
# SHAREDIR, in the top folder.
set -eu
umask 022 # every user may use what is installed
action=$1 build=$2 program=$3 destdir=$4 libdir=$5 luadir=$6 bindir=$7 sharedir=$8

# SHELL FILE: where each shell looks for completions
completions="bash $sharedir/bash-completion/completions/cmr
zsh $sharedir/zsh/site-functions/_cmr
fish $sharedir/fish/vendor_completions.d/cmr.fish"
manual=$sharedir/man/man1/cmr.1
types=$sharedir/cmr/types/cmr.lua # for the workspace library of an editor

if [ "$action" = uninstall ]; then
    rm -rf "$destdir$libdir/cmr" "$destdir$luadir/cmr"
    rm -f "$destdir$bindir/cmr" "$destdir$manual" "$destdir$types"
    rmdir "$destdir$sharedir/cmr/types" "$destdir$sharedir/cmr" 2>/dev/null || :
    echo "$completions" | while read -r _ file; do rm -f "$destdir$file"; done
    exit
fi

# put MODE FROM TO
put() {
    mkdir -p "$(dirname "$3")"
    install -m "$1" "$2" "$3"
    echo "$3"
}

for module in core operations sqlite; do
    put 755 "$build/cmr/$module.so" "$destdir$libdir/cmr/$module.so"
done
(cd lua && find cmr -type f) | while read -r file; do
    put 644 "lua/$file" "$destdir$luadir/$file"
done
put 644 types/cmr.lua "$destdir$types"

# A library built for nginx's LuaJIT must not bring a command that cannot start, nor replace one that can.
if ! command -v "$program" >/dev/null; then
    echo "cmr, the command, is left out: there is no $program to run it" >&2
    exit 0
fi

# The command runs on the Lua that it was built for, and finds its modules below any PREFIX.
made=$(mktemp)
trap 'rm -f "$made"' EXIT
{
    echo "#!$(command -v "$program" || echo "/usr/bin/env $program")"
    echo "package.path = '$luadir/?.lua;$luadir/?/init.lua;' .. package.path"
    echo "package.cpath = '$libdir/?.so;' .. package.cpath"
    sed 1d bin/cmr
} >"$made"
put 755 "$made" "$destdir$bindir/cmr"

put 644 docs/cmr.1 "$destdir$manual"
echo "$completions" | while read -r shell file; do
    "$program" -e "io.write(dofile('lua/cmr/cli/completion_scripts.lua').$shell)" >"$made"
    put 644 "$made" "$destdir$file"
done
