/*
 * map - a hash table from text to a pointer. A zeroed map is valid and empty. Keys are borrowed:
 * they must live as long as the entry. Values are never NULL.
 */
#ifndef BATON_BASE_MAP_H
#define BATON_BASE_MAP_H

#include "base/text.h"

struct map_slot {
    struct text key;
    void *value;
    uint64_t hash;
};

struct map {
    struct map_slot *slots;
    size_t capacity; /* A power of two, or 0. */
    size_t count;
};

void *map_get(const struct map *map, struct text key); /* NULL if absent. */
/* Put or replace; gives the value that was there, or NULL. The key is replaced as well. */
void *map_put(struct map *map, struct text key, void *value);
void *map_remove(struct map *map, struct text key); /* Gives what was there, or NULL. */
/* Walk: start with *cursor = 0; false at the end. No change but map_remove of the current key
 * followed by no further walking is allowed meanwhile. */
bool map_next(const struct map *map, size_t *cursor, struct text *key, void **value);
void map_clear(struct map *map);
void map_release(struct map *map); /* Frees the table, not the values. */

#endif
