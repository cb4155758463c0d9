#!/bin/sh
# Runs `make test` on the last commit in a minimal Debian of another suite than this system's: other-debian.sh [SUITE].
# If it cannot make one, it says so and succeeds.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=/dev/null
own=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
suite=${1:-$([ "$own" = trixie ] && echo bookworm || echo trixie)}
. scripts/test/debian.sh
debian_make "$suite" || {
    echo "other-debian: skipped, nothing was tested on $suite"
    echo '0 passed, 0 failed'
    exit
}

work=$(mktemp -d /var/tmp/cmr-bare.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp -a "$base/." "$work"
mkdir -p "$work/home/cmr"
git clone -q . "$work/home/cmr/checkout"
debian_run "$work" "
    apt-get update -qq && apt-get install -y -qq make git >/dev/null
    export CMR_BESIDE=${CMR_BESIDE-}
    cd /home/cmr/checkout && make test
"
