#!/bin/sh
# Drives web pages in Chromium: browser.sh LUA_PROGRAM. Source the file env of a build first, such as build/5.4/env.
# Runs scripts/test/browser/*-check.mjs, each against a `cmr mock` of its own. Builds the site for the last check,
# site-check.mjs, while the others run. Needs Chromium, Node.js and npm; playwright-core goes to build/browser, and so
# do the screenshots. ONLY=mock-page chooses one check. Without Chromium or the npm packages of a check, the script
# prints "skipped" and succeeds. The last line has the totals: N passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
lua=${1:-lua5.4}
tools=build/browser

skip() {
    echo "skipped: no page was tested in a browser: $1"
    echo '0 passed, 0 failed'
    exit 0
}

chromium=${CHROMIUM-}
for name in chromium chromium-browser google-chrome; do
    [ "$chromium" ] || chromium=$(command -v $name || :)
done
[ "$chromium" ] || skip 'Chromium is not installed (Debian: apt install chromium)'
scripts/build/npm.sh $tools playwright-core@1.65.1 || skip 'npm could not get playwright-core'
mkdir -p $tools/screenshots

. scripts/test/steps.sh
work=$(mktemp -d)
site=
trap 'cleanup; [ -z "$site" ] || kill "$site" 2>/dev/null; rm -rf "$work"' EXIT
export CMR_LEDGER="$work/ledger.db" XDG_CONFIG_HOME="$work" # no check uses the user's files

case ${ONLY:-site} in
site)
    scripts/build/site.sh >"$work/site" 2>&1 &
    site=$!
    ;;
esac

for check in scripts/test/browser/${ONLY:-*}-check.mjs; do
    echo "== $check"
    if [ "$check" = scripts/test/browser/site-check.mjs ]; then
        status=0
        wait "$site" || status=$?
        site=
        tail -n 30 "$work/site"
        case $status in
        0) ;;
        3) echo 'skipped: the site was not tested: npm could not get its packages' && continue ;;
        *) echo 'FAIL  the site was not built' && failed=$((failed + 1)) && continue ;;
        esac
    fi
    start_mock
    # shellcheck source=/dev/null # the lines that the mock printed
    . "$log"
    MOCK_PID=$(sed -n 's/^# pid: \([0-9]*\).*/\1/p' "$log")
    export MOCK_PID
    timeout 600 node "$check" $tools "$chromium" "$lua" >"$work/out" 2>&1 ||
        grep -q '^FAIL ' "$work/out" || echo "FAIL  $check ended early" >>"$work/out"
    cat "$work/out"
    passed=$((passed + $(grep -c '^ok ' "$work/out" || :)))
    failed=$((failed + $(grep -c '^FAIL ' "$work/out" || :)))
    stop_servers
done

[ "$passed" -gt 0 ] || [ "${status:-0}" -eq 3 ] || failed=$((failed + 1))
finish
