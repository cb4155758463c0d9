/* Bytes that never exceed a maximum. Never raises, touches no Lua. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* NUL-terminated; NULL until the first append */
    size_t length;
    size_t capacity;
    size_t maximum; /* bytes, without the NUL */
    bool overflow;  /* an append was refused because it would exceed the maximum */
};

void buffer_init(struct buffer *buffer, size_t maximum);

/*
 * Each returns false and changes nothing when memory runs out, or when the bytes would exceed the maximum; the latter
 * sets overflow.
 */
bool buffer_append(struct buffer *buffer, const char *bytes, size_t length);
bool buffer_append_string(struct buffer *buffer, const char *string);

/* Appends percent-encoded, as libcurl does it. */
bool buffer_append_escaped(struct buffer *buffer, const char *string);

/* Empties it and gives the memory back; the maximum stays. */
void buffer_free(struct buffer *buffer);
