#include "suggest.h"

#include <string.h>

#include "compat.h"

enum { MAX_NAME_BYTES = 48 };

/* Removes what people get wrong first, case and separators: mailbox_id, mailboxid, mailbox-id. */
static size_t fold(const char *name, size_t length, char folded[MAX_NAME_BYTES])
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        if (name[i] != '_' && name[i] != '-')
            folded[count++] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 32 : name[i]);
    return count;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* The Levenshtein distance. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[MAX_NAME_BYTES + 1];

    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            const size_t above = row[j];
            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate, size_t length)
{
    const size_t wanted_length = strlen(suggestion->wanted);
    char wanted[MAX_NAME_BYTES];
    char folded[MAX_NAME_BYTES];
    size_t wanted_folded;
    size_t apart;

    if (wanted_length > MAX_NAME_BYTES || length > MAX_NAME_BYTES)
        return;
    wanted_folded = fold(suggestion->wanted, wanted_length, wanted);
    apart = distance(wanted, wanted_folded, folded, fold(candidate, length, folded));
    if (apart <= (wanted_folded < 6 ? 1 : 2 + wanted_folded / 8) &&
        (!suggestion->name || apart < suggestion->distance)) {
        suggestion->name = candidate;
        suggestion->length = length;
        suggestion->distance = apart;
    }
}

int suggest_name(lua_State *L)
{
    struct suggestion suggestion = {.wanted = luaL_checkstring(L, 1)};

    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 1; lua_rawgeti(L, 2, i), lua_type(L, -1) == LUA_TSTRING; i++) {
        suggestion_offer(&suggestion, lua_tostring(L, -1), lua_rawlen(L, -1));
        lua_pop(L, 1); /* the table keeps the string */
    }
    if (suggestion.name)
        lua_pushlstring(L, suggestion.name, suggestion.length);
    else
        lua_pushnil(L);
    return 1;
}
