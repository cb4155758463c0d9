/* Texts that come from outside: control characters are made harmless, UTF-8 and NUL bytes are found. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUOTE_ANSWER = 200, QUOTE_ARGUMENT = 500 }; /* bytes */

/* Replaces the string on top by its first `most` bytes, fit for a line of a log; "..." follows when it was longer. */
void quote_printable(lua_State *L, size_t most);

/* Whether it is UTF-8, without overlong sequences and surrogates. */
bool text_is_utf8(const char *text, size_t length);

/* The string at index when it is one without a NUL byte, else NULL. Never converts a number. */
const char *text_without_nul(lua_State *L, int index);
