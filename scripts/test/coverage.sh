#!/bin/sh
# Counts the lines that the specs run on the build NAME, for Lua 5.4: coverage.sh NAME. Fails if they run less than
# LEAST percent of the C lines or of the Lua lines. The script cannot count Lua inside nginx. The specs of the mock and
# spec/nginx run that code.
set -eu
cd "$(dirname "$0")/../.."
least=${LEAST-90}
out=build/$1
traces=$PWD/$out/lines

rm -rf "$traces" "$out"/*.gcda
mkdir -p "$traces"
export CMR_COVERAGE="$traces"
LUA_INIT_5_4="@$PWD/scripts/test/coverage/hook.lua" OPTIONS=--exclude-tags=rock,deb,build,valgrind,stress,sweep,fuzz,soak,nginx,simulation \
    HALVES=$([ "${SPECS-}" ] || echo yes) scripts/test/specs.sh "$1" && status=0 || status=$?

echo
echo 'C, by gcov:'
gcov --no-output --object-directory "$out" csrc/*.c 2>/dev/null | awk -v least="$least" '
    /^File / { gsub(/\047/, ""); file = $2; next }
    /^Lines executed:/ && file ~ /^csrc\/.*\.c$/ {
        split($0, part, /[:% ]+/)
        printf "  %-24s %6.1f%% of %d\n", file, part[3], part[5]
        run += part[3] / 100 * part[5]; all += part[5]; file = ""
    }
    END { printf "  %-24s %6.1f%%\n", "all", 100 * run / all; exit !(all && 100 * run / all >= least) }
' || status=1

echo 'Lua, by a hook:'
lua5.4 scripts/test/coverage/report.lua "$traces" "$least" || status=1
exit $status
