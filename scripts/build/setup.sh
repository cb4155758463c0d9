#!/bin/sh
# Installs missing packages: setup.sh run|demo|test|npm|browser|lint|bench|debian. Each level up to npm includes the
# levels before it. browser and lint include npm; bench includes test. The script can use apt, dnf, apk and brew.
# Without one of them, or without the right to install, it lists what is missing.
set -eu
cd "$(dirname "$0")/../.."
# The user's paths may be for one Lua, and may lack the system's modules.
unset LUA_INIT LUA_INIT_5_3 LUA_INIT_5_4 LUA_INIT_5_5 || :
unset LUA_PATH LUA_CPATH LUA_PATH_5_3 LUA_CPATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_4 LUA_PATH_5_5 LUA_CPATH_5_5
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# The needs of each level, in the form for `have`, and the packages for them. A dash means that no package is known;
# LuaRocks may then have the Lua module. In the column apt, names with a slash between them are alternatives: the script
# takes the first one that apt can install.
needs() {
    cat <<'END'
level| need                        | apt                        | dnf                | apk                | brew
run  | program cc                  | gcc libc6-dev              | gcc                | gcc musl-dev       | -
run  | program pkg-config          | pkg-config                 | pkgconf-pkg-config | pkgconf            | pkgconf
run  | lua 5.4                     | lua5.4                     | lua                | lua5.4             | lua
run  | headers lua5.4 lua-5.4      | liblua5.4-dev              | lua-devel          | lua5.4-dev         | lua
run  | headers libcurl             | libcurl4-openssl-dev       | libcurl-devel      | curl-dev           | curl
run  | headers libcrypto           | libssl-dev                 | openssl-devel      | openssl-dev        | openssl@3
run  | headers sqlite3             | libsqlite3-dev             | sqlite-devel       | sqlite-dev         | sqlite
run  | module 5.4 cjson            | lua-cjson                  | lua-cjson          | lua5.4-cjson       | -
run  | module 5.4 argparse         | lua-argparse               | lua-argparse       | lua-argparse       | -
run  | certificates                | ca-certificates            | ca-certificates    | ca-certificates    | ca-certificates
demo | nginx                       | nginx                      | nginx              | nginx              | openresty/brew/openresty
demo | nginx-lua                   | libnginx-mod-http-lua lua-resty-core | -        | nginx-mod-http-lua | openresty/brew/openresty
demo | program openssl             | openssl                    | openssl            | openssl            | openssl@3
demo | program curl                | curl                       | curl               | curl               | curl
test | lua 5.1                     | lua5.1                     | compat-lua         | lua5.1             | lua@5.1
test | headers lua5.1 lua-5.1      | liblua5.1-0-dev            | compat-lua-devel   | lua5.1-dev         | lua@5.1
test | module 5.1 cjson            | lua-cjson                  | -                  | lua5.1-cjson       | -
test | module 5.1 argparse         | lua-argparse               | -                  | lua-argparse       | -
test | lua 5.3                     | lua5.3                     | -                  | lua5.3             | lua@5.3
test | headers lua5.3 lua-5.3      | liblua5.3-dev              | -                  | lua5.3-dev         | lua@5.3
test | module 5.3 cjson            | lua-cjson                  | -                  | lua5.3-cjson       | -
test | module 5.3 argparse         | lua-argparse               | -                  | lua-argparse       | -
test | lua jit                     | luajit2/luajit             | luajit             | luajit             | luajit
test | headers luajit              | libluajit2-5.1-dev/libluajit-5.1-dev | luajit-devel       | luajit-dev         | luajit
test | module 5.4 busted           | lua-busted                 | -                  | lua5.4-busted      | -
test | module 5.1 busted           | lua-busted                 | -                  | lua5.1-busted      | -
test | module 5.3 busted           | lua-busted                 | -                  | lua5.3-busted      | -
test | module 5.4 socket           | lua-socket                 | -                  | lua5.4-socket      | -
test | module 5.1 socket           | lua-socket                 | -                  | lua5.1-socket      | -
test | module 5.3 socket           | lua-socket                 | -                  | lua5.3-socket      | -
test | module 5.4 ssl              | lua-sec                    | lua-sec            | lua5.4-sec         | -
test | module 5.1 ssl              | lua-sec                    | -                  | lua5.1-sec         | -
test | module 5.3 ssl              | lua-sec                    | -                  | lua5.3-sec         | -
test | program redis-server        | redis-server               | redis              | redis              | redis
test | module 5.1 redis            | lua-redis                  | -                  | -                  | -
test | nginx-redis                 | lua-nginx-redis            | -                  | lua-resty-redis    | -
test | module 5.4 luv              | lua-luv                    | lua-luv            | lua5.4-luv         | -
test | module 5.4 cqueues          | lua-cqueues                | -                  | lua5.4-cqueues     | -
test | program luarocks            | luarocks                   | luarocks           | luarocks5.4        | luarocks
test | program valgrind            | valgrind                   | valgrind           | valgrind           | -
test | program nm                  | binutils                   | binutils           | binutils           | -
test | program ps                  | procps                     | procps-ng          | procps             | -
test | locales                     | locales                    | glibc-locale-source | -                 | -
bench| module jit socket           | lua-socket                 | -                  | -                  | -
bench| module jit ssl              | lua-sec                    | -                  | -                  | -
bench| module jit http.client      | lua-http                   | -                  | -                  | -
bench| module jit curl             | lua-curl                   | -                  | -                  | -
bench| module jit cjson            | lua-cjson                  | -                  | -                  | -
bench| program wrk                 | wrk                        | -                  | wrk                | wrk
bench| program hyperfine           | hyperfine                  | hyperfine          | hyperfine          | hyperfine
bench| program strace              | strace                     | strace             | strace             | -
npm  | program npm                 | nodejs npm                 | nodejs-npm         | nodejs npm         | node
browser| chromium                  | chromium                   | chromium           | chromium           | -
lint | program clang               | clang                      | clang              | clang              | llvm
lint | program clang-tidy          | clang-tidy                 | clang-tools-extra  | clang-extra-tools  | llvm
lint | program clang-format        | clang-format               | clang-tools-extra  | clang-extra-tools  | clang-format
lint | program cppcheck            | cppcheck                   | cppcheck           | cppcheck           | cppcheck
lint | program luacheck            | lua-check                  | -                  | -                  | luacheck
debian | program debootstrap       | debootstrap                | debootstrap        | debootstrap        | -
END
}

# have NEED...: succeeds if this machine has it, from any source.
have() {
    kind=$1
    shift
    case $kind in
    program) command -v "$1" ;;
    lua) "$(scripts/build/lua-program.sh "$1")" -v ;;
    module) "$(scripts/build/lua-program.sh "$1")" -e "require '$2'" ;;
    headers) for package; do pkg-config --exists "$package" && return; done; return 1 ;;
    certificates) ls /etc/ssl/certs/ca-certificates.crt || ls /etc/pki/tls/certs/ca-bundle.crt || ls /etc/ssl/cert.pem ;;
    nginx) command -v nginx || command -v openresty ;;
    nginx-redis) find /usr/share/lua /usr/local/share/lua /usr/local/openresty/lualib -path '*/nginx/redis.lua' -o \
        -path '*/resty/redis.lua' | grep . ;;
    locales) [ -e /usr/share/i18n/locales/de_DE ] || ! command -v localedef ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    nginx-lua) command -v openresty || find /usr/lib*/nginx/modules -name ngx_http_lua_module.so | grep . ;;
    esac </dev/null >/dev/null 2>&1
}

# Prints each row of needs() that belongs to a chosen level, if this machine lacks what the row needs.
missing() {
    needs | sed 1d | while IFS='|' read -r level need packages; do
        # shellcheck disable=SC2086 # words
        case " $levels " in *" ${level%% *} "*) have $need || echo "$level|$need|$packages" ;; esac
    done
}

# packages_of MANAGER: prints the manager's packages for the rows on standard input.
packages_of() {
    case $1 in apt) column=3 ;; dnf) column=4 ;; apk) column=5 ;; brew) column=6 ;; esac
    cut -d '|' -f "$column" | tr -s ' ' '\n' | grep -v -e '^-$' -e '^$' | sort -u | tr '\n' ' '
}

# Debian starts a service when it is installed, unless a policy forbids that. We do not need the system's nginx or
# Redis to run. A policy that already forbids a start stays. Any other policy is restored at the end.
policy=/usr/sbin/policy-rc.d
deny_services() {
    refused=0
    [ ! -x $policy ] || $policy nginx start >/dev/null 2>&1 || refused=$?
    [ $refused -ne 101 ] || return 0
    [ ! -e $policy ] || $sudo mv $policy $policy.before-cmr
    trap restore_policy EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
}
restore_policy() {
    $sudo rm -f $policy
    [ ! -e $policy.before-cmr ] || $sudo mv $policy.before-cmr $policy
}

# known NAME/NAME...: prints the first name that apt can install. apt also lists packages that cannot be installed.
known() {
    for name in $(echo "$1" | tr / ' '); do
        if apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]'; then break; fi
    done
    echo "$name"
}

# install_packages MANAGER PACKAGE...: installs the packages with this manager.
install_packages() {
    manager=$1
    shift
    case $manager in
    apt)
        apt="$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y"
        deny_services
        $apt update || return
        # shellcheck disable=SC2046 # words
        $apt install --no-install-recommends --no-upgrade $(for package; do known "$package"; done) || return
        for service in nginx redis-server; do
            case " $* " in *" $service "*) $sudo update-rc.d $service disable ;; esac
        done
        ;;
    dnf) $sudo dnf install -q -y "$@" ;;
    apk) $sudo apk add -q "$@" ;;
    brew) brew install -q "$@" ;;
    esac
}

case ${1-} in
run) levels='run' ;;
demo) levels='run demo' ;;
test) levels='run demo test' ;;
npm) levels='run demo test npm' ;;
browser) levels='run demo test npm browser' ;;
lint) levels='run demo test npm lint' ;;
bench) levels='run demo test bench' ;;
debian) levels='debian' ;;
*) echo 'usage: scripts/build/setup.sh run|demo|test|npm|browser|lint|bench|debian' >&2; exit 2 ;;
esac

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo

# Installs Lua 5.5 if apt has it, and builds lua-cjson for it, because apt has no such package.
set_up_newest_lua() {
    case $levels in *test*) ;; *) return 0 ;; esac
    if ! command -v lua5.5 >/dev/null; then
        command -v apt-cache >/dev/null && apt-cache policy lua5.5 | grep -q 'Candidate: [^(]' || return 0
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends lua5.5 liblua5.5-dev || return
    fi
    LUA_CPATH='build/5.5/?.so;;' lua5.5 -e 'require "cjson"' 2>/dev/null || scripts/build/cjson.sh 5.5 build/5.5
}

rows=$(missing)
if [ ! "$rows" ]; then
    set_up_newest_lua >/dev/null
    exit
fi

manager=
for each in apt-get dnf apk brew; do
    if command -v $each >/dev/null; then manager=${each%-get}; break; fi
done
[ "$manager" ] && packages=$(echo "$rows" | packages_of "$manager") || packages=

if [ "$packages" ] && { [ -z "$sudo" ] || [ "$manager" = brew ] || command -v sudo >/dev/null; }; then
    echo "Installing what is missing, with $manager: $packages"
    log=$(mktemp)
    # shellcheck disable=SC2086 # words
    install_packages "$manager" $packages >"$log" 2>&1 || tail -n 20 "$log" >&2
    rm -f "$log"
    rows=$(missing)
fi

if [ "$rows" ]; then
    echo "Still missing: $(echo "$rows" | cut -d '|' -f 2 | tr -s ' ' | sed 's/^ //; s/ $//' | paste -s -d ';' | sed 's/;/; /g')." >&2
    [ -z "$packages" ] || echo "Packages for it ($manager): $(echo "$rows" | packages_of "$manager")" >&2
    echo "Lua modules can also come from LuaRocks: luarocks --lua-version=5.4 install lua-cjson" >&2
    exit 1
fi
set_up_newest_lua >/dev/null
