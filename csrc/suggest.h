/* Finds the known name that is nearest to a misspelt name, for "did you mean". */
#pragma once

#include <lua.h>
#include <stddef.h>

/*
 * Initialize the struct with {.wanted = the misspelt name}, then offer every candidate. Afterwards `name` is the
 * nearest candidate, or NULL if no candidate is near enough. Touches no Lua. The candidates must outlive the struct.
 */
struct suggestion {
    const char *wanted;
    const char *name;
    size_t distance; /* the distance of `name` from `wanted`; 0 when only case and separators differ */
};

void suggestion_offer(struct suggestion *suggestion, const char *candidate);

/* core.suggest(name, names) -> the name that the user probably meant, or nil */
int suggest_name(lua_State *L);
