#include "text.h"

#include <string.h>

#include "compat.h"

/*
 * Returns the length of the UTF-8 sequence at bytes. Returns 0 if the bytes are not valid UTF-8, such as an overlong
 * sequence or a surrogate.
 */
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
        /* C0 and C1 control characters and DEL could control the user's terminal */
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
