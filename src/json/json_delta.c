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

/* The member of `before` with the key of `member`. Both objects mostly have the same keys in the same
 * order, so the one after that found last is mostly it. */
static const struct member *member_before(const struct json *before, uint32_t *along,
                                          const struct member *member)
{
    const struct object_node *object = object_node(before);
    const struct member *guess = &object->members[*along];

    if (*along >= object->count || (guess->key != member->key &&
                                    !text_equal(value_text(guess->key), value_text(member->key)))) {
        guess = value_find(before, value_text(member->key));
    }
    if (guess != NULL) {
        *along = (uint32_t)(guess - object->members) + 1;
    }
    return guess;
}

/* What to add before a member: it is the first if nothing stands behind the brace. */
static void write_key(const struct member *member, size_t start, struct buffer *out)
{
    if (out->bytes > start + 1) {
        buffer_add_char(out, ',');
    }
    json_write_text(value_text(member->key), out);
    buffer_add_char(out, ':');
}

static void write_deleted(const struct json *before, const struct json *after, size_t start,
                          struct buffer *out)
{
    const struct object_node *object = object_node(before);

    for (uint32_t i = 0; i < object->count; i++) {
        if (value_find(after, value_text(object->members[i].key)) == NULL) {
            write_key(&object->members[i], start, out);
            buffer_add_text(out, TEXT("null"));
        }
    }
}

static bool diff_objects(const struct json *before, const struct json *after, struct buffer *out)
{
    const struct object_node *object = object_node(after);
    size_t start = out->bytes;
    uint32_t along = 0;
    uint32_t kept = 0;

    buffer_add_char(out, '{');
    for (uint32_t i = 0; i < object->count; i++) {
        const struct member *member = &object->members[i];
        const struct member *was = member_before(before, &along, member);
        size_t mark = out->bytes;

        kept += was != NULL;
        if (was != NULL && was->value == member->value) {
            continue;
        }
        write_key(member, start, out);
        if (!json_write_diff(was == NULL ? NULL : was->value, member->value, out)) {
            out->bytes = mark;
        }
    }
    if (kept < object_node(before)->count) {
        write_deleted(before, after, start, out);
    }
    if (out->bytes == start + 1) {
        out->bytes = start;
        return false;
    }
    buffer_add_char(out, '}');
    return true;
}

bool json_write_diff(const struct json *before, const struct json *after, struct buffer *out)
{
    CHECK(after != NULL && out->bytes_max == 0);
    if (before == after) {
        return false;
    }
    if (before != NULL && are_objects(before, after)) {
        return diff_objects(before, after, out);
    }
    if (before != NULL && json_same(before, after)) {
        return false;
    }
    buffer_add_char(out, '[');
    json_write(after, out);
    buffer_add_char(out, ']');
    return true;
}

struct json *json_diff(const struct json *before, const struct json *after)
{
    struct buffer text = {.data = NULL};
    struct json *delta = NULL;

    if (json_write_diff(before, after, &text)) {
        CHECK(json_parse_within(buffer_text(&text), SIZE_MAX, &delta, NULL) == STATUS_OK);
    }
    buffer_release(&text);
    return delta;
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
