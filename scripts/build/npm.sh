#!/bin/sh
# Installs packages of npm into a directory, unless they are there: npm.sh DIRECTORY PACKAGE@VERSION...
set -eu
directory=$1
shift
command -v npm >/dev/null || { echo "npm.sh: npm is needed for $*" >&2; exit 1; }
[ "$(cat "$directory/installed" 2>/dev/null)" != "$*" ] || exit 0
mkdir -p "$directory"
npm install --prefix "$directory" --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error "$@"
echo "$*" >"$directory/installed"
