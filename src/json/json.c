#include "json/json.h"

#include "json/value.h"

static const struct json constant_null = {.kind = JSON_NULL, .place = PLACE_CONSTANT};
static const struct json constant_false = {.kind = JSON_BOOL, .place = PLACE_CONSTANT};
static const struct json constant_true = {.kind = JSON_BOOL, .place = PLACE_CONSTANT, .flag = true};

/* Constants are never changed: no holder is counted. */
struct json *json_null(void)
{
    return (struct json *)(uintptr_t)&constant_null;
}

struct json *json_bool(bool value)
{
    return (struct json *)(uintptr_t)(value ? &constant_true : &constant_false);
}

/* Copy `text` to `out`, what is not UTF-8 replaced; with `nul_too` also NUL. */
static void add_repaired(struct text text, bool nul_too, struct buffer *out)
{
    size_t at = 0;

    while (at < text.bytes) {
        size_t step = nul_too && text.data[at] == '\0' ? 0 : text_utf8_step(text, at);

        if (step == 0) {
            buffer_add_text(out, TEXT("\xEF\xBF\xBD"));
            at++;
        } else {
            buffer_add(out, text.data + at, step);
            at += step;
        }
    }
}

struct json *json_text(struct text value)
{
    struct buffer repaired = {.data = NULL};
    struct json *text;

    if (text_is_utf8(value)) {
        return value_text_new(NULL, value);
    }
    add_repaired(value, false, &repaired);
    text = value_text_new(NULL, buffer_text(&repaired));
    buffer_release(&repaired);
    return text;
}

struct json *json_string(const char *value)
{
    return json_text(text_of(value));
}

struct json *json_array(void)
{
    return value_array_new(NULL);
}

struct json *json_object(void)
{
    return value_object_new(NULL);
}

struct json *json_open_copy(const struct json *value)
{
    struct json *copy;

    if (json_kind(value) == JSON_ARRAY) {
        const struct array_node *array = array_node(value);

        copy = json_array();
        value_reserve(copy, array->count);
        for (uint32_t i = 0; i < array->count; i++) {
            value_push(NULL, copy, json_copy(array->items[i]));
        }
        return copy;
    }
    CHECK(json_kind(value) == JSON_OBJECT);
    const struct object_node *object = object_node(value);

    copy = json_object();
    /* Mostly something is put into it next. */
    value_reserve(copy, (size_t)object->count + 1);
    for (uint32_t i = 0; i < object->count; i++) {
        value_add(NULL, copy, json_copy(object->members[i].key),
                  json_copy(object->members[i].value));
    }
    return copy;
}

void json_push(struct json *array, struct json *item)
{
    CHECK(item != NULL && is_kind(array, JSON_ARRAY) && array->place == PLACE_HEAP);
    value_push(NULL, array, item);
}

static void put(struct json *object, struct text key, struct json *value)
{
    struct member *member;

    CHECK(value != NULL && is_kind(object, JSON_OBJECT) && object->place == PLACE_HEAP);
    member = value_find(object, key);
    if (member == NULL) {
        value_add(NULL, object, value_text_new(NULL, key), value);
        return;
    }
    json_free(member->value);
    member->value = value;
}

void json_put(struct json *object, struct text key, struct json *value)
{
    struct buffer repaired = {.data = NULL};

    if (text_is_utf8(key) && text_find(key, '\0') == SIZE_MAX) {
        put(object, key, value);
        return;
    }
    add_repaired(key, true, &repaired);
    put(object, buffer_text(&repaired), value);
    buffer_release(&repaired);
}

void json_put_string(struct json *object, const char *key, const char *value)
{
    put(object, text_of(key), json_string(value));
}

void json_put_text(struct json *object, const char *key, struct text value)
{
    put(object, text_of(key), json_text(value));
}

void json_put_integer(struct json *object, const char *key, int64_t value)
{
    put(object, text_of(key), json_integer(value));
}

void json_put_bool(struct json *object, const char *key, bool value)
{
    put(object, text_of(key), json_bool(value));
}

void json_drop(struct json *object, struct text key)
{
    struct member *member;

    CHECK(is_kind(object, JSON_OBJECT) && object->place == PLACE_HEAP);
    member = value_find(object, key);
    if (member != NULL) {
        value_drop(object, member);
    }
}

enum json_kind json_kind(const struct json *value)
{
    CHECK(value != NULL);
    return (enum json_kind)value->kind;
}

size_t json_count(const struct json *value)
{
    if (is_kind(value, JSON_ARRAY)) {
        return array_node(value)->count;
    }
    return is_kind(value, JSON_OBJECT) ? object_node(value)->count : 0;
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (!is_kind(array, JSON_ARRAY) || index >= array_node(array)->count) {
        return NULL;
    }
    return array_node(array)->items[index];
}

const struct json *json_get(const struct json *object, struct text key)
{
    const struct member *member = is_kind(object, JSON_OBJECT) ? value_find(object, key) : NULL;

    return member == NULL ? NULL : member->value;
}

const struct json *json_member(const struct json *object, const char *key)
{
    return json_get(object, text_of(key));
}

bool json_next(const struct json *object, struct json_cursor *cursor, struct text *key,
               const struct json **value)
{
    const struct member *member = cursor->at;
    const struct object_node *node = object_node(object);

    if (!is_kind(object, JSON_OBJECT) || (cursor->started && member == NULL)) {
        return false;
    }
    member = cursor->started ? member + 1 : node->members;
    cursor->started = true;
    if (node->count == 0 || member == node->members + node->count) {
        cursor->at = NULL;
        return false;
    }
    cursor->at = member;
    *key = (struct text){text_node(member->key)->data, member->bytes};
    *value = member->value;
    return true;
}

bool json_is_true(const struct json *value)
{
    return is_kind(value, JSON_BOOL) && value->flag;
}

bool json_is_truthy(const struct json *value)
{
    if (value == NULL || value->kind == JSON_NULL) {
        return false;
    }
    return value->kind != JSON_BOOL || value->flag;
}

struct text json_text_of(const struct json *value)
{
    return is_kind(value, JSON_TEXT) ? value_text(value) : TEXT("");
}

int64_t json_member_int(const struct json *object, const char *key, int64_t fallback)
{
    int64_t value;

    return json_int64(json_member(object, key), &value) ? value : fallback;
}

struct text json_member_text(const struct json *object, const char *key)
{
    return json_text_of(json_member(object, key));
}

bool json_scalar_text(const struct json *value, struct buffer *out)
{
    switch (json_kind(value)) {
    case JSON_BOOL:
        buffer_add_text(out, json_is_true(value) ? TEXT("true") : TEXT("false"));
        return true;
    case JSON_NUMBER:
        number_canonical(value, out);
        return true;
    case JSON_TEXT:
        buffer_add_text(out, json_text_of(value));
        return true;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        return false;
    }
    CHECK(!"unknown kind of JSON value");
    return false;
}

size_t json_depth(const struct json *value, size_t most)
{
    size_t deepest = 0;
    enum json_kind kind = json_kind(value);
    struct json_cursor cursor = {.at = NULL};
    const struct json *item;
    struct text key;

    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return 0;
    }
    if (most == 0) {
        return 1;
    }
    for (size_t i = 0; kind == JSON_ARRAY && i < json_count(value) && deepest < most; i++) {
        size_t depth = json_depth(json_at(value, i), most - 1);

        deepest = depth > deepest ? depth : deepest;
    }
    while (deepest < most && json_next(value, &cursor, &key, &item)) {
        size_t depth = json_depth(item, most - 1);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}
