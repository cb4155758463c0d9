#!/bin/sh
# Prints the core's flags on one line, for the compiler to read with @file: flags.sh compile|link
# The environment has the Makefile's settings: FLAVOUR CC CPPFLAGS CFLAGS LDFLAGS WERROR, and the directories
# LUA_INCDIR CURL_INCDIR CURL_LIBDIR CRYPTO_INCDIR CRYPTO_LIBDIR SQLITE_INCDIR SQLITE_LIBDIR. A directory that is set
# overrides pkg-config.
set -eu

system=$(uname -s)
case $FLAVOUR in
jit) lua=LuaJIT version=501 lua_packages=luajit ;;
*) lua="Lua $FLAVOUR" version=$(echo "$FLAVOUR" | sed 's/\./0/') lua_packages="lua$FLAVOUR lua-$FLAVOUR lua$(echo "$FLAVOUR" | tr -d .) lua" ;;
esac

# pkg-config does not look in Homebrew's folders.
if [ "$system" = Darwin ] && command -v brew >/dev/null; then
    PKG_CONFIG_PATH=$(brew --prefix openssl@3)/lib/pkgconfig:$(brew --prefix curl)/lib/pkgconfig:${PKG_CONFIG_PATH-}
    export PKG_CONFIG_PATH
fi

# ask OPTION PACKAGE...: prints pkg-config's answer for the first package that it knows.
ask() {
    option=$1
    shift
    for package; do
        pkg-config "$option" "$package" 2>/dev/null && return
    done
    [ "$package" = libcurl ] && curl-config "$option" 2>/dev/null
}

# cflags DIRECTORY PACKAGE...; libs DIRECTORY LIBRARY PACKAGE: print the flags for the directory, or for the package if
# DIRECTORY is empty.
cflags() {
    directory=$1
    shift
    if [ "$directory" ]; then echo "-I$directory"; else ask --cflags "$@" || :; fi
}
libs() {
    if [ "$1" ]; then echo "-L$1 -l$2"; else ask --libs "$3" || echo "-l$2"; fi
}

# require WHAT SETTING PACKAGES CODE: checks that CODE compiles. If it does not, a message names the package to install.
require() {
    # shellcheck disable=SC2086 # flags are words
    printf '%b\n' "$4" | $CC $flags -fsyntax-only -x c - >/dev/null 2>&1 && return
    echo "cmr: the headers of $1 are missing: $3." >&2
    echo "     \`make setup LUA=$FLAVOUR\` installs what is needed. Are they elsewhere? make $2=DIRECTORY" >&2
    exit 1
}

case $1 in
compile)
    # shellcheck disable=SC2086
    flags="-std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -Wall -Wextra ${WERROR:+-Werror} $CPPFLAGS $CFLAGS
        $(cflags "$LUA_INCDIR" $lua_packages)
        $(cflags "$CURL_INCDIR" libcurl)
        $(cflags "$CRYPTO_INCDIR" libcrypto)
        $(cflags "$SQLITE_INCDIR" sqlite3)"
    # With these flags, the modules have the same bytes in every folder. PWD may contain symbolic links, and the
    # compiler may write either form of the path.
    for folder in "$PWD" "$(pwd -P)"; do
        printf '%s ' "-ffile-prefix-map=$folder=." | sed 's/[\\"'"'"' ]/\\&/g; s/\\ $/ /'
    done
    command -v "${CC%% *}" >/dev/null || { echo "cmr: no C compiler: $CC. Install gcc or clang." >&2; exit 1; }
    case $FLAVOUR in
    jit) packages='libluajit2-5.1-dev (apt), luajit-devel (dnf), luajit-dev (apk), luajit (brew)' ;;
    5.1) packages='liblua5.1-0-dev (apt), compat-lua-devel (dnf), lua5.1-dev (apk), lua@5.1 (brew)' ;;
    *) packages="liblua$FLAVOUR-dev (apt), lua-devel (dnf), lua$FLAVOUR-dev (apk), lua (brew)" ;;
    esac
    require "$lua" LUA_INCDIR "$packages" \
        "#include <lauxlib.h>\n#if LUA_VERSION_NUM != $version\n#error\n#endif"
    require 'libcurl 7.80 or newer' CURL_INCDIR \
        'libcurl4-openssl-dev (apt), libcurl-devel (dnf), curl-dev (apk), curl (brew)' \
        '#include <curl/curl.h>\n#if LIBCURL_VERSION_NUM < 0x075000\n#error\n#endif'
    require 'libcrypto (OpenSSL)' CRYPTO_INCDIR \
        'libssl-dev (apt), openssl-devel (dnf), openssl-dev (apk), openssl@3 (brew)' \
        '#include <openssl/hmac.h>'
    require 'SQLite 3.20 or newer' SQLITE_INCDIR \
        'libsqlite3-dev (apt), sqlite-devel (dnf), sqlite-dev (apk), sqlite (brew)' \
        '#include <sqlite3.h>\n#if SQLITE_VERSION_NUMBER < 3020000\n#error\n#endif'
    ;;
link)
    flags="$LDFLAGS $(libs "$CURL_LIBDIR" curl libcurl) $(libs "$CRYPTO_LIBDIR" crypto libcrypto)
        $(libs "$SQLITE_LIBDIR" sqlite3 sqlite3) -lm"
    # All symbols are bound when the module is loaded. The module stays loaded, because a thread of libcurl may still
    # run when a Lua state closes.
    [ "$system" = Darwin ] || flags="-Wl,--as-needed,-z,relro,-z,now,-z,nodelete $flags -ldl -pthread"
    ;;
esac
# shellcheck disable=SC2086
echo $flags
