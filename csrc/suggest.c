#include "suggest.h"

#include <string.h>

#include "compat.h"

enum { MAX_NAME_BYTES = 48 };

/*
 * Makes the letters lower-case and removes the separators '_' and '-'. Returns the length. People often get case and
 * separators wrong: mailbox_id, mailbox-ID.
 */
static size_t fold(const char *name, char folded[MAX_NAME_BYTES])
{
    size_t count = 0;

    for (; *name; name++)
        if (*name != '_' && *name != '-')
            folded[count++] = (char)(*name | 32); /* 32 makes a letter lower-case */
    return count;
}

/* Returns the Levenshtein distance of two names. */
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
            const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            const size_t longer = (above < row[j - 1] ? above : row[j - 1]) + 1;
            row[j] = changed < longer ? changed : longer;
            diagonal = above;
        }
    }
    return row[b_length];
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    char wanted[MAX_NAME_BYTES];
    char folded[MAX_NAME_BYTES];
    size_t length;
    size_t apart;

    if (strlen(suggestion->wanted) > MAX_NAME_BYTES || strlen(candidate) > MAX_NAME_BYTES)
        return;
    length = fold(suggestion->wanted, wanted);
    apart = distance(wanted, length, folded, fold(candidate, folded));
    if (apart <= (length < 6 ? 1 : 2 + length / 8) && (!suggestion->name || apart < suggestion->distance)) {
        suggestion->name = candidate;
        suggestion->distance = apart;
    }
}

int suggest_name(lua_State *L)
{
    struct suggestion suggestion = {.wanted = luaL_checkstring(L, 1)};

    luaL_checktype(L, 2, LUA_TTABLE);
    for (int i = 1; lua_rawgeti(L, 2, i), lua_type(L, -1) == LUA_TSTRING; i++) {
        suggestion_offer(&suggestion, lua_tostring(L, -1));
        lua_pop(L, 1); /* the table keeps this string alive */
    }
    lua_pushstring(L, suggestion.name); /* pushes nil for NULL */
    return 1;
}
