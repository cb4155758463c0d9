/* The options of a target: what each may be. */
#ifndef CMR_TARGET_OPTIONS_H
#define CMR_TARGET_OPTIONS_H

#include <lua.h>
#include <stdbool.h>

#include "refusal.h"
#include "target.h"

/* api_key, key_header, base_url, ca_file, proxy, headers, user_agent, allow_http, max_response (bytes), connect_timeout
   (seconds), endpoints. Ends with NULL. */
extern const char *const target_option_names[];

/* Pushes the names as a list: core.target_option_names. */
void target_options_push_names(lua_State *L);

/*
 * Checks the table of options at index and fills the target, which must hang on a userdata: it owns the lists from the
 * first on. The table keeps the target's strings; base_url and endpoints in it are replaced by what was checked.
 */
bool target_options_check(lua_State *L, int index, struct target *target, struct refusal *refusal);

#endif
