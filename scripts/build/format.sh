#!/bin/sh
# Lays out the Lua files as .stylua.toml says: format.sh [--check]. Needs Node.js and npm: stylua is a package of npm
# and goes to build/stylua. spec/ stays as it is, and types/cmr.lua is generated.
set -eu
cd "$(dirname "$0")/../.."
tools=build/stylua
package='@johnnymorganz/stylua@2.5.2'

scripts/build/npm.sh $tools $package

find lua scripts bench examples -name '*.lua' | sort |
    xargs node scripts/build/format.mjs $tools/node_modules/@johnnymorganz/stylua "$@" rockspec/*.rockspec bin/cmr
