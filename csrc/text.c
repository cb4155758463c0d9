#include "text.h"

#include <string.h>

#include "compat.h"

/* The length of the UTF-8 sequence at bytes; 0 when there is none, or an overlong one, or a surrogate. */
static size_t utf8_length(const unsigned char *bytes, size_t left)
{
    const unsigned char lead = bytes[0];
    const size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;

    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    if ((lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xED && bytes[1] > 0x9F) || (lead == 0xF0 && bytes[1] < 0x90) ||
        (lead == 0xF4 && bytes[1] > 0x8F))
        return 0;
    return length;
}

void quote_printable(lua_State *L, size_t most)
{
    size_t left;
    const unsigned char *bytes = (const unsigned char *)lua_tolstring(L, -1, &left);
    char quote[QUOTE_ARGUMENT + 3];
    size_t length = 0;

    while (left > 0) {
        const size_t step = utf8_length(bytes, left);
        /* C0 and C1 controls and DEL would control a terminal */
        const bool printable =
            step > 1 ? !(bytes[0] == 0xC2 && bytes[1] < 0xA0) : step == 1 && *bytes >= 0x20 && *bytes != 0x7F;
        const size_t size = printable ? step : 1;
        if (length + size > most) {
            memcpy(quote + length, "...", 3);
            length += 3;
            break;
        }
        if (printable)
            memcpy(quote + length, bytes, step);
        else
            quote[length] = bytes[0] == '\n' || bytes[0] == '\t' || bytes[0] == '\r' ? ' ' : '?';
        length += size;
        bytes += step ? step : 1;
        left -= step ? step : 1;
    }
    lua_pushlstring(L, quote, length);
    lua_replace(L, -2);
}

bool text_is_utf8(const char *text, size_t length)
{
    size_t step;

    for (; length > 0; text += step, length -= step) {
        step = utf8_length((const unsigned char *)text, length);
        if (!step)
            return false;
    }
    return true;
}

const char *text_without_nul(lua_State *L, int index)
{
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL;

    return text && strlen(text) == lua_rawlen(L, index) ? text : NULL;
}

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

/* How many bytes at text stand for the character: itself, \c or \u0043 as in JSON, %43 as in a URL; 0: none. */
static size_t match_character(const char *text, const char *end, char character)
{
    const size_t left = (size_t)(end - text);

    if (left >= 6 && text[0] == '\\' && text[1] == 'u' && hex_value(text + 2, 4) == character)
        return 6;
    if (left >= 3 && text[0] == '%' && hex_value(text + 1, 2) == character)
        return 3;
    if (left >= 2 && text[0] == '\\' && text[1] == character)
        return 2;
    return left >= 1 && text[0] == character ? 1 : 0;
}

static size_t match_escaped(const char *text, const char *end, const char *secret)
{
    const char *at = text;

    for (; *secret; secret++) {
        const size_t step = match_character(at, end, *secret);
        if (!step)
            return 0;
        at += step;
    }
    return (size_t)(at - text);
}

void push_masked(lua_State *L, const char *bytes, size_t length, const char *secret)
{
    const char *end = bytes + length;
    const char *from = bytes; /* the first byte that is not copied yet */
    luaL_Buffer masked;

    luaL_buffinit(L, &masked);
    while (secret && *secret && bytes < end) {
        const size_t hit = match_escaped(bytes, end, secret);
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
