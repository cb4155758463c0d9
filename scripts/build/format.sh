#!/bin/sh
# Lays out the Lua files as .stylua.toml says: format.sh [--check]. Needs Node.js and npm: stylua is a package of npm
# and goes to build/stylua. spec/ stays as it is, and types/cmr.lua is generated.
set -eu
cd "$(dirname "$0")/../.."
tools=build/stylua
package='@johnnymorganz/stylua@2.5.2'

command -v npm >/dev/null || { echo 'format.sh: npm is needed' >&2; exit 1; }
mkdir -p $tools
if [ "$(cat $tools/installed 2>/dev/null)" != "$package" ]; then
    npm install --prefix $tools --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error $package
    echo "$package" >$tools/installed
fi

find lua scripts bench examples -name '*.lua' | sort |
    xargs node scripts/build/format.mjs $tools/node_modules/@johnnymorganz/stylua "$@" rockspec/*.rockspec bin/cmr
