#!/bin/sh
# Fails if files of csrc depend on each other in a circle: csrc-circles.sh DIRECTORY-OF-OBJECTS
# A file depends on the files it includes, and on the .c files whose functions and data it uses.
set -eu
cd "$(dirname "$0")/../.."

includes() {
    awk -F '"' '/^#include "/ { sub(/.*\//, "", FILENAME); print FILENAME, $2 }' csrc/*.c csrc/*.h
}

uses() {
    for file in csrc/*.c; do
        name=$(basename "$file" .c)
        nm -P "$1/$name.o" | awk -v file="$name.c" '{ print file, $1, $2 }'
    done | awk '
        $3 ~ /^[BDRT]$/ { owner[$2] = $1 }
        $3 == "U" { used[++count] = $1 " " $2 }
        END {
            if (!count) exit 1
            for (i = 1; i <= count; i++) {
                split(used[i], use)
                if (use[2] in owner) print use[1], owner[use[2]]
            }
        }'
}

edges=$(mktemp)
trap 'rm -f "$edges"' EXIT
includes >"$edges"
uses "$1" >>"$edges"
tsort "$edges" >/dev/null
