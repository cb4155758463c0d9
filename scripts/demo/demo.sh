#!/bin/sh
# Runs commands of cmr against the mock, over TLS, and shows each command and its output: demo.sh BUILD LUA_PROGRAM.
# Fails if a command does not print the expected text.
set -eu
cd "$(dirname "$0")/../.."
build=$1 lua=$2
user=BVZGM5TE9BMP3PP0VWGW943RGV1B mailbox=39XXMZ1SQMMWWPN2GCRB0Q78KZAR
# shellcheck source=/dev/null
. "$build/env"

directory=$(mktemp -d)
export CMR_LEDGER="$directory/ledger.db" # so that the user's own ledger does not record the demo
mock=
stop() {
    [ -z "$mock" ] || kill "$mock" 2>/dev/null || :
    wait
    rm -rf "$directory"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "demo: $*" >&2
    exit 1
}

# show STATUS TEXT COMMAND: runs COMMAND, which must end with STATUS, print TEXT, and not print the key.
show() {
    printf '\n$ %s\n' "$3"
    output=$(sh -c "$3" 2>&1) && status=0 || status=$?
    case $output in *"$CMR_API_KEY"*) fail 'the key was printed' ;; esac
    printf '%s\n' "$output"
    [ "$status" -eq 0 ] || echo "(exit status $status)"
    [ "$status" -eq "$1" ] || fail "expected exit status $1"
    case $output in *"$2"*) ;; *) fail "expected to see: $2" ;; esac
}

printf '%s\n' "\$ . $build/env" '$ cmr mock --tls &'
cmr mock --tls >"$directory/mock" &
mock=$!
tries=0
until grep -q '^# ready' "$directory/mock"; do
    tries=$((tries + 1))
    { [ $tries -lt 300 ] && kill -0 $mock; } || fail 'the mock did not start'
    sleep 0.1
done
mock=$(sed -n 's/^# pid: \([0-9]*\).*/\1/p' "$directory/mock") # the mock's process; killing it ends the whole mock
head -n 1 "$directory/mock"
eval "$(grep '^export ' "$directory/mock")" # sets the address, the key and the certificate

printf '\n--- For which platforms has a user stored credentials? A script, the command, a one-liner.\n'
show 0 'A1B2C3D4E5F6G7H8' "$lua examples/platforms.lua $user"
show 0 '"EMAILBISON"' "cmr platforms $user"
show 0 'john@agency.com' "cmr platforms $user --output table"
show 0 'john@agency.com' "$lua -e 'print(assert(require\"cmr\".platforms(\"$user\")).data.EMAILBISON.credentials[1].email)'"

printf '\n--- Export a mailbox again: three times a week, the fourth is refused.\n'
show 0 'ACT_' "$lua examples/reexport.lua $mailbox"
show 0 '"actionId": "ACT_' "cmr reexport --mailbox-id $mailbox --google-app-name 'Outreach App' \\
    --google-client-id 549360251880-maeh4okn7btu9cjtf0l2bt1t5b22sbf8.apps.googleusercontent.com \\
    --google-oauth-route https://accounts.google.com/o/oauth2/v2/auth/oauthchooseaccount"
show 0 'ACT_' "$lua -e 'print(assert(require\"cmr\".reexport{mailboxId=\"$mailbox\"}).actionId)'"
show 1 'quota: ' "$lua examples/reexport.lua $mailbox"
show 1 'cmr: ' "cmr reexport --mailbox-id $mailbox"

stop
mock=
printf '\nEverything is stopped.\n'
