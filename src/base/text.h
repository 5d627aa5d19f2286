/*
 * text - a borrowed run of bytes, usually UTF-8, not NUL-terminated.
 */
#ifndef BATON_BASE_TEXT_H
#define BATON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *data;
    size_t bytes;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
/* The same where only a constant is allowed: in the initializer of a static table. */
#define TEXT_INIT(literal)                                                                         \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
/* For printf: "%.*s" with TEXT_ARG(text). */
#define TEXT_ARG(text) (int)(text).bytes, (text).data

/* NULL gives the empty text. */
static inline struct text text_of(const char *string)
{
    return string == NULL ? TEXT("") : (struct text){string, strlen(string)};
}

/* Clamped to the text. */
static inline struct text text_sub(struct text text, size_t from, size_t bytes)
{
    if (from >= text.bytes) {
        return TEXT("");
    }
    return (struct text){text.data + from, bytes > text.bytes - from ? text.bytes - from : bytes};
}

/* memcmp must not see NULL, which an empty text may hold. */
static inline bool text_equal(struct text a, struct text b)
{
    return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.data, b.data, a.bytes) == 0);
}

static inline bool text_is(struct text a, const char *string)
{
    return text_equal(a, text_of(string));
}

int text_compare(struct text a, struct text b); /* Bytewise, shorter first. */
bool text_starts(struct text text, struct text prefix);
bool text_ends(struct text text, struct text suffix);
/* Index of the first (last) `c`, or SIZE_MAX. */
size_t text_find(struct text text, char c);
size_t text_find_last(struct text text, char c);
bool text_is_utf8(struct text text); /* Strict: no surrogates, no overlong forms. */
/* Bytes of the valid UTF-8 sequence that starts at index `at` (1 to 4), or 0 if there is none. */
size_t text_utf8_step(struct text text, size_t at);
/* Code points in valid UTF-8. */
size_t text_length(struct text text);
/* Decimal digits, with a '-' before those of a negative number; borrowed from `room`. */
#define INTEGER_TEXT_BYTES 24
struct text text_integer(int64_t value, char room[INTEGER_TEXT_BYTES]);
struct text text_unsigned(uint64_t value, char room[INTEGER_TEXT_BYTES]);
/* How many bytes from `at` on can stand in a JSON string as they are: printable ASCII but '"' and
 * '\\'. */
size_t text_plain_run(struct text text, size_t at);
/* Parse decimal digits (optional leading '-') that fill the whole text. */
bool text_to_int64(struct text text, int64_t *value);
/* Edits (insert, delete, replace, swap neighbours) from a to b, or `most` + 1 if more. */
uint32_t text_distance(struct text a, struct text b, uint32_t most);
/* A NUL-terminated copy on the heap; free() it. */
char *text_dup(struct text text);

#endif
