#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* memcmp and memchr must not see NULL, which an empty text may hold. */
static int compare_bytes(const char *a, const char *b, size_t bytes)
{
    return bytes == 0 ? 0 : memcmp(a, b, bytes);
}

int text_compare(struct text a, struct text b)
{
    int order = compare_bytes(a.data, b.data, a.bytes < b.bytes ? a.bytes : b.bytes);

    if (order != 0) {
        return order;
    }
    return (a.bytes > b.bytes) - (a.bytes < b.bytes);
}

bool text_starts(struct text text, struct text prefix)
{
    return text.bytes >= prefix.bytes && compare_bytes(text.data, prefix.data, prefix.bytes) == 0;
}

bool text_ends(struct text text, struct text suffix)
{
    return text.bytes >= suffix.bytes &&
           text_equal(text_sub(text, text.bytes - suffix.bytes, suffix.bytes), suffix);
}

size_t text_find(struct text text, char c)
{
    const char *at = text.bytes == 0 ? NULL : memchr(text.data, c, text.bytes);

    return at == NULL ? SIZE_MAX : (size_t)(at - text.data);
}

size_t text_find_last(struct text text, char c)
{
    const char *at = text.bytes == 0 ? NULL : memrchr(text.data, c, text.bytes);

    return at == NULL ? SIZE_MAX : (size_t)(at - text.data);
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0U) == 0x80U;
}

/* The ranges of the second byte are table 3-7 of the Unicode standard: they leave out overlong
 * forms, surrogates and what is above U+10FFFF. */
size_t text_utf8_step(struct text text, size_t at)
{
    const unsigned char *p = (const unsigned char *)text.data + at;
    size_t left;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    size_t bytes;

    if (at >= text.bytes) {
        return 0;
    }
    left = text.bytes - at;
    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] < 0xC2 || p[0] > 0xF4) {
        return 0;
    }
    bytes = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : low;
    high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : high;
    if (left < bytes || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < bytes; i++) {
        if (!is_continuation(p[i])) {
            return 0;
        }
    }
    return bytes;
}

/* Most text is plain ASCII: sixteen bytes at a time, as GCC and Clang do on any processor. */
typedef unsigned char bytes16 __attribute__((vector_size(16)));
#define BLOCK sizeof(bytes16)
#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

static bytes16 load(const char *data)
{
    bytes16 block;

    memcpy(&block, data, BLOCK);
    return block;
}

static bool is_any(bytes16 flags)
{
    uint64_t halves[2];

    memcpy(halves, &flags, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

static bool has_high(const char *data)
{
    return is_any(load(data) & 0x80);
}

bool text_is_utf8(struct text text)
{
    size_t at = 0;

    while (at < text.bytes) {
        size_t step;

        if (text.bytes - at >= BLOCK && !has_high(text.data + at)) {
            at += BLOCK;
            continue;
        }
        if ((unsigned char)text.data[at] < 0x80) {
            at++;
            continue;
        }
        step = text_utf8_step(text, at);
        if (step == 0) {
            return false;
        }
        at += step;
    }
    return true;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* A comparison of vectors gives all bits of a byte or none. */
static bool has_special(const char *data)
{
    bytes16 block = load(data);

    return is_any((bytes16)(block < 0x20) | (bytes16)(block >= 0x80) | (bytes16)(block == '"') |
                  (bytes16)(block == '\\'));
}

/* The same of eight bytes. With all high bits clear, only a byte that is too small borrows. */
static bool has_special_word(const char *data)
{
    uint64_t word;

    memcpy(&word, data, sizeof(word));
    return ((word | (word - EACH_BYTE(0x20)) | ((word ^ EACH_BYTE('"')) - EACH_BYTE(1)) |
             ((word ^ EACH_BYTE('\\')) - EACH_BYTE(1))) &
            EACH_BYTE(0x80)) != 0;
}

size_t text_plain_run(struct text text, size_t at)
{
    size_t start = at;

    while (text.bytes - at >= BLOCK && !has_special(text.data + at)) {
        at += BLOCK;
    }
    if (text.bytes - at >= sizeof(uint64_t) && !has_special_word(text.data + at)) {
        at += sizeof(uint64_t);
    }
    while (at < text.bytes && is_plain((unsigned char)text.data[at])) {
        at++;
    }
    return at - start;
}

struct text text_unsigned(uint64_t value, char room[INTEGER_TEXT_BYTES])
{
    size_t at = INTEGER_TEXT_BYTES;

    do {
        room[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (struct text){room + at, INTEGER_TEXT_BYTES - at};
}

struct text text_integer(int64_t value, char room[INTEGER_TEXT_BYTES])
{
    struct text text = text_unsigned(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, room);

    if (value >= 0) {
        return text;
    }
    room[INTEGER_TEXT_BYTES - text.bytes - 1] = '-';
    return (struct text){text.data - 1, text.bytes + 1};
}

size_t text_length(struct text text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.bytes; i++) {
        count += !is_continuation((unsigned char)text.data[i]);
    }
    return count;
}

bool text_to_int64(struct text text, int64_t *value)
{
    bool negative = text.bytes > 0 && text.data[0] == '-';
    int64_t result = 0;

    if (text.bytes == (negative ? 1U : 0U)) {
        return false;
    }
    for (size_t i = negative ? 1 : 0; i < text.bytes; i++) {
        int digit = text.data[i] - '0';

        if (digit < 0 || digit > 9) {
            return false;
        }
        /* Counted downwards, because the negative range is one longer. */
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_sub_overflow(result, digit, &result)) {
            return false;
        }
    }
    if (!negative && result == INT64_MIN) {
        return false;
    }
    *value = negative ? result : -result;
    return true;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Fill rows[2], the distances from the first `i` bytes of a, and give the least of them. */
static uint32_t distance_row(struct text a, struct text b, size_t i, uint32_t *rows[3])
{
    uint32_t lowest = (uint32_t)i;

    rows[2][0] = (uint32_t)i;
    for (size_t j = 1; j <= b.bytes; j++) {
        bool same = a.data[i - 1] == b.data[j - 1];
        uint32_t cost = least(least(rows[1][j], rows[2][j - 1]) + 1, rows[1][j - 1] + !same);

        if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1]) {
            cost = least(cost, rows[0][j - 2] + 1);
        }
        rows[2][j] = cost;
        lowest = least(lowest, cost);
    }
    return lowest;
}

/* Optimal string alignment over three rows: the one before last is needed for a swap. */
uint32_t text_distance(struct text a, struct text b, uint32_t most)
{
    uint32_t *memory;
    uint32_t *rows[3];
    uint32_t result;
    size_t gap = a.bytes > b.bytes ? a.bytes - b.bytes : b.bytes - a.bytes;
    size_t width = b.bytes + 1;

    if (gap > most || a.bytes > UINT32_MAX / 2 || b.bytes > UINT32_MAX / 2) {
        return most + 1;
    }
    memory = calloc(width * 3, sizeof(*memory));
    CHECK(memory != NULL);
    for (size_t i = 0; i < 3; i++) {
        rows[i] = memory + i * width;
    }
    for (size_t j = 0; j < width; j++) {
        rows[1][j] = (uint32_t)j;
    }
    for (size_t i = 1; i <= a.bytes; i++) {
        uint32_t *oldest = rows[0];

        /* A whole row above the bound cannot come below it again, but for one swap. */
        if (distance_row(a, b, i, rows) > most + 1) {
            break;
        }
        rows[0] = rows[1];
        rows[1] = rows[2];
        rows[2] = oldest;
        if (i == a.bytes) {
            result = rows[1][b.bytes];
            free(memory);
            return least(result, most + 1);
        }
    }
    result = a.bytes == 0 ? (uint32_t)b.bytes : most + 1;
    free(memory);
    return result;
}

char *text_dup(struct text text)
{
    char *copy = malloc(text.bytes + 1);

    CHECK(copy != NULL);
    if (text.bytes > 0) {
        memcpy(copy, text.data, text.bytes);
    }
    copy[text.bytes] = '\0';
    return copy;
}
