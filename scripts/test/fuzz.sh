#!/bin/sh
# Fuzzes one target, or replays the corpora of targets (default: all): fuzz.sh TARGET SECONDS | fuzz.sh replay
# [TARGET]... New inputs go to build/chaos/TARGET-corpus. The files build/chaos/TARGET-crash-* are inputs that break
# something.
set -eu
cd "$(dirname "$0")/../.."
targets='response arguments transfer json target webhook'
unset CMR_API_KEY CMR_BASE_URL CMR_CA_FILE http_proxy LD_PRELOAD || :

if [ "${1-}" = replay ]; then
    shift
    for target in ${@:-$targets}; do
        scripts/test/sanitized-host.sh gcc "replay-$target" -Ispec/fuzz "spec/fuzz/$target.c" spec/fuzz/fuzz.c spec/fuzz/replay.c
        printf '%s: ' "$target"
        "build/chaos/replay-$target" "spec/fuzz/corpus/$target"
    done
    exit
fi

target=${1-} seconds=${2:-60}
case " $targets " in *" $target "*) [ "$target" ] ;; *) false ;; esac || {
    echo "usage: fuzz.sh TARGET SECONDS, TARGET one of: $targets" >&2
    exit 2
}
echo 'int LLVMFuzzerTestOneInput(void *data, unsigned long size) { return data && !size; }' |
    clang -fsanitize=fuzzer -x c -o /dev/null - 2>/dev/null || {
    echo 'fuzz.sh: clang with libFuzzer is needed, on Debian: apt-get install clang libclang-rt-dev' >&2
    exit 1
}

scripts/test/sanitized-host.sh clang "fuzz-$target" -fsanitize=fuzzer -Ispec/fuzz "spec/fuzz/$target.c" spec/fuzz/fuzz.c
corpus=build/chaos/$target-corpus
mkdir -p "$corpus"
exec "build/chaos/fuzz-$target" -max_total_time="$seconds" -timeout=20 -detect_leaks=0 -max_len=4096 \
    -print_final_stats=1 -dict=spec/fuzz/fuzz.dict -artifact_prefix="build/chaos/$target-" \
    "$corpus" "spec/fuzz/corpus/$target"
