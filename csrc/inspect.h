/* What Lua may ask about a call besides its result. */
#pragma once

#include <lua.h>

/*
 * call:info() -> operation, method, url, status, headers, elapsed (s), reused, http_version, sends, of the last attempt;
 * also tls and timing if call:trace() was called before it.
 */
int lua_call_info(lua_State *L);

/*
 * call:request() -> what it would send: method, url, headers (lines as libcurl takes them: "Name:" removes one, "Name;" is an
 * empty one), key_header (the name of the header with the key, which headers leaves out), body, ca_file, proxy ("": none,
 * whatever the environment says), resolve. The key is masked in all of them.
 */
int lua_call_request(lua_State *L);
