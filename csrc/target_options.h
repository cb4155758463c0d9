/* The options of a target: what each may be. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"
#include "target.h"

/* The name of an option: api_key, key_header, ...; NULL after the last one. */
const char *target_option_name(size_t index);

/*
 * Checks the table of options at index and fills the target, which must hang on a userdata: it owns the lists from the
 * first on. The table keeps the target's strings; base_url and endpoints in it are replaced by what was checked.
 */
bool target_options_check(lua_State *L, int index, struct target *target, struct refusal *refusal);
