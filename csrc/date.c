#include "date.h"

#include <curl/curl.h>
#include <string.h>

#include "compat.h"

enum { MAX_DATE_BYTES = 64 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" has 29 bytes */

time_t date_of(const char *text)
{
    const size_t length = strcspn(text, "\r\n");
    char date[MAX_DATE_BYTES] = "";

    if (length < sizeof date)
        memcpy(date, text, length);
    return curl_getdate(date, NULL);
}

int date_read(lua_State *L)
{
    const time_t time = date_of(luaL_checkstring(L, 1));

    if (time < 0)
        lua_pushnil(L);
    else
        lua_pushnumber(L, (lua_Number)time);
    return 1;
}
