/* Functions of values of any kind, and of arrays and objects. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "expr/builtin.h"

enum outcome builtin_length(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json *const *arguments, struct json **value)
{
    struct text text;

    switch (json_kind(input)) {
    case JSON_NULL:
        *value = json_integer(0);
        return OUTCOME_OK;
    case JSON_BOOL:
        return eval_raise(ev, node, "boolean has no length");
    case JSON_NUMBER:
        return builtin_abs(ev, node, input, arguments, value);
    case JSON_TEXT:
        text = json_text_of(input);
        *value = json_integer((int64_t)text_length(text));
        return eval_spend(ev, text.bytes / 64) ? OUTCOME_OK : OUTCOME_LIMIT;
    case JSON_ARRAY:
    case JSON_OBJECT:
        *value = json_integer((int64_t)json_count(input));
        return OUTCOME_OK;
    }
    return OUTCOME_OK;
}

enum outcome builtin_keys(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json *const *arguments, struct json **value)
{
    enum json_kind kind = json_kind(input);
    struct text *keys;
    size_t count;

    (void)arguments;
    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return eval_raise(ev, node, "%s has no keys", kind_name(input));
    }
    if (!eval_spend(ev, json_count(input))) {
        return OUTCOME_LIMIT;
    }
    *value = json_array();
    for (size_t i = 0; kind == JSON_ARRAY && i < json_count(input); i++) {
        json_push(*value, json_integer((int64_t)i));
    }
    if (kind == JSON_OBJECT) {
        keys = order_keys(input, &count);
        for (size_t i = 0; i < count; i++) {
            json_push(*value, json_text(keys[i]));
        }
        free(keys);
    }
    return OUTCOME_OK;
}

enum outcome builtin_has(struct evaluator *ev, const struct node *node, const struct json *input,
                         struct json *const *arguments, struct json **value)
{
    const struct json *key = arguments[0];
    double index;

    if (json_kind(input) == JSON_NULL) {
        *value = json_bool(false);
        return OUTCOME_OK;
    }
    if (json_kind(input) == JSON_OBJECT && json_kind(key) == JSON_TEXT) {
        *value = json_bool(json_get(input, json_text_of(key)) != NULL);
        return OUTCOME_OK;
    }
    if (json_kind(input) == JSON_ARRAY && json_kind(key) == JSON_NUMBER) {
        index = json_double(key);
        *value = json_bool(index > -1 && index < (double)json_count(input));
        return OUTCOME_OK;
    }
    return eval_raise(ev, node, "cannot check whether %s has %s %s key", kind_name(input),
                      json_kind(key) == JSON_ARRAY || json_kind(key) == JSON_OBJECT ? "an" : "a",
                      kind_name(key));
}

/* As jq: text within text, every item of an array in some item, every member in its member. */
static bool contains(struct evaluator *ev, const struct json *a, const struct json *b)
{
    struct json_cursor cursor = {0};
    enum json_kind kind = json_kind(a);
    const struct json *part;
    const struct json *whole;
    struct text key;
    bool found = true;

    if (kind != json_kind(b) || !eval_spend(ev, 1)) {
        return false;
    }
    if (kind == JSON_TEXT) {
        struct text in = json_text_of(a);
        struct text sought = json_text_of(b);
        (void)eval_spend(ev, (in.bytes + sought.bytes) / 64);
        return sought.bytes == 0 || memmem(in.data, in.bytes, sought.data, sought.bytes) != NULL;
    }
    if (kind == JSON_OBJECT) {
        while (found && json_next(b, &cursor, &key, &part)) {
            whole = json_get(a, key);
            found = whole != NULL && contains(ev, whole, part);
        }
        return found;
    }
    if (kind != JSON_ARRAY) {
        return order_equal(ev, a, b);
    }
    for (size_t i = 0; i < json_count(b) && found; i++) {
        found = false;
        for (size_t k = 0; k < json_count(a) && !found && ev->fuel >= 0; k++) {
            found = contains(ev, json_at(a, k), json_at(b, i));
        }
    }
    return found;
}

enum outcome builtin_contains(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    const struct json *part = arguments[0];
    enum json_kind kind = json_kind(input);

    /* To jq true and false are of two kinds. */
    if (kind != json_kind(part) ||
        (kind == JSON_BOOL && json_is_true(input) != json_is_true(part))) {
        return eval_raise(ev, node, "cannot check whether %s contains %s", kind_name(input),
                          kind_name(part));
    }
    *value = json_bool(contains(ev, input, part));
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}

enum outcome builtin_type(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json *const *arguments, struct json **value)
{
    (void)ev;
    (void)node;
    (void)arguments;
    *value = json_string(kind_name(input));
    return OUTCOME_OK;
}

enum outcome builtin_not(struct evaluator *ev, const struct node *node, const struct json *input,
                         struct json *const *arguments, struct json **value)
{
    (void)ev;
    (void)node;
    (void)arguments;
    *value = json_bool(!json_is_truthy(input));
    return OUTCOME_OK;
}

enum outcome builtin_reverse(struct evaluator *ev, const struct node *node,
                             const struct json *input, struct json *const *arguments,
                             struct json **value)
{
    size_t count = json_count(input);
    enum json_kind kind = json_kind(input);
    bool nothing = kind == JSON_NULL || (kind == JSON_OBJECT && count == 0) ||
                   (kind == JSON_NUMBER && json_double(input) == 0) ||
                   (kind == JSON_TEXT && json_text_of(input).bytes == 0);

    (void)arguments;
    if (kind != JSON_ARRAY && !nothing) {
        return eval_raise(ev, node, "cannot reverse %s", kind_name(input));
    }
    if (!eval_spend(ev, count)) {
        return OUTCOME_LIMIT;
    }
    *value = json_array();
    for (size_t i = count; i > 0; i--) {
        json_push(*value, json_copy(json_at(input, i - 1)));
    }
    return OUTCOME_OK;
}

static struct json *entry(struct json *key, const struct json *value)
{
    struct json *whole = json_object();

    json_put(whole, TEXT("key"), key);
    json_put(whole, TEXT("value"), json_copy(value));
    return whole;
}

enum outcome builtin_to_entries(struct evaluator *ev, const struct node *node,
                                const struct json *input, struct json *const *arguments,
                                struct json **value)
{
    struct json_cursor cursor = {0};
    enum json_kind kind = json_kind(input);
    const struct json *item;
    struct text key;

    (void)arguments;
    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return eval_raise(ev, node, "%s has no keys", kind_name(input));
    }
    if (!eval_spend(ev, 4 * json_count(input))) {
        return OUTCOME_LIMIT;
    }
    *value = json_array();
    while (json_next(input, &cursor, &key, &item)) {
        json_push(*value, entry(json_text(key), item));
    }
    for (size_t i = 0; kind == JSON_ARRAY && i < json_count(input); i++) {
        json_push(*value, entry(json_integer((int64_t)i), json_at(input, i)));
    }
    return OUTCOME_OK;
}

/* The first of these members that is neither null nor false. */
static const struct json *entry_key(const struct json *item)
{
    static const char *const names[] = {"key", "Key", "name", "Name"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct json *key = json_member(item, names[i]);
        if (json_is_truthy(key)) {
            return key;
        }
    }
    return NULL;
}

static enum outcome put_entry(struct evaluator *ev, const struct node *node,
                              const struct json *item, struct json *whole)
{
    const struct json *key;
    const struct json *value;

    if (json_kind(item) != JSON_OBJECT) {
        return eval_raise(ev, node, "from_entries takes objects, not %s", kind_name(item));
    }
    key = entry_key(item);
    if (key == NULL || json_kind(key) != JSON_TEXT) {
        return eval_raise(ev, node, "a key must be a string, not %s",
                          key == NULL ? "null" : kind_name(key));
    }
    value = json_member(item, "value");
    value = value == NULL ? json_member(item, "Value") : value;
    json_put(whole, json_text_of(key), value == NULL ? json_null() : json_copy(value));
    return OUTCOME_OK;
}

enum outcome builtin_from_entries(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct json *const *arguments,
                                  struct json **value)
{
    struct json_cursor cursor = {0};
    enum json_kind kind = json_kind(input);
    enum outcome outcome = OUTCOME_OK;
    struct json *whole;
    const struct json *item;
    struct text key;

    (void)arguments;
    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return eval_raise(ev, node, "cannot iterate over %s", kind_name(input));
    }
    if (!eval_spend(ev, 2 * json_count(input))) {
        return OUTCOME_LIMIT;
    }
    whole = json_object();
    for (size_t i = 0; kind == JSON_ARRAY && i < json_count(input) && outcome == OUTCOME_OK; i++) {
        outcome = put_entry(ev, node, json_at(input, i), whole);
    }
    while (outcome == OUTCOME_OK && json_next(input, &cursor, &key, &item)) {
        outcome = put_entry(ev, node, item, whole);
    }
    if (outcome != OUTCOME_OK) {
        json_free(whole);
        return outcome;
    }
    *value = whole;
    return OUTCOME_OK;
}
