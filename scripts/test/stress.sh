#!/bin/sh
# Runs random operations: stress.sh [OPERATIONS [SEED]]; see spec/stress. Some operations use calls and the engine,
# under the sanitizers. Others use the ledger, and the results are compared with a model.
set -eu
cd "$(dirname "$0")/../.."
operations=${1:-1000000} seed=${2:-$(date +%s)}

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
make --no-print-directory -s build LUA=5.4
(
    # shellcheck source=/dev/null
    . build/5.4/env
    CMR_LEDGER=$directory/ledger.db lua5.4 spec/stress/ledger.lua $((operations / 100)) "$seed"
)

scripts/test/sanitized-host.sh gcc stress spec/stress/stress.c spec/sweep/peer.c
ASAN_OPTIONS=detect_leaks=1:leak_check_at_exit=0
unset CMR_API_KEY CMR_BASE_URL CMR_CA_FILE http_proxy LD_PRELOAD || :
export ASAN_OPTIONS
build/chaos/stress "$operations" "$seed"
