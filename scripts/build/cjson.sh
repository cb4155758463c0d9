#!/bin/sh
# Builds lua-cjson for a Lua that the system's package does not serve, from the system's own source package:
# cjson.sh LUA FOLDER. Debian has lua-cjson for each Lua but its newest.
set -eu
lua=$1 folder=$2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The system's list of packages, read as a list of sources.
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb /deb-src /p' >"$work/sources.list"
mkdir "$work/parts" "$work/lists"
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/${file##*/}"
done
apt="apt-get -q -y -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=$work/parts -o Dir::State::lists=$work/lists"
$apt update
(cd "$work" && $apt source --download-only --tar-only lua-cjson)
tar -xf "$work"/lua-cjson_*.orig.tar.* -C "$work" --strip-components=1

mkdir -p "$folder"
# shellcheck disable=SC2046 # words
cc -O2 -fPIC -shared -DNDEBUG $(pkg-config --cflags "lua$lua" 2>/dev/null || pkg-config --cflags "lua-$lua") \
    -o "$folder/cjson.so" "$work/lua_cjson.c" "$work/strbuf.c" "$work/fpconv.c"
