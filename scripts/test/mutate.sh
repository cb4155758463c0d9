#!/bin/sh
# Breaks one line of a copy of the library at a time. A spec must fail each time; otherwise no spec guards what the line
# does. `mutate.sh [NAME...]` runs the rows below. `mutate.sh rows` only checks that each row still changes its file.
# `mutate.sh random N SEED [WHERE]` runs random mutations, see mutations.lua, with the specs that run the line; WHERE is
# csrc or lua. The last lines have the totals.
set -eu
cd "$(dirname "$0")/../.."
copy=build/mutate
parts="csrc lua spec scripts types bin examples rockspec docs debian Makefile .busted CHANGELOG.md README.md LICENSE"
lua=$(scripts/build/lua-program.sh 5.4)
covering=build/covering # which specs run a line, if covering.sh recorded it
records=/dev/null
[ ! -s "$covering/specs" ] || records=$covering/specs
limit=400 # seconds for one spec of a row; a spec that hangs counts as failed

# NAME | FILE | sed SCRIPT | SPECS
mutations() {
    cat <<'END'
certificate-unchecked | csrc/attempt.c | s/VERIFYPEER, 1L/VERIFYPEER, 0L/ | spec/fault/matrix_spec.lua
host-unchecked | csrc/attempt.c | s/VERIFYHOST, 2L/VERIFYHOST, 0L/ | spec/fault/matrix_spec.lua
second-send | csrc/attempt.c | s/attempt_is_repeatable(call) ? MAX_SENDS_REPEATABLE : 1/9/ | spec/client/attempts_spec.lua
handle-keeps-a-body | csrc/attempt.c | s/SET(CURLOPT_HTTPGET, 1L)/(void)0/ | spec/core/handles_spec.lua
handle-of-another-target | csrc/handles.c | s/if (handles->idle\[i\].target == target)/if (target)/ | spec/core/handles_spec.lua
redirect-followed | csrc/attempt.c | s/FOLLOWLOCATION, 0L/FOLLOWLOCATION, 1L/ | spec/core/response_spec.lua spec/core/protocol_spec.lua
limit-off-by-one | csrc/buffer.c | s/length > buffer->maximum - buffer->length/length > buffer->maximum - buffer->length + 1/ | spec/core/response_spec.lua spec/core/protocol_spec.lua
mask-removed | csrc/mask.c | s/while (secret \&\&/while (!secret \&\&/ | spec/core/response_spec.lua spec/core/protocol_spec.lua
dns-blocks | csrc/attempt.c | s/QUICK_EXIT, 1L/QUICK_EXIT, 0L/ | spec/fault/matrix_spec.lua
plain-http-anywhere | csrc/target_options.c | s/target->plain \&\& !target->loopback/false \&\& !target->loopback/ | spec/core/target_spec.lua
header-injection | csrc/headers.c | s/(unsigned char)text\[i\] < 0x20/(unsigned char)text[i] < 0x02/ | spec/core/target_spec.lua spec/core/added_headers_spec.lua
dot-segments | csrc/url.c | s/dots == 1 || dots == 2/dots == 3/ | spec/core/target_spec.lua
nul-in-texts | csrc/text.c | s/text \&\& strlen(text) == lua_rawlen(L, index)/text/ | spec/core/request_spec.lua spec/core/target_spec.lua
empty-id | csrc/arguments.c | s/if (!length \&\& (is_in_query(checker, param)/if (length > 1000000 \&\& (is_in_query(checker, param)/ | spec/core/request_spec.lua
sigpipe-kills | csrc/multi.c | s/pthread_sigmask(SIG_BLOCK/pthread_sigmask(SIG_UNBLOCK/ | spec/client/process_spec.lua
fork-unseen | csrc/multi.c | s/multi->owner != process_id()/multi->owner == 0/ | spec/core/engine_spec.lua
body-status-ignored | csrc/response.c | s/reported >= 400 \&\& reported <= 599/reported >= 4000/ | spec/core/response_spec.lua
quota-as-rate | csrc/response.c | s/return weekly || call->answer.retry_after > MAX_RATE_DELAY_SECONDS/return false/ | spec/core/response_spec.lua
json-nul | csrc/json.c | s/if (memchr(text, '\\0', length))/if (!text)/ | spec/core/json_spec.lua
proxy-password | csrc/response.c | s/ \&\& !strchr(answer->message, '@')// | spec/core/proxy_spec.lua
timeout-status | csrc/error.c | s/ \&\& status != 408// | spec/fault/matrix_spec.lua
digits-lost | csrc/json.c | s/digits <= MAX_EXACT_DIGITS/digits <= 15/ | spec/core/json_spec.lua
everything-by-accident | csrc/arguments.c | s/param->flags \& (REQUIRED | ALL_REQUIRED)))/param->flags \& REQUIRED))/ | spec/core/arguments_spec.lua
post-repeated | lua/cmr/retry.lua | s/local safe = repeatable or .*/local safe = true/ | spec/retry_spec.lua spec/client/attempts_spec.lua
retry-by-function | lua/cmr/retry.lua | s/return repeatable or outcome ~= "unknown"/return true/ | spec/client/retry_spec.lua
retry-without-budget | lua/cmr/retry_budget.lua | s/spent + 1 <= capacity/true/ | spec/retry_budget_spec.lua
retry-after-ignored | lua/cmr/retry.lua | s/if err.retry_after then/if false then/ | spec/retry_spec.lua spec/client/time_spec.lua
no-pacing | lua/cmr/limiter/memory.lua | s/slot + self.shares/slot + 0 * self.shares/ | spec/limiter/memory_spec.lua spec/client/pacing_spec.lua
hook-loses-answer | lua/cmr/util/errors.lua | s/local ok, answer = pcall(hook, ...)/local ok, answer = true, hook(...)/ | spec/client/process_spec.lua
read-under-a-restart | csrc/call.c | s/!call->reads, 1/call, 1/ | spec/core/call_spec.lua
webhook-forged | lua/cmr/webhook/verify.lua | s/if core.same(.*) then/if key then/ | spec/webhook/verify_spec.lua
webhook-replayed | lua/cmr/webhook/verify.lua | s/info.age > opts.tolerance/info.age > 1e9/ | spec/webhook/verify_spec.lua
webhook-twice | lua/cmr/webhook/receiver.lua | s/is_handled and "done" or "release"/"release"/ | spec/webhook/receiver_spec.lua
webhook-password-stored | lua/cmr/webhook/receiver.lua | s/secrets, store_passwords)$/secrets, true)/ | spec/webhook/receiver_spec.lua
lease-for-ever | lua/cmr/store/memory.lua | s/entry.expires > self.now() and entry or nil/entry or nil/ | spec/store/contract_spec.lua
quota-sent | lua/cmr/quota.lua | s/if mode == "enforce" then/if mode == "never" then/ | spec/quota_spec.lua
ledger-intent-lost | lua/cmr/sender.lua | s/if not state.ledger or record.repeatable then/if true then/ | spec/ledger/client_spec.lua
ledger-dead-writer | lua/cmr/ledger/writers.lua | s/db:is_held(request.writer) == false/db:is_held(request.writer) == 0/ | spec/ledger/ledger_spec.lua
not-confirmed | lua/cmr/cli/prompt.lua | s/if parsed.yes then return end/if parsed then return end/ | spec/cli/request_spec.lua
key-elsewhere | lua/cmr/cli/profile.lua | s/^  if address then/  if not name then/ | spec/cli/profile_spec.lua
private-file-public | csrc/private_file.h | s/S_IRWXG | S_IRWXO/S_ISUID/ | spec/core/files_spec.lua
outcome-forgotten | lua/cmr/sender.lua | s/OUTCOME_SEVERITY\[one\] > OUTCOME_SEVERITY\[other\] and one or other/one/ | spec/client/attempts_spec.lua
assistant-writes | lua/cmr/cli/mcp/access.lua | s/if not allowed\[class\] then/if false then/ | spec/cli/mcp/tools_spec.lua
assistant-unconfirmed | lua/cmr/cli/mcp/sending.lua | s/result.content.send == true/true/ | spec/cli/mcp/tools_spec.lua
assistant-repeats | lua/cmr/cli/mcp/sending.lua | s/if repeat_of == earlier.id then/if true then/ | spec/cli/mcp/tools_spec.lua
assistant-sees-secrets | lua/cmr/cli/mcp/sending.lua | s/redact.masked(answer)/answer/ | spec/cli/mcp/tools_spec.lua
page-without-token | lua/cmr/mock/control.lua | s/request.query.token == token and/true and/ | spec/mock/page_spec.lua
page-sees-secrets | lua/cmr/mock/view.lua | s/return without_keys(redact.masked(value))/return without_keys(value)/ | spec/mock/page_spec.lua
END
}

# changes FILE SCRIPT: succeeds if the script still changes the file.
changes() { [ -f "$1" ] && ! sed "$2" "$1" | cmp -s - "$1"; }

trim() { sed 's/^ *//; s/ *$//'; }

# limit_of SPECS: prints how many seconds they may take. For a random mutation, the limit depends on the recorded times.
limit_of() {
    [ "$wanted" -eq 0 ] && echo "$limit" && return
    echo "$1" | tr , '\n' | awk '
        NF > 1 { seconds[$1] = $2; next } { sum += $1 in seconds ? seconds[$1] : 15 } END { print 40 + 3 * sum }' "$records" -
}

# fail SPECS: succeeds if one of these spec files, which commas separate, fails on the Lua named by $on. Some spec files
# have no test for that Lua.
on=5.4
fail() {
    seconds=$(limit_of "$1")
    (cd "$copy" && OPTIONS=--no-keep-going SPECS=$(echo "$1" | tr , ' ') scripts/test/confined.sh "$seconds" scripts/test/specs.sh "$on") \
        >"$copy/test.log" 2>&1 && return 1
    [ $? -ne 124 ] || echo "$1: ended with status 124" >>"$copy/test.log"
    ! grep -q ': no test ran$' "$copy/test.log"
}

# specs GROUPS: succeeds if all these specs pass. With a random mutation, a spec that fails runs again, because specs
# may also fail on a busy machine. Only a second failure counts.
specs() {
    for group in $1; do
        fail "$group" || continue
        failed=$(sed -n 's/^\(Failure\|Error\) -> \([^ ]*\) .*/\2/p' "$copy/test.log" | head -n 1)
        [ "$wanted" -gt 0 ] && [ "$failed" ] && ! fail "$failed" && ! fail "$group" && continue
        return 1
    done
}

# build NAME: builds the copy for a Lua, or for the sanitizers.
build() {
    case $1 in
    asan-*) make -C "$copy" --no-print-directory asan-build ;;
    *) make -C "$copy" --no-print-directory build LUA="$1" ;;
    esac >"$copy/make.log" 2>&1
}

# specs_elsewhere FILE GROUPS: succeeds if the first group of specs passes on Lua 5.1 too, and for a C file also with the
# sanitizers. Some lines run only on Lua 5.1, and only the sanitizers notice memory that is not freed.
specs_elsewhere() {
    case $1 in
    csrc/*) builds="5.1 asan-5.4" ;;
    *) builds=5.1 ;;
    esac
    passes=yes
    for on in $builds; do
        if build "$on"; then
            MEMORY_KB=unlimited specs "${2%% *}" || passes=
        else
            echo "the build for $on ended with status 1" >"$copy/test.log"
            passes=
        fi
        [ "$passes" ] || break
    done
    on=5.4
    [ "$passes" ]
}

# Makes the copy, and checks that a spec passes in it. An earlier build stays, so that make builds only what has
# changed. The file of the last mutation counts as changed.
prepare() {
    mkdir -p "$copy/build"
    for part in $parts; do rm -rf "${copy:?}/$part"; done
    # shellcheck disable=SC2086 # words
    cp -Rp $parts "$copy"
    [ ! -s "$copy/build/mutated" ] || touch "$copy/$(cat "$copy/build/mutated")"
    build 5.4 && build jit
    specs spec/core/call_spec.lua || { cat "$copy/test.log" && exit 1; }
}

# check NAME FILE SCRIPT SPECS: breaks the copy and runs the specs. Status 2: the mutation cannot be built.
check() {
    changes "$2" "$3" || { echo "FAIL  $1: $2 lacks the line to break"; return 1; }
    for spec in $(echo "$4" | tr , " "); do
        [ -e "$spec" ] || { echo "FAIL  $1: there is no $spec"; return 1; }
    done
    [ -z "$rows_only" ] || return 0
    echo "$2" >"$copy/build/mutated"
    sed "$3" "$2" >"$copy/$2"
    status=0
    if ! build 5.4; then
        echo "      $1: does not build"
        status=2
    elif specs "$4" && { [ "$wanted" -eq 0 ] || specs_elsewhere "$2" "$4"; }; then
        echo "FAIL  $1: no spec noticed"
        diff "$2" "$copy/$2" | sed -n 's/^[<>]/    &/p'
        status=1
    elif ! grep -q '^Failure\|^Error\|ended with status\|API key was' "$copy/test.log"; then
        echo "FAIL  $1: the specs did not run"
        status=1
    else
        echo "ok    $1 ($(sed -n 's/^\(Failure\|Error\) -> //p; s/.*ended with status/ended with status/p' "$copy/test.log" | head -n 1))"
    fi
    cp "$2" "$copy/$2"
    return $status
}

area() {
    case $1 in
    csrc/*) echo C ;;
    lua/cmr/cli/* | lua/cmr/launcher/* | lua/cmr/listen/* | lua/cmr/mock/* | lua/cmr/probe/*) echo command ;;
    *) echo library ;;
    esac
}

wanted=0
rows_only=
list=$(mktemp)
results=$(mktemp)
trap 'rm -f "$list" "$results"' EXIT
[ -n "$lua" ]
case ${1-} in
rows) rows_only=yes && shift && mutations >"$list" ;;
random)
    wanted=$2
    echo "seed $3"
    # twice as many, because some cannot be built
    "$lua" scripts/test/mutations.lua $((wanted * 2)) "$3" "$covering" "${4:+^$4}" >"$list"
    set --
    ;;
*) mutations >"$list" ;;
esac
[ "$rows_only" ] || prepare
while IFS='|' read -r name file rest; do
    name=$(printf '%s' "$name" | trim)
    file=$(printf '%s' "$file" | trim)
    specs=$(printf '%s' "${rest##*|}" | trim)
    script=$(printf '%s' "${rest%|*}" | trim)
    case " $* " in '  ' | *" $name "*) ;; *) continue ;; esac
    check "$name" "$file" "$script" "$specs" </dev/null && status=0 || status=$?
    [ "$status" -eq 2 ] && [ "$wanted" -gt 0 ] && continue
    echo "$(area "$file") $status" >>"$results"
    [ "$(wc -l <"$results")" -ne "$wanted" ] || break
done <"$list"
[ "$wanted" -eq 0 ] || awk '{ all[$1]++; noticed[$1] += $2 == 0 } END {
    for (area in all) printf "%s: %d of %d noticed, %.0f %%\n", area, noticed[area], all[area], 100 * noticed[area] / all[area]
}' "$results"
awk '$2 == 0 { passed++ } END { printf "%d passed, %d failed\n", passed, NR - passed; exit passed == 0 || passed < NR }' "$results"
