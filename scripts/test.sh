#!/bin/sh
# Runs the specs on builds: test.sh NAME..., a NAME being a directory of build/ (5.4, jit, asan-5.4).
# SPECS chooses files or directories, RUNNER goes before the Lua program. Specs see LUA (the program), CMR_FLAVOUR (the
# NAME) and the paths of build/NAME/env. The last line is the sum: N passed, N failed.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL # a spec that runs make starts afresh

# only_once: specs of the build itself (#rock, #build) and under valgrind (#valgrind) say nothing new on another Lua.
only_once=rock,valgrind,build

run_busted() (
    LUA=$(scripts/lua-program.sh "${1#asan-}")
    CMR_FLAVOUR=$1
    export LUA CMR_FLAVOUR
    # shellcheck source=/dev/null
    . "build/$1/env"
    case $1 in
    5.4) set -- ;;
    asan-*)
        set -- --exclude-tags=$only_once
        ASAN_OPTIONS=abort_on_error=0:detect_leaks=1
        LSAN_OPTIONS=suppressions=$(pwd)/scripts/lsan.supp:print_suppressions=0
        LD_PRELOAD=$(gcc -print-file-name=libasan.so)
        export ASAN_OPTIONS LSAN_OPTIONS LD_PRELOAD
        ;;
    *) set -- --exclude-tags=$only_once ;;
    esac
    # shellcheck disable=SC2086 # words
    exec ${RUNNER-} "$LUA" scripts/busted.lua --output=plainTerminal "$@" ${SPECS:-spec}
)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
total_passed=0
total_failed=0

for name; do
    echo "== build/$name"
    { run_busted "$name" 2>&1 && status=0 || status=$?; echo "status $status"; } | tee "$log" | grep -v '^status '
    # busted's summary: "12 successes / 0 failures / 1 error / 0 pending : 0.5 seconds"
    summary=$(awk '/^[0-9]+ success.* pending : / { s = $1 " " $4 + $7 } END { print s ? s : "0 0" }' "$log")
    passed=${summary% *} failed=${summary#* }
    status=$(awk '/^status / { s = $2 } END { print s }' "$log")
    if [ "$failed" -eq 0 ] && [ "$status" -ne 0 ]; then
        failed=1
        echo "build/$name: ended with status $status"
    elif [ "$((passed + failed))" -eq 0 ]; then
        failed=1
        echo "build/$name: no test ran"
    fi
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    results="${results-}build/$name: $passed passed, $failed failed
"
done

printf '\n%s' "$results"
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ]
