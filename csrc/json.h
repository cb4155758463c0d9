/* lua-cjson as the core uses it: an instance of its own with one policy, the same on every lua-cjson from 2.1.0 on. */
#ifndef CMR_JSON_H
#define CMR_JSON_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* Loads lua-cjson; raises when it is not installed. */
void json_open(lua_State *L);

/* cmr.null, and cmr.array(table): marks a table as a JSON array, also when empty. */
void json_push_null(lua_State *L);
int json_array(lua_State *L);
bool json_is_null(lua_State *L, int index);
bool json_is_marked(lua_State *L, int index); /* by cmr.array */

/* Pushes what the encoder will write as []. */
void json_push_empty_array(lua_State *L);

/*
 * Pushes a copy of the value at index that json_encode can write, or a message and false.
 * path names the value in the message, as in "google.clientId". mistake says whose fault it is: a NUL byte is the
 * data's, anything else the programmer's.
 */
bool json_clean(lua_State *L, int index, const char *path, bool *mistake);

/* Pushes the JSON text of a cleaned value, or a message and false. */
bool json_encode(lua_State *L, int index);

/*
 * Pushes the decoded value, or a message and false. Object members that are null are left out, nulls in arrays stay
 * cmr.null; whole numbers within 2^53 become integers where Lua has them. A NUL byte is refused.
 */
bool json_decode(lua_State *L, const char *text, size_t length);

/* core.json_encode(value) and core.json_decode(text) */
int json_encode_value(lua_State *L);
int json_decode_value(lua_State *L);

#endif
