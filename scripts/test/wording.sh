#!/bin/sh
# Finds sentences that hide their subject: wording.sh. Prints FILE:LINE: TEXT for each of them and then fails. The
# first pattern below finds its words anywhere in a comment. The second pattern is for the documents. It finds most of
# its words only at the beginning of a sentence.
set -eu
cd "$(dirname "$0")/../.."

# comments LANGUAGE FILE...: prints the comments as FILE:LINE: TEXT. Skips comment markers inside strings.
comments() {
    language=$1
    shift
    awk -v language="$language" '
        FNR == 1 { inside = 0 }
        language == "c" {
            text = $0
            gsub(/"([^"\\]|\\.)*"/, "", text)
            shown = inside ? text : ""
            if (!inside && match(text, /\/[*\/]/)) {
                shown = substr(text, RSTART)
                inside = substr(shown, 2, 1) == "*"
            }
            if (inside && index(shown, "*/")) inside = 0
        }
        language == "lua" {
            text = $0
            if (text !~ /^[ \t]*--/) gsub(/"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047/, "", text)
            shown = match(text, /--/) ? substr(text, RSTART) : ""
        }
        language == "sh" { shown = match($0, /(^|[ \t])# /) ? substr($0, RSTART) : "" }
        shown { print FILENAME ":" FNR ": " shown }
    ' "$@"
}

found=$(
    {
        comments c csrc/*.c csrc/*.h csrc/*.def scripts/build/format.mjs
        find lua scripts -name '*.lua' | sort | while read -r file; do comments lua "$file"; done
        comments sh scripts/*/*.sh Makefile .ci/run
    } | grep -E '\b(Who|Whose|Whoever|What is|that of|of ours)\b' || :
    find README.md SECURITY.md docs -name '*.md' | sort |
        xargs grep -nE '(^|[.!?:|] |^[-*#0-9. ]+ )(Who|Whose|Whoever|What is)\b|\bof ours\b' || :
)
[ -z "$found" ] || {
    echo "$found"
    exit 1
}
