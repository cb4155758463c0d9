#!/bin/sh
# The nginx example under faults and a reload every 10 s: soak.sh SECONDS [BUILD], BUILD being what nginx takes, build/jit
# or, with the sanitizers, build/asan-jit.
set -eu
cd "$(dirname "$0")/../.."
CMR_NGINX_BUILD=${2:-build/jit} CMR_SOAK=$1 SPECS=spec/nginx/soak_spec.lua exec scripts/test/specs.sh 5.4
