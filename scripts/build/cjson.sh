#!/bin/sh
# Builds lua-cjson from the system's source package, for a Lua without a binary package: cjson.sh LUA FOLDER. Debian has
# a package of lua-cjson for every Lua except the newest.
set -eu
lua=$1 folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$(dirname "$0")/debian-source.sh" lua-cjson "$work"
mkdir -p "$folder"
# shellcheck disable=SC2046 # words
cc -O2 -fPIC -shared -DNDEBUG $(pkg-config --cflags "lua$lua" 2>/dev/null || pkg-config --cflags "lua-$lua") \
    -o "$folder/cjson.so" "$work/source/lua_cjson.c" "$work/source/strbuf.c" "$work/source/fpconv.c"
