#!/bin/sh
# Checks docs/maintainers/openapi.json with outside programs: openapi-check.sh LUA_PROGRAM. Source the file env of a
# build first, such as build/5.4/env. Two linters read the document. Two mock servers made from it validate the requests
# of our functions, and deliveries of webhooks. A generated TypeScript client and a Postman collection call each
# operation of `cmr mock`. Needs Node.js and npm; the packages go to build/openapi. The last line has the totals: N
# passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
lua=${1:-lua5.4}
tools=build/openapi
packages='@redocly/cli@2.77.0 @stoplight/spectral-cli@6.16.3 @stoplight/prism-cli@5.14.2
    openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 openapi-to-postmanv2@6.3.3 newman@6.2.2'
export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true

# shellcheck disable=SC2086 # words
scripts/build/npm.sh $tools $packages
bin=$tools/node_modules/.bin

. scripts/test/steps.sh

# serve DOCUMENT: starts prism with it, on the port in $port.
serve() {
    port=$("$lua" -e 'print(require("cmr.util.random").integer(10000, 19999))') # outgoing connections get higher ports
    start 'Prism is listening' $bin/prism mock --errors --host 127.0.0.1 --port "$port" "$1"
}

# Two rules are off: a tag needs no description, and the document needs no contact.
step 'redocly lint' $bin/redocly lint --skip-rule=tag-description docs/maintainers/openapi.json
echo '{"extends": ["spectral:oas"], "rules": {"info-contact": "off"}}' >$tools/spectral.json
step 'spectral lint' $bin/spectral lint --fail-severity=warn --ruleset $tools/spectral.json docs/maintainers/openapi.json
node scripts/test/openapi-webhooks.mjs make $tools/webhooks.json
step 'spectral lint of the webhooks' $bin/spectral lint --fail-severity=warn --ruleset $tools/spectral.json $tools/webhooks.json

serve docs/maintainers/openapi.json
step 'prism accepts what the functions send' "$lua" scripts/test/openapi-calls.lua "http://127.0.0.1:$port"
serve $tools/webhooks.json
step 'prism accepts deliveries' node scripts/test/openapi-webhooks.mjs send "http://127.0.0.1:$port"

start_mock
step 'a generated client type-checks and calls' node scripts/test/openapi-client.mjs $tools "$url" "$key"
step 'a Postman collection runs' node scripts/test/openapi-postman.mjs $tools "$url" "$key"

finish
