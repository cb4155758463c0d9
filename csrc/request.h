/* Prepares a call: turns Lua arguments into method, URL and body. */
#pragma once

#include <lua.h>

#include "operations.h"

/*
 * core.OPERATION(target, [positional ...], [{field = value}]) -> a call that is ready to start; or nil, message, err.
 * err.kind is "invalid_argument".
 */
int request_operation(lua_State *L, const struct operation *operation);

/* core.request(target, method, path, {query = {{name, value}, ...}, body = table}?) -> a call, or nil, message, err */
int request_raw(lua_State *L);
