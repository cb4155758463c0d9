/* What is known of a call beside its answer. */
#ifndef CMR_INFO_H
#define CMR_INFO_H

#include <lua.h>

/*
 * call:info() -> operation, method, url, status, headers, elapsed (s), reused, http_version, sends, of the last attempt;
 * also tls and timing where call:trace() asked for them.
 */
int info_of_call(lua_State *L);

#endif
