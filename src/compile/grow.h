/*
 * grow - lists in an arena that double when they are full. The old items stay until the arena goes.
 */
#ifndef BATON_COMPILE_GROW_H
#define BATON_COMPILE_GROW_H

#include <string.h>

#include "base/arena.h"

/* Room for one item more than `count`: gives the list, perhaps moved, and raises *capacity. */
static inline void *grow(struct arena *arena, void *items, uint32_t count, uint32_t *capacity,
                         size_t item_bytes)
{
    void *moved;

    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    moved = arena_array(arena, *capacity, item_bytes);
    if (count > 0) {
        memcpy(moved, items, count * item_bytes);
    }
    return moved;
}

#endif
