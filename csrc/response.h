/* Turns the bytes of a response into an envelope or an error. */
#pragma once

#include <lua.h>

struct call;

/* Pushes the envelope of a call that is done, or nil, message, err; returns how many values. */
int response_push(lua_State *L, const struct call *call);

/* Pushes a table of the response headers: lower-case name -> value. Repeated headers are joined with ", ". */
void response_push_headers(lua_State *L, const struct call *call);
