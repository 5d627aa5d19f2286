/*
 * wire - Avro's binary encoding, written to a buffer and read from borrowed bytes. It knows no
 * schemas: the functions of records.h call it in the order of schemas/, and the tests hold them to
 * avro-c. Why not avro-c itself: docs/decisions/0003-avro-encoding.md.
 *
 * There is one encoding of a record: numbers in their shortest form, an array in one block with a
 * positive count, strings in UTF-8. The reader refuses any other, so what is read writes back to the
 * same bytes.
 */
#ifndef BATON_CODEC_WIRE_H
#define BATON_CODEC_WIRE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

/* ---- writing: appends; the bounds of the buffer hold ---- */

/* An Avro int or long, and the index of an enum or a union. */
void wire_put_long(struct buffer *out, int64_t value);
/* An Avro string. Other programs must be able to read the record, so what is not UTF-8 is mended:
 * each byte that is no part of a character becomes U+FFFD. */
void wire_put_text(struct buffer *out, struct text text);
/* An Avro bytes. */
void wire_put_bytes(struct buffer *out, struct text bytes);
/* ["null", "bytes"] and ["null", "string"]: data NULL is null. */
void wire_put_bytes_or_null(struct buffer *out, struct text bytes);
void wire_put_text_or_null(struct buffer *out, struct text text);
/* An Avro fixed. */
void wire_put_fixed(struct buffer *out, const void *data, size_t bytes);
/* An array: this, then `count` items, then wire_put_array_end(). */
void wire_put_array(struct buffer *out, uint32_t count);
void wire_put_array_end(struct buffer *out);
void wire_put_texts(struct buffer *out, const struct text *texts, uint32_t count);

/* ---- reading ---- */

/*
 * A reader stops at the first thing wrong and remembers it: from then on it gives zeros, and
 * wire_finish() tells. `field` is a literal, for that message. What is read borrows from the bytes.
 */
struct wire_reader {
    const char *at;
    const char *end;
    const char *field; /* NULL until something is wrong. */
    const char *problem;
};

struct wire_reader wire_open(struct text bytes);
bool wire_is_good(const struct wire_reader *reader);
/* Say that what was read is wrong. The first problem stays. */
void wire_refuse(struct wire_reader *reader, const char *field, const char *problem);
/* STATUS_REJECT: something was wrong, or bytes are left over. `record` is for the message. */
MUST_CHECK enum status wire_finish(struct wire_reader *reader, const char *record,
                                   struct error *err);

int64_t wire_take_long(struct wire_reader *reader, const char *field);
int32_t wire_take_int(struct wire_reader *reader, const char *field);
uint32_t wire_take_uint(struct wire_reader *reader, const char *field); /* A long in 32 bits. */
/* Index of an enum or a union, below `count`. */
uint32_t wire_take_index(struct wire_reader *reader, const char *field, uint32_t count);
struct text wire_take_text(struct wire_reader *reader, const char *field);
struct text wire_take_bytes(struct wire_reader *reader, const char *field);
struct text wire_take_bytes_or_null(struct wire_reader *reader, const char *field);
struct text wire_take_text_or_null(struct wire_reader *reader, const char *field);
void wire_take_fixed(struct wire_reader *reader, const char *field, void *data, size_t bytes);
/*
 * The count of an array; 0 for an empty one, whose end is taken as well. Each item takes at least
 * `item_bytes` (> 0), so a count that the bytes left cannot hold is refused before anything is
 * allocated for it. After the items comes wire_take_array_end().
 */
uint32_t wire_take_array(struct wire_reader *reader, const char *field, size_t item_bytes);
void wire_take_array_end(struct wire_reader *reader, const char *field, uint32_t count);
const struct text *wire_take_texts(struct wire_reader *reader, const char *field,
                                   struct arena *arena, uint32_t *count);

#endif
