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

struct json *json_integer(int64_t value)
{
    bool negative = value < 0;

    return value_integer_new(NULL, negative, negative ? 0 - (uint64_t)value : (uint64_t)value);
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

/* strtod() wants a NUL. */
struct json *decimal_new(struct slab *slab, struct text text)
{
    char room[64];
    char *string = room;
    double value;

    if (short_decimal(text, &value)) {
        return value_decimal_new(slab, text, value);
    }
    if (text.bytes < sizeof(room)) {
        memcpy(room, text.data, text.bytes);
        room[text.bytes] = '\0';
    } else {
        string = text_dup(text);
    }
    value = clamp(strtod(string, NULL));
    if (string != room) {
        free(string);
    }
    return value_decimal_new(slab, text, value);
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
    return decimal_new(NULL, text_of(text));
}

struct text integer_text(struct integer integer, char room[INTEGER_TEXT_BYTES])
{
    struct text text = text_unsigned(integer.magnitude, room);

    if (!integer.negative) {
        return text;
    }
    room[INTEGER_TEXT_BYTES - text.bytes - 1] = '-';
    return (struct text){text.data - 1, text.bytes + 1};
}

struct text number_text(const struct json *number, char room[INTEGER_TEXT_BYTES])
{
    return number->is_decimal ? decimal_text(number) : integer_text(number_integer(number), room);
}

void number_canonical(const struct json *number, struct buffer *out)
{
    char room[INTEGER_TEXT_BYTES];

    if (number->is_decimal) {
        decimal_canonical(decimal_text(number), out);
    } else {
        buffer_add_text(out, integer_text(number_integer(number), room));
    }
}

bool json_int64(const struct json *value, int64_t *out)
{
    struct integer integer;

    if (!is_kind(value, JSON_NUMBER)) {
        return false;
    }
    if (!value->is_decimal) {
        integer = number_integer(value);
    } else if (!decimal_integer(decimal_text(value), &integer)) {
        return false;
    }
    if (integer.magnitude > (uint64_t)INT64_MAX + integer.negative) {
        return false;
    }
    *out = (int64_t)(integer.negative ? 0 - integer.magnitude : integer.magnitude);
    return true;
}

double json_double(const struct json *value)
{
    struct integer integer;

    if (!is_kind(value, JSON_NUMBER)) {
        return 0;
    }
    if (value->is_decimal) {
        return ((const struct decimal_node *)value)->value;
    }
    integer = number_integer(value);
    return integer.negative ? -(double)integer.magnitude : (double)integer.magnitude;
}

int number_compare(const struct json *a, const struct json *b)
{
    char room_a[INTEGER_TEXT_BYTES];
    char room_b[INTEGER_TEXT_BYTES];
    double double_a;
    double double_b;

    if (!a->is_decimal && !b->is_decimal) {
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
    double_a = json_double(a);
    double_b = json_double(b);
    if (double_a != double_b) {
        return double_a < double_b ? -1 : 1;
    }
    return decimal_compare(number_text(a, room_a), number_text(b, room_b));
}
