#!/bin/sh
# deb.sh DIRECTORY: replaces this directory by a new one with the Debian package. Run it in the top folder. In a git
# checkout it packages the last commit, and in an unpacked archive the files there. It needs the packages in
# debian/control, which `apt-get build-dep .` installs.
set -eu
umask 022
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE # a git hook may have set them

if ! command -v dpkg-buildpackage >/dev/null; then
    echo 'cmr: dpkg-buildpackage is missing. On Debian: apt-get install dpkg-dev && apt-get build-dep .' >&2
    exit 1
fi
version=$(sed -n '1s/^lua-cmr (\(.*\)).*/\1/p' debian/changelog)
directory=$1
source=$directory/lua-cmr-$version
rm -rf "$directory"
mkdir -p "$source"
if [ -e .git ]; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
    export SOURCE_DATE_EPOCH
    git archive HEAD | tar -x -C "$source"
else
    tar -c --exclude=./build . | tar -x -C "$source"
fi
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES LUA
log=$directory/build.log
if ! (cd "$source" && dpkg-buildpackage -us -uc) >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
fi
rm -rf "$source"
ls "$directory"/*
