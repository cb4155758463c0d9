#!/bin/sh
# Writes standard input to FILE: write-if-changed.sh FILE. If FILE already has this content, FILE and its time stay
# the same.
set -eu
new=$1.$$
cat >"$new"
if cmp -s "$new" "$1"; then rm "$new"; else mv "$new" "$1"; fi
