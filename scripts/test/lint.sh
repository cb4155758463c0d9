#!/bin/sh
# Runs every compiler and linter on the whole tree: lint.sh LUA... The last line has the totals: N passed, N failed.
set -eu
cd "$(dirname "$0")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0

# step NAME COMMAND...: shows the output of the command only if it fails.
step() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        echo "ok    $name"
        passed=$((passed + 1))
    else
        echo "FAIL  $name"
        sed 's/^/      /' "$log"
        failed=$((failed + 1))
    fi
}

jobs=$(getconf _NPROCESSORS_ONLN)

# compile COMPILER LUA FLAGS: compiles the core for this Lua.
compile() {
    make --no-print-directory -j "$jobs" objects \
        OUT="build/lint/$1-$2$3" CC="$1" LUA="$2" CFLAGS="-O2 -g $3" WERROR=1
}

tidy() {
    # shellcheck disable=SC2046 # flags are words
    printf '%s\n' csrc/*.c | xargs -P "$jobs" -I '{}' clang-tidy --quiet '{}' -- $(cat build/lint/clang-5.4/compile.flags)
}

for compiler in gcc clang; do
    for lua; do
        step "$compiler, Lua $lua" compile $compiler "$lua" ''
    done
done
step 'gcc -fanalyzer' compile gcc 5.4 -fanalyzer
step 'csrc without circles' scripts/test/csrc-circles.sh build/lint/gcc-5.4

step clang-tidy tidy
step cppcheck cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 csrc
step clang-format clang-format --dry-run -Werror csrc/*.c csrc/*.h
step stylua scripts/build/format.sh --check
step luacheck luacheck --quiet --no-color lua spec bench bin/cmr rockspec examples scripts .luacheckrc .busted
step wording scripts/test/wording.sh
step 'rows of mutate.sh' scripts/test/mutate.sh rows
for script in scripts/*/*.sh; do
    step "$script" sh -n "$script"
done
step .ci/run bash -n .ci/run

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
