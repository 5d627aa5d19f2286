/* Numbers as digits: exact whatever their length, and never expanded. */
#include "base/scan.h"
#include "json/value.h"

/*
 * A number taken apart: 0.d1d2d3... times ten to the power of `point`, where `digits` are d1 to the
 * last that is not zero, perhaps with a decimal point among them. Zero has no digits. Normal form:
 * equal numbers have equal parts.
 */
struct decimal {
    bool negative;
    struct text digits;
    size_t count;
    int64_t point;
};

/* Exponents were bounded when the number was read, so this does not overflow. */
static int64_t take_exponent(struct scan *scan)
{
    int64_t exponent = 0;
    bool negative;

    if (!scan_take(scan, 'e') && !scan_take(scan, 'E')) {
        return 0;
    }
    negative = scan_take(scan, '-');
    if (!negative) {
        (void)scan_take(scan, '+');
    }
    for (; is_digit(scan_peek(scan)); scan->at++) {
        exponent = exponent * 10 + (scan_peek(scan) - '0');
    }
    return negative ? -exponent : exponent;
}

/* The parts of a JSON number; `text` must outlive them. */
static struct decimal decimal_of(struct text text)
{
    struct scan scan = {.text = text};
    struct decimal decimal = {.negative = scan_take(&scan, '-')};
    int64_t whole_digits = 0; /* From the first digit that is not zero, up to the point. */
    int64_t lead_zeros = 0;   /* Between the point and that digit. */
    size_t seen = 0;
    size_t first = 0;
    size_t last = 0;
    bool fraction = false;

    for (; is_digit(scan_peek(&scan)) || scan_peek(&scan) == '.'; scan.at++) {
        char c = scan_peek(&scan);

        if (c == '.') {
            fraction = true;
            continue;
        }
        if (seen == 0 && c == '0') {
            lead_zeros += fraction;
            continue;
        }
        first = seen == 0 ? scan.at : first;
        seen++;
        whole_digits += !fraction;
        if (c != '0') {
            decimal.count = seen;
            last = scan.at;
        }
    }
    if (decimal.count == 0) {
        return (struct decimal){.count = 0};
    }
    decimal.digits = text_sub(text, first, last + 1 - first);
    decimal.point = whole_digits - lead_zeros + take_exponent(&scan);
    return decimal;
}

/* The decimal as an integer of 64 bits, if it is one: what json_read.c would take without a point. */
static bool to_integer(const struct decimal *decimal, struct integer *integer)
{
    uint64_t magnitude = 0;
    int64_t zeros = decimal->point - (int64_t)decimal->count;

    if (decimal->count > 0 && (zeros < 0 || decimal->point > INTEGER_DIGITS_MAX)) {
        return false;
    }
    for (size_t at = 0; at < decimal->digits.bytes; at++) {
        char c = decimal->digits.data[at];

        if (c != '.' && (__builtin_mul_overflow(magnitude, 10, &magnitude) ||
                         __builtin_add_overflow(magnitude, (uint64_t)(c - '0'), &magnitude))) {
            return false;
        }
    }
    for (; zeros > 0; zeros--) {
        if (__builtin_mul_overflow(magnitude, 10, &magnitude)) {
            return false;
        }
    }
    *integer = (struct integer){.negative = decimal->negative, .magnitude = magnitude};
    return !decimal->negative || magnitude <= (uint64_t)INT64_MAX + 1;
}

bool decimal_integer(struct text number, struct integer *integer)
{
    struct decimal decimal = decimal_of(number);

    return to_integer(&decimal, integer);
}

bool decimal_is_bounded(struct text number)
{
    struct decimal decimal = decimal_of(number);

    return decimal.point - 1 <= EXPONENT_MAX && decimal.point - 1 >= -EXPONENT_MAX;
}

/* Add digits from..to-1, counted without the point. */
static void add_digits(const struct decimal *decimal, size_t from, size_t to, struct buffer *out)
{
    size_t i = 0;

    for (size_t at = 0; at < decimal->digits.bytes && i < to; at++) {
        char c = decimal->digits.data[at];

        if (c != '.') {
            if (i >= from) {
                buffer_add_char(out, c);
            }
            i++;
        }
    }
}

/* d.ddd e x, which stays short however large x is. */
static void add_scientific(const struct decimal *decimal, struct buffer *out)
{
    add_digits(decimal, 0, 1, out);
    if (decimal->count > 1) {
        buffer_add_char(out, '.');
        add_digits(decimal, 1, decimal->count, out);
    }
    buffer_addf(out, "e%lld", (long long)(decimal->point - 1));
}

void decimal_canonical(struct text number, struct buffer *out)
{
    struct decimal decimal = decimal_of(number);
    int64_t count = (int64_t)decimal.count;
    char room[INTEGER_TEXT_BYTES];
    struct integer integer;

    if (to_integer(&decimal, &integer)) {
        buffer_add_text(out, integer_text(integer, room));
        return;
    }
    if (decimal.negative) {
        buffer_add_char(out, '-');
    }
    if (decimal.point >= count || decimal.point < -CANONICAL_ZEROS_MAX) {
        add_scientific(&decimal, out);
    } else if (decimal.point <= 0) {
        buffer_add_text(out, TEXT("0."));
        for (int64_t zeros = -decimal.point; zeros > 0; zeros--) {
            buffer_add_char(out, '0');
        }
        add_digits(&decimal, 0, decimal.count, out);
    } else {
        add_digits(&decimal, 0, (size_t)decimal.point, out);
        buffer_add_char(out, '.');
        add_digits(&decimal, (size_t)decimal.point, decimal.count, out);
    }
}

static int compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
    size_t at_a = 0;
    size_t at_b = 0;

    if (a->count == 0 || b->count == 0) {
        return (a->count > 0) - (b->count > 0);
    }
    if (a->point != b->point) {
        return a->point < b->point ? -1 : 1;
    }
    while (at_a < a->digits.bytes && at_b < b->digits.bytes) {
        char digit_a = a->digits.data[at_a];
        char digit_b = b->digits.data[at_b];

        if (digit_a == '.' || digit_b == '.') {
            at_a += digit_a == '.';
            at_b += digit_b == '.';
            continue;
        }
        if (digit_a != digit_b) {
            return digit_a < digit_b ? -1 : 1;
        }
        at_a++;
        at_b++;
    }
    return (a->count > b->count) - (a->count < b->count);
}

int decimal_compare(struct text a, struct text b)
{
    struct decimal decimal_a = decimal_of(a);
    struct decimal decimal_b = decimal_of(b);
    int order = compare_magnitudes(&decimal_a, &decimal_b);

    if (decimal_a.negative != decimal_b.negative) {
        return decimal_a.negative ? -1 : 1;
    }
    return decimal_a.negative ? -order : order;
}
