/* delta_write - members of a JSON object, written at the end of a buffer. Of delta.c alone. */
#ifndef BATON_CORE_DELTA_WRITE_H
#define BATON_CORE_DELTA_WRITE_H

#include "json/json.h"

/* The next member of the object that is open at the end of `out`. */
static inline void add_key(struct buffer *out, struct text key)
{
    if (out->data[out->bytes - 1] != '{') {
        buffer_add_char(out, ',');
    }
    buffer_add_char(out, '"');
    buffer_add_text(out, key);
    buffer_add_text(out, TEXT("\":"));
}

static inline void add_integer(struct buffer *out, struct text key, int64_t value)
{
    add_key(out, key);
    buffer_add_integer(out, value);
}

static inline void add_text(struct buffer *out, struct text key, struct text value)
{
    add_key(out, key);
    json_write_text(value, out);
}

static inline void add_value(struct buffer *out, struct text key, const struct json *value)
{
    add_key(out, key);
    json_write(value, out);
}

#endif
