#!/bin/sh
# Checks docs/maintainers/openapi.json with other programs: two linters, and a mock server that is made from the
# document and validates the requests of our functions. openapi-check.sh LUA_PROGRAM, with the environment of a build.
# It needs Node.js and npm; the packages go to build/openapi. The last line has the totals: N passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
lua=${1:-lua5.4}
tools=build/openapi
packages='@redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3 @stoplight/prism-cli@5.14.2'
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

command -v npm >/dev/null || { echo 'openapi-check: npm is needed' >&2; exit 1; }
mkdir -p $tools
if [ "$(cat $tools/installed 2>/dev/null)" != "$packages" ]; then
    # shellcheck disable=SC2086 # words
    npm install --prefix $tools --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error $packages
    echo "$packages" >$tools/installed
fi
bin=$tools/node_modules/.bin

log=$(mktemp)
prism=
cleanup() {
    [ -z "$prism" ] || kill "$prism" 2>/dev/null || true
    rm -f "$log"
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

# Two rules do not apply: a tag needs no description, and the document has no contact.
step 'redocly lint' $bin/redocly lint --skip-rule=tag-description docs/maintainers/openapi.json
echo '{"extends": ["spectral:oas"], "rules": {"info-contact": "off"}}' >$tools/spectral.json
step 'spectral lint' $bin/spectral lint --ruleset $tools/spectral.json docs/maintainers/openapi.json

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
$bin/prism mock --errors --host 127.0.0.1 --port "$port" docs/maintainers/openapi.json >"$log" 2>&1 &
prism=$!
tries=0
until grep -q 'Prism is listening' "$log"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $prism 2>/dev/null; then
        cat "$log"
        exit 1
    fi
    sleep 0.1
done
step 'prism accepts what the functions send' "$lua" scripts/test/openapi-calls.lua "http://127.0.0.1:$port"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
