/* A value without some of its parts: what del() does once the paths are known. */
#include <stdlib.h>

#include "expr/eval.h"

/* A run of paths that are sorted and begin alike up to `depth`. */
struct paths {
    const struct keyed *items;
    size_t count;
    size_t depth;
};

static const struct json *path_key(const struct paths *paths, size_t index)
{
    return json_at(paths->items[index].key, paths->depth);
}

static bool ends_here(const struct paths *paths, size_t index)
{
    return json_count(paths->items[index].key) == paths->depth + 1;
}

/* How many paths from `first` on have the same key here. */
static size_t alike(struct evaluator *ev, const struct paths *paths, size_t first)
{
    size_t end = first + 1;

    while (end < paths->count && order_equal(ev, path_key(paths, end), path_key(paths, first))) {
        end++;
    }
    return end - first;
}

static enum outcome cannot_delete(struct evaluator *ev, const struct node *node,
                                  const struct json *value, const struct json *key)
{
    return eval_raise(ev, node, "cannot delete %s key of %s", kind_name(key), kind_name(value));
}

/* Which items of an array of `count` a key means: [*start, *end). */
static bool items_of(const struct json *key, size_t count, size_t *start, size_t *end)
{
    int64_t at;

    if (json_kind(key) == JSON_OBJECT) {
        return slice_bounds(json_member(key, "start"), json_member(key, "end"), count, start, end);
    }
    if (json_kind(key) != JSON_NUMBER) {
        return false;
    }
    *start = 0;
    *end = 0;
    if (json_int64(key, &at)) {
        at = at < 0 ? at + (int64_t)count : at;
        if (at >= 0 && at < (int64_t)count) {
            *start = (size_t)at;
            *end = *start + 1;
        }
    }
    return true;
}

static enum outcome prune_paths(struct evaluator *ev, const struct node *node,
                                const struct json *value, struct paths paths, struct json **result);

/* `array` with items [start, end) replaced by `part`: by its items if it stands for a slice. */
static struct json *replace(const struct json *array, size_t start, size_t end,
                            const struct json *key, const struct json *part)
{
    struct json *whole = json_array();

    for (size_t i = 0; i < start; i++) {
        json_push(whole, json_copy(json_at(array, i)));
    }
    if (json_kind(key) == JSON_OBJECT) {
        for (size_t i = 0; i < json_count(part); i++) {
            json_push(whole, json_copy(json_at(part, i)));
        }
    } else {
        json_push(whole, json_copy(part));
    }
    for (size_t i = end; i < json_count(array); i++) {
        json_push(whole, json_copy(json_at(array, i)));
    }
    return whole;
}

static struct json *part_of(const struct json *array, size_t start, size_t end,
                            const struct json *key)
{
    struct json *part;

    if (json_kind(key) != JSON_OBJECT) {
        return json_copy(json_at(array, start));
    }
    part = json_array();
    for (size_t i = start; i < end; i++) {
        json_push(part, json_copy(json_at(array, i)));
    }
    return part;
}

/* Something below one key goes: *value is replaced by a copy without it. */
static enum outcome prune_below(struct evaluator *ev, const struct node *node, struct json **value,
                                struct paths below)
{
    const struct json *key = json_at(below.items[0].key, below.depth - 1);
    struct json *part = NULL;
    struct json *pruned = NULL;
    struct json *whole;
    enum outcome outcome;
    size_t start = 0;
    size_t end = 0;

    if (json_kind(*value) == JSON_OBJECT && json_kind(key) == JSON_TEXT) {
        part = json_copy(json_get(*value, json_text_of(key)));
    } else if (json_kind(*value) == JSON_ARRAY && items_of(key, json_count(*value), &start, &end)) {
        part = end > start ? part_of(*value, start, end, key) : NULL;
    } else if (json_kind(*value) != JSON_NULL) {
        return cannot_delete(ev, node, *value, key);
    }
    if (part == NULL || json_kind(part) == JSON_NULL) {
        json_free(part);
        return OUTCOME_OK; /* Nothing is there. */
    }
    outcome = eval_spend(ev, json_count(*value)) ? prune_paths(ev, node, part, below, &pruned)
                                                 : OUTCOME_LIMIT;
    if (outcome == OUTCOME_OK) {
        if (json_kind(*value) == JSON_OBJECT) {
            whole = json_open_copy(*value);
            json_put(whole, json_text_of(key), json_copy(pruned));
        } else {
            whole = replace(*value, start, end, key, pruned);
        }
        json_free(*value);
        *value = whole;
    }
    json_free(part);
    json_free(pruned);
    return outcome;
}

static enum outcome drop_keys(struct evaluator *ev, const struct node *node, struct json **value,
                              const struct json *keys)
{
    struct json *whole = json_open_copy(*value);

    for (size_t i = 0; i < json_count(keys); i++) {
        if (json_kind(json_at(keys, i)) != JSON_TEXT) {
            json_free(whole);
            return cannot_delete(ev, node, *value, json_at(keys, i));
        }
        json_drop(whole, json_text_of(json_at(keys, i)));
    }
    json_free(*value);
    *value = whole;
    return OUTCOME_OK;
}

static enum outcome drop_items(struct evaluator *ev, const struct node *node, struct json **value,
                               const struct json *keys)
{
    size_t count = json_count(*value);
    bool *gone = calloc(count + 1, sizeof(*gone));
    struct json *whole = json_array();
    size_t start;
    size_t end;

    CHECK(gone != NULL);
    for (size_t i = 0; i < json_count(keys); i++) {
        if (!items_of(json_at(keys, i), count, &start, &end)) {
            free(gone);
            json_free(whole);
            return cannot_delete(ev, node, *value, json_at(keys, i));
        }
        (void)eval_spend(ev, end - start);
        for (size_t item = start; item < end && ev->fuel >= 0; item++) {
            gone[item] = true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!gone[i]) {
            json_push(whole, json_copy(json_at(*value, i)));
        }
    }
    free(gone);
    json_free(*value);
    *value = whole;
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}

static enum outcome drop(struct evaluator *ev, const struct node *node, struct json **value,
                         const struct json *keys)
{
    enum json_kind kind = json_kind(*value);

    if (json_count(keys) == 0 || kind == JSON_NULL) {
        return OUTCOME_OK;
    }
    if (!eval_spend(ev, json_count(*value) + json_count(keys))) {
        return OUTCOME_LIMIT;
    }
    if (kind == JSON_OBJECT) {
        return drop_keys(ev, node, value, keys);
    }
    if (kind == JSON_ARRAY) {
        return drop_items(ev, node, value, keys);
    }
    return cannot_delete(ev, node, *value, json_at(keys, 0));
}

static enum outcome prune_paths(struct evaluator *ev, const struct node *node,
                                const struct json *value, struct paths paths, struct json **result)
{
    struct json *current = json_copy(value);
    struct json *keys = json_array();
    enum outcome outcome = OUTCOME_OK;
    size_t count;

    for (size_t i = 0; i < paths.count && outcome == OUTCOME_OK; i += count) {
        count = alike(ev, &paths, i);
        if (ends_here(&paths, i)) { /* All of it: what is below does not matter. */
            json_push(keys, json_copy(path_key(&paths, i)));
            outcome = eval_spend(ev, 1) ? OUTCOME_OK : OUTCOME_LIMIT;
        } else {
            struct paths below = {&paths.items[i], count, paths.depth + 1};
            outcome = prune_below(ev, node, &current, below);
        }
    }
    if (outcome == OUTCOME_OK) {
        outcome = drop(ev, node, &current, keys);
    }
    json_free(keys);
    if (outcome != OUTCOME_OK) {
        json_free(current);
        return outcome;
    }
    *result = current;
    return OUTCOME_OK;
}

enum outcome prune(struct evaluator *ev, const struct node *node, const struct json *value,
                   const struct keyed *paths, size_t count, struct json **result)
{
    if (json_count(paths[0].key) == 0) { /* The value itself. */
        *result = json_null();
        return OUTCOME_OK;
    }
    return prune_paths(ev, node, value, (struct paths){paths, count, 0}, result);
}
