#!/bin/sh
# The specs on Lua 5.4 under valgrind. Fails on memory definitely lost, or read or written where it must not be, when
# core.so is on the stack: what Lua, libcurl and OpenSSL do among themselves is not ours to judge.
set -eu
cd "$(dirname "$0")/.."
report=build/valgrind.xml

SPECS=${SPECS:-spec} RUNNER="valgrind --quiet --leak-check=full --show-leak-kinds=definite --num-callers=30
    --xml=yes --xml-file=$report" scripts/test.sh 5.4 || exit

# One line per tag in the report: a frame that is ours has <obj>…/core.so</obj>.
awk '
    /<error>/ { text = ""; ours = 0 }
    { text = text "\n" $0 }
    /<obj>.*\/cmr\/core\.so</ { ours = 1 }
    /<\/error>/ && ours { print text; found++ }
    END { print found + 0 " errors in core.so"; exit found > 0 }
' "$report"
