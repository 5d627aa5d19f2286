#include "engine/wake_heap.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

static void put(struct wake_heap *heap, uint32_t place, struct wake *wake)
{
    heap->items[place] = wake;
    wake->place = place;
}

static void sift_up(struct wake_heap *heap, struct wake *wake)
{
    uint32_t place = wake->place;

    while (place > 0 && heap->items[(place - 1) / 2]->at_ms > wake->at_ms) {
        put(heap, place, heap->items[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(heap, place, wake);
}

static void sift_down(struct wake_heap *heap, struct wake *wake)
{
    uint32_t place = wake->place;

    for (;;) {
        uint32_t child = place * 2 + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && heap->items[child + 1]->at_ms < heap->items[child]->at_ms) {
            child++;
        }
        if (heap->items[child]->at_ms >= wake->at_ms) {
            break;
        }
        put(heap, place, heap->items[child]);
        place = child;
    }
    put(heap, place, wake);
}

static void take_out(struct wake_heap *heap, struct wake *wake)
{
    struct wake *last = heap->items[--heap->count];

    if (last != wake) {
        put(heap, wake->place, last);
        sift_up(heap, last);
        sift_down(heap, last);
    }
    wake->place = WAKE_OUTSIDE;
}

void wake_heap_set(struct wake_heap *heap, struct wake *wake, int64_t at_ms)
{
    bool is_inside = wake->place != WAKE_OUTSIDE;

    wake->at_ms = at_ms;
    if (at_ms == WAKE_NEVER) {
        if (is_inside) {
            take_out(heap, wake);
        }
        return;
    }
    if (!is_inside) {
        if (heap->count == heap->capacity) {
            heap->capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
            heap->items = realloc(heap->items, heap->capacity * sizeof(struct wake *));
            CHECK(heap->items != NULL);
        }
        put(heap, heap->count++, wake);
    }
    sift_up(heap, wake);
    sift_down(heap, wake);
}

struct wake *wake_heap_first(const struct wake_heap *heap)
{
    return heap->count == 0 ? NULL : heap->items[0];
}

void wake_heap_release(struct wake_heap *heap)
{
    free(heap->items);
    *heap = (struct wake_heap){0};
}
