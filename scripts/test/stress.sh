#!/bin/sh
# Runs random operations on calls and the engine, under the sanitizers: stress.sh [OPERATIONS [SEED]]; see spec/stress.
set -eu
cd "$(dirname "$0")/../.."
scripts/test/sanitized-host.sh gcc stress spec/stress/stress.c spec/sweep/peer.c

ASAN_OPTIONS=detect_leaks=1:leak_check_at_exit=0
unset CMR_API_KEY CMR_BASE_URL CMR_CA_FILE http_proxy LD_PRELOAD || :
export ASAN_OPTIONS
exec build/chaos/stress "${1:-1000000}" "${2:-$(date +%s)}"
