#include "json/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "json/value.h"

#define KEY_ROOM 128
#define WALKED_MEMBERS_MAX 16

const char json_null_place[1] = {0};

struct json *json_copy(const struct json *value)
{
    if (value == NULL || is_null(value)) {
        return (struct json *)value;
    }
    return (struct json *)json_object_get(to_object(value));
}

void json_free(struct json *value)
{
    if (value != NULL && !is_null(value)) {
        json_object_put(to_object(value));
    }
}

struct json *json_null(void)
{
    return from_object(NULL);
}

struct json *json_bool(bool value)
{
    return from_object(made(json_object_new_boolean(value)));
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
    struct json_c_object *object;

    if (!text_is_utf8(value)) {
        add_repaired(value, false, &repaired);
        value = buffer_text(&repaired);
    }
    CHECK(value.bytes <= INT_MAX);
    object = made(json_object_new_string_len(value.bytes == 0 ? "" : value.data, (int)value.bytes));
    buffer_release(&repaired);
    return from_object(object);
}

struct json *json_string(const char *value)
{
    return json_text(text_of(value));
}

struct json *json_array(void)
{
    return from_object(made(json_object_new_array_ext(4)));
}

struct json *json_object(void)
{
    return from_object(made(json_object_new_object()));
}

/* json-c copies the key and takes the value over. */
static void put(struct json *object, const char *key, struct json *value)
{
    CHECK(value != NULL && json_kind(object) == JSON_OBJECT);
    CHECK(json_object_object_add(to_object(object), key, to_object(value)) == 0);
}

struct json *json_open_copy(const struct json *value)
{
    struct json *copy;

    if (json_kind(value) == JSON_ARRAY) {
        size_t count = json_count(value);

        copy = json_array();
        for (size_t i = 0; i < count; i++) {
            json_push(copy, json_copy(json_at(value, i)));
        }
        return copy;
    }
    CHECK(json_kind(value) == JSON_OBJECT);
    copy = json_object();
    for (const struct lh_entry *entry = lh_table_head(json_object_get_object(to_object(value)));
         entry != NULL; entry = lh_entry_next(entry)) {
        struct json *item = json_copy(from_object(lh_entry_v(entry)));

        CHECK(json_object_object_add_ex(to_object(copy), lh_entry_k(entry), to_object(item),
                                        JSON_C_OBJECT_ADD_KEY_IS_NEW) == 0);
    }
    return copy;
}

void json_push(struct json *array, struct json *item)
{
    CHECK(item != NULL && json_kind(array) == JSON_ARRAY);
    CHECK(json_object_array_add(to_object(array), to_object(item)) == 0);
}

/* The key as json-c wants it: in `room`, or on the heap if it is too long. */
static char *key_string(struct text key, char room[KEY_ROOM])
{
    if (key.bytes >= KEY_ROOM) {
        return text_dup(key);
    }
    if (key.bytes > 0) {
        memcpy(room, key.data, key.bytes);
    }
    room[key.bytes] = '\0';
    return room;
}

void json_put(struct json *object, struct text key, struct json *value)
{
    struct buffer repaired = {.data = NULL};
    char room[KEY_ROOM];
    char *string;

    if (!text_is_utf8(key) || text_find(key, '\0') != SIZE_MAX) {
        add_repaired(key, true, &repaired);
        key = buffer_text(&repaired);
    }
    string = key_string(key, room);
    put(object, string, value);
    if (string != room) {
        free(string);
    }
    buffer_release(&repaired);
}

void json_put_string(struct json *object, const char *key, const char *value)
{
    put(object, key, json_string(value));
}

void json_put_text(struct json *object, const char *key, struct text value)
{
    put(object, key, json_text(value));
}

void json_put_integer(struct json *object, const char *key, int64_t value)
{
    put(object, key, json_integer(value));
}

void json_put_bool(struct json *object, const char *key, bool value)
{
    put(object, key, json_bool(value));
}

void json_drop(struct json *object, struct text key)
{
    char room[KEY_ROOM];
    char *string;

    CHECK(json_kind(object) == JSON_OBJECT);
    if (text_find(key, '\0') != SIZE_MAX) {
        return;
    }
    string = key_string(key, room);
    json_object_object_del(to_object(object), string);
    if (string != room) {
        free(string);
    }
}

enum json_kind json_kind(const struct json *value)
{
    CHECK(value != NULL);
    switch (json_object_get_type(to_object(value))) {
    case json_type_null:
        return JSON_NULL;
    case json_type_boolean:
        return JSON_BOOL;
    case json_type_double:
    case json_type_int:
        return JSON_NUMBER;
    case json_type_string:
        return JSON_TEXT;
    case json_type_array:
        return JSON_ARRAY;
    case json_type_object:
        return JSON_OBJECT;
    }
    CHECK(!"unknown kind of JSON value");
    return JSON_NULL;
}

static bool is_kind(const struct json *value, enum json_kind kind)
{
    return value != NULL && json_kind(value) == kind;
}

size_t json_count(const struct json *value)
{
    if (is_kind(value, JSON_ARRAY)) {
        return json_object_array_length(to_object(value));
    }
    return is_kind(value, JSON_OBJECT) ? (size_t)json_object_object_length(to_object(value)) : 0;
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (!is_kind(array, JSON_ARRAY) || index >= json_object_array_length(to_object(array))) {
        return NULL;
    }
    return from_object(json_object_array_get_idx(to_object(array), index));
}

static bool is_small(const struct json *object)
{
    return json_object_object_length(to_object(object)) <= WALKED_MEMBERS_MAX;
}

/* In a small object it is cheaper to look at every key than to hash the one. `key` holds no NUL
 * and is not empty, so a key that is shorter differs before it ends. */
static const struct json *find_walking(const struct json *object, struct text key)
{
    const struct lh_entry *entry;

    for (entry = lh_table_head(json_object_get_object(to_object(object))); entry != NULL;
         entry = lh_entry_next(entry)) {
        const char *candidate = lh_entry_k(entry);

        if (candidate[0] == key.data[0] && strncmp(candidate, key.data, key.bytes) == 0 &&
            candidate[key.bytes] == '\0') {
            return from_object(lh_entry_v(entry));
        }
    }
    return NULL;
}

static const struct json *find_hashing(const struct json *object, const char *key)
{
    struct json_c_object *found;

    return json_object_object_get_ex(to_object(object), key, &found) ? from_object(found) : NULL;
}

const struct json *json_get(const struct json *object, struct text key)
{
    char room[KEY_ROOM];
    const struct json *found;
    char *string;

    /* No key has a NUL, and json-c would look for what comes before it. */
    if (!is_kind(object, JSON_OBJECT) || text_find(key, '\0') != SIZE_MAX) {
        return NULL;
    }
    if (key.bytes > 0 && is_small(object)) {
        return find_walking(object, key);
    }
    string = key_string(key, room);
    found = find_hashing(object, string);
    if (string != room) {
        free(string);
    }
    return found;
}

const struct json *json_member(const struct json *object, const char *key)
{
    if (!is_kind(object, JSON_OBJECT)) {
        return NULL;
    }
    if (key[0] != '\0' && is_small(object)) {
        return find_walking(object, text_of(key));
    }
    return find_hashing(object, key);
}

bool json_next(const struct json *object, struct json_cursor *cursor, struct text *key,
               const struct json **value)
{
    const struct lh_entry *entry = cursor->at;

    if (!is_kind(object, JSON_OBJECT)) {
        return false;
    }
    entry = cursor->started ? (entry == NULL ? NULL : lh_entry_next(entry))
                            : lh_table_head(json_object_get_object(to_object(object)));
    *cursor = (struct json_cursor){.at = entry, .started = true};
    if (entry == NULL) {
        return false;
    }
    *key = text_of(lh_entry_k(entry));
    *value = from_object(lh_entry_v(entry));
    return true;
}

bool json_is_true(const struct json *value)
{
    return is_kind(value, JSON_BOOL) && json_object_get_boolean(to_object(value));
}

bool json_is_truthy(const struct json *value)
{
    if (value == NULL || is_null(value)) {
        return false;
    }
    return json_kind(value) != JSON_BOOL || json_is_true(value);
}

struct text json_text_of(const struct json *value)
{
    if (!is_kind(value, JSON_TEXT)) {
        return TEXT("");
    }
    return (struct text){json_object_get_string(to_object(value)),
                         (size_t)json_object_get_string_len(to_object(value))};
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
        number_canonical(to_object(value), out);
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
