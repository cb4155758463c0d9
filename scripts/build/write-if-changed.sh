#!/bin/sh
# Writes standard input to FILE, and leaves FILE and its time alone when that changes nothing: update.sh FILE
set -eu
new=$1.$$
cat >"$new"
if cmp -s "$new" "$1"; then rm "$new"; else mv "$new" "$1"; fi
