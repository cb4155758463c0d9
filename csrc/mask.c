#include "mask.h"

#include "compat.h"

static int hex_value(const char *digits, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        const char digit = digits[i];
        if (digit >= '0' && digit <= '9')
            value = value * 16 + digit - '0';
        else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
            value = value * 16 + (digit | 32) - 'a' + 10;
        else
            return -1;
    }
    return value;
}

/*
 * Kinds of escapes. match_secret reads a text up to four times: with both kinds, with each kind alone, and without
 * escapes. The reason: "%25" in a text may be an escaped "%", or three characters of the key.
 */
enum { JSON = 1, URL = 2 };

/*
 * Returns how many bytes at `text` stand for the character, or 0. For example, a slash may be written as /, in JSON
 * also as \/ or \u002f, and in a URL also as %2F.
 */
static size_t match_character(const char *text, const char *end, char character, int forms)
{
    const size_t left = (size_t)(end - text);

    if (forms & JSON && left >= 6 && text[0] == '\\' && text[1] == 'u' && hex_value(text + 2, 4) == character)
        return 6;
    if (forms & URL && left >= 3 && text[0] == '%' && hex_value(text + 1, 2) == character)
        return 3;
    if (forms & JSON && left >= 2 && text[0] == '\\' && text[1] == character)
        return 2;
    return left >= 1 && text[0] == character ? 1 : 0;
}

static size_t match_escaped(const char *text, const char *end, const char *secret, int forms)
{
    const char *at = text;

    for (; *secret; secret++) {
        const size_t step = match_character(at, end, *secret, forms);
        if (!step)
            return 0;
        at += step;
    }
    return (size_t)(at - text);
}

/* Returns how many bytes at `text` are the secret, or 0. */
static size_t match_secret(const char *text, const char *end, const char *secret)
{
    size_t length = 0;

    if (*text != *secret && *text != '\\' && *text != '%')
        return 0;
    for (int forms = JSON | URL; forms >= 0 && !length; forms--)
        length = match_escaped(text, end, secret, forms);
    return length;
}

void push_masked(lua_State *L, const char *bytes, size_t length, const char *secret)
{
    const char *end = bytes + length;
    const char *from = bytes; /* the first byte that has not been copied yet */
    luaL_Buffer masked;

    luaL_buffinit(L, &masked);
    while (secret && *secret && bytes < end) {
        const size_t hit = match_secret(bytes, end, secret);
        if (hit) {
            luaL_addlstring(&masked, from, (size_t)(bytes - from));
            luaL_addlstring(&masked, "***", 3);
            from = bytes + hit;
        }
        bytes += hit ? hit : 1;
    }
    luaL_addlstring(&masked, from, (size_t)(end - from));
    luaL_pushresult(&masked);
}
