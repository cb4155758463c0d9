#!/bin/sh
# Runs `cmr mcp` against `cmr mock`, and checks it with two outside programs: the client of the protocol's official SDK,
# and the official inspector. Source the file env of a build first, such as build/5.4/env. Then run
# mcp-check.sh LUA_PROGRAM. Needs Node.js and npm; the packages go to build/mcp. The last line has the totals: N
# passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
lua=${1:-lua5.4}
tools=build/mcp
packages='@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/inspector-cli@0.15.0'

# shellcheck disable=SC2086 # words
scripts/build/npm.sh $tools $packages

. scripts/test/steps.sh
out=$tools/out
start_mock
CMR_BASE_URL=$url CMR_API_KEY=$key CMR_LEDGER=$PWD/$tools/ledger.db
export CMR_BASE_URL CMR_API_KEY CMR_LEDGER
rm -f "$CMR_LEDGER"*
control=$(sed -n 's/^# control: \([^ ]*\).*/\1/p' "$log")
token=$(sed -n 's/^# control: .*x-mock-token: \([0-9a-f]*\).*/\1/p' "$log")

# inspect PATTERN METHOD [OPTION...]: runs the inspector. Succeeds if its output has the pattern.
inspect() {
    pattern=$1
    method=$2
    shift 2
    if timeout 60 node $tools/node_modules/@modelcontextprotocol/inspector-cli/build/cli.js --cli \
        "$lua" bin/cmr mcp -e CMR_BASE_URL="$CMR_BASE_URL" -e CMR_API_KEY="$CMR_API_KEY" -e CMR_LEDGER="$CMR_LEDGER" \
        -e LUA_PATH="${LUA_PATH-}" -e LUA_CPATH="${LUA_CPATH-}" --method "$method" "$@" >"$out" 2>&1 &&
        grep -q "$pattern" "$out"; then return 0; fi
    tail -20 "$out"
    return 1
}

user=BVZGM5TE9BMP3PP0VWGW943RGV1B
step 'the official client' timeout 120 node scripts/test/mcp-client.mjs $tools/node_modules "$lua" "$control" "$token"
step 'the inspector lists the tools' inspect '"name": "platforms"' tools/list
step 'the inspector calls platforms' inspect 'EMAILBISON' tools/call --tool-name platforms --tool-arg userId=$user
step 'the inspector lists the resources' inspect 'cmr://operations/create_order' resources/list
step 'the inspector lists the prompts' inspect '"name": "renew"' prompts/list

finish
