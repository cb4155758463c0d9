#!/bin/sh
# Runs the specs that make calls, on Lua 5.4 under valgrind. Fails on definitely lost memory and on invalid reads and
# writes, if one of our modules is on the stack. Ignores all other faults: they are in Lua, libcurl or OpenSSL.
set -eu
cd "$(dirname "$0")/../.."
report=build/valgrind.xml

# valgrind ignores the children of a fork, because they deliberately do not free the memory of the inherited engine.
export RUNNER="valgrind --quiet --child-silent-after-fork=yes --leak-check=full --show-leak-kinds=definite
    --num-callers=40 --xml=yes --xml-file=$report"
export SPECS="${SPECS:-spec/package/quickstart_pages_spec.lua spec/core/call_spec.lua spec/core/engine_spec.lua
    spec/core/response_spec.lua spec/core/json_spec.lua spec/client/attempts_spec.lua
    spec/ledger/ledger_spec.lua spec/ledger/client_spec.lua}"
# Skips specs with hundreds of calls at once, and specs that measure times: under valgrind they take too long.
export OPTIONS='--filter-out=hundreds --filter-out=time.of.one
    --filter-out=HTTP.2.to --filter-out=HTTP.2, --filter-out=HTTP.2.in.few --filter-out=HTTP.2.without'
scripts/test/specs.sh 5.4 && status=0 || status=$?

# The report has one tag on each line. A frame in our modules has a tag such as <obj>…/cmr/core.so</obj>.
awk '
    function inner() { gsub(/^ *<[a-z]+>|<\/[a-z]+>$/, ""); return $0 }
    /<error>/ { text = ""; ours = 0 }
    /<obj>.*\/cmr\/(core|operations|sqlite)\.so</ { ours = 1 }
    /<what>|<text>/ { text = text inner() "\n" }
    /<frame>/ { frame = "" }
    /<fn>|<file>|<line>/ { frame = frame " " inner() }
    /<\/frame>/ && frame { text = text "   " frame "\n" }
    /<\/error>/ && ours { print text; found++ }
    END { print found + 0 " errors of memory in our modules"; exit found > 0 }
' "$report" && exit "$status"
