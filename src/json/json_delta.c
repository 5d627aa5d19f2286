/* Merging, and the differences that the history keeps. */
#include "json/value.h"

static bool are_objects(const struct json *a, const struct json *b)
{
    return json_kind(a) == JSON_OBJECT && json_kind(b) == JSON_OBJECT;
}

struct json *json_merge(const struct json *under, const struct json *over)
{
    struct json_cursor cursor = {.at = NULL};
    const struct json *value;
    struct json *merged;
    struct text key;

    if (under == NULL || over == NULL || under == over || !are_objects(under, over)) {
        return json_copy(over == NULL ? under : over);
    }
    merged = json_open_copy(under);
    while (json_next(over, &cursor, &key, &value)) {
        json_put(merged, key, json_merge(json_member(under, key.data), value));
    }
    return merged;
}

/* The delta that sets to `value`, whatever was there. */
static struct json *delta_set(const struct json *value)
{
    struct json *delta = json_array();

    json_push(delta, json_copy(value));
    return delta;
}

static void delta_put(struct json **delta, struct text key, struct json *change)
{
    if (*delta == NULL) {
        *delta = json_object();
    }
    json_put(*delta, key, change);
}

/* What `key` was. Both objects mostly have the same keys in the same order, so the cursor that walks
 * along in `before` mostly knows without a lookup. */
static const struct json *value_before(const struct json *before, struct json_cursor *along,
                                       struct text key)
{
    struct json_cursor next = *along;
    const struct json *value;
    struct text next_key;

    if (json_next(before, &next, &next_key, &value) && text_equal(key, next_key)) {
        *along = next;
        return value;
    }
    return json_member(before, key.data);
}

static void diff_deleted(const struct json *before, const struct json *after, struct json **delta)
{
    struct json_cursor cursor = {.at = NULL};
    const struct json *value;
    struct text key;

    while (json_next(before, &cursor, &key, &value)) {
        if (json_member(after, key.data) == NULL) {
            delta_put(delta, key, json_null());
        }
    }
}

static struct json *diff_objects(const struct json *before, const struct json *after)
{
    struct json_cursor cursor = {.at = NULL};
    struct json_cursor along = {.at = NULL};
    const struct json *value;
    struct json *delta = NULL;
    struct text key;
    size_t kept = 0;

    while (json_next(after, &cursor, &key, &value)) {
        const struct json *was = value_before(before, &along, key);
        struct json *change = NULL;

        kept += was != NULL;
        if (was != value) {
            change = json_diff(was, value);
        }
        if (change != NULL) {
            delta_put(&delta, key, change);
        }
    }
    if (kept < json_count(before)) {
        diff_deleted(before, after, &delta);
    }
    return delta;
}

struct json *json_diff(const struct json *before, const struct json *after)
{
    CHECK(after != NULL);
    if (before == after) {
        return NULL;
    }
    if (before == NULL) {
        return delta_set(after);
    }
    if (are_objects(before, after)) {
        return diff_objects(before, after);
    }
    return json_same(before, after) ? NULL : delta_set(after);
}

static enum status patch_members(struct json *object, const struct json *delta, struct error *err)
{
    struct json_cursor cursor = {.at = NULL};
    const struct json *change;
    struct text key;

    while (json_next(delta, &cursor, &key, &change)) {
        struct json *value = NULL;
        enum status status;

        if (change->kind == JSON_NULL) {
            json_drop(object, key);
            continue;
        }
        status = json_patch(json_member(object, key.data), change, &value, err);
        if (status != STATUS_OK) {
            return fail_in(err, status, "'%.*s'", TEXT_ARG(text_sub(key, 0, 64)));
        }
        json_put(object, key, value);
    }
    return STATUS_OK;
}

enum status json_patch(const struct json *before, const struct json *delta, struct json **after,
                       struct error *err)
{
    enum json_kind kind = json_kind(delta);
    struct json *object;
    enum status status;

    if (kind == JSON_ARRAY && json_count(delta) == 1) {
        *after = json_copy(json_at(delta, 0));
        return STATUS_OK;
    }
    if (kind != JSON_OBJECT) {
        return fail(err, STATUS_REJECT, "no delta: neither an object nor an array of one item");
    }
    if (before == NULL || json_kind(before) != JSON_OBJECT) {
        return fail(err, STATUS_REJECT, "a delta of members, but there is no object to change");
    }
    object = json_open_copy(before);
    status = patch_members(object, delta, err);
    if (status != STATUS_OK) {
        json_free(object);
        return status;
    }
    *after = object;
    return STATUS_OK;
}
