/*
 * Encodes and decodes JSON. The results are the same with every version of lua-cjson from 2.1.0 on. Only numbers
 * depend on the version of Lua: see json_decode. The decoder is an instance of lua-cjson. The encoder is our own, so
 * that every refusal says its reason.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "refusal.h"

/* Loads lua-cjson; raises when it is not installed. */
void json_open(lua_State *L);

/*
 * json_push_null pushes cmr.null. json_array is cmr.array(table), which marks a table, even an empty table, as a JSON
 * array.
 */
void json_push_null(lua_State *L);
int json_array(lua_State *L);
bool json_is_null(lua_State *L, int index);
bool json_is_marked(lua_State *L, int index); /* Returns whether cmr.array marked the table */
void json_push_empty_array(lua_State *L);

/* Returns whether the table at index has the items 1 to n and nothing else. If not, refuses the table. */
bool json_check_array(lua_State *L, int index, struct refusal *refusal);

/* Refuses an empty table whose metatable has __index or __pairs: cmr would miss the entries that these provide. */
bool json_check_own(lua_State *L, int index, struct refusal *refusal);

/*
 * Refuses a number that JSON cannot express. Also refuses a float of 2^53 or more, because several whole numbers share
 * such a float.
 */
bool json_check_number(lua_State *L, int index, struct refusal *refusal);

/*
 * Pushes the number at index as text for JSON and URLs. The text is the same in every locale. An integer and a whole
 * float below 2^53 have all their digits. Any other float has the fewest digits that read back as the same float. The
 * number must be finite.
 */
const char *json_push_number(lua_State *L, int index);

/*
 * Appends the JSON text of the value at index to the buffer. The function may raise, so the buffer must belong to a
 * userdata. A refusal blames the data if a value has a NUL byte, or if a request has a string that is not UTF-8. Every
 * other refusal blames the program (programmer_error).
 */
bool json_encode(lua_State *L, int index, bool is_request, struct buffer *text, struct refusal *refusal);

/*
 * Pushes the decoded value. On a failure, pushes a message and returns false. The text ends with a NUL, which the
 * length does not count. The function skips a byte order mark, turns a lone surrogate into U+FFFD, and refuses a text
 * with a NUL before its end. On a Lua that has integers, a whole number becomes an integer. A long number, which is not
 * between -2^53 and 2^53, becomes an integer only if its text has neither a fraction nor an exponent.
 *
 * In an answer, null members of objects are omitted; a null in an array stays cmr.null. A long number that this Lua
 * might round becomes a string with its digits. So does a number that is too large for Lua.
 *
 * In a request, every null stays cmr.null, and an empty array is marked as if by cmr.array. The function refuses a long
 * number that this Lua might round, and a number that is too large for Lua. It also refuses an object with the same
 * member twice, because only one of the two could be sent.
 */
bool json_decode(lua_State *L, const char *text, size_t length, bool is_request);

/* Returns the number of bytes of a byte order mark at the start of the text: 3 or 0. */
size_t json_mark_length(const char *text);

/*
 * core.json_encode(value) -> text. Raises when JSON cannot express the value. A string that is not UTF-8 passes
 * unchanged.
 */
int json_encode_value(lua_State *L);

/* core.json_decode(text[, is_request]) -> value, or nil, message */
int json_decode_value(lua_State *L);
