#!/bin/sh
# Runs examples/nginx against the mock, and shows each command and its output: nginx.sh BUILD LUA_PROGRAM. BUILD runs
# the mock; nginx loads build/jit. Fails if a command does not print the expected text. With KEEP=1 it shows no command,
# but prints the address of the example's page and keeps everything running until it is interrupted.
set -eu
cd "$(dirname "$0")/../.."
build=$1 lua=$2
user=BVZGM5TE9BMP3PP0VWGW943RGV1B mailbox=39XXMZ1SQMMWWPN2GCRB0Q78KZAR
# shellcheck source=/dev/null
. "$build/env"

directory=$(mktemp -d)
mock= nginx=
stop() {
    for pid in $nginx $mock; do
        kill "$pid" 2>/dev/null || :
    done
    wait
    rm -rf "$directory"
}
trap stop EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "example-nginx: $*" >&2
    cat "$directory/error.log" >&2 2>/dev/null || :
    exit 1
}

# until_so WHAT PID COMMAND...: waits for the command to succeed while the process lives.
until_so() {
    what=$1 pid=$2 tries=0
    shift 2
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        { [ $tries -lt 300 ] && kill -0 "$pid" 2>/dev/null; } || return 1
        sleep 0.1
    done
}

# show TEXT WORD...: runs curl, which must print TEXT and not print the key.
show() {
    expected=$1
    shift
    printf '\n$ curl'
    for word; do
        case $word in *[!A-Za-z0-9:/._-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
    done
    printf '\n'
    output=$(curl -s --noproxy '*' --max-time 30 "$@" 2>&1) || fail 'curl failed'
    case $output in *"$CMR_API_KEY"*) fail 'the key was printed' ;; esac
    printf '%s\n' "$output"
    case $output in *"$expected"*) ;; *) fail "expected to see: $expected" ;; esac
}

# Outgoing connections get only higher ports from the kernel, so a free port stays free until nginx binds it.
while
    port=$($lua -e 'print(require("cmr.util.random").integer(10000, 19999))')
    api=http://127.0.0.1:$port
    curl -s --noproxy '*' --output /dev/null "$api/" || [ $? -ne 7 ] # 7: nobody listens
do :; done
cmr mock --tls --webhook "$api/webhook" >"$directory/mock" &
mock=$!
until_so mock $mock grep -q '^# ready' "$directory/mock" || fail 'the mock did not start'
mock=$(sed -n 's/^# pid: \([0-9]*\).*/\1/p' "$directory/mock") # the mock's process; killing it ends the whole mock
eval "$(grep '^export ' "$directory/mock")"                   # sets the address, the key and the certificate

# Changes the example: it gets a random port, this machine's modules, and the library in this checkout.
cp examples/nginx/* "$directory"
program=$($lua -e 'local found = require("cmr.launcher.find").nginx() or {modules = {}}
    print(found.path or "")
    for _, path in ipairs(found.modules) do print(("load_module %s;"):format(path)) end')
path=$(echo "$program" | sed 1q)
[ "$path" ] || fail 'there is no nginx with Lua'
{
    echo "$program" | sed 1d
    [ "$(id -u)" -ne 0 ] || echo "user $(id -un) $(id -gn);" # allows the workers to read the mock's certificate
    sed -e '/^load_module/d' -e "s|127.0.0.1:8080|127.0.0.1:$port|" \
        -e "s|\"\$prefix/?.lua;;\";|\"\$prefix/?.lua;$PWD/lua/?.lua;$PWD/lua/?/init.lua;;\";\
            lua_package_cpath \"$PWD/build/jit/?.so;;\";|" examples/nginx/nginx.conf
} >"$directory/nginx.conf"
echo "\$ nginx -p examples/nginx/ -c nginx.conf # on port $port here"
(
    unset LUA_PATH LUA_CPATH
    exec "$path" -p "$directory/" -c nginx.conf -g 'daemon off;'
) >"$directory/output" 2>&1 &
nginx=$!
until_so nginx $nginx curl -s --noproxy '*' "$api/" || fail "nginx did not start: $(cat "$directory/output")"

token=a-token-of-32-characters-or-more
if [ "${KEEP-}" ]; then
    printf '\nThe page: %s/app/\nIts token: %s\n' "$api" "$token"
    printf "The mock's page: %s\nThe end: Ctrl-C\n" "$CMR_MOCK_PAGE"
    wait $nginx
    exit
fi
token="Authorization: Bearer $token"
printf '\n--- Nobody gets in without a token.\n'
show 'a token is needed' "$api/users/$user/platforms"
printf '\n--- For which platforms has my user stored credentials?\n'
show 'A1B2C3D4E5F6G7H8' -H "$token" "$api/users/$user/platforms"
printf '\n--- Export a mailbox again: three times a week, the fourth is refused.\n'
for _ in 1 2 3; do
    show 'ACT_' -H "$token" -d '{"google": {"appName": "Outreach App"}}' "$api/users/$user/mailboxes/$mailbox/reexport"
done
show '3 times per mailbox per week' -H "$token" -d '{}' "$api/users/$user/mailboxes/$mailbox/reexport"
printf '\n--- A mistake is explained, before anything is sent.\n'
show 'did you mean' -H "$token" -d '{"google": {"appname": "x"}}' "$api/users/$user/mailboxes/$mailbox/reexport"

stop
mock= nginx=
printf '\nEverything is stopped.\n'
