/* Functions for text from outside: they make control characters harmless and find invalid UTF-8 and NUL bytes. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

enum { QUOTE_ANSWER = 200, QUOTE_ARGUMENT = 500 }; /* limits for quote_printable, in bytes */

/*
 * Makes the string on top printable in one line. If the result has more than `most` bytes, cuts it to `most` bytes or
 * fewer, and adds "...".
 */
void quote_printable(lua_State *L, size_t most);

/* Returns whether the text is UTF-8 without overlong sequences and surrogates. */
bool text_is_utf8(const char *text, size_t length);

/* Returns the string at index, or NULL if the value is no string or has a NUL byte. Never converts a number. */
const char *text_without_nul(lua_State *L, int index);
