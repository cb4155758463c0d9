/* Prepares a call: turns Lua arguments into method, URL and body. */
#pragma once

#include <lua.h>

#include "operations.h"

/*
 * function(target, [positional ...], [{field = value}]) -> a call that is ready to start. Or nil, message, err of kind
 * "invalid_argument".
 */
int request_operation(lua_State *L, const struct operation *operation);

/* core.request(target, method, path, {query = {{name, value}, ...}, body = table}?) -> a call, or nil, message, err */
int request_raw(lua_State *L);
