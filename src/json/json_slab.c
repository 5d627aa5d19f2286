/* The memory of values: slabs, nodes, holders. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "json/value.h"

/* Values of longer texts are counted one by one. */
#define SLAB_TEXT_BYTES_MAX 2048
/* What the values of a text take beside it, as a rule: then one chunk is enough. */
#define SLAB_PER_BYTE 6
#define SLAB_BYTES_MIN 256

struct chunk {
    struct slab *slab;
    struct chunk *next;
    alignas(NODE_UNIT) char data[];
};

struct slab {
    struct chunk *first;
    struct chunk *current;
    size_t used; /* Of the current chunk's data, */
    size_t capacity;
    size_t chunk_bytes; /* and what the next one gets. */
    size_t holders;
    size_t text_bytes;
};

/* ---- memory ---- */

static void *heap_new(size_t bytes)
{
    void *memory = malloc(bytes);

    CHECK(memory != NULL);
    return memory;
}

static void add_chunk(struct slab *slab, size_t bytes)
{
    size_t capacity = bytes > slab->chunk_bytes ? bytes : slab->chunk_bytes;
    struct chunk *chunk = heap_new(sizeof(*chunk) + capacity);

    *chunk = (struct chunk){.slab = slab, .next = NULL};
    slab->current->next = chunk;
    slab->current = chunk;
    slab->used = 0;
    slab->capacity = capacity;
}

/* The slab itself is the first thing in its first chunk. */
struct slab *slab_new(size_t text_bytes)
{
    size_t capacity = sizeof(struct slab) + SLAB_BYTES_MIN + text_bytes * SLAB_PER_BYTE;
    struct chunk *chunk;
    struct slab *slab;

    if (text_bytes > SLAB_TEXT_BYTES_MAX) {
        return NULL;
    }
    chunk = heap_new(sizeof(*chunk) + capacity);
    slab = (struct slab *)(void *)chunk->data;
    *slab = (struct slab){.first = chunk,
                          .current = chunk,
                          .used = sizeof(*slab),
                          .capacity = capacity,
                          .chunk_bytes = capacity,
                          .holders = 1,
                          .text_bytes = text_bytes};
    *chunk = (struct chunk){.slab = slab, .next = NULL};
    return slab;
}

static void slab_drop(struct slab *slab)
{
    struct chunk *chunk = slab->first;

    if (--slab->holders > 0) {
        return;
    }
    while (chunk != NULL) {
        struct chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
}

void slab_close(struct slab *slab, const struct json *value)
{
    if (slab != NULL && (value == NULL || value->place != PLACE_SLAB)) {
        slab_drop(slab);
    }
}

static struct slab *slab_of(const struct json *value)
{
    const char *start = (const char *)value - (size_t)value->holders * NODE_UNIT;

    return ((const struct chunk *)(const void *)start)->slab;
}

size_t slab_text_bytes(const struct json *value)
{
    return slab_of(value)->text_bytes;
}

static void *slab_take(struct slab *slab, size_t bytes)
{
    size_t rounded = (bytes + NODE_UNIT - 1) / NODE_UNIT * NODE_UNIT;
    void *memory;

    if (slab->capacity - slab->used < rounded) {
        add_chunk(slab, rounded);
    }
    memory = slab->current->data + slab->used;
    slab->used += rounded;
    return memory;
}

void *value_new(struct slab *slab, enum json_kind kind, size_t bytes)
{
    struct json *node = slab == NULL ? heap_new(bytes) : slab_take(slab, bytes);
    uint32_t holders = 1;

    if (slab != NULL) {
        holders = (uint32_t)((size_t)((char *)node - (char *)slab->current) / NODE_UNIT);
    }
    *node = (struct json){
        .holders = holders, .kind = (uint8_t)kind, .place = slab == NULL ? PLACE_HEAP : PLACE_SLAB};
    return node;
}

void *value_grow(struct slab *slab, void *memory, size_t bytes, size_t bytes_more)
{
    void *bigger;

    if (slab == NULL) {
        bigger = realloc(memory, bytes_more);
        CHECK(bigger != NULL);
        return bigger;
    }
    bigger = slab_take(slab, bytes_more);
    if (bytes > 0) {
        memcpy(bigger, memory, bytes);
    }
    return bigger;
}

/* ---- scalars ---- */

struct json *value_text_new(struct slab *slab, struct text text)
{
    struct text_node *node;

    CHECK(text.bytes < UINT32_MAX);
    node = value_new(slab, JSON_TEXT, sizeof(*node) + text.bytes + 1);
    node->bytes = (uint32_t)text.bytes;
    if (text.bytes > 0) {
        memcpy(node->data, text.data, text.bytes);
    }
    node->data[text.bytes] = '\0';
    return &node->head;
}

struct json *value_integer_new(struct slab *slab, bool negative, uint64_t magnitude)
{
    struct integer_node *node = value_new(slab, JSON_NUMBER, sizeof(*node));

    node->head.flag = negative;
    node->magnitude = magnitude;
    return &node->head;
}

struct json *value_decimal_new(struct slab *slab, struct text text, double value)
{
    struct decimal_node *node;

    CHECK(text.bytes < UINT32_MAX);
    node = value_new(slab, JSON_NUMBER, sizeof(*node) + text.bytes);
    node->head.is_decimal = true;
    node->value = value;
    node->bytes = (uint32_t)text.bytes;
    memcpy(node->data, text.data, text.bytes);
    return &node->head;
}

/* ---- holders ---- */

struct json *json_copy(const struct json *value)
{
    if (value != NULL && value->place == PLACE_HEAP) {
        ((struct json *)value)->holders++;
    } else if (value != NULL && value->place == PLACE_SLAB) {
        slab_of(value)->holders++;
    }
    return (struct json *)value;
}

static void destroy(struct json *value)
{
    if (value->kind == JSON_ARRAY) {
        struct array_node *array = (struct array_node *)value;

        for (uint32_t i = 0; i < array->count; i++) {
            json_free(array->items[i]);
        }
        free(array->items);
    } else if (value->kind == JSON_OBJECT) {
        struct object_node *object = (struct object_node *)value;

        for (uint32_t i = 0; i < object->count; i++) {
            json_free(object->members[i].key);
            json_free(object->members[i].value);
        }
        free(object->members);
        free(object->index);
    }
    free(value);
}

void json_free(struct json *value)
{
    if (value == NULL) {
        return;
    }
    if (value->place == PLACE_HEAP) {
        if (--value->holders == 0) {
            destroy(value);
        }
    } else if (value->place == PLACE_SLAB) {
        slab_drop(slab_of(value));
    }
}
