/* What logical types make of numbers and bytes: decimals, dates, times. */
#include <string.h>

#include "base/duration.h"
#include "base/scan.h"
#include "codec/avro_parts.h"
#include "codec/wire.h"

#define DATE_BYTES 10
#define FIRST_MS INT64_C(-62135596800000) /* 0001-01-01T00:00:00.000Z */
#define LAST_MS INT64_C(253402300799999)  /* 9999-12-31T23:59:59.999Z */
#define DECIMAL_BYTES_MAX 128
#define DIGITS_MAX 310 /* Of so many bytes. */
#define EXPONENT_MAX 1000

/* Rounded down, also below zero. */
static int64_t floor_divide(int64_t value, int64_t by)
{
    int64_t quotient = value / by;

    return value % by < 0 ? quotient - 1 : quotient;
}

struct json *avro_time_json(enum avro_logical logical, int64_t value)
{
    char text[TIME_TEXT_BYTES + 8];
    bool is_us = logical == LOGICAL_TIME_US || logical == LOGICAL_LOCAL_US;
    bool is_local = logical == LOGICAL_LOCAL_MS || logical == LOGICAL_LOCAL_US;
    bool is_date = logical == LOGICAL_DATE;
    int64_t ms = is_us ? floor_divide(value, 1000) : is_date ? value * MS_PER_DAY : value;
    size_t bytes;

    if (ms < FIRST_MS || ms > LAST_MS) {
        return json_integer(value); /* No year of four digits. */
    }
    time_format(ms, text);
    if (is_date) {
        return json_text((struct text){text, DATE_BYTES});
    }
    bytes = strlen(text) - 1; /* Without the Z. */
    if (is_us) {
        int64_t us = value - ms * 1000;

        text[bytes++] = (char)('0' + us / 100);
        text[bytes++] = (char)('0' + us / 10 % 10);
        text[bytes++] = (char)('0' + us % 10);
    }
    if (!is_local) {
        text[bytes++] = 'Z';
    }
    return json_text((struct text){text, bytes});
}

/* Digits four to six behind the point, which time_parse() passes over. */
static int64_t microseconds(struct text text)
{
    size_t point = text_find(text, '.');
    int64_t us = 0;

    for (size_t i = 1; point != SIZE_MAX && i <= 6 && point + i < text.bytes; i++) {
        char c = text.data[point + i];

        if (!is_digit(c)) {
            return i <= 4 ? 0 : i == 5 ? us * 100 : us * 10;
        }
        us = i > 3 ? us * 10 + (c - '0') : 0;
    }
    return us;
}

enum status avro_time_number(enum avro_logical logical, struct text text, int64_t *value,
                             struct error *err)
{
    char room[64];
    bool is_date = logical == LOGICAL_DATE;
    bool is_local = logical == LOGICAL_LOCAL_MS || logical == LOGICAL_LOCAL_US;
    struct text whole = text;
    int64_t ms;
    enum status status;

    if (text.bytes > sizeof room - 16) {
        return fail(err, STATUS_REJECT, "a text of %zu bytes is no time", text.bytes);
    }
    if (is_date || is_local) {
        struct text rest = is_date ? TEXT("T00:00:00Z") : TEXT("Z");

        memcpy(room, text.data, text.bytes);
        memcpy(room + text.bytes, rest.data, rest.bytes);
        whole = (struct text){room, text.bytes + rest.bytes};
    }
    status = time_parse(whole, &ms, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_date) {
        *value = floor_divide(ms, MS_PER_DAY);
    } else if (logical == LOGICAL_TIME_US || logical == LOGICAL_LOCAL_US) {
        *value = ms * 1000 + microseconds(whole);
    } else {
        *value = ms;
    }
    return STATUS_OK;
}

/* ---- decimals ---- */

/* The digits of a number below 256^count, most significant first; `bytes` is used up. */
static size_t digits_of(unsigned char *bytes, size_t count, char digits[DIGITS_MAX])
{
    size_t length = 0;
    bool is_left = true;

    while (is_left) {
        unsigned rest = 0;

        is_left = false;
        for (size_t i = 0; i < count; i++) {
            unsigned part = rest << 8 | bytes[i];

            bytes[i] = (unsigned char)(part / 10);
            rest = part % 10;
            is_left = is_left || bytes[i] != 0;
        }
        CHECK(length < DIGITS_MAX);
        digits[length++] = (char)('0' + rest);
    }
    for (size_t i = 0; i < length / 2; i++) {
        char c = digits[i];

        digits[i] = digits[length - 1 - i];
        digits[length - 1 - i] = c;
    }
    return length;
}

static void negate(unsigned char *bytes, size_t count)
{
    unsigned carry = 1;

    for (size_t i = count; i > 0; i--) {
        unsigned sum = (unsigned)(unsigned char)~bytes[i - 1] + carry;

        bytes[i - 1] = (unsigned char)sum;
        carry = sum >> 8;
    }
}

/* Put the point before the last `scale` digits. */
static void add_point(struct buffer *text, size_t scale)
{
    buffer_add_char(text, '.');
    memmove(text->data + text->bytes - scale, text->data + text->bytes - scale - 1, scale);
    text->data[text->bytes - scale - 1] = '.';
}

enum status avro_decimal_json(const struct avro_node *node, struct text bytes, struct json **value,
                              struct error *err)
{
    unsigned char number[DECIMAL_BYTES_MAX];
    char digits[DIGITS_MAX];
    struct buffer text = {0};
    bool is_negative;
    size_t padding = 0;
    size_t count;
    enum status status;

    if (bytes.bytes > DECIMAL_BYTES_MAX) {
        return fail(err, STATUS_REJECT, "a decimal has %zu bytes, the most is %d", bytes.bytes,
                    DECIMAL_BYTES_MAX);
    }
    memcpy(number, bytes.bytes == 0 ? "" : bytes.data, bytes.bytes);
    is_negative = bytes.bytes > 0 && (number[0] & 0x80) != 0;
    if (is_negative) {
        negate(number, bytes.bytes);
    }
    count = digits_of(number, bytes.bytes, digits);
    if (is_negative) {
        buffer_add_char(&text, '-');
    }
    for (; count + padding <= node->scale; padding++) {
        buffer_add_char(&text, '0'); /* 0.05, not .5 */
    }
    buffer_add(&text, digits, count);
    if (node->scale > 0) {
        add_point(&text, node->scale);
    } else if (count > 18) {
        buffer_add_text(&text, TEXT(".0")); /* A whole number of JSON has at most 64 bits. */
    }
    status = json_parse(buffer_text(&text), value, err);
    buffer_release(&text);
    return status;
}

/* A decimal number as written: its digits without leading zeros, and where the point is. */
struct written {
    char digits[DIGITS_MAX];
    size_t count;
    int64_t
        behind; /* Digits behind the point; negative: zeros before it that are not in `digits`. */
    bool is_negative;
};

static bool take_exponent(struct scan *scan, int64_t *exponent)
{
    bool is_negative;

    *exponent = 0;
    if (!scan_take(scan, 'e') && !scan_take(scan, 'E')) {
        return true;
    }
    is_negative = scan_take(scan, '-');
    if (!is_negative) {
        (void)scan_take(scan, '+');
    }
    if (!is_digit(scan_peek(scan))) {
        return false;
    }
    for (; is_digit(scan_peek(scan)) && *exponent < EXPONENT_MAX; scan->at++) {
        *exponent = *exponent * 10 + (scan_peek(scan) - '0');
    }
    *exponent = is_negative ? -*exponent : *exponent;
    return true;
}

static bool read_written(struct text text, struct written *written)
{
    struct scan scan = {.text = text};
    int64_t exponent;
    bool has_point = false;
    bool has_digit = false;

    *written = (struct written){.is_negative = scan_take(&scan, '-')};
    for (; is_digit(scan_peek(&scan)) || (scan_peek(&scan) == '.' && !has_point); scan.at++) {
        char c = scan_peek(&scan);

        if (c == '.') {
            has_point = true;
            continue;
        }
        has_digit = true;
        written->behind += has_point;
        if (written->count == 0 && c == '0') {
            continue;
        }
        if (written->count == DIGITS_MAX) {
            return false;
        }
        written->digits[written->count++] = c;
    }
    if (!has_digit || !take_exponent(&scan, &exponent) || scan.at != text.bytes) {
        return false;
    }
    written->behind -= exponent;
    while (written->count > 0 && written->digits[written->count - 1] == '0') {
        written->count--;
        written->behind--;
    }
    return true;
}

/* The number's bytes, two's complement, at the end of `number`. Gives how many are needed. */
static size_t to_bytes(const struct written *written, size_t zeros,
                       unsigned char number[DECIMAL_BYTES_MAX])
{
    size_t first = 0;
    unsigned char sign = written->is_negative ? 0xFF : 0;

    memset(number, 0, DECIMAL_BYTES_MAX);
    for (size_t i = 0; i < written->count + zeros; i++) {
        unsigned carry = i < written->count ? (unsigned)(written->digits[i] - '0') : 0;

        for (size_t at = DECIMAL_BYTES_MAX; at > 0; at--) {
            unsigned part = number[at - 1] * 10U + carry;

            number[at - 1] = (unsigned char)part;
            carry = part >> 8;
        }
    }
    if (written->is_negative) {
        negate(number, DECIMAL_BYTES_MAX);
    }
    while (first + 1 < DECIMAL_BYTES_MAX && number[first] == sign &&
           (number[first + 1] & 0x80) == (sign & 0x80)) {
        first++;
    }
    return DECIMAL_BYTES_MAX - first;
}

static enum status put_decimal(const struct avro_node *node, const struct written *written,
                               struct buffer *out, struct error *err)
{
    unsigned char number[DECIMAL_BYTES_MAX];
    int64_t zeros = written->count == 0 ? 0 : (int64_t)node->scale - written->behind;
    size_t bytes;

    if (zeros < 0) {
        return fail(err, STATUS_REJECT, "a decimal of the schema has %u digits behind the point",
                    node->scale);
    }
    if ((int64_t)written->count + zeros > node->precision) {
        return fail(err, STATUS_REJECT,
                    "a decimal of the schema has %u digits, %u behind the point", node->precision,
                    node->scale);
    }
    bytes = to_bytes(written, (size_t)zeros, number);
    if (node->type == AVRO_FIXED) {
        if (bytes > node->fixed_bytes) {
            return fail(err, STATUS_REJECT, "the decimal does not fit %u bytes", node->fixed_bytes);
        }
        for (size_t i = bytes; i < node->fixed_bytes; i++) {
            buffer_add_char(out, (char)(written->is_negative ? 0xFF : 0));
        }
    } else {
        wire_put_long(out, (int64_t)bytes);
    }
    buffer_add(out, number + DECIMAL_BYTES_MAX - bytes, bytes);
    return STATUS_OK;
}

enum status avro_decimal_bytes(const struct avro_node *node, const struct json *value,
                               struct buffer *out, struct error *err)
{
    struct buffer text = {0};
    struct written written;
    enum status status = STATUS_OK;

    if (json_kind(value) == JSON_NUMBER) {
        json_write(value, &text);
    } else {
        buffer_add_text(&text, json_text_of(value));
    }
    if (!read_written(buffer_text(&text), &written)) {
        status = fail(err, STATUS_REJECT, "'%.*s' is no decimal number",
                      TEXT_ARG(text_sub(buffer_text(&text), 0, 60)));
    }
    buffer_release(&text);
    written.is_negative = written.is_negative && written.count > 0;
    return status == STATUS_OK ? put_decimal(node, &written, out, err) : status;
}
