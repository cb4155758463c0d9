#!/bin/sh
# Unpacks the source of a Debian package into FOLDER/source, from the system's own mirror: debian-source.sh PACKAGE
# FOLDER. Debian's patches are applied if dpkg-source is installed and the mirror has them.
# The system's package lists stay as they are.
set -eu
package=$1 folder=$2
[ ! -d "$folder/source" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Makes a list of source packages from the system's list of packages.
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb /deb-src /p' >"$work/sources.list"
mkdir "$work/parts" "$work/lists"
for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$work/parts/${file##*/}"
done
apt="apt-get -q -y -o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=$work/parts
    -o Dir::State::lists=$work/lists -o APT::Sandbox::User=root"
$apt update
cd "$work"
# The mirror may already have replaced the packaging by a newer one. Then the upstream archive alone is enough.
patches=yes
$apt source --download-only "$package" || { patches= && $apt source --download-only --tar-only "$package"; }
cd "$OLDPWD"

mkdir -p "$folder"
if [ "$patches" ] && command -v dpkg-source >/dev/null; then
    dpkg-source --no-check -x "$work"/*.dsc "$folder/source"
else
    mkdir "$work/source"
    tar -xf "$work"/*.orig.tar.* -C "$work/source" --strip-components=1
    mv "$work/source" "$folder/source"
fi
