#include "base/map.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/hash.h"

#define FIRST_CAPACITY 16

/* Open addressing, linear probing; a slot without a value is free. At most three of four slots are
 * taken, so a probe always ends. The seed is fixed: a walk must give the same order in every run,
 * or a simulation could not be repeated from its seed. */
static struct map_slot *find(const struct map *map, struct text key, uint64_t hash)
{
    size_t mask = map->capacity - 1;
    size_t at = (size_t)hash & mask;

    while (map->slots[at].value != NULL) {
        if (map->slots[at].hash == hash && text_equal(map->slots[at].key, key)) {
            break;
        }
        at = (at + 1) & mask;
    }
    return &map->slots[at];
}

static void grow(struct map *map)
{
    struct map bigger = {.capacity = map->capacity == 0 ? FIRST_CAPACITY : map->capacity * 2,
                         .count = map->count};

    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    CHECK(bigger.slots != NULL);
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].value != NULL) {
            *find(&bigger, map->slots[i].key, map->slots[i].hash) = map->slots[i];
        }
    }
    free(map->slots);
    *map = bigger;
}

void *map_get(const struct map *map, struct text key)
{
    return map->count == 0 ? NULL : find(map, key, hash64(key, 0))->value;
}

void *map_put(struct map *map, struct text key, void *value)
{
    uint64_t hash = hash64(key, 0);
    struct map_slot *slot;
    void *previous;

    CHECK(value != NULL);
    if ((map->count + 1) * 4 > map->capacity * 3) {
        grow(map);
    }
    slot = find(map, key, hash);
    previous = slot->value;
    map->count += previous == NULL;
    *slot = (struct map_slot){key, value, hash};
    return previous;
}

void *map_remove(struct map *map, struct text key)
{
    size_t mask = map->capacity - 1;
    struct map_slot *slot;
    void *value;
    size_t hole;

    if (map->count == 0) {
        return NULL;
    }
    slot = find(map, key, hash64(key, 0));
    value = slot->value;
    if (value == NULL) {
        return NULL;
    }
    /* Close the hole: a later slot moves up if its home is not between the hole and itself. */
    hole = (size_t)(slot - map->slots);
    for (size_t at = (hole + 1) & mask; map->slots[at].value != NULL; at = (at + 1) & mask) {
        size_t home = (size_t)map->slots[at].hash & mask;

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct map_slot){.value = NULL};
    map->count--;
    return value;
}

bool map_next(const struct map *map, size_t *cursor, struct text *key, void **value)
{
    while (*cursor < map->capacity) {
        const struct map_slot *slot = &map->slots[(*cursor)++];

        if (slot->value != NULL) {
            *key = slot->key;
            *value = slot->value;
            return true;
        }
    }
    return false;
}

void map_clear(struct map *map)
{
    for (size_t i = 0; i < map->capacity; i++) {
        map->slots[i] = (struct map_slot){.value = NULL};
    }
    map->count = 0;
}

void map_release(struct map *map)
{
    if (map == NULL) {
        return;
    }
    free(map->slots);
    *map = (struct map){.slots = NULL};
}
