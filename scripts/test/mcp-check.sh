#!/bin/sh
# Checks `cmr mcp` with outside programs, against `cmr mock`: the client of the protocol's official SDK, and the
# official inspector. mcp-check.sh LUA_PROGRAM, with a build's env. Needs Node.js and npm; the packages go to build/mcp.
# The last line is the sum: N passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
lua=${1:-lua5.4}
tools=build/mcp
packages='@modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/inspector@0.15.0'

command -v npm >/dev/null || { echo 'mcp-check: npm is needed' >&2; exit 1; }
mkdir -p $tools
if [ "$(cat $tools/installed 2>/dev/null)" != "$packages" ]; then
    # shellcheck disable=SC2086 # words
    npm install --prefix $tools --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error $packages
    echo "$packages" >$tools/installed
fi

log=$(mktemp)
out=$(mktemp)
ledger=$(mktemp -d)
mock=
cleanup() {
    [ -z "$mock" ] || kill "$mock" 2>/dev/null || true
    rm -rf "$log" "$out" "$ledger"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
passed=0
failed=0

# step NAME COMMAND...
step() {
    name=$1
    shift
    echo "== $name"
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL  $name"; fi
}

"$lua" bin/cmr mock --rate 0 >"$log" 2>&1 &
mock=$!
tries=0
until grep -q '# ready' "$log"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $mock 2>/dev/null; then cat "$log"; exit 1; fi
    sleep 0.1
done
CMR_BASE_URL=$(sed -n 's/^export CMR_BASE_URL=//p' "$log")
CMR_API_KEY=$(sed -n 's/^export CMR_API_KEY=//p' "$log")
CMR_LEDGER=$ledger/ledger.db
export CMR_BASE_URL CMR_API_KEY CMR_LEDGER
control=$(sed -n 's/^# control: \([^ ]*\).*/\1/p' "$log")
token=$(sed -n 's/^# control: .*x-mock-token: \([0-9a-f]*\).*/\1/p' "$log")

# inspect PATTERN METHOD [OPTION...]: the inspector's output has the pattern.
inspect() {
    pattern=$1
    method=$2
    shift 2
    if timeout 60 node $tools/node_modules/@modelcontextprotocol/inspector/cli/build/cli.js --cli \
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

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
