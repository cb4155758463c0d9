#!/bin/sh
# Drives web pages in Chromium: browser.sh LUA_PROGRAM, with a build's env. Runs scripts/test/browser/*-check.mjs, each
# against a `cmr mock` of its own. Needs Chromium, Node.js and npm; playwright-core goes to build/browser, and so do the
# screenshots. ONLY=mock-page chooses one check. Without Chromium or npm it says "skipped", and succeeds. The last line
# has the totals: N passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
lua=${1:-lua5.4}
tools=build/browser
packages=playwright-core@1.65.1

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
command -v npm >/dev/null || skip 'npm is not installed (Debian: apt install nodejs npm)'
mkdir -p $tools/screenshots
if [ "$(cat $tools/installed 2>/dev/null)" != "$packages" ]; then
    npm install --prefix $tools --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error \
        $packages || skip 'npm could not get playwright-core'
    echo "$packages" >$tools/installed
fi

work=$(mktemp -d)
mock=
cleanup() {
    [ -z "$mock" ] || kill "$mock" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
export CMR_LEDGER="$work/ledger.db" XDG_CONFIG_HOME="$work" # none of the user's
touch "$work/all"

for check in scripts/test/browser/${ONLY:-*}-check.mjs; do
    echo "== $check"
    "$lua" bin/cmr mock --rate 0 >"$work/mock" 2>&1 &
    mock=$!
    tries=0
    until grep -q '# ready' "$work/mock"; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 $mock 2>/dev/null; then cat "$work/mock"; exit 1; fi
        sleep 0.1
    done
    # shellcheck source=/dev/null # the lines that the mock printed
    . "$work/mock"
    MOCK_PID=$(sed -n 's/^# pid: \([0-9]*\).*/\1/p' "$work/mock")
    export MOCK_PID
    timeout 300 node "$check" $tools "$chromium" "$lua" >"$work/out" 2>&1 ||
        grep -q '^FAIL ' "$work/out" || echo "FAIL  $check ended early" >>"$work/out"
    cat "$work/out"
    cat "$work/out" >>"$work/all"
    kill $mock 2>/dev/null || true
    wait $mock || true
    mock=
done

passed=$(grep -c '^ok ' "$work/all" || :)
failed=$(grep -c '^FAIL ' "$work/all" || :)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
