/* Masks the API key in texts that leave the core: messages, headers, URLs. */
#pragma once

#include <lua.h>
#include <stddef.h>

/*
 * Pushes the bytes, with "***" in place of every occurrence of the secret. In the bytes, the secret may be
 * plain, or escaped for JSON or a URL.
 */
void push_masked(lua_State *L, const char *bytes, size_t length, const char *secret);
