/*
 * instance_parts - what the files of instance.h share: how much room its arrays have. Inside model
 * only.
 */
#ifndef BATON_MODEL_INSTANCE_PARTS_H
#define BATON_MODEL_INSTANCE_PARTS_H

#include "model/instance.h"

#define ITEMS_FIRST 4u

/* Arrays have no capacity of their own: it is the count rounded up to a power of two. */
static inline size_t items_capacity(uint32_t count)
{
    size_t capacity = ITEMS_FIRST;

    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

#endif
