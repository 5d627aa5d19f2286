#include "codec/wire.h"

#include <string.h>

#define LONG_BYTES_MAX 10
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define REPLACEMENT_BYTES 3

void wire_put_long(struct buffer *out, int64_t value)
{
    uint64_t zigzag = ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
    unsigned char bytes[LONG_BYTES_MAX];
    size_t count = 0;

    while (zigzag >= 0x80) {
        bytes[count++] = (unsigned char)(zigzag | 0x80);
        zigzag >>= 7;
    }
    bytes[count++] = (unsigned char)zigzag;
    buffer_add(out, bytes, count);
}

void wire_put_bytes(struct buffer *out, struct text bytes)
{
    wire_put_long(out, (int64_t)bytes.bytes);
    buffer_add(out, bytes.data, bytes.bytes);
}

static void put_mended(struct buffer *out, struct text text)
{
    size_t bytes = 0;
    size_t step;

    for (size_t at = 0; at < text.bytes; at += step == 0 ? 1 : step) {
        step = text_utf8_step(text, at);
        bytes += step == 0 ? REPLACEMENT_BYTES : step;
    }
    wire_put_long(out, (int64_t)bytes);
    for (size_t at = 0; at < text.bytes; at += step == 0 ? 1 : step) {
        step = text_utf8_step(text, at);
        if (step == 0) {
            buffer_add(out, REPLACEMENT, REPLACEMENT_BYTES);
        } else {
            buffer_add(out, text.data + at, step);
        }
    }
}

void wire_put_text(struct buffer *out, struct text text)
{
    if (text_is_utf8(text)) {
        wire_put_bytes(out, text);
    } else {
        put_mended(out, text);
    }
}

void wire_put_bytes_or_null(struct buffer *out, struct text bytes)
{
    wire_put_long(out, bytes.data != NULL);
    if (bytes.data != NULL) {
        wire_put_bytes(out, bytes);
    }
}

void wire_put_text_or_null(struct buffer *out, struct text text)
{
    wire_put_long(out, text.data != NULL);
    if (text.data != NULL) {
        wire_put_text(out, text);
    }
}

void wire_put_fixed(struct buffer *out, const void *data, size_t bytes)
{
    buffer_add(out, data, bytes);
}

void wire_put_array(struct buffer *out, uint32_t count)
{
    if (count > 0) {
        wire_put_long(out, count);
    }
}

void wire_put_array_end(struct buffer *out)
{
    wire_put_long(out, 0);
}

void wire_put_texts(struct buffer *out, const struct text *texts, uint32_t count)
{
    wire_put_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_text(out, texts[i]);
    }
    wire_put_array_end(out);
}

/* A reader's pointers are never NULL, so that pointer arithmetic on them is always defined. */
struct wire_reader wire_open(struct text bytes)
{
    const char *data = bytes.data == NULL ? "" : bytes.data;

    return (struct wire_reader){.at = data, .end = data + (bytes.data == NULL ? 0 : bytes.bytes)};
}

bool wire_is_good(const struct wire_reader *reader)
{
    return reader->field == NULL;
}

void wire_refuse(struct wire_reader *reader, const char *field, const char *problem)
{
    if (reader->field == NULL) {
        reader->field = field;
        reader->problem = problem;
        reader->at = reader->end; /* So that every later take fails at once. */
    }
}

enum status wire_finish(struct wire_reader *reader, const char *record, struct error *err)
{
    if (!wire_is_good(reader)) {
        return fail(err, STATUS_REJECT, "%s record: field '%s': %s", record, reader->field,
                    reader->problem);
    }
    if (reader->at != reader->end) {
        return fail(err, STATUS_REJECT, "%s record: %zu bytes after its end", record,
                    (size_t)(reader->end - reader->at));
    }
    return STATUS_OK;
}

int64_t wire_take_long(struct wire_reader *reader, const char *field)
{
    uint64_t zigzag = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t part;

        if (reader->at == reader->end) {
            wire_refuse(reader, field, "the record ends here");
            return 0;
        }
        part = (unsigned char)*reader->at++;
        if (shift == 63 && part > 1) {
            break;
        }
        zigzag |= (part & 0x7F) << shift;
        if (part < 0x80) {
            if (part == 0 && shift > 0) {
                wire_refuse(reader, field, "a number is not in its shortest form");
                return 0;
            }
            return (int64_t)((zigzag >> 1) ^ (UINT64_C(0) - (zigzag & 1)));
        }
    }
    wire_refuse(reader, field, "a number has more than 64 bits");
    return 0;
}

int32_t wire_take_int(struct wire_reader *reader, const char *field)
{
    int64_t value = wire_take_long(reader, field);

    if (value < INT32_MIN || value > INT32_MAX) {
        wire_refuse(reader, field, "a number has more than 32 bits");
        return 0;
    }
    return (int32_t)value;
}

uint32_t wire_take_uint(struct wire_reader *reader, const char *field)
{
    int64_t value = wire_take_long(reader, field);

    if (value < 0 || value > (int64_t)UINT32_MAX) {
        wire_refuse(reader, field, "a number is not in 0 to 4294967295");
        return 0;
    }
    return (uint32_t)value;
}

uint32_t wire_take_index(struct wire_reader *reader, const char *field, uint32_t count)
{
    int64_t value = wire_take_long(reader, field);

    if (value < 0 || value >= (int64_t)count) {
        wire_refuse(reader, field, "no such choice");
        return 0;
    }
    return (uint32_t)value;
}

struct text wire_take_bytes(struct wire_reader *reader, const char *field)
{
    int64_t bytes = wire_take_long(reader, field);
    struct text taken = {reader->at, 0};

    if (bytes < 0 || bytes > reader->end - reader->at) {
        wire_refuse(reader, field, "its length goes beyond the end of the record");
        return TEXT("");
    }
    taken.bytes = (size_t)bytes;
    reader->at += bytes;
    return taken;
}

struct text wire_take_text(struct wire_reader *reader, const char *field)
{
    struct text taken = wire_take_bytes(reader, field);

    if (!text_is_utf8(taken)) {
        wire_refuse(reader, field, "not UTF-8");
        return TEXT("");
    }
    return taken;
}

struct text wire_take_bytes_or_null(struct wire_reader *reader, const char *field)
{
    if (wire_take_index(reader, field, 2) == 0) {
        return (struct text){NULL, 0};
    }
    return wire_take_bytes(reader, field);
}

struct text wire_take_text_or_null(struct wire_reader *reader, const char *field)
{
    if (wire_take_index(reader, field, 2) == 0) {
        return (struct text){NULL, 0};
    }
    return wire_take_text(reader, field);
}

void wire_take_fixed(struct wire_reader *reader, const char *field, void *data, size_t bytes)
{
    if (bytes > (size_t)(reader->end - reader->at)) {
        wire_refuse(reader, field, "the record ends here");
        memset(data, 0, bytes);
        return;
    }
    memcpy(data, reader->at, bytes);
    reader->at += bytes;
}

uint32_t wire_take_array(struct wire_reader *reader, const char *field, size_t item_bytes)
{
    int64_t count = wire_take_long(reader, field);

    if (count < 0 || count > UINT32_MAX ||
        (size_t)count > (size_t)(reader->end - reader->at) / item_bytes) {
        wire_refuse(reader, field, "it has more items than the record has room for");
        return 0;
    }
    return (uint32_t)count;
}

void wire_take_array_end(struct wire_reader *reader, const char *field, uint32_t count)
{
    /* An empty array is its end: there is no block before it. */
    if (count > 0 && wire_take_long(reader, field) != 0) {
        wire_refuse(reader, field, "an array in several blocks");
    }
}

const struct text *wire_take_texts(struct wire_reader *reader, const char *field,
                                   struct arena *arena, uint32_t *count)
{
    struct text *texts;

    *count = wire_take_array(reader, field, 1);
    texts = arena_array(arena, *count, sizeof(*texts));
    for (uint32_t i = 0; i < *count; i++) {
        texts[i] = wire_take_text(reader, field);
    }
    wire_take_array_end(reader, field, *count);
    return texts;
}
