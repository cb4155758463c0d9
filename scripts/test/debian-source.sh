#!/bin/sh
# Unpacks the source package of this Debian, with its patches, into FOLDER: debian-source.sh PACKAGE FOLDER. The system's
# package lists stay as they are.
set -eu
package=$1 folder=$2
[ ! -d "$folder/source" ] || exit 0
# shellcheck source=/dev/null
. /etc/os-release
rm -rf "$folder/apt"
mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial"
apt=$(cd "$folder/apt" && pwd)
cat >"$apt/sources.list" <<END
deb-src http://deb.debian.org/debian $VERSION_CODENAME main
deb-src http://deb.debian.org/debian-security $VERSION_CODENAME-security main
END
cat >"$apt/apt.conf" <<END
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt";
APT::Sandbox::User "root";
END
export APT_CONFIG="$apt/apt.conf"
apt-get -qq update
(cd "$apt" && apt-get -qq source --download-only "$package")
dpkg-source --no-check -x "$apt"/"$package"_*.dsc "$folder/source" >"$apt/dpkg-source.log"
