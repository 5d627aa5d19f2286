#include "expr/eval.h"

#include <math.h>

#include "base/limits.h"

const char *kind_name(const struct json *value)
{
    static const char *const names[] = {"null", "boolean", "number", "string", "array", "object"};

    return names[json_kind(value)];
}

bool slice_bounds(const struct json *from, const struct json *to, size_t length, size_t *start,
                  size_t *end)
{
    double size = (double)length;
    bool from_start = from == NULL || json_kind(from) == JSON_NULL;
    bool to_end = to == NULL || json_kind(to) == JSON_NULL;
    double low;
    double high;

    if ((!from_start && json_kind(from) != JSON_NUMBER) ||
        (!to_end && json_kind(to) != JSON_NUMBER)) {
        return false;
    }
    low = from_start ? 0 : json_double(from);
    high = to_end ? size : json_double(to);
    low = low < 0 ? low + size : low;
    high = high < 0 ? high + size : high;
    low = low < 0 ? 0 : (low > size ? size : low);
    *start = (size_t)low;
    *end = high < low ? *start : (size_t)ceil(high > size ? size : high);
    return true;
}

/* Byte offset of code point `index` in valid UTF-8. */
static size_t byte_of(struct text text, size_t index)
{
    size_t at = 0;

    while (at < text.bytes && index > 0) {
        at++;
        while (at < text.bytes && ((unsigned char)text.data[at] & 0xC0U) == 0x80U) {
            at++;
        }
        index--;
    }
    return at;
}

static enum outcome slice_text(struct evaluator *ev, struct text text, size_t start, size_t end,
                               struct json **held)
{
    size_t from = byte_of(text, start);
    size_t to = byte_of(text, end);

    return eval_text(ev, text_sub(text, from, to - from), held);
}

static enum outcome slice_array(struct evaluator *ev, const struct json *array, size_t start,
                                size_t end, struct json **held)
{
    if (!eval_spend(ev, end - start)) {
        return OUTCOME_LIMIT;
    }
    *held = json_array();
    for (size_t i = start; i < end; i++) {
        json_push(*held, json_copy(json_at(array, i)));
    }
    return OUTCOME_OK;
}

static enum outcome slice(struct evaluator *ev, const struct node *node, const struct json *value,
                          struct json *const keys[2], struct json **held)
{
    enum json_kind kind = json_kind(value);
    size_t length;
    size_t start;
    size_t end;

    if (kind == JSON_NULL) {
        *held = json_null();
        return OUTCOME_OK;
    }
    if (kind != JSON_ARRAY && kind != JSON_TEXT) {
        return eval_raise(ev, node, "cannot take a part [from:to] of %s", kind_name(value));
    }
    length = kind == JSON_ARRAY ? json_count(value) : text_length(json_text_of(value));
    if (!slice_bounds(keys[0], keys[1], length, &start, &end)) {
        return eval_raise(ev, node, "the ends of [from:to] must be numbers");
    }
    return kind == JSON_ARRAY ? slice_array(ev, value, start, end, held)
                              : slice_text(ev, json_text_of(value), start, end, held);
}

/* Item `index` as jq counts: from the end if negative; NULL if there is none. */
static const struct json *item_at(const struct json *array, const struct json *index)
{
    int64_t count = (int64_t)json_count(array);
    int64_t at;

    if (!json_int64(index, &at)) {
        return NULL; /* 1.5 is the index of nothing. */
    }
    at = at < 0 && at >= -count ? at + count : at;
    return at < 0 || at >= count ? NULL : json_at(array, (size_t)at);
}

static enum outcome cannot_index(struct evaluator *ev, const struct node *node,
                                 const struct json *value, const struct json *key)
{
    if (json_kind(key) == JSON_TEXT) {
        return eval_raise(ev, node, "cannot read \"%.*s\" of %s",
                          TEXT_ARG(text_sub(json_text_of(key), 0, 64)), kind_name(value));
    }
    return eval_raise(ev, node, "cannot index %s with %s", kind_name(value), kind_name(key));
}

/* *found is borrowed from `value`. */
static enum outcome index_value(struct evaluator *ev, const struct node *node,
                                const struct json *value, const struct json *key,
                                const struct json **found)
{
    enum json_kind kind = json_kind(value);
    enum json_kind by = json_kind(key);

    if (kind == JSON_OBJECT && by == JSON_TEXT) {
        *found = json_get(value, json_text_of(key));
    } else if (kind == JSON_ARRAY && by == JSON_NUMBER) {
        *found = item_at(value, key);
    } else if (kind == JSON_NULL && (by == JSON_TEXT || by == JSON_NUMBER)) {
        *found = NULL;
    } else {
        return cannot_index(ev, node, value, key);
    }
    if (*found == NULL) {
        *found = ev->expr->null;
    }
    return OUTCOME_OK;
}

/* One step but `[]`. *held is set if the result is a new value. */
static enum outcome step_value(struct evaluator *ev, const struct node *node,
                               const struct step *step, struct json *const keys[2],
                               const struct json **at, struct json **held)
{
    const struct json *found;
    enum json_kind kind;
    enum outcome outcome;

    *held = NULL;
    if (step->kind == STEP_SLICE) {
        outcome = slice(ev, node, *at, keys, held);
        *at = *held;
        return outcome;
    }
    if (step->kind == STEP_INDEX) {
        return index_value(ev, node, *at, keys[0], at);
    }
    kind = json_kind(*at);
    if (kind != JSON_OBJECT && kind != JSON_NULL) {
        return cannot_index(ev, node, *at, step->key);
    }
    found = kind == JSON_OBJECT ? json_get(*at, step->name) : NULL;
    *at = found == NULL ? ev->expr->null : found;
    return OUTCOME_OK;
}

/* The keys of one step, in keys[0] and keys[1]. *given is false if one of them gives no value. */
static enum outcome keys_one(struct evaluator *ev, const struct step *step,
                             const struct json *input, struct json *keys[2], bool *given)
{
    enum outcome outcome = OUTCOME_OK;

    *given = true;
    if (step->from != NULL) {
        outcome = eval_one(ev, step->from, input, &keys[0]);
        *given = keys[0] != NULL;
    }
    if (step->to != NULL && outcome == OUTCOME_OK && *given) {
        outcome = eval_one(ev, step->to, input, &keys[1]);
        *given = keys[1] != NULL;
    }
    return outcome;
}

enum outcome path_one(struct evaluator *ev, const struct node *node, const struct json *input,
                      struct json **value)
{
    const struct json *at = input;
    struct json *base = NULL;
    enum outcome outcome = OUTCOME_OK;
    bool given = true;

    if (node->item_count > 0) {
        outcome = eval_one(ev, node->items[0], input, &base);
        at = base;
    }
    for (uint32_t i = 0; i < node->step_count && outcome == OUTCOME_OK && at != NULL; i++) {
        const struct step *step = &node->steps[i];
        struct json *keys[2] = {NULL, NULL};
        struct json *held = NULL;

        outcome = keys_one(ev, step, input, keys, &given);
        if (outcome == OUTCOME_OK && given) {
            outcome = step_value(ev, node, step, keys, &at, &held);
            given = outcome != OUTCOME_ERROR || !step->optional;
            outcome = given ? outcome : OUTCOME_OK;
        }
        if (held != NULL) {
            json_free(base);
            base = held;
        }
        at = given ? at : NULL;
        json_free(keys[0]);
        json_free(keys[1]);
    }
    if (outcome == OUTCOME_OK && at != NULL) {
        *value = json_copy(at);
    }
    json_free(base);
    return outcome;
}

static enum outcome walk_array(struct evaluator *ev, const struct path_walk *walk, uint32_t next,
                               const struct json *array, const struct trail *trail)
{
    enum outcome outcome = OUTCOME_OK;

    for (size_t i = 0; i < json_count(array) && outcome == OUTCOME_OK; i++) {
        struct json *key = walk->trailing ? json_integer((int64_t)i) : NULL;
        struct trail here = {.up = trail, .key = key};

        outcome = path_walk(ev, walk, next, json_at(array, i), &here);
        json_free(key);
    }
    return outcome;
}

static enum outcome walk_object(struct evaluator *ev, const struct path_walk *walk, uint32_t next,
                                const struct json *object, const struct trail *trail)
{
    enum outcome outcome = OUTCOME_OK;
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text name;

    while (outcome == OUTCOME_OK && json_next(object, &cursor, &name, &item)) {
        struct json *key = walk->trailing ? json_text(name) : NULL;
        struct trail here = {.up = trail, .key = key};

        outcome = path_walk(ev, walk, next, item, &here);
        json_free(key);
    }
    return outcome;
}

/* What a step of this kind is called in a path: a text, a number, or {start, end} as in jq. */
static struct json *trail_key(const struct step *step, struct json *const keys[2])
{
    struct json *part;

    if (step->kind == STEP_FIELD) {
        return json_copy(step->key);
    }
    if (step->kind == STEP_INDEX) {
        return json_copy(keys[0]);
    }
    part = json_object();
    json_put(part, TEXT("start"), keys[0] == NULL ? json_null() : json_copy(keys[0]));
    json_put(part, TEXT("end"), keys[1] == NULL ? json_null() : json_copy(keys[1]));
    return part;
}

/* One step that is not `[]`, and the rest of the walk behind it. */
static enum outcome walk_step(struct evaluator *ev, const struct path_walk *walk, uint32_t at,
                              const struct json *value, const struct trail *trail)
{
    const struct step *step = &walk->node->steps[at];
    struct json *const *keys = &walk->keys[(size_t)2 * at];
    struct json *held = NULL;
    enum outcome outcome = step_value(ev, walk->node, step, keys, &value, &held);
    struct json *key = NULL;

    if (outcome == OUTCOME_ERROR && step->optional) {
        return OUTCOME_OK;
    }
    if (outcome == OUTCOME_OK) {
        key = walk->trailing ? trail_key(step, keys) : NULL;
        outcome = path_walk(ev, walk, at + 1, value, &(struct trail){.up = trail, .key = key});
    }
    json_free(key);
    json_free(held);
    return outcome;
}

enum outcome path_walk(struct evaluator *ev, const struct path_walk *walk, uint32_t first,
                       const struct json *value, const struct trail *trail)
{
    const struct step *step;
    enum json_kind kind = json_kind(value);

    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    if (first == walk->node->step_count) {
        return walk->sink->take(walk->sink, ev, json_copy(value), trail);
    }
    step = &walk->node->steps[first];
    if (step->kind != STEP_EACH) {
        return walk_step(ev, walk, first, value, trail);
    }
    if (kind == JSON_ARRAY) {
        return walk_array(ev, walk, first + 1, value, trail);
    }
    if (kind == JSON_OBJECT) {
        return walk_object(ev, walk, first + 1, value, trail);
    }
    return step->optional ? OUTCOME_OK
                          : eval_raise(ev, walk->node, "cannot iterate over %s", kind_name(value));
}
