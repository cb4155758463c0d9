#!/bin/sh
# Makes the files of a release from the last commit: dist.sh DIRECTORY LUA_PROGRAM [URL], in the top folder of a git
# checkout. URL is the address at which the archive will be published. With URL, all files have the same bytes for the
# same commit, on every machine. Without URL, the rockspec has the absolute path of the archive in DIRECTORY, because
# LuaRocks accepts no relative path there.
set -eu
umask 022
directory=$1 program=$2
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE # a git hook may have set them
LC_ALL=C TZ=UTC
export LC_ALL TZ

if [ ! -e .git ]; then
    echo 'cmr: a release is made in a git checkout, from its last commit' >&2
    exit 1
fi
if [ "$(git status --porcelain --untracked-files=no)" ]; then
    echo 'cmr: the release has the last commit, without the changes since' >&2
fi
version=$(git show HEAD:csrc/version.h | sed -n 's/^#define CMR_VERSION "\(.*\)"$/\1/p')
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
name=cmr-$version archive=cmr-$version.tar.gz rockspec=cmr-$version-1.rockspec rock=cmr-$version-1.src.rock
mkdir -p "$directory"
url=${3:-file://$(cd "$directory" && pwd)/$archive}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=$work/files
mkdir "$files"

# git writes the time of the commit into the archive.
git -c tar.umask=0022 archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$files/$archive"

# rockspec_from URL: prints the rockspec of the release, with this address of the archive.
rockspec_from() {
    git show HEAD:rockspec/cmr-scm-1.rockspec | awk -v version="$version" -v url="$1" '
        NR == 1 { print "-- cmr " version ", as `make dist` made it"; next }
        /^version = / { print "version = \"" version "-1\""; next }
        /^  url = / { print "  url = \"" url "\",\n  dir = \"cmr-" version "\","; next }
        { print }'
}
rockspec_from "$url" >"$files/$rockspec"

# A source rock is a zip file of the archive and a rockspec. git makes it, because zip does not always write the same
# bytes.
mkdir "$work/rock"
cp "$files/$archive" "$work/rock"
rockspec_from "${3:-$archive}" >"$work/rock/$rockspec"
(
    cd "$work/rock"
    export GIT_DIR="$work/git" GIT_WORK_TREE="$work/rock" GIT_CONFIG_NOSYSTEM=1 HOME="$work"
    export GIT_AUTHOR_NAME=cmr GIT_AUTHOR_EMAIL=cmr GIT_COMMITTER_NAME=cmr GIT_COMMITTER_EMAIL=cmr
    export GIT_AUTHOR_DATE="$SOURCE_DATE_EPOCH +0000" GIT_COMMITTER_DATE="$SOURCE_DATE_EPOCH +0000"
    git init -q
    git add "$archive" "$rockspec"
    git commit -q -m "$version"
    git archive --format=zip -0 HEAD >"$files/$rock"
)

sum() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }
sha256=$(sum "$files/$archive" | cut -d ' ' -f 1)
"$program" scripts/generate/sbom.lua "$files/$rockspec" "$archive" "$sha256" "$SOURCE_DATE_EPOCH" >"$files/$name.cdx.json"
(cd "$files" && sum "$archive" "$rockspec" "$rock" "$name.cdx.json") >"$work/sums"
mv "$work/sums" "$files/SHA256SUMS"

for file in "$files"/*; do
    install -m 644 "$file" "$directory/"
    echo "$directory/$(basename "$file")"
done
