-- cmr 0.1.0 as it is in a checkout: luarocks make rockspec/cmr-scm-1.rockspec
rockspec_format = "3.0"
package = "cmr"
version = "scm-1"
source = {
  url = "file://.", -- made from the checkout it is in
}
description = {
  summary = "The Cold Mail Reseller API from Lua",
  detailed = [[
    One function per API operation, for scripts, OpenResty and the shell: a C core on libcurl and lua-cjson makes the
    requests, pure Lua decides when to retry, pace and wait. With a command, and the API as a local mock server.
    It runs on Lua 5.1, 5.3, 5.4, 5.5 and LuaJIT. It cannot be built for Lua 5.2.
  ]],
  license = "MIT",
}
dependencies = {
  "lua >= 5.1, < 5.6, ~= 5.2",
  "lua-cjson >= 2.1.0, < 3",
  "argparse >= 0.7, < 1",
}
external_dependencies = {
  -- Libraries only: LuaRocks may not find headers that every compiler finds.
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
  SQLITE = { library = "sqlite3" },
}
build = {
  type = "make",
  variables = {
    ROCK = "yes", -- the command finds its modules in the tree that LuaRocks moves them to
    LUA = "$(LUA)",
    BUILD = "build/rock", -- apart from the other builds in this checkout
    CC = "$(CC)",
    LD = "$(LD)",
    CFLAGS = "$(CFLAGS)",
    LIBFLAG = "$(LIBFLAG)",
    LUA_INCDIR = "$(LUA_INCDIR)",
    CURL_INCDIR = "$(CURL_INCDIR)",
    CURL_LIBDIR = "$(CURL_LIBDIR)",
    CRYPTO_INCDIR = "$(CRYPTO_INCDIR)",
    CRYPTO_LIBDIR = "$(CRYPTO_LIBDIR)",
    SQLITE_INCDIR = "$(SQLITE_INCDIR)",
    SQLITE_LIBDIR = "$(SQLITE_LIBDIR)",
    INST_LIBDIR = "$(LIBDIR)",
    INST_LUADIR = "$(LUADIR)",
    INST_BINDIR = "$(BINDIR)",
    INST_SHAREDIR = "$(PREFIX)/share",
  },
}
