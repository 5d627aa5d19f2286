/* Strings and numbers, the two kinds of JSON token that have a form of their own. */
#include <string.h>

#include "json/reader.h"

bool reader_refuse_at(struct reader *reader, size_t at, const char *what)
{
    (void)fail(reader->err, STATUS_REJECT, "%s at byte %zu", what, at);
    return false;
}

bool reader_refuse(struct reader *reader, const char *what)
{
    if (reader->scan.at >= reader->scan.text.bytes) {
        return reader_refuse_at(reader, reader->scan.at, "the text ends too early");
    }
    return reader_refuse_at(reader, reader->scan.at, what);
}

/* Step over what a string may hold unescaped. */
static bool skip_plain(struct reader *reader)
{
    struct scan *scan = &reader->scan;

    for (;;) {
        unsigned char c;
        size_t step;

        scan->at += text_plain_run(scan->text, scan->at);
        if (scan->at >= scan->text.bytes) {
            return reader_refuse(reader, "unended string");
        }
        c = (unsigned char)scan->text.data[scan->at];
        if (c < 0x20) {
            return reader_refuse(reader, "control character in a string");
        }
        if (c < 0x80) {
            return true; /* '"' or '\\'. */
        }
        step = text_utf8_step(scan->text, scan->at);
        if (step == 0) {
            return reader_refuse(reader, "invalid UTF-8");
        }
        scan->at += step;
    }
}

static bool read_hex(struct reader *reader, uint32_t *unit)
{
    *unit = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = scan_peek(&reader->scan);
        char lower = (char)(c | 0x20);

        if (is_digit(c)) {
            *unit = *unit << 4 | (uint32_t)(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            *unit = *unit << 4 | (uint32_t)(lower - 'a' + 10);
        } else {
            return reader_refuse(reader, "no hexadecimal digit");
        }
        reader->scan.at++;
    }
    return true;
}

static void add_code_point(struct buffer *out, uint32_t code)
{
    char utf8[4];
    size_t bytes;

    if (code < 0x80) {
        buffer_add_char(out, (char)code);
        return;
    }
    bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--) {
        utf8[i] = (char)(0x80U | (code & 0x3FU));
        code >>= 6;
    }
    utf8[0] = (char)((0xF00U >> bytes & 0xF0U) | code);
    buffer_add(out, utf8, bytes);
}

/* What follows \u. A surrogate counts only as half of a pair: alone it has no UTF-8. */
static bool read_unicode(struct reader *reader)
{
    size_t start = reader->scan.at - 2;
    uint32_t high;
    uint32_t low = 0;

    if (!read_hex(reader, &high)) {
        return false;
    }
    if (high < 0xD800 || high > 0xDFFF) {
        add_code_point(&reader->decoded, high);
        return true;
    }
    if (high < 0xDC00 && scan_take(&reader->scan, '\\') && scan_take(&reader->scan, 'u')) {
        if (!read_hex(reader, &low)) {
            return false;
        }
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        return reader_refuse_at(reader, start, "lone surrogate");
    }
    add_code_point(&reader->decoded, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00));
    return true;
}

static bool read_escape(struct reader *reader)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = scan_peek(&reader->scan);
    const char *found = c == '\0' ? NULL : strchr(letters, c);

    if (c == 'u') {
        reader->scan.at++;
        return read_unicode(reader);
    }
    if (found == NULL) {
        return reader_refuse(reader, "unknown escape");
    }
    reader->scan.at++;
    buffer_add_char(&reader->decoded, meanings[found - letters]);
    return true;
}

bool reader_string(struct reader *reader, struct text *string)
{
    struct scan *scan = &reader->scan;
    size_t from;

    if (!scan_take(scan, '"')) {
        return reader_refuse(reader, "no string where one has to be");
    }
    from = scan->at;
    if (!skip_plain(reader)) {
        return false;
    }
    if (scan_take(scan, '"')) {
        *string = text_sub(scan->text, from, scan->at - 1 - from);
        return true;
    }
    buffer_clear(&reader->decoded);
    for (;;) {
        buffer_add(&reader->decoded, scan->text.data + from, scan->at - from);
        if (scan_take(scan, '"')) {
            *string = buffer_text(&reader->decoded);
            return true;
        }
        scan->at++; /* The backslash. */
        if (!read_escape(reader)) {
            return false;
        }
        from = scan->at;
        if (!skip_plain(reader)) {
            return false;
        }
    }
}

static bool skip_digits(struct reader *reader)
{
    size_t start = reader->scan.at;

    while (is_digit(scan_peek(&reader->scan))) {
        reader->scan.at++;
    }
    return reader->scan.at > start || reader_refuse(reader, "no digit where one has to be");
}

/* The exponent of the number that began at `number_at`. It is bounded as written, so that it can be
 * computed with, and as it is in canonical form, so that this can be read again. */
static bool skip_exponent(struct reader *reader, size_t number_at)
{
    struct scan *scan = &reader->scan;
    size_t start;

    scan->at++;
    if (!scan_take(scan, '-')) {
        (void)scan_take(scan, '+');
    }
    start = scan->at;
    if (!skip_digits(reader)) {
        return false;
    }
    while (start < scan->at && scan->text.data[start] == '0') {
        start++;
    }
    return (scan->at - start <= EXPONENT_DIGITS_MAX &&
            decimal_is_bounded(text_sub(scan->text, number_at, scan->at - number_at))) ||
           reader_refuse_at(reader, start, "exponent of more than 9 digits");
}

/* `start` is where the number began; its digits are integer digits only. */
static bool make_integer(struct reader *reader, size_t start, bool negative, struct json **value)
{
    uint64_t magnitude = 0;
    bool fits = true;

    for (size_t i = start + negative; i < reader->scan.at; i++) {
        uint64_t digit = (uint64_t)(reader->scan.text.data[i] - '0');

        fits = fits && !__builtin_mul_overflow(magnitude, 10, &magnitude) &&
               !__builtin_add_overflow(magnitude, digit, &magnitude);
    }
    if (!fits || (negative && magnitude > (uint64_t)INT64_MAX + 1)) {
        return reader_refuse_at(reader, start, "integer beyond 64 bits");
    }
    *value = value_integer_new(reader->slab, negative, magnitude);
    return true;
}

bool reader_number(struct reader *reader, struct json **value)
{
    struct scan *scan = &reader->scan;
    size_t start = scan->at;
    bool negative = scan_take(scan, '-');
    bool zero = scan_take(scan, '0');
    bool decimal = false;

    if (!zero && !skip_digits(reader)) {
        return false;
    }
    if (zero && is_digit(scan_peek(scan))) {
        return reader_refuse_at(reader, start, "number with a leading zero");
    }
    if (scan_take(scan, '.')) {
        decimal = true;
        if (!skip_digits(reader)) {
            return false;
        }
    }
    if (scan_peek(scan) == 'e' || scan_peek(scan) == 'E') {
        decimal = true;
        if (!skip_exponent(reader, start)) {
            return false;
        }
    }
    /* "-0" has no integer of its own; it keeps its text as a decimal does. */
    if (decimal || (negative && zero)) {
        *value = decimal_new(reader->slab, text_sub(scan->text, start, scan->at - start));
        return true;
    }
    return make_integer(reader, start, negative, value);
}
