#include "buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 512 };

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

static bool reserve(struct buffer *buffer, size_t wanted)
{
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    char *data;

    while (capacity < wanted)
        capacity = capacity > SIZE_MAX / 2 ? wanted : capacity * 2;
    if (capacity == buffer->capacity)
        return true;
    data = realloc(buffer->data, capacity);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer *buffer, const char *bytes, size_t length)
{
    if (length > buffer->maximum - buffer->length) {
        buffer->overflow = true;
        return false;
    }
    if (!reserve(buffer, buffer->length + length + 1))
        return false;
    if (length)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return true;
}

bool buffer_append_string(struct buffer *buffer, const char *string)
{
    return buffer_append(buffer, string, strlen(string));
}

bool buffer_append_escaped(struct buffer *buffer, const char *string)
{
    static const char plain[] = "-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char digits[] = "0123456789ABCDEF";
    bool done = true;

    while (done && *string) {
        const size_t length = strspn(string, plain);
        done = buffer_append(buffer, string, length);
        string += length;
        if (done && *string) {
            const unsigned char byte = (unsigned char)*string++;
            const char escaped[] = {'%', digits[byte >> 4], digits[byte & 15]};
            done = buffer_append(buffer, escaped, sizeof escaped);
        }
    }
    return done;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}
