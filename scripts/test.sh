#!/bin/sh
# Runs the specs on builds: test.sh NAME..., a NAME being a directory of build/ (5.4, jit, asan-5.4).
# SPECS chooses files or directories, OPTIONS go to busted, RUNNER goes before the Lua program. Specs see LUA (the
# program), CMR_FLAVOUR (the NAME) and the paths of build/NAME/env. The last line is the sum: N passed, N failed.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL # a spec that runs make starts afresh

# What says nothing new on another Lua: specs of the build itself, of C, and of nginx, which brings its own Lua.
only_once=rock,valgrind,build,pty,tour,sweep,stress,fuzz,nginx,soak,bulk

# A run that hangs is a run that failed.
limit=
command -v timeout >/dev/null && limit='timeout -k 10 600'

# The sanitizers' runtime must come first in every process that loads the module: a Lua program does not bring it.
sanitize() {
    export ASAN_OPTIONS=detect_leaks=1
    export LSAN_OPTIONS="suppressions=$PWD/scripts/lsan.supp:print_suppressions=0"
    # curl hangs at its start with the runtime in it, and is not what is tested.
    printf '#!/bin/sh\nunset LD_PRELOAD\nexec %s "$@"\n' "$(command -v curl)" >"build/$1/bin/curl"
    chmod +x "build/$1/bin/curl"
    LD_PRELOAD=$(gcc -print-file-name=libasan.so)
    export LD_PRELOAD
}

run_busted() (
    LUA=$(scripts/lua-program.sh "${1#*-}")
    CMR_FLAVOUR=$1
    export LUA CMR_FLAVOUR
    case ${RUNNER-}$1 in 5.4) tags= ;; *) tags=--exclude-tags=$only_once ;; esac
    case $1 in asan-*) sanitize "$1" ;; esac
    # shellcheck source=/dev/null
    . "build/$1/env"
    # shellcheck disable=SC2086 # words
    exec $limit ${RUNNER-} "$LUA" scripts/busted.lua --output=plainTerminal --helper=scripts/progress.lua $tags ${OPTIONS-} ${SPECS:-spec}
)

# The mock's key, and so the one in nearly every request: whatever the specs print must not hold it.
CMR_MOCK_KEY=secret-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export CMR_MOCK_KEY

log=$(mktemp)
trap 'rm -f "$log" "$log.status"' EXIT
trap 'exit 1' HUP INT TERM
total_passed=0
total_failed=0

for name; do
    echo "== build/$name"
    { run_busted "$name" 2>&1 && status=0 || status=$?; echo "$status" >"$log.status"; } | tee "$log"
    # busted's summary: "12 successes / 0 failures / 1 error / 0 pending : 0.5 seconds"
    summary=$(awk '/^[0-9]+ success.* pending : / { s = $1 " " $4 + $7 } END { print s ? s : "0 0" }' "$log")
    passed=${summary% *} failed=${summary#* }
    status=$(cat "$log.status")
    if [ "$failed" -eq 0 ] && [ "$status" -ne 0 ]; then
        failed=1
        echo "build/$name: ended with status $status"
    elif grep -q "$CMR_MOCK_KEY" "$log"; then
        failed=$((failed + 1))
        echo "build/$name: the API key was printed"
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
