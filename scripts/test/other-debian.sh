#!/bin/sh
# Runs COMMAND on the last commit in a minimal Debian whose suite is not this system's: other-debian.sh [SUITE
# [COMMAND]]. If the script cannot make such a system, or cannot install packages there, it says so and succeeds.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=/dev/null
own=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
suite=${1:-$([ "$own" = trixie ] && echo bookworm || echo trixie)}
command=${2:-make test}

skip() {
    echo "other-debian: skipped, nothing was tested on $suite: $1"
    echo '0 passed, 0 failed'
    exit
}

# shellcheck source=scripts/test/debian.sh
. scripts/test/debian.sh
scripts/build/setup.sh debian || skip 'debootstrap cannot be installed'
debian_make "$suite" || skip 'no bare Debian'

work=$(mktemp -d /var/tmp/cmr-bare.XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp -a "$base/." "$work"
mkdir -p "$work/home/cmr"
git clone -q . "$work/home/cmr/checkout"
debian_run "$work" 'apt-get update -qq && apt-get install -y -qq make git >/dev/null
    cd /home/cmr/checkout && make setup LEVEL=test' || skip 'its packages cannot be installed'
debian_run "$work" "export CMR_BESIDE=${CMR_BESIDE-}; cd /home/cmr/checkout && $command"
