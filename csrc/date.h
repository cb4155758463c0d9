/* Reads dates of HTTP headers with libcurl. */
#pragma once

#include <lua.h>
#include <time.h>

/* Returns the time of the date in the first line of the text, or -1. */
time_t date_of(const char *text);

/* core.http_time(text) -> the seconds since 1970 of a date such as "Sun, 06 Nov 1994 08:49:37 GMT", or nil */
int date_read(lua_State *L);
