#!/bin/sh
# Writes two files of a build: env.sh DIRECTORY LUA_PROGRAM, in the top folder. A shell sources DIRECTORY/env.
# DIRECTORY/bin/cmr runs the command `cmr` of this build.
set -eu
here=$(pwd)
build=$here/$1
mkdir -p "$1/bin"

scripts/build/write-if-changed.sh "$1/env" <<END
# . $1/env  lets this shell, and each $2 that it starts, find cmr in this checkout.
case \${LUA_CPATH-} in "$build/?.so;"*) ;; *)
    # These would override the next two variables.
    unset LUA_PATH_5_3 LUA_CPATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_4 LUA_PATH_5_5 LUA_CPATH_5_5
    # The shell's paths may be for another Lua, so this Lua's default paths come after them.
    export LUA_PATH="$here/lua/?.lua;$here/lua/?/init.lua;\${LUA_PATH:+\$LUA_PATH;};"
    export LUA_CPATH="$build/?.so;\${LUA_CPATH:+\$LUA_CPATH;};"
    export PATH="$build/bin:\$PATH"
esac
END

scripts/build/write-if-changed.sh "$1/bin/cmr" <<END
#!/bin/sh
. "$build/env"
exec $2 "$here/bin/cmr" "\$@"
END
chmod +x "$1/bin/cmr"
