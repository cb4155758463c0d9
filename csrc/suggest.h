/* "Did you mean": the known name that is nearest to a misspelt one. */
#pragma once

#include <lua.h>
#include <stddef.h>

/*
 * Begin with {.wanted = name} and offer every candidate. `name` is then the nearest candidate that is near enough, or
 * NULL. Touches no Lua; the candidates must outlive the struct.
 */
struct suggestion {
    const char *wanted;
    const char *name;
    size_t distance; /* 0: only case and separators differ */
};

void suggestion_offer(struct suggestion *suggestion, const char *candidate);

/* core.suggest(name, names) -> the name that was probably meant, or nil */
int suggest_name(lua_State *L);
