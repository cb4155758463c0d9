/* Masks the API key in texts that leave the core: messages, headers, URLs. */
#pragma once

#include <lua.h>
#include <stddef.h>

/*
 * Pushes the bytes, with "***" in place of every occurrence of the secret. The secret may be escaped for JSON or a URL.
 */
void push_masked(lua_State *L, const char *bytes, size_t length, const char *secret);
