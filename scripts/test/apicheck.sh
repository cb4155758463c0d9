#!/bin/sh
# Runs the specs on Debian's Lua 5.4, built with LUA_USE_APICHECK. This Lua checks each use of its C API, and a wrong
# use ends the process. SPECS and OPTIONS have the same meaning as in specs.sh.
set -eu
cd "$(dirname "$0")/../.."
folder=build/lua-apicheck
scripts/build/debian-source.sh lua5.4 "$folder"
if [ ! -x "$folder/bin/lua5.4" ]; then
    mkdir -p "$folder/bin"
    rm -f "$folder/source/src/luac.c" # this file is another program
    cc -O2 -g -DLUA_USE_APICHECK -DLUA_USE_LINUX -DLUA_COMPAT_5_3 -DDEB_HOST_MULTIARCH="\"$(gcc -print-multiarch)\"" \
        -Wl,-E -o "$folder/bin/lua5.4" "$folder"/source/src/*.c -lm -ldl
fi
PATH=$PWD/$folder/bin:$PATH
export PATH
make --no-print-directory build LUA=5.4 OUT=build/apicheck-5.4
exec scripts/test/specs.sh apicheck-5.4
