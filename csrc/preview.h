/* What a call would send, for people and other programs. */
#ifndef CMR_PREVIEW_H
#define CMR_PREVIEW_H

#include <lua.h>

/*
 * call:request() -> method, url, headers (lines as libcurl takes them: "Name:" sends none, "Name;" an empty one),
 * key_header (the name of the one that carries the key, which is left out), body, ca_file, proxy ("": none, whatever the
 * environment says), resolve. The key is masked in all of them.
 */
int preview_request(lua_State *L);

#endif
