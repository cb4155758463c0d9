#!/bin/sh
# Records which lines each spec file runs, and how long it takes: covering.sh FOLDER. `mutate.sh random` looks up the
# specs of a line in FOLDER. FOLDER/specs has a row `FILE SECONDS` for each spec file that passes. FOLDER/covered has a
# file for each spec file: its name is the spec file's path with _ for /, and its rows are `FILE LINE` of the sources.
# FOLDER/csrc and FOLDER/lua are the recorded sources. The spec files run one after the other. After an interruption,
# the next run continues. Remove FOLDER to record everything again.
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
mkdir -p "$1"
out=$(cd "$1" && pwd)
limit=200 # seconds for a spec file
unset MAKEFLAGS MFLAGS MAKELEVEL

copy() {
    rm -rf "$1"
    mkdir -p "$1"
    cp -R csrc lua spec scripts types bin examples rockspec docs debian Makefile .busted CHANGELOG.md README.md LICENSE "$1"
}

# run COPY SPEC: succeeds if the spec file passes in this copy.
run() {
    (cd "$1" && OPTIONS=--exclude-tags=rock,deb,build,valgrind,stress,sweep,fuzz,soak,simulation SPECS=$2 \
        "$root/scripts/test/confined.sh" $limit scripts/test/specs.sh 5.4) >"$out/run.log" 2>&1
}

# executed NAME: prints `FILE LINE` of the C lines that ran in this build.
executed() {
    find "build/$1" -name '*.gcda' -exec gcov --stdout {} + 2>/dev/null | awk -F: '
        $2 + 0 == 0 && $3 == "Source" { file = $4 }
        file ~ /^csrc\// && $1 ~ /[0-9]/ { print file, $2 + 0 }'
}

# prepare: makes the copies `plain` and `recorded` anew. In `recorded`, every module loads the hook.
prepare() {
    rm -rf "$out/csrc" "$out/lua" "$out/covered"
    mkdir "$out/covered"
    : >"$out/specs"
    cp -R csrc lua "$out"
    copy "$out/plain"
    copy "$out/recorded"
    hook="if not package.loaded['cmr.lines'] then package.loaded['cmr.lines'] = true; "
    hook="${hook}assert(loadfile '$root/scripts/test/coverage/hook.lua')('$out') end "
    find "$out/recorded/lua/cmr" -name '*.lua' -exec sed -i "1s|^|$hook|" {} +
    for lua in 5.4 jit; do
        make -C "$out/plain" --no-print-directory LUA=$lua >/dev/null
        make -C "$out/recorded" --no-print-directory LUA=$lua CC=gcc LD=gcc CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage >/dev/null
    done
    chmod -R a+rwX "$out/recorded/build"
}

# timed COPY SPEC: runs the spec and sets seconds and status.
timed() {
    begun=$(date +%s)
    run "$@" </dev/null && status=0 || status=$?
    seconds=$(($(date +%s) - begun))
}

record() {
    covered=$out/covered/$(echo "$1" | tr / _)
    : >"$out/lines"
    chmod 666 "$out/lines"
    find "$out/recorded/build" -name '*.gcda' -delete
    timed "$out/recorded" "$1"
    { cat "$out/lines" && (cd "$out/recorded" && executed 5.4); } | sort -u >"$covered"
    [ "$status" -eq 0 ] || grep -q 'no test ran' "$out/run.log" || timed "$out/plain" "$1"
    if [ "$status" -eq 0 ]; then
        echo "$1 $seconds" >>"$out/specs"
    else
        mv "$out/run.log" "$covered.log"
        echo "left out: $1 ($(sed -n '$p' "$covered.log"))"
    fi
}

[ -s "$out/specs" ] || prepare
for spec in $(find spec -name '*_spec.lua' | sort); do
    grep -q "^$spec " "$out/specs" || [ -e "$out/covered/$(echo "$spec" | tr / _).log" ] || record "$spec"
done
rm -f "$out/lines" "$out/run.log"
