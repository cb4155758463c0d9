#include "headers.h"

#include <string.h>

#include "compat.h"
#include "text.h"

bool headers_is_name(const char *name)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return *name && name[strspn(name, allowed)] == '\0';
}

bool headers_is_value(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return false;
    return true;
}

bool headers_is_reserved(const char *name, const char *key_header)
{
    static const char *const reserved[] = {
        "host",   "content-length", "content-type",    "transfer-encoding", "connection",
        "expect", "accept",         "accept-encoding", "user-agent",        NULL};

    for (const char *const *header = reserved; *header; header++)
        if (curl_strequal(name, *header)) /* strcasecmp would follow the locale */
            return true;
    return curl_strequal(name, key_header);
}

bool headers_push_line(lua_State *L, const char *key_header, struct refusal *refusal)
{
    const char *name = text_without_nul(L, -2);
    const char *value;

    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
        return refuse_unexpected(refusal, BAD_OPTION, NULL, "a table of names and values");
    if (!name || !headers_is_name(name))
        return refuse(refusal, BAD_OPTION, "a header's name holds a character that is not allowed");
    if (!headers_is_value(lua_tostring(L, -1), lua_rawlen(L, -1)))
        return refuse(refusal, BAD_OPTION, "a header's value holds a line break or another control character");
    if (headers_is_reserved(name, key_header))
        return refuse(refusal, BAD_OPTION, "it is set by the library") || refuse_in(refusal, ".%s", name);
    /* libcurl drops a header whose value is only spaces; for "Name;" it sends the header without a value */
    value = lua_tostring(L, -1);
    lua_pushfstring(L, value[strspn(value, " \t")] ? "%s: %s" : "%s;", name, value);
    return true;
}

bool headers_contain(const struct curl_slist *list, const char *line)
{
    const size_t length = strcspn(line, ":;");

    for (; list; list = list->next)
        if (strcspn(list->data, ":;") == length && curl_strnequal(list->data, line, length))
            return true;
    return false;
}

bool headers_append(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer)
        *list = longer;
    return longer != NULL;
}
