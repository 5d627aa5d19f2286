#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64
#define PRINTED_BYTES 256 /* What is longer is printed twice. */

void buffer_reserve(struct buffer *buffer, size_t bytes)
{
    size_t needed = buffer->bytes + bytes;
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;

    CHECK(needed >= bytes && needed <= SIZE_MAX / 2);
    if (needed <= buffer->capacity) {
        return;
    }
    while (capacity < needed) {
        capacity *= 2;
    }
    buffer->data = realloc(buffer->data, capacity);
    CHECK(buffer->data != NULL);
    buffer->capacity = capacity;
}

/* Once something was dropped all that follows is dropped too: what is there stays a prefix. */
static bool has_room(struct buffer *buffer, size_t bytes)
{
    if (buffer->bytes_max == 0) {
        return true;
    }
    if (buffer->full || buffer->bytes > buffer->bytes_max ||
        bytes > buffer->bytes_max - buffer->bytes) {
        buffer->full = true;
        return false;
    }
    return true;
}

void buffer_add_slowly(struct buffer *buffer, const void *data, size_t bytes)
{
    if (bytes == 0 || !has_room(buffer, bytes)) {
        return;
    }
    buffer_reserve(buffer, bytes);
    memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
}

void buffer_addf(struct buffer *buffer, const char *format, ...)
{
    char line[PRINTED_BYTES];
    va_list args;
    int bytes;

    va_start(args, format);
    bytes = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    CHECK(bytes >= 0);
    if ((size_t)bytes < sizeof(line)) {
        buffer_add(buffer, line, (size_t)bytes);
        return;
    }
    if (!has_room(buffer, (size_t)bytes)) {
        return;
    }
    buffer_reserve(buffer, (size_t)bytes + 1);
    va_start(args, format);
    vsnprintf(buffer->data + buffer->bytes, (size_t)bytes + 1, format, args);
    va_end(args);
    buffer->bytes += (size_t)bytes;
}

void buffer_add_integer(struct buffer *buffer, int64_t value)
{
    char room[INTEGER_TEXT_BYTES];

    buffer_add_text(buffer, text_integer(value, room));
}

struct text buffer_text(const struct buffer *buffer)
{
    return buffer->bytes == 0 ? TEXT("") : (struct text){buffer->data, buffer->bytes};
}

const char *buffer_string(struct buffer *buffer)
{
    buffer_reserve(buffer, 1);
    buffer->data[buffer->bytes] = '\0';
    return buffer->data;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->bytes = 0;
    buffer->full = false;
}

void buffer_release(struct buffer *buffer)
{
    if (buffer == NULL) {
        return;
    }
    free(buffer->data);
    *buffer = (struct buffer){.bytes_max = buffer->bytes_max};
}
