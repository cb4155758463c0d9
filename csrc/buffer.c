#include "buffer.h"

#include <curl/curl.h>
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
    char *escaped;
    bool done;

    if (strlen(string) > buffer->maximum) {
        buffer->overflow = true;
        return false;
    }
    escaped = curl_easy_escape(NULL, string, 0); /* 0 makes libcurl measure the string */
    done = escaped && buffer_append_string(buffer, escaped);
    curl_free(escaped);
    return done;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}
