# shellcheck shell=sh
# To be sourced by a check with outside programs. $log is the output of the server that was started last. All servers
# whose process ids are in $servers end with the script.

log=$(mktemp)
servers=
passed=0
failed=0
stop_servers() {
    for pid in $servers; do kill "$pid" 2>/dev/null || true; done
    servers=
}
cleanup() {
    stop_servers
    rm -f "$log"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# step NAME COMMAND...: runs the command, and counts whether it succeeds.
step() {
    name=$1
    shift
    echo "== $name"
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL  $name"; fi
}

# start TEXT COMMAND...: starts a server, and waits until its log has the text.
start() {
    text=$1
    shift
    : >"$log" # the first grep may come before the child opens the log, and must not find the last server's text
    "$@" >"$log" 2>&1 &
    servers="$servers $!"
    tries=0
    until grep -q "$text" "$log"; do
        tries=$((tries + 1))
        if [ $tries -gt 300 ] || ! kill -0 $! 2>/dev/null; then
            cat "$log"
            exit 1
        fi
        sleep 0.1
    done
}

# start_mock: starts `cmr mock`, and stores its address in $url and its key in $key.
start_mock() {
    start '# ready' "$lua" bin/cmr mock --rate 0
    url=$(sed -n 's/^export CMR_BASE_URL=//p' "$log")
    key=$(sed -n 's/^export CMR_API_KEY=//p' "$log")
}

# finish: prints the totals, and fails if a step has failed.
finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
