#!/bin/sh
# Builds the site in build/site: site.sh [BASE]. BASE is the path at which a server will serve it, / by default. Needs
# Node.js and npm; the packages go to build/site-tools. Exit status 3: npm could not get the packages.
set -eu
cd "$(dirname "$0")/../.."
tools=build/site-tools
base=${1:-/}
logo=https://cdn.redoc.ly/redoc/logo-mini.svg # Redoc would load this file from another host

scripts/build/npm.sh $tools vitepress@1.6.4 vue@3.5.45 redoc@2.5.4 || exit 3
rm -rf $tools/.vitepress build/site
cp -R site $tools/.vitepress
bundle=$tools/node_modules/redoc/bundles/redoc.standalone.js
grep -q "$logo" $bundle || { echo "site.sh: $bundle does not name $logo" >&2; exit 1; }
sed "s,$logo,data:\\,," $bundle >$tools/.vitepress/theme/redoc.js
SITE_BASE=$base $tools/node_modules/.bin/vitepress build $tools
node scripts/build/site-links.mjs build/site "$base"
