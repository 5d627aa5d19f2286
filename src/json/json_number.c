/* Numbers: made, read and compared without losing a digit. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scan.h"
#include "json/value.h"

/* Every integer up to here has a double of its own. */
#define DOUBLE_INTEGER_MAX 9007199254740992.0 /* 2^53 */

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

struct json *json_integer(int64_t value)
{
    return from_object(made(json_object_new_int64(value)));
}

static double clamp(double value)
{
    return value > DBL_MAX ? DBL_MAX : value < -DBL_MAX ? -DBL_MAX : value;
}

/* Most decimals are short: up to 15 digits are exact in a double, so are the powers of ten up to
 * 10^15, and one division of exact values rounds once, as strtod() would. */
static bool short_decimal(struct text text, double *value)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = text.data[0] == '-';
    int64_t digits = 0;
    size_t point = text.bytes - 1;

    if (text.bytes > 16) {
        return false;
    }
    for (size_t i = negative; i < text.bytes; i++) {
        if (text.data[i] == '.') {
            point = i;
        } else if (!is_digit(text.data[i])) {
            return false;
        } else {
            digits = digits * 10 + (text.data[i] - '0');
        }
    }
    *value = (double)digits / powers[text.bytes - 1 - point];
    *value = negative ? -*value : *value;
    return true;
}

/* strtod() wants a NUL; json-c copies the text and hands it back as the object's user data. */
struct json_c_object *decimal_new(struct text text)
{
    char room[64];
    char *string = room;
    struct json_c_object *object;
    double value;

    if (text.bytes < sizeof(room)) {
        memcpy(room, text.data, text.bytes);
        room[text.bytes] = '\0';
    } else {
        string = text_dup(text);
    }
    if (!short_decimal(text, &value)) {
        value = clamp(strtod(string, NULL));
    }
    object = made(json_object_new_double_s(value, string));
    if (string != room) {
        free(string);
    }
    return object;
}

struct json *json_number(double value)
{
    char text[DECIMAL_TEXT_BYTES];
    int digits = 15;

    if (isnan(value)) {
        return json_null();
    }
    value = clamp(value);
    if (fabs(value) <= DOUBLE_INTEGER_MAX && trunc(value) == value &&
        !(value == 0 && signbit(value))) {
        return json_integer((int64_t)value);
    }
    /* The shortest text that reads back as the same double; 17 digits always do. */
    do {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        digits++;
    } while (digits <= 17 && strtod(text, NULL) != value);
    return from_object(decimal_new(text_of(text)));
}

bool number_is_integer(const struct json_c_object *number)
{
    return json_object_get_type(number) == json_type_int;
}

struct integer number_integer(const struct json_c_object *number)
{
    int64_t value = json_object_get_int64(number);

    if (value < 0) {
        return (struct integer){.negative = true, .magnitude = 0 - (uint64_t)value};
    }
    return (struct integer){.magnitude = json_object_get_uint64(number)};
}

struct text integer_text(struct integer integer, char room[INTEGER_TEXT_BYTES])
{
    size_t at = INTEGER_TEXT_BYTES;

    do {
        room[--at] = (char)('0' + integer.magnitude % 10);
        integer.magnitude /= 10;
    } while (integer.magnitude > 0);
    if (integer.negative) {
        room[--at] = '-';
    }
    return (struct text){room + at, INTEGER_TEXT_BYTES - at};
}

struct text number_text(struct json_c_object *number, char room[INTEGER_TEXT_BYTES])
{
    if (number_is_integer(number)) {
        return integer_text(number_integer(number), room);
    }
    return text_of(json_object_get_userdata(number));
}

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

static void add_zeros(int64_t count, struct buffer *out)
{
    for (int64_t i = 0; i < count; i++) {
        buffer_add_char(out, '0');
    }
}

void number_canonical(struct json_c_object *number, struct buffer *out)
{
    char room[INTEGER_TEXT_BYTES];
    struct text text = number_text(number, room);
    struct decimal decimal;
    int64_t count;

    if (number_is_integer(number)) {
        buffer_add_text(out, text);
        return;
    }
    decimal = decimal_of(text);
    count = (int64_t)decimal.count;
    if (count == 0) {
        buffer_add_char(out, '0');
        return;
    }
    if (decimal.negative) {
        buffer_add_char(out, '-');
    }
    if (decimal.point > count + CANONICAL_ZEROS_MAX || decimal.point < -CANONICAL_ZEROS_MAX) {
        add_digits(&decimal, 0, 1, out);
        if (count > 1) {
            buffer_add_char(out, '.');
            add_digits(&decimal, 1, decimal.count, out);
        }
        buffer_addf(out, "e%lld", (long long)(decimal.point - 1));
    } else if (decimal.point <= 0) {
        buffer_add_text(out, TEXT("0."));
        add_zeros(-decimal.point, out);
        add_digits(&decimal, 0, decimal.count, out);
    } else if (decimal.point >= count) {
        add_digits(&decimal, 0, decimal.count, out);
        add_zeros(decimal.point - count, out);
    } else {
        add_digits(&decimal, 0, (size_t)decimal.point, out);
        buffer_add_char(out, '.');
        add_digits(&decimal, (size_t)decimal.point, decimal.count, out);
    }
}

bool json_int64(const struct json *value, int64_t *out)
{
    char room[INTEGER_TEXT_BYTES];
    struct buffer canonical = {.bytes_max = INTEGER_TEXT_BYTES};
    struct integer integer;
    bool fits;

    if (value == NULL || json_kind(value) != JSON_NUMBER) {
        return false;
    }
    if (number_is_integer(to_object(value))) {
        integer = number_integer(to_object(value));
        return text_to_int64(integer_text(integer, room), out);
    }
    number_canonical(to_object(value), &canonical);
    fits = !canonical.full && text_to_int64(buffer_text(&canonical), out);
    buffer_release(&canonical);
    return fits;
}

double json_double(const struct json *value)
{
    struct json_c_object *number;
    struct integer integer;

    if (value == NULL || json_kind(value) != JSON_NUMBER) {
        return 0;
    }
    number = to_object(value);
    if (!number_is_integer(number)) {
        return json_object_get_double(number);
    }
    integer = number_integer(number);
    return integer.negative ? -(double)integer.magnitude : (double)integer.magnitude;
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

static int compare_exactly(struct json_c_object *a, struct json_c_object *b)
{
    char room_a[INTEGER_TEXT_BYTES];
    char room_b[INTEGER_TEXT_BYTES];
    struct text text_a = number_text(a, room_a);
    struct text text_b = number_text(b, room_b);
    struct decimal decimal_a;
    struct decimal decimal_b;
    int order;

    if (text_equal(text_a, text_b)) {
        return 0;
    }
    decimal_a = decimal_of(text_a);
    decimal_b = decimal_of(text_b);
    if (decimal_a.negative != decimal_b.negative) {
        return decimal_a.negative ? -1 : 1;
    }
    order = compare_magnitudes(&decimal_a, &decimal_b);
    return decimal_a.negative ? -order : order;
}

int number_compare(struct json_c_object *a, struct json_c_object *b)
{
    double double_a;
    double double_b;

    if (number_is_integer(a) && number_is_integer(b)) {
        struct integer integer_a = number_integer(a);
        struct integer integer_b = number_integer(b);
        int order = (integer_a.magnitude > integer_b.magnitude) -
                    (integer_a.magnitude < integer_b.magnitude);

        if (integer_a.negative != integer_b.negative) {
            return integer_a.negative ? -1 : 1;
        }
        return integer_a.negative ? -order : order;
    }
    /* Rounding to a double keeps the order, so only equal doubles need the digits. */
    double_a = json_double(from_object(a));
    double_b = json_double(from_object(b));
    if (double_a != double_b) {
        return double_a < double_b ? -1 : 1;
    }
    return compare_exactly(a, b);
}
