/*
 * wake_heap - the runs in memory by the time at which they want to be looked at; one entry a run,
 * moved in place when its timers change.
 */
#ifndef BATON_ENGINE_WAKE_HEAP_H
#define BATON_ENGINE_WAKE_HEAP_H

#include <stdint.h>

#define WAKE_NEVER INT64_MAX
#define WAKE_OUTSIDE UINT32_MAX

/* Embedded in what is kept. `place` is WAKE_OUTSIDE while it is not in the heap. */
struct wake {
    int64_t at_ms;
    uint32_t place;
};

struct wake_heap {
    struct wake **items;
    uint32_t count;
    uint32_t capacity;
};

/* Put, move, or (WAKE_NEVER) take out. */
void wake_heap_set(struct wake_heap *heap, struct wake *wake, int64_t at_ms);
struct wake *wake_heap_first(const struct wake_heap *heap); /* NULL if empty. */
void wake_heap_release(struct wake_heap *heap);

#endif
