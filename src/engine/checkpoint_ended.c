/* The part of a checkpoint that remembers which keys have ended, and forgets them in time. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "codec/records.h"
#include "engine/lane_state.h"

#define DROPS_MAX 64 /* Chunks forgotten in one pass; fewer come to be in one. */

static struct text chunk_key(struct lane *lane, const struct ended_chunk *chunk)
{
    return arena_printf(&lane->arena, "e/%lld/%lld", (long long)chunk->minute,
                        (long long)chunk->number);
}

static int by_until(const void *a, const void *b)
{
    uint32_t left = ((const struct ended_entry *)a)->end_second;
    uint32_t right = ((const struct ended_entry *)b)->end_second;

    return (left > right) - (left < right);
}

static void add_chunk(struct lane *lane, struct partition *partition, struct ended_entry *entries,
                      uint32_t count)
{
    struct ended_chunk *chunk = &partition->pass_chunks[partition->pass_chunk_count++];
    struct checkpoint_record record = {
        .kind = CHECKPOINT_ENDED, .ended = entries, .ended_count = count};
    int64_t minute = entries[0].end_second / 60;

    *chunk = (struct ended_chunk){
        .minute = minute,
        .number = ended_number(&partition->ended, minute, partition->history_next),
        .entries = entries,
        .entry_count = count};
    checkpoint_add(lane, partition, &record)->key = chunk_key(lane, chunk);
}

/* One chunk for each minute in which entries are forgotten. */
static void add_ended(struct lane *lane, struct partition *partition)
{
    uint32_t count = 0;
    struct ended_entry *entries = arena_array(&lane->arena, partition->pending_count,
                                              sizeof *entries);

    partition->pass_chunks = arena_array(&lane->arena, partition->pending_count,
                                         sizeof *partition->pass_chunks);
    partition->pass_pending = partition->pending_count;
    for (uint32_t i = 0; i < partition->pending_count; i++) {
        const struct ended_pending *pending = &partition->pending[i];
        if ((int64_t)pending->until_second * MS_PER_SECOND > lane->now_ms) {
            memcpy(entries[count].name_hash, pending->name_hash, ENDED_HASH_BYTES);
            entries[count++].end_second = pending->until_second;
        }
    }
    if (count == 0) {
        return;
    }
    qsort(entries, count, sizeof *entries, by_until);
    uint32_t first = 0;
    for (uint32_t i = 1; i <= count; i++) {
        if (i == count || entries[i].end_second / 60 != entries[first].end_second / 60) {
            add_chunk(lane, partition, entries + first, i - first);
            first = i;
        }
    }
}

static void add_forgetting(struct lane *lane, struct partition *partition)
{
    uint32_t early = 0;

    partition->pass_drops = arena_array(&lane->arena, DROPS_MAX, sizeof *partition->pass_drops);
    partition->pass_drop_count = ended_due(&partition->ended, lane->now_ms,
                                           lane->settings->remember_max, partition->pass_drops,
                                           DROPS_MAX);
    for (uint32_t i = 0; i < partition->pass_drop_count; i++) {
        const struct ended_chunk *chunk = &partition->pass_drops[i];
        early += (chunk->minute + 1) * MS_PER_MINUTE > lane->now_ms ? chunk->entry_count : 0;
        checkpoint_add(lane, partition, NULL)->key = chunk_key(lane, chunk);
    }
    if (early > 0) {
        outbox_alert_text(lane, TEXT(""), "data",
                          "partition %d remembers more than %u ended keys: the oldest %u are "
                          "forgotten early, so repeated starts of them run again",
                          partition->number, lane->settings->remember_max, early);
    }
}

void checkpoint_add_ended(struct lane *lane, struct partition *partition)
{
    add_ended(lane, partition);
    add_forgetting(lane, partition);
}

static void pending_written(const struct lane *lane, struct partition *partition)
{
    for (uint32_t i = 0; i < partition->pass_chunk_count; i++) {
        const struct ended_chunk *chunk = &partition->pass_chunks[i];
        ended_add_chunk(&partition->ended, chunk->minute, chunk->number, chunk->entries,
                        chunk->entry_count);
    }
    /* What was forgotten before it could be written is in no chunk that would take it away later. */
    for (uint32_t i = 0; i < partition->pass_pending; i++) {
        const struct ended_pending *pending = &partition->pending[i];
        if ((int64_t)pending->until_second * MS_PER_SECOND <= lane->now_ms) {
            ended_forget(&partition->ended, pending->name_hash, pending->until_second);
        }
    }
    uint32_t left = partition->pending_count - partition->pass_pending;
    memmove(partition->pending, partition->pending + partition->pass_pending,
            left * sizeof *partition->pending);
    partition->pending_count = left;
    partition->pending_first = INT64_MAX;
    for (uint32_t i = 0; i < left; i++) {
        if (partition->pending[i].first_offset < partition->pending_first) {
            partition->pending_first = partition->pending[i].first_offset;
        }
    }
}

void checkpoint_ended_committed(const struct lane *lane, struct partition *partition)
{
    if (partition->pass_pending > 0) {
        pending_written(lane, partition);
    }
    for (uint32_t i = 0; i < partition->pass_drop_count; i++) {
        ended_drop_chunk(&partition->ended, partition->pass_drops[i].minute,
                         partition->pass_drops[i].number);
    }
}
