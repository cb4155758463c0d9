#!/bin/sh
# Builds a C program that contains Lua 5.4 and the core, under the sanitizers, as build/chaos/NAME:
# sanitized-host.sh gcc|clang NAME [SOURCE|FLAG]...  With clang the core is ready for libFuzzer.
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MFLAGS MAKELEVEL # a make that runs this script has set them
compiler=$1 name=$2
shift 2

core=build/chaos/$compiler
flags='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all'
[ "$compiler" = gcc ] || flags="$flags -fsanitize=fuzzer-no-link"
mkdir -p build/chaos
make --no-print-directory -s -j2 objects "$core/link.flags" LUA=5.4 OUT="$core" CC="$compiler" CFLAGS="$flags"
# shellcheck disable=SC2046 # flags are words
$compiler @"$core/compile.flags" -Icsrc -Ispec/sweep -o "build/chaos/$name" "$@" "$core"/*.o @"$core/link.flags" \
    $(pkg-config --libs lua5.4 2>/dev/null || pkg-config --libs lua-5.4 2>/dev/null || pkg-config --libs lua)
