/* The headers that the user adds to requests. Checks them, and makes lists of header lines in libcurl's form. */
#pragma once

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"

/* Returns whether the text has only the characters that RFC 9110 allows in a header's name. */
bool headers_is_name(const char *name);

/* Returns whether a header's value has no control characters, and so cannot become two headers. */
bool headers_is_value(const char *text, size_t length);

/* Returns whether the library sets this header itself. key_header is the name of the header with the key. */
bool headers_is_reserved(const char *name, const char *key_header);

/* Makes a header's line from the name at index -2 and the value on top. Pushes the line, or refuses the header. */
bool headers_push_line(lua_State *L, const char *key_header, struct refusal *refusal);

/* Returns whether the list has a line with the same header name as this line. */
bool headers_contain(const struct curl_slist *list, const char *line);

/* Appends a copy of the line. When memory runs out, returns false and does not change the list. */
bool headers_append(struct curl_slist **list, const char *line);
