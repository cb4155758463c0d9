#!/bin/sh
# Builds Debian's libcurl without HTTP/2, and runs the specs that make requests with it. SPECS and OPTIONS have the same
# meaning as in specs.sh.
set -eu
cd "$(dirname "$0")/../.."
folder=$PWD/build/libcurl-no-http2
scripts/build/debian-source.sh curl "$folder"
if [ ! -e "$folder/lib/libcurl.so.4" ]; then
    cd "$folder/source"
    for patch in 99_nss 90_gnutls; do # these patches rename the library for NSS and GnuTLS
        [ ! -e "debian/patches/$patch.patch" ] || patch -s -R -p1 <"debian/patches/$patch.patch"
    done
    {
        autoreconf -fi || touch aclocal.m4 configure Makefile.in ./*/Makefile.in lib/curl_config.h.in
        ./configure --prefix="$folder" --disable-dependency-tracking --disable-static --enable-versioned-symbols \
            --enable-threaded-resolver --with-openssl --without-nghttp2 --without-libpsl --without-libssh2 \
            --without-librtmp --disable-ldap --disable-manual
        make -C lib && make -C lib install
    } >"$folder/make.log" 2>&1 || { tail -n 20 "$folder/make.log" && exit 1; }
    cd "$OLDPWD"
fi
make --no-print-directory build LUA=5.4
LD_LIBRARY_PATH=$folder/lib
CMR_LACKS_HTTP2=yes # marks the specs that need HTTP/2 as pending
export LD_LIBRARY_PATH CMR_LACKS_HTTP2
SPECS=${SPECS:-spec/core spec/fault spec/client} scripts/test/specs.sh 5.4
