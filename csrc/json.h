/*
 * JSON, the same on every Lua and every lua-cjson from 2.1.0 on: an encoder of our own that says what it refuses, and
 * an instance of lua-cjson for decoding.
 */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "refusal.h"

/* Loads lua-cjson; raises when it is not installed. */
void json_open(lua_State *L);

/* cmr.null, and cmr.array(table): marks a table as a JSON array, also when empty. */
void json_push_null(lua_State *L);
int json_array(lua_State *L);
bool json_is_null(lua_State *L, int index);
bool json_is_marked(lua_State *L, int index); /* by cmr.array */
void json_push_empty_array(lua_State *L);

/* Whether the table at index has the items 1 to n and nothing else. Refuses it otherwise. */
bool json_check_array(lua_State *L, int index, struct refusal *refusal);

/* Refuses a number that JSON does not have, and a float of 2^53 or more: several whole numbers share such a float. */
bool json_check_number(lua_State *L, int index, struct refusal *refusal);

/*
 * Pushes the number at index as JSON and URLs write it, in every locale: an integer, and a whole float below 2^53,
 * in full, another one with the fewest digits that read back as the same. The number must have passed json_check_number.
 */
const char *json_push_number(lua_State *L, int index);

/*
 * Appends the JSON text of the value at index to a buffer that a userdata owns: it may raise. It refuses a
 * NUL byte in a text, and in a request a text that is not UTF-8: both are faults of the data. Every other refusal is
 * the programmer's fault.
 */
bool json_encode(lua_State *L, int index, bool is_request, struct buffer *text, struct refusal *refusal);

/*
 * Pushes the decoded value, or a message and false. The text ends with a NUL, which the length does not count. A byte
 * order mark is skipped; a lone surrogate becomes U+FFFD; a NUL byte is refused. Object members that are null are left
 * out, nulls in arrays stay cmr.null. Whole numbers become integers where Lua has them. A whole number that Lua would
 * round, or a number out of Lua's range, becomes a string as it was written; in a request it is refused.
 */
bool json_decode(lua_State *L, const char *text, size_t length, bool is_request);

/* The bytes of a byte order mark in front of the text: 3 or 0. */
size_t json_mark_length(const char *text);

/* core.json_encode(value) -> text; raises on a value that JSON does not have. Text that is not UTF-8 passes as it is.
 * */
int json_encode_value(lua_State *L);

/* core.json_decode(text[, is_request]) -> value, or nil, message */
int json_decode_value(lua_State *L);
