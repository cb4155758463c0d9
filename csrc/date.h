/* Uses libcurl to read the dates of HTTP headers. */
#pragma once

#include <lua.h>
#include <time.h>

/* Reads a date from the first line of the text. Returns -1 if the line is no date. */
time_t date_of(const char *text);

/* core.http_time(text) -> seconds since 1970, or nil if the text is no date like "Sun, 06 Nov 1994 08:49:37 GMT" */
int date_read(lua_State *L);
