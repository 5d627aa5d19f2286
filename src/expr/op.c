/* Operators, by jq's rules of types; integers of 64 bits stay exact as long as the result fits. */
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "expr/eval.h"

#define EXACT_DOUBLE 9007199254740992.0 /* 2^53: integers up to here are exact in a double. */

bool op_compares(enum op op)
{
    return op >= OP_EQUAL;
}

bool op_holds(struct evaluator *ev, enum op op, const struct json *a, const struct json *b)
{
    if (op == OP_EQUAL || op == OP_UNEQUAL) {
        return order_equal(ev, a, b) == (op == OP_EQUAL);
    }
    if (op == OP_LESS) {
        return order_compare(ev, a, b) < 0;
    }
    if (op == OP_LESS_EQUAL) {
        return order_compare(ev, a, b) <= 0;
    }
    if (op == OP_GREATER) {
        return order_compare(ev, a, b) > 0;
    }
    return order_compare(ev, a, b) >= 0;
}

struct json *eval_number(double value)
{
    if (value == floor(value) && fabs(value) <= EXACT_DOUBLE) {
        return json_integer((int64_t)value);
    }
    return json_number(value);
}

enum outcome eval_text(struct evaluator *ev, struct text text, struct json **value)
{
    if (text.bytes > EXPR_OUTPUT_BYTES_MAX) {
        return eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX);
    }
    if (!eval_spend(ev, eval_bytes(text.bytes))) {
        return OUTCOME_LIMIT;
    }
    *value = json_text(text);
    return OUTCOME_OK;
}

static enum outcome clash(struct evaluator *ev, const struct node *node, const char *doing,
                          const struct json *a, const struct json *b)
{
    return eval_raise(ev, node, "cannot %s %s and %s", doing, kind_name(a), kind_name(b));
}

static enum outcome join_texts(struct evaluator *ev, const struct json *a, const struct json *b,
                               struct json **value)
{
    struct buffer text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    enum outcome outcome;

    buffer_add_text(&text, json_text_of(a));
    buffer_add_text(&text, json_text_of(b));
    outcome = text.full ? eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX)
                        : eval_text(ev, buffer_text(&text), value);
    buffer_release(&text);
    return outcome;
}

static enum outcome join_arrays(struct evaluator *ev, const struct json *a, const struct json *b,
                                struct json **value)
{
    if (!eval_spend(ev, json_count(a) + json_count(b))) {
        return OUTCOME_LIMIT;
    }
    *value = json_open_copy(a);
    for (size_t i = 0; i < json_count(b); i++) {
        json_push(*value, json_copy(json_at(b, i)));
    }
    return OUTCOME_OK;
}

/* `b` wins. With OP_MULTIPLY objects in both are merged in turn. */
static enum outcome join_objects(struct evaluator *ev, enum op op, const struct json *a,
                                 const struct json *b, struct json **value)
{
    struct json_cursor cursor = {0};
    enum outcome outcome = OUTCOME_OK;
    const struct json *under;
    const struct json *over;
    struct json *whole;
    struct text key;

    if (!eval_spend(ev, 1 + json_count(a) + json_count(b))) {
        return OUTCOME_LIMIT;
    }
    whole = json_open_copy(a);
    while (outcome == OUTCOME_OK && json_next(b, &cursor, &key, &over)) {
        struct json *item = NULL;
        under = op == OP_MULTIPLY ? json_get(a, key) : NULL;
        if (under != NULL && json_kind(under) == JSON_OBJECT && json_kind(over) == JSON_OBJECT) {
            outcome = join_objects(ev, op, under, over, &item);
        } else {
            item = json_copy(over);
        }
        if (outcome == OUTCOME_OK) {
            json_put(whole, key, item);
        }
    }
    if (outcome != OUTCOME_OK) {
        json_free(whole);
        return outcome;
    }
    *value = whole;
    return OUTCOME_OK;
}

static struct json *add_numbers(const struct json *a, const struct json *b)
{
    int64_t x;
    int64_t y;
    int64_t sum;

    if (json_int64(a, &x) && json_int64(b, &y) && !__builtin_add_overflow(x, y, &sum)) {
        return json_integer(sum);
    }
    return eval_number(json_double(a) + json_double(b));
}

static enum outcome add(struct evaluator *ev, const struct node *node, const struct json *a,
                        const struct json *b, struct json **value)
{
    enum json_kind kind = json_kind(a);

    if (kind == JSON_NULL || json_kind(b) == JSON_NULL) {
        *value = json_copy(kind == JSON_NULL ? b : a);
        return OUTCOME_OK;
    }
    if (kind != json_kind(b) || kind == JSON_BOOL) {
        return clash(ev, node, "add", a, b);
    }
    if (kind == JSON_NUMBER) {
        *value = add_numbers(a, b);
        return OUTCOME_OK;
    }
    if (kind == JSON_TEXT) {
        return join_texts(ev, a, b, value);
    }
    return kind == JSON_ARRAY ? join_arrays(ev, a, b, value)
                              : join_objects(ev, OP_ADD, a, b, value);
}

static bool array_has(struct evaluator *ev, const struct json *array, const struct json *item)
{
    for (size_t i = 0; i < json_count(array) && ev->fuel >= 0; i++) {
        if (order_equal(ev, json_at(array, i), item)) {
            return true;
        }
    }
    return false;
}

static enum outcome subtract(struct evaluator *ev, const struct node *node, const struct json *a,
                             const struct json *b, struct json **value)
{
    int64_t x;
    int64_t y;
    int64_t difference;

    if (json_kind(a) == JSON_NUMBER && json_kind(b) == JSON_NUMBER) {
        bool exact = json_int64(a, &x) && json_int64(b, &y) &&
                     !__builtin_sub_overflow(x, y, &difference);
        *value = exact ? json_integer(difference) : eval_number(json_double(a) - json_double(b));
        return OUTCOME_OK;
    }
    if (json_kind(a) != JSON_ARRAY || json_kind(b) != JSON_ARRAY) {
        return clash(ev, node, "subtract", a, b);
    }
    *value = json_array();
    for (size_t i = 0; i < json_count(a) && eval_spend(ev, 1); i++) {
        if (!array_has(ev, b, json_at(a, i))) {
            json_push(*value, json_copy(json_at(a, i)));
        }
    }
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}

/* As jq 1.6: once, and again for every whole number above one; null below. */
static enum outcome repeat(struct evaluator *ev, struct text text, double times,
                           struct json **value)
{
    struct buffer whole = {0};
    enum outcome outcome;

    if (times <= 0) {
        *value = json_null();
        return OUTCOME_OK;
    }
    times = text.bytes == 0 || times < 1 ? 1 : floor(times);
    if (times * (double)text.bytes > EXPR_OUTPUT_BYTES_MAX) {
        return eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX);
    }
    buffer_reserve(&whole, (size_t)times * text.bytes);
    for (size_t left = (size_t)times; left > 0; left--) {
        buffer_add_text(&whole, text);
    }
    outcome = eval_text(ev, buffer_text(&whole), value);
    buffer_release(&whole);
    return outcome;
}

static enum outcome multiply(struct evaluator *ev, const struct node *node, const struct json *a,
                             const struct json *b, struct json **value)
{
    int64_t x;
    int64_t y;
    int64_t product;

    if (json_kind(a) == JSON_NUMBER && json_kind(b) == JSON_NUMBER) {
        bool exact = json_int64(a, &x) && json_int64(b, &y) &&
                     !__builtin_mul_overflow(x, y, &product);
        *value = exact ? json_integer(product) : eval_number(json_double(a) * json_double(b));
        return OUTCOME_OK;
    }
    if (json_kind(a) == JSON_TEXT && json_kind(b) == JSON_NUMBER) {
        return repeat(ev, json_text_of(a), json_double(b), value);
    }
    if (json_kind(a) == JSON_NUMBER && json_kind(b) == JSON_TEXT) {
        return repeat(ev, json_text_of(b), json_double(a), value);
    }
    if (json_kind(a) == JSON_OBJECT && json_kind(b) == JSON_OBJECT) {
        return join_objects(ev, OP_MULTIPLY, a, b, value);
    }
    return clash(ev, node, "multiply", a, b);
}

enum outcome op_split(struct evaluator *ev, const struct json *a, const struct json *separator,
                      struct json **value)
{
    struct text rest = json_text_of(a);
    struct text by = json_text_of(separator);
    struct json *parts = json_array();
    size_t bytes;

    while (rest.bytes > 0 && eval_spend(ev, 1)) {
        const char *found = NULL;
        if (by.bytes > 0) {
            found = memmem(rest.data, rest.bytes, by.data, by.bytes);
            bytes = found == NULL ? rest.bytes : (size_t)(found - rest.data);
        } else {
            bytes = 1;
            while (bytes < rest.bytes && ((unsigned char)rest.data[bytes] & 0xC0U) == 0x80U) {
                bytes++;
            }
        }
        (void)eval_spend(ev, eval_bytes(bytes));
        json_push(parts, json_text(text_sub(rest, 0, bytes)));
        rest = text_sub(rest, bytes + by.bytes, rest.bytes);
        if (found != NULL && rest.bytes == 0) {
            json_push(parts, json_text(TEXT(""))); /* The text ends with a separator. */
        }
    }
    *value = parts;
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}

static enum outcome divide(struct evaluator *ev, const struct node *node, const struct json *a,
                           const struct json *b, struct json **value)
{
    int64_t x;
    int64_t y;

    if (json_kind(a) == JSON_TEXT && json_kind(b) == JSON_TEXT) {
        return op_split(ev, a, b, value);
    }
    if (json_kind(a) != JSON_NUMBER || json_kind(b) != JSON_NUMBER) {
        return clash(ev, node, "divide", a, b);
    }
    if (json_double(b) == 0) {
        return eval_raise(ev, node, "division by zero");
    }
    if (json_int64(a, &x) && json_int64(b, &y) && (y != -1 || x != INT64_MIN) && x % y == 0) {
        *value = json_integer(x / y);
    } else {
        *value = eval_number(json_double(a) / json_double(b));
    }
    return OUTCOME_OK;
}

/* As C casts, but defined for every number. */
static int64_t whole_of(const struct json *number)
{
    int64_t whole;
    double value = json_double(number);

    if (json_int64(number, &whole)) {
        return whole;
    }
    if (value >= 9223372036854775808.0) {
        return INT64_MAX;
    }
    return value <= -9223372036854775808.0 ? INT64_MIN : (int64_t)value;
}

static enum outcome modulo(struct evaluator *ev, const struct node *node, const struct json *a,
                           const struct json *b, struct json **value)
{
    int64_t divisor;

    if (json_kind(a) != JSON_NUMBER || json_kind(b) != JSON_NUMBER) {
        return clash(ev, node, "divide", a, b);
    }
    divisor = whole_of(b);
    if (divisor == 0) {
        return eval_raise(ev, node, "division by zero");
    }
    *value = json_integer(divisor == -1 ? 0 : whole_of(a) % divisor);
    return OUTCOME_OK;
}

enum outcome op_apply(struct evaluator *ev, const struct node *node, enum op op,
                      const struct json *a, const struct json *b, struct json **value)
{
    switch (op) {
    case OP_ADD:
        return add(ev, node, a, b, value);
    case OP_SUBTRACT:
        return subtract(ev, node, a, b, value);
    case OP_MULTIPLY:
        return multiply(ev, node, a, b, value);
    case OP_DIVIDE:
        return divide(ev, node, a, b, value);
    case OP_MODULO:
        return modulo(ev, node, a, b, value);
    case OP_EQUAL:
    case OP_UNEQUAL:
    case OP_LESS:
    case OP_LESS_EQUAL:
    case OP_GREATER:
    case OP_GREATER_EQUAL:
        *value = json_bool(op_holds(ev, op, a, b));
        return OUTCOME_OK;
    }
    CHECK(!"unknown operator");
    return OUTCOME_ERROR;
}

enum outcome op_negate(struct evaluator *ev, const struct node *node, const struct json *a,
                       struct json **value)
{
    int64_t whole;

    if (json_kind(a) != JSON_NUMBER) {
        return eval_raise(ev, node, "cannot negate %s", kind_name(a));
    }
    if (json_int64(a, &whole) && whole != INT64_MIN) {
        *value = json_integer(-whole);
    } else {
        *value = eval_number(-json_double(a));
    }
    return OUTCOME_OK;
}
