#!/bin/sh
# Prints the name of the program that runs a Lua, or its usual name if none is installed: lua-program.sh LUA
# LUA is 5.1, 5.3, 5.4, 5.5 or jit.
set -eu

case $1 in
jit) names='luajit luajit2' test='jit' ;;
*) names="lua$1 lua-$1 lua$(echo "$1" | tr -d .) lua" test="_VERSION == 'Lua $1' and not jit" ;;
esac

for name in $names; do
    if "$name" -e "os.exit($test and 0 or 1)" >/dev/null 2>&1; then
        echo "$name"
        exit
    fi
done
echo "${names%% *}"
