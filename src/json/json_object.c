/* The items of arrays and the members of objects. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "json/value.h"

#define FIRST_CAPACITY 4U
/* Up to so many members it is cheaper to look at every key than to hash the one. */
#define WALKED_MEMBERS_MAX 16U

static size_t value_capacity(uint32_t capacity)
{
    return capacity == 0 ? FIRST_CAPACITY : (size_t)capacity * 2;
}

/* ---- arrays ---- */

struct json *value_array_new(struct slab *slab)
{
    struct array_node *node = value_new(slab, JSON_ARRAY, sizeof(*node));

    node->count = 0;
    node->capacity = 0;
    node->items = NULL;
    return &node->head;
}

static void array_grow(struct slab *slab, struct array_node *array, size_t capacity)
{
    CHECK(capacity < UINT32_MAX);
    array->items = value_grow(slab, array->items, array->count * sizeof(struct json *),
                              capacity * sizeof(struct json *));
    array->capacity = (uint32_t)capacity;
}

void value_push(struct slab *slab, struct json *value, struct json *item)
{
    struct array_node *array = (struct array_node *)value;

    if (array->count == array->capacity) {
        array_grow(slab, array, value_capacity(array->capacity));
    }
    array->items[array->count++] = item;
}

/* ---- objects ---- */

struct json *value_object_new(struct slab *slab)
{
    struct object_node *node = value_new(slab, JSON_OBJECT, sizeof(*node));

    node->count = 0;
    node->capacity = 0;
    node->members = NULL;
    node->index = NULL;
    node->index_size = 0;
    return &node->head;
}

/* The seed is where the program was loaded, which whoever writes messages does not know: so nobody
 * can make keys that all fall on one place. The order of members does not depend on it. */
static uint32_t index_place(const struct object_node *object, struct text key)
{
    return (uint32_t)hash64(key, (uint64_t)(uintptr_t)&index_place) & (object->index_size - 1);
}

static void index_put(struct object_node *object, uint32_t number)
{
    uint32_t at = index_place(object, value_text(object->members[number - 1].key));

    while (object->index[at] != 0) {
        at = (at + 1) & (object->index_size - 1);
    }
    object->index[at] = number;
}

static void index_fill(struct object_node *object)
{
    memset(object->index, 0, object->index_size * sizeof(*object->index));
    for (uint32_t i = 1; i <= object->count; i++) {
        index_put(object, i);
    }
}

static void index_build(struct slab *slab, struct object_node *object)
{
    uint32_t size = 4 * WALKED_MEMBERS_MAX;

    while (size / 2 < object->capacity) {
        size *= 2;
    }
    object->index = value_grow(slab, object->index, 0, size * sizeof(*object->index));
    object->index_size = size;
    index_fill(object);
}

static void object_grow(struct slab *slab, struct object_node *object, size_t capacity)
{
    CHECK(capacity < UINT32_MAX / 8);
    object->members = value_grow(slab, object->members, object->count * sizeof(struct member),
                                 capacity * sizeof(struct member));
    object->capacity = (uint32_t)capacity;
    if (object->index != NULL) {
        index_build(slab, object);
    }
}

static uint32_t key_prefix(struct text key)
{
    uint32_t prefix = 0;

    if (key.bytes >= sizeof(prefix)) {
        memcpy(&prefix, key.data, sizeof(prefix));
    } else if (key.bytes > 0) {
        memcpy(&prefix, key.data, key.bytes);
    }
    return prefix;
}

void value_add(struct slab *slab, struct json *value, struct json *key, struct json *item)
{
    struct object_node *object = (struct object_node *)value;
    struct text text = value_text(key);

    if (object->count == object->capacity) {
        object_grow(slab, object, value_capacity(object->capacity));
    }
    object->members[object->count++] = (struct member){
        .key = key, .value = item, .bytes = (uint32_t)text.bytes, .prefix = key_prefix(text)};
    if (object->index != NULL) {
        index_put(object, object->count);
    } else if (object->count > WALKED_MEMBERS_MAX) {
        index_build(slab, object);
    }
}

static bool has_key(const struct member *member, struct text key, uint32_t prefix)
{
    return member->bytes == key.bytes && member->prefix == prefix &&
           (key.bytes <= sizeof(prefix) ||
            memcmp(text_node(member->key)->data, key.data, key.bytes) == 0);
}

struct member *value_find(const struct json *value, struct text key)
{
    const struct object_node *object = object_node(value);
    uint32_t prefix = key_prefix(key);
    uint32_t at;

    if (object->index == NULL) {
        for (uint32_t i = 0; i < object->count; i++) {
            if (has_key(&object->members[i], key, prefix)) {
                return &object->members[i];
            }
        }
        return NULL;
    }
    at = index_place(object, key);
    while (object->index[at] != 0) {
        struct member *member = &object->members[object->index[at] - 1];

        if (has_key(member, key, prefix)) {
            return member;
        }
        at = (at + 1) & (object->index_size - 1);
    }
    return NULL;
}

void value_drop(struct json *value, struct member *member)
{
    struct object_node *object = (struct object_node *)value;
    struct member dropped = *member;
    size_t after = object->count - (size_t)(member - object->members) - 1;

    memmove(member, member + 1, after * sizeof(*member));
    object->count--;
    if (object->index != NULL) {
        index_fill(object);
    }
    json_free(dropped.key);
    json_free(dropped.value);
}

void value_reserve(struct json *container, size_t count)
{
    if (count == 0) {
        return;
    }
    if (container->kind == JSON_ARRAY) {
        array_grow(NULL, (struct array_node *)container, count);
    } else {
        object_grow(NULL, (struct object_node *)container, count);
    }
}
