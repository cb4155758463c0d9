#!/bin/sh
# install.sh CORE LUA_PROGRAM DESTDIR LIBDIR LUADIR BINDIR, from the top of the checkout.
set -eu
core=$1 program=$2 destdir=$3 libdir=$4 luadir=$5 bindir=$6

# put MODE FROM TO
put() {
    mkdir -p "$(dirname "$3")"
    install -m "$1" "$2" "$3"
    echo "$3"
}

put 755 "$core" "$destdir$libdir/cmr/core.so"
(cd lua && find cmr -type f) | while read -r file; do
    put 644 "lua/$file" "$destdir$luadir/$file"
done

# A library for nginx's LuaJIT is no reason to have a command that does not start, or to replace one that does.
if ! command -v "$program" >/dev/null; then
    echo "cmr, the command, is left out: there is no $program to run it" >&2
    exit 0
fi

# The command runs on the Lua it was built for and finds its modules wherever PREFIX is.
command=$(mktemp)
trap 'rm -f "$command"' EXIT
{
    echo "#!$(command -v "$program" || echo "/usr/bin/env $program")"
    echo "package.path = '$luadir/?.lua;$luadir/?/init.lua;' .. package.path"
    echo "package.cpath = '$libdir/?.so;' .. package.cpath"
    sed 1d bin/cmr
} >"$command"
put 755 "$command" "$destdir$bindir/cmr"
