/*
 * buffer - bytes that grow. A zeroed buffer is valid and empty. With bytes_max set, what would grow
 * past it is dropped and `full` is set, so that a caller checks once at the end.
 */
#ifndef BATON_BASE_BUFFER_H
#define BATON_BASE_BUFFER_H

#include "base/check.h"
#include "base/text.h"

struct buffer {
    char *data;
    size_t bytes;
    size_t capacity;
    size_t bytes_max; /* 0: no limit. */
    bool full;
};

/* Where there is a limit, or no room yet. */
void buffer_add_slowly(struct buffer *buffer, const void *data, size_t bytes);

static inline void buffer_add(struct buffer *buffer, const void *data, size_t bytes)
{
    if (buffer->bytes_max != 0 || buffer->capacity - buffer->bytes < bytes) {
        buffer_add_slowly(buffer, data, bytes);
    } else if (bytes > 0) {
        memcpy(buffer->data + buffer->bytes, data, bytes);
        buffer->bytes += bytes;
    }
}

static inline void buffer_add_text(struct buffer *buffer, struct text text)
{
    buffer_add(buffer, text.data, text.bytes);
}

static inline void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_add_integer(struct buffer *buffer, int64_t value); /* Decimal digits. */
void buffer_addf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* Room for `bytes` more at buffer->data + buffer->bytes; the caller then raises buffer->bytes. */
void buffer_reserve(struct buffer *buffer, size_t bytes);
struct text buffer_text(const struct buffer *buffer);
/* NUL-terminated view; valid until the next change. */
const char *buffer_string(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* Keeps the memory. */
void buffer_release(struct buffer *buffer);

#endif
