#!/bin/sh
# Runs the nginx example with faults, and with a reload at least every 10 s: soak.sh SECONDS [BUILD]. nginx loads BUILD,
# which is build/jit, or build/asan-jit with the sanitizers.
set -eu
cd "$(dirname "$0")/../.."
CMR_NGINX_BUILD=${2:-build/jit} CMR_SOAK=$1 SPECS=spec/nginx/soak_spec.lua exec scripts/test/specs.sh 5.4
