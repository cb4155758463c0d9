/* Bytes -> envelope or error. */
#ifndef CMR_RESPONSE_H
#define CMR_RESPONSE_H

#include <lua.h>

struct call;

/* Pushes the envelope of a finished call, or nil, message, err; returns how many. */
int response_push(lua_State *L, const struct call *call);

/* Pushes a table of the response headers: lower-case name -> value, repeated ones joined with ", ". */
void response_push_headers(lua_State *L, const struct call *call);

#endif
