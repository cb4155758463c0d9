#!/bin/sh
# Runs specs that make calls on Lua 5.4 under valgrind. Fails on memory that is definitely lost, and on invalid reads
# and writes, if one of our modules is on the stack. Faults of Lua, libcurl and OpenSSL alone are ignored.
set -eu
cd "$(dirname "$0")/../.."
report=build/valgrind.xml

# Forked children are silent: they abandon the engine that they inherit, on purpose.
export RUNNER="valgrind --quiet --child-silent-after-fork=yes --leak-check=full --show-leak-kinds=definite
    --num-callers=40 --xml=yes --xml-file=$report"
export SPECS="${SPECS:-spec/package/quickstart_pages_spec.lua spec/core/call_spec.lua spec/core/engine_spec.lua
    spec/core/response_spec.lua spec/core/json_spec.lua spec/client/attempts_spec.lua
    spec/ledger/ledger_spec.lua spec/ledger/client_spec.lua}"
# Hundreds of TLS connections at once, and measured times, take too long here.
export OPTIONS='--filter-out=hundreds --filter-out=time.of.one'
scripts/test/specs.sh 5.4 && status=0 || status=$?

# The report has one tag a line; a frame in our modules has <obj>…/cmr/core.so</obj>.
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
