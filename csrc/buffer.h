/* Bytes with a hard maximum from birth. Never raises, never touches Lua. */
#ifndef CMR_BUFFER_H
#define CMR_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; /* NUL-terminated once anything was appended; NULL before */
    size_t length;
    size_t capacity;
    size_t maximum; /* bytes it may ever hold, without the NUL */
    bool overflow;  /* an append was refused because of the maximum */
};

void buffer_init(struct buffer *buffer, size_t maximum);

/* False when the maximum would be passed (overflow is set) or memory is out; the contents stay as they were. */
bool buffer_append(struct buffer *buffer, const char *bytes, size_t length);
bool buffer_append_string(struct buffer *buffer, const char *string);

/* Appends percent-encoded, as libcurl does it. */
bool buffer_append_escaped(struct buffer *buffer, const char *bytes, size_t length);

/* Empties it and gives the memory back; the maximum stays. */
void buffer_free(struct buffer *buffer);

#endif
