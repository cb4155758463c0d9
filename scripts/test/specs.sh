#!/bin/sh
# Runs the specs on builds: specs.sh NAME..., where NAME is a directory of build/ (5.4, jit, asan-5.4).
# SPECS chooses files or directories, OPTIONS go to busted, RUNNER goes before the Lua program. With HALVES=yes, two
# processes run the files of one build. Specs see LUA (the program), CMR_FLAVOUR (the NAME) and the paths of
# build/NAME/env. The last line has the totals: N passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MFLAGS MAKELEVEL # a spec that runs make must not get these settings

# Specs that run only on build/5.4, because every Lua has the same result. Examples are specs of the build, of C, and
# of nginx, which has its own Lua.
only_once=rock,deb,valgrind,build,pty,tour,docs,examples,sweep,stress,fuzz,nginx,soak,redis,bulk,mcp
# Files whose specs judge times to tenths of a second. The first of several builds runs them while nothing else runs.
timed='spec/fault/*'

# Ends a run that hangs; the run then fails.
limit=
command -v timeout >/dev/null && limit="timeout -k 10 ${LIMIT_SECONDS:-2400}"

# Every process needs the runtime of the sanitizers before it loads the module. A Lua program does not have it, so
# the runtime is preloaded.
sanitize() {
    # In some processes, gcc 12's leak check crashes when it follows the thread-local data of modules.
    export ASAN_OPTIONS=detect_leaks=1:intercept_tls_get_addr=0
    export LSAN_OPTIONS="suppressions=$PWD/scripts/test/lsan.supp:print_suppressions=0"
    # The curl program hangs at its start with this runtime.
    printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$(command -v curl)" >"build/$1/bin/curl"
    chmod +x "build/$1/bin/curl"
    LD_PRELOAD=$(gcc -print-file-name=libasan.so)
    export LD_PRELOAD
}

# Lets spec/support/witness.c watch every process of the next run for the key, and report the key in the file SEEN.
# run() does this on Linux, for build/5.4 without RUNNER.
watch() {
    CMR_WITNESS=$PWD/build/witness${1:+-$1}.so
    SEEN=$CMR_WITNESS.seen
    rm -f "$SEEN"
    [ "$CMR_WITNESS" -nt spec/support/witness.c ] ||
        cc -std=c11 -O1 -Wall -Wextra -shared -fPIC -o "$CMR_WITNESS" spec/support/witness.c -ldl
    export CMR_WITNESS
}

# files PART [PATTERN]: prints the files of a part, see run(). The parts `even` and `odd` leave out the files that match
# the pattern. The other parts ignore it.
files() {
    case $1 in
    timed) find spec -path "$timed" -name '*_spec.lua' ;;
    even | odd)
        # shellcheck disable=SC2086 # words
        find ${SPECS:-spec} -name '*_spec.lua' ! -path "${2:-none}" | sort |
            awk -v rest="$([ "$1" = odd ] && echo 1 || echo 0)" 'NR % 2 == rest'
        ;;
    *) echo "${SPECS:-spec}" ;;
    esac
}

run_busted() (
    LUA=$(scripts/build/lua-program.sh "${1##*-}")
    CMR_FLAVOUR=$1
    export LUA CMR_FLAVOUR
    case ${RUNNER-}$1 in
    5.4) tags= ;;
    *) tags=--exclude-tags=$only_once ;;
    esac
    case $1 in asan-*) sanitize "$1" ;; esac
    [ -z "${CMR_WITNESS-}" ] || export LD_PRELOAD="$CMR_WITNESS"
    # shellcheck source=/dev/null
    . "build/$1/env"
    # Without HALVES, the parts `even` and `odd` leave out the timed files, because the part `timed` runs them.
    # shellcheck disable=SC2046,SC2086 # words
    exec $limit ${RUNNER-} "$LUA" scripts/test/busted.lua --output=plainTerminal --helper=scripts/test/progress.lua $tags ${OPTIONS-} \
        $(files "${2-}" "$([ "${HALVES-}" ] || echo "$timed")")
)

# The mock's key. Nearly every request has it, and the output of the specs must not contain it.
CMR_MOCK_KEY=secret-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export CMR_MOCK_KEY

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' HUP INT TERM
total_passed=0
total_failed=0

# run NAME [PART]: runs specs on a build, shows and stores the output, and stores the status. PART `timed` means the
# timed files. `even` and `odd` each mean every second file; only with HALVES do they include the timed files. Without
# PART, and with `again`, the files and folders in SPECS run, by default all.
run() {
    log=$logs/$1${2:+-$2}
    echo "== build/$1${2:+, $2}"
    case ${RUNNER-}$1$(uname -s) in 5.4Linux) watch "${2-}" ;; *) unset CMR_WITNESS ;; esac
    { run_busted "$@" 2>&1 && status=0 || status=$?; echo "$status" >"$log.status"; } | tee "$log"
    if [ "${CMR_WITNESS-}" ]; then
        grep -rlF "$CMR_MOCK_KEY" "build/$1" build/*.xml docs >>"$SEEN" 2>/dev/null || :
        sort "$SEEN" | uniq -c >"$log.seen"
    fi
}

# judge LOG: sets `passed` and `failed` from the summary of a run. If the run has another fault, sets `wrong` to it.
judge() {
    # busted's summary: "12 successes / 0 failures / 1 error / 0 pending : 0.5 seconds"
    summary=$(awk '/^[0-9]+ success.* pending : / { s = $1 " " $4 + $7 } END { print s ? s : "0 0" }' "$logs/$1")
    passed=${summary% *} failed=${summary#* } wrong=
    status=$(cat "$logs/$1.status")
    if grep -q "$CMR_MOCK_KEY" "$logs/$1"; then
        wrong='the API key was printed'
    elif [ -s "$logs/$1.seen" ]; then
        wrong="the API key was seen: $(cat "$logs/$1.seen")"
    elif [ "$failed" -eq 0 ] && [ "$status" -ne 0 ]; then
        wrong="ended with status $status"
    elif ! grep -q ' pending : ' "$logs/$1"; then
        wrong='ended with status 0 before its summary'
    elif [ "$((passed + failed))" -eq 0 ]; then
        wrong='no test ran'
    fi
}

# again NAME LOG: runs failed files once more, because specs can run out of time while other runs load the machine. If
# the files pass now, the failures count as passed. More than three failed files do not run again: load is then not the
# reason.
again() {
    files=$(sed -nE 's/^(Failure|Error) -> (spec[^ ]*) @ [0-9]+$/\2/p' "$logs/$2" | sort -u)
    case $(echo "$files" | wc -w) in 1 | 2 | 3) ;; *) return ;; esac
    first_passed=$passed first_failed=$failed
    export SPECS="$files"
    run "$1" again
    unset SPECS
    judge "$1-again"
    if [ "$failed" -eq 0 ] && [ -z "$wrong" ]; then
        passed=$((first_passed + first_failed))
        results="${results-}build/$1: $first_failed failed beside other runs, and passed afterwards: $(echo "$files" | xargs)
"
    else
        passed=$first_passed failed=$first_failed
    fi
}

# count NAME [PART]: adds the result of this run to the totals.
count() {
    judge "$1${2:+-$2}"
    if [ "$failed" -gt 0 ] && [ -z "$wrong" ] && [ "${CMR_BESIDE-}" ] && [ -z "${SPECS-}" ]; then
        again "$1" "$1${2:+-$2}"
    fi
    if [ "$wrong" ]; then
        failed=$((failed + 1))
        echo "build/$1: $wrong"
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    results="${results-}build/$1: $passed passed, $failed failed
"
}

# at_once NAME[:PART]...: runs these builds at the same time, then shows their results one after the other.
at_once() {
    export CMR_BESIDE=yes
    for one; do
        # shellcheck disable=SC2046 # words
        run $(echo "$one" | tr : ' ') >"$logs/$one.shown" 2>&1 &
    done
    wait
    for one; do
        cat "$logs/$one.shown"
        # shellcheck disable=SC2046 # words
        count $(echo "$one" | tr : ' ')
    done
}

# With several builds, the timed specs of the first one run alone. Everything else runs at the same time, because specs
# often wait. CMR_BESIDE makes the timed specs accept longer times.
if [ "${HALVES-}" ]; then
    at_once "$1:even" "$1:odd"
elif [ "$#" -eq 1 ]; then
    run "$1"
    count "$1"
else
    run "$1" timed
    count "$1" timed
    first=$1
    shift
    at_once "$first:even" "$first:odd" "$@"
fi

printf '\n%s' "$results"
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ]
