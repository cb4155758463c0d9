#!/bin/sh
# Builds the C peers and runs the benchmark: bench.sh. bench/run.lua reads ONLY, QUICK and KEEP from the environment.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/bench
for peer in easy multi; do
    # shellcheck disable=SC2046 # flags are words
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror $(pkg-config --cflags libcurl) \
        -o "build/bench/$peer" "bench/peers/$peer.c" $(pkg-config --libs libcurl)
done

# shellcheck source=/dev/null
. build/5.4/env
LUA_PATH="./?.lua;$LUA_PATH" exec lua5.4 bench/run.lua
