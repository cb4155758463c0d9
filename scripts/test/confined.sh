#!/bin/sh
# Runs a command whose code may be broken: confined.sh SECONDS COMMAND... Its time is limited, and so is its memory,
# unless MEMORY_KB is "unlimited". If root runs this script on Linux, the command has its own process ids and its own
# /tmp. So the command leaves nothing behind, and can signal no other process. Status 124: the time was over.
set -eu
seconds=$1
shift
ulimit -v "${MEMORY_KB:-6000000}"
# shellcheck disable=SC2016 # the inner shell expands it
if unshare --mount --pid --fork --mount-proc true 2>/dev/null; then
    exec unshare --mount --pid --fork --mount-proc sh -c 'mount -t tmpfs -o mode=1777 tmp /tmp && exec timeout -k 5 "$@"' sh "$seconds" "$@"
fi
exec timeout -k 5 "$seconds" "$@"
