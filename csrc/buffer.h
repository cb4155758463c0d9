/* A buffer of bytes with a maximum size. Its functions never raise, and touch no Lua. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* ends with a NUL; NULL until the first append */
    size_t length;
    size_t capacity;
    size_t maximum; /* bytes; the final NUL is not counted */
    bool overflow;  /* an append failed because it would exceed the maximum */
};

void buffer_init(struct buffer *buffer, size_t maximum);

/*
 * The append functions return whether they appended the bytes. If memory runs out, they append nothing. If the bytes
 * would exceed the maximum, they append nothing and set overflow.
 */
bool buffer_append(struct buffer *buffer, const char *bytes, size_t length);
bool buffer_append_string(struct buffer *buffer, const char *string);

/* Percent-encodes the string and appends it. */
bool buffer_append_escaped(struct buffer *buffer, const char *string);

/* Empties the buffer and frees its memory. The maximum stays. */
void buffer_free(struct buffer *buffer);
