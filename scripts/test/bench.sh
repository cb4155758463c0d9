#!/bin/sh
# Builds the C peers and runs the benchmark: bench.sh [PROGRAM]. Without PROGRAM it is bench/run.lua, which reads ONLY,
# QUICK and KEEP from the environment.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/bench

# build_peer FILE NAME PACKAGES FLAGS...: builds a peer.
build_peer() {
    file=$1 name=$2 packages=$3
    shift 3
    # shellcheck disable=SC2046,SC2086 # flags and packages are words
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror "$@" $(pkg-config --cflags $packages) \
        -o "build/bench/$name" "bench/peers/$file.c" -Wl,-E $(pkg-config --libs $packages)
}

for peer in easy multi; do
    build_peer $peer $peer libcurl
    build_peer $peer ${peer}_cjson "libcurl lua5.4" -DBENCH_DECODE
done
build_peer link link libcurl

# shellcheck source=/dev/null
. build/5.4/env
LUA_PATH="./?.lua;$LUA_PATH" exec lua5.4 "${1:-bench/run.lua}"
