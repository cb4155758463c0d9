#!/bin/sh
# Builds lua-cjson from the system's source package, for a Lua without a binary package: cjson.sh LUA FOLDER. Debian has
# a package of lua-cjson for every Lua except the newest.
set -eu
lua=$1 folder=$2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Makes a list of source packages from the system's list of packages.
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
