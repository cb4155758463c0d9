/* The headers of a request that the user adds: which ones are allowed, and lists of lines as libcurl takes them. */
#pragma once

#include <curl/curl.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "refusal.h"

/* Whether the text has only the characters that RFC 9110 allows in a header's name. */
bool headers_is_name(const char *name);

/* Whether a header's value has no control characters, and so cannot become two headers. */
bool headers_is_value(const char *text, size_t length);

/* Whether the library sets this header itself. key_header: the one that carries the key. */
bool headers_is_reserved(const char *name, const char *key_header);

/* Pushes the line of the header with the name at index -2 and the value on top; or refuses it. */
bool headers_push_line(lua_State *L, const char *key_header, struct refusal *refusal);

/* Whether a line of the list is of the same header as this line. */
bool headers_contain(const struct curl_slist *list, const char *line);

/* Appends a copy of the line. Without memory it returns false, and the list stays as it was. */
bool headers_append(struct curl_slist **list, const char *line);
