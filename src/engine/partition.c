#include "engine/partition.h"

#include <stdlib.h>
#include <string.h>

#include "engine/shorten.h"
#include "engine/takeover.h"
#include "engine/tally.h"

static void link_out(struct resident_list *list, struct resident *resident,
                     struct resident_link *(*link)(struct resident *))
{
    struct resident_link *own = link(resident);

    if (!own->is_in) {
        return;
    }
    if (own->previous != NULL) {
        link(own->previous)->next = own->next;
    } else {
        list->first = own->next;
    }
    if (own->next != NULL) {
        link(own->next)->previous = own->previous;
    } else {
        list->last = own->previous;
    }
    *own = (struct resident_link){0};
}

static void link_last(struct resident_list *list, struct resident *resident,
                      struct resident_link *(*link)(struct resident *))
{
    struct resident_link *own = link(resident);

    *own = (struct resident_link){.previous = list->last, .is_in = true};
    if (list->last != NULL) {
        link(list->last)->next = resident;
    } else {
        list->first = resident;
    }
    list->last = resident;
}

static struct resident_link *dirty_link(struct resident *resident)
{
    return &resident->dirty;
}

static struct resident_link *idle_link(struct resident *resident)
{
    return &resident->idle;
}

struct partition *partition_new(int32_t number)
{
    struct partition *partition = calloc(1, sizeof *partition);

    CHECK(partition != NULL);
    partition->number = number;
    partition->state = PARTITION_TAKING;
    partition->next_offset = OFFSET_NONE;
    partition->poison_offset = OFFSET_NONE;
    partition->pending_first = INT64_MAX;
    return partition;
}

static void resident_free(struct resident *resident)
{
    resident_uncount(resident);
    instance_free(resident->instance);
    instance_free(resident->overlay);
    free((char *)(uintptr_t)resident->name.data);
    free(resident);
}

static void forget_runs(struct partition *partition)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(&partition->residents, &cursor, &key, &value)) {
        resident_free(value);
    }
    map_release(&partition->residents);
    cursor = 0;
    while (map_next(&partition->watermarks, &cursor, &key, &value)) {
        free((char *)(uintptr_t)key.data);
        free(value);
    }
    map_release(&partition->watermarks);
    wake_heap_release(&partition->wakes);
    ended_release(&partition->ended);
    partition->dirty = (struct resident_list){0};
    partition->idle = (struct resident_list){0};
}

void partition_forget(struct partition *partition)
{
    struct sleep_store store = partition->store;
    bool distrusts_store = partition->distrusts_store;
    struct log_gate gate = partition->gate;
    bool was_distrusted = partition->was_distrusted;
    int32_t number = partition->number;

    inbox_tail_close(&partition->tail);
    forget_runs(partition);
    takeover_free(partition->takeover);
    free(partition->pending);
    arena_release(&partition->sleep_arena);
    arena_release(&partition->near_arena);
    free(partition->near);
    free(partition->sweeps);
    shorten_forget(partition);
    *partition = (struct partition){.number = number,
                                    .state = PARTITION_TAKING,
                                    .next_offset = OFFSET_NONE,
                                    .poison_offset = OFFSET_NONE,
                                    .pending_first = INT64_MAX,
                                    .store = store,
                                    .gate = gate,
                                    .distrusts_store = distrusts_store,
                                    .was_distrusted = was_distrusted};
}

void partition_free(struct partition *partition)
{
    if (partition == NULL) {
        return;
    }
    /* First, since an apply that is not settled borrows memory that goes next. */
    if (partition->store.close != NULL) {
        partition->store.close(partition->store.self);
    }
    partition_forget(partition);
    free(partition);
}

struct resident *partition_find(const struct partition *partition, struct text name)
{
    return map_get(&partition->residents, name);
}

struct resident *partition_resident(struct partition *partition, struct text name)
{
    struct resident *resident = partition_find(partition, name);

    if (resident != NULL) {
        return resident;
    }
    resident = calloc(1, sizeof *resident);
    CHECK(resident != NULL);
    resident->name = (struct text){text_dup(name), name.bytes};
    resident->wake.place = WAKE_OUTSIDE;
    resident->first_offset = OFFSET_NONE;
    resident->overlay_offset = OFFSET_NONE;
    map_put(&partition->residents, resident->name, resident);
    return resident;
}

void partition_evict(struct partition *partition, struct resident *resident)
{
    CHECK(!resident->is_saving);
    link_out(&partition->dirty, resident, dirty_link);
    link_out(&partition->idle, resident, idle_link);
    wake_heap_set(&partition->wakes, &resident->wake, WAKE_NEVER);
    map_remove(&partition->residents, resident->name);
    resident_free(resident);
}

void partition_mark_dirty(struct partition *partition, struct resident *resident,
                          int64_t first_offset, int64_t now_ms)
{
    if (resident->first_offset == OFFSET_NONE) {
        resident->first_offset = first_offset;
        resident->dirty_ms = now_ms;
        link_last(&partition->dirty, resident, dirty_link);
    }
    partition_touch_idle(partition, resident, now_ms);
}

void partition_mark_clean(struct partition *partition, struct resident *resident)
{
    resident->first_offset = OFFSET_NONE;
    link_out(&partition->dirty, resident, dirty_link);
}

void partition_touch_idle(struct partition *partition, struct resident *resident, int64_t now_ms)
{
    resident->changed_ms = now_ms;
    link_out(&partition->idle, resident, idle_link);
    link_last(&partition->idle, resident, idle_link);
}

void partition_remember(struct partition *partition, const struct resident *resident,
                        uint32_t until_second)
{
    if (partition->pending_count == partition->pending_capacity) {
        partition->pending_capacity = partition->pending_capacity == 0
                                          ? 64
                                          : partition->pending_capacity * 2;
        partition->pending = realloc(partition->pending,
                                     partition->pending_capacity * sizeof *partition->pending);
        CHECK(partition->pending != NULL);
    }
    struct ended_pending *entry = &partition->pending[partition->pending_count++];
    *entry = (struct ended_pending){.until_second = until_second,
                                    .first_offset = resident->first_offset};
    ended_hash(resident->name, entry->name_hash);
    ended_add(&partition->ended, entry->name_hash, until_second);
    if (resident->first_offset < partition->pending_first) {
        partition->pending_first = resident->first_offset;
    }
}

void partition_ended(struct partition *partition, struct resident *resident, uint32_t until_second)
{
    partition_remember(partition, resident, until_second);
    resident_uncount(resident);
    instance_free(resident->instance);
    resident->instance = NULL;
    wake_heap_set(&partition->wakes, &resident->wake, WAKE_NEVER);
    /* A run that slept is in the store until its tombstone is applied there; the resident stands
     * for "gone" meanwhile, and holds the checkpoint back with its first record. So does one whose
     * former life's tombstone still waits for the store. */
    if (!resident->has_snapshot && !resident->is_saving) {
        partition_evict(partition, resident);
    }
}

struct watermark *partition_watermark(struct partition *partition, struct text key)
{
    struct watermark *watermark = map_get(&partition->watermarks, key);

    if (watermark != NULL) {
        return watermark;
    }
    watermark = calloc(1, sizeof *watermark);
    CHECK(watermark != NULL);
    watermark->key = (struct text){text_dup(key), key.bytes};
    map_put(&partition->watermarks, watermark->key, watermark);
    return watermark;
}

int64_t partition_checkpoint(const struct partition *partition)
{
    int64_t lowest = partition->history_next;

    /* The dirty list is in the order in which its runs became dirty, so its head is the lowest. */
    if (partition->dirty.first != NULL && partition->dirty.first->first_offset < lowest) {
        lowest = partition->dirty.first->first_offset;
    }
    return partition->pending_first < lowest ? partition->pending_first : lowest;
}
