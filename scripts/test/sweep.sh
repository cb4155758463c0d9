#!/bin/sh
# Runs each code path again and again, and each time lets another one of its memory allocations fail: sweep.sh [STRIDE
# [NAME]]; see spec/sweep/sweep.c.
set -eu
cd "$(dirname "$0")/../.."
scripts/test/sanitized-host.sh gcc sweep -Wl,--wrap=realloc -Wl,--wrap=free spec/sweep/sweep.c spec/sweep/peer.c

LUA_PATH="$(pwd)/lua/?.lua;$(pwd)/lua/?/init.lua;;"
ASAN_OPTIONS=detect_leaks=1
LSAN_OPTIONS=suppressions=$(pwd)/spec/sweep/lsan.supp:print_suppressions=0
unset LUA_PATH_5_4 CMR_API_KEY CMR_BASE_URL CMR_CA_FILE http_proxy LD_PRELOAD || :
export LUA_PATH ASAN_OPTIONS LSAN_OPTIONS
exec build/chaos/sweep "$@"
