#include "engine/takeover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/takeover_state.h"

#define FENCE_PAUSE_GRACES 10 /* Between the first fencing of an owner and the second. */
#define FENCE_RETRY_GRACES 3  /* After a try that failed. */

struct takeover *takeover_new(void)
{
    struct takeover *takeover = calloc(1, sizeof *takeover);

    CHECK(takeover != NULL);
    takeover->offset = OFFSET_NONE;
    return takeover;
}

void takeover_free(struct takeover *takeover)
{
    if (takeover == NULL) {
        return;
    }
    takeover_close_reader(takeover);
    map_release(&takeover->orphans);
    arena_release(&takeover->orphan_arena);
    arena_release(&takeover->ops_arena);
    free(takeover);
}

void takeover_close_reader(struct takeover *takeover)
{
    if (takeover->has_reader) {
        takeover->reader.close(takeover->reader.self);
        takeover->has_reader = false;
    }
}

enum status takeover_open_reader(struct lane *lane, const struct partition *partition,
                                 const char *topic, int64_t from, struct error *err)
{
    struct takeover *takeover = partition->takeover;

    takeover_close_reader(takeover);
    enum status status = lane->broker->open_reader(lane->broker->self, text_of(topic),
                                                   partition->number, from, &takeover->reader, err);
    takeover->has_reader = status == STATUS_OK;
    return status;
}

static struct fencing *find_fencing(struct lane *lane, const char *owner)
{
    for (uint32_t i = 0; i < lane->fencing_count; i++) {
        if (strcmp(lane->fencings[i].owner, owner) == 0) {
            return &lane->fencings[i];
        }
    }
    return NULL;
}

/* The transaction that is in the way ends by the first fencing, for all partitions that wait for it;
 * a second one is for what was opened since. An owner that lives on with other partitions would
 * otherwise be fenced by each of ours at every try, and could only conclude that a second process
 * runs under its name. */
static struct fencing *note_fencing(struct lane *lane, struct fencing *last, const char *owner)
{
    if (last == NULL) {
        if (lane->fencing_count == FENCINGS_MAX) { /* More lanes than that have died at once. */
            lane->fencing_count = 0;
        }
        last = &lane->fencings[lane->fencing_count++];
        snprintf(last->owner, sizeof last->owner, "%s", owner);
        last->pause_ms = FENCE_PAUSE_GRACES * lane->settings->fence_grace_ms;
    } else {
        last->pause_ms *= 2;
    }
    last->again_ms = lane->monotonic_ms + last->pause_ms;
    return last;
}

/* A dead owner's transaction keeps our position unstable, or the topics unreadable, until it times
 * out. Its id is in the last metadata, and opening a producer under that id ends the transaction
 * now. After a grace, since a living one ends its transactions itself. */
static void fence_owner(struct lane *lane, const struct partition *partition, const char *owner)
{
    struct takeover *takeover = partition->takeover;
    struct producer producer;
    struct error err;

    if (lane->monotonic_ms - takeover->since_ms < lane->settings->fence_grace_ms) {
        return;
    }
    takeover->since_ms = lane->monotonic_ms;
    if (strcmp(owner, lane->transactional_id) == 0) {
        /* We ourselves: before a crash, under a static name, or before the broker was lost. */
        (void)lane_ensure_producer(lane, &err);
        return;
    }
    struct fencing *last = find_fencing(lane, owner);
    if (last != NULL && lane->monotonic_ms < last->again_ms) {
        return;
    }
    log_event(LOG_INFO, "owner-fenced", "partition=%d owner=%s", partition->number, owner);
    last = note_fencing(lane, last, owner);
    if (lane->broker->open_producer(lane->broker->self, text_of(owner), &producer, &err) ==
        STATUS_OK) {
        producer.close(producer.self);
    } else { /* It may have been fenced all the same, or not. */
        last->again_ms = lane->monotonic_ms + FENCE_RETRY_GRACES * lane->settings->fence_grace_ms;
    }
}

static enum status read_offset(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    struct partition_offset position = {
        .topic = text_of(lane->names.inbox), .partition = partition->number, .offset = OFFSET_NONE};
    struct text group = text_of(lane->names.exec_group);
    enum committed_read read = RULE_OFF(lane, 5) ? COMMITTED_LAST : COMMITTED_STABLE;
    enum status status = lane->broker->committed(lane->broker->self, group, &position, 1, read,
                                                 err);

    if (takeover->since_ms == 0) {
        takeover->since_ms = lane->monotonic_ms;
    }
    struct metadata metadata;
    if (status == STATUS_RETRY) {
        struct error ignored;
        if (lane->monotonic_ms - takeover->since_ms >= lane->settings->fence_grace_ms &&
            lane->broker->committed(lane->broker->self, group, &position, 1, COMMITTED_LAST,
                                    &ignored) == STATUS_OK &&
            metadata_parse(position.metadata, &metadata)) {
            fence_owner(lane, partition, metadata.transactional_id);
        }
        return STATUS_RETRY;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (position.offset != OFFSET_NONE && metadata_parse(position.metadata, &metadata)) {
        takeover->offset = position.offset;
        takeover->checkpoint = metadata.checkpoint;
        memcpy(takeover->owner, metadata.transactional_id, sizeof takeover->owner);
    } else if (position.offset != OFFSET_NONE) {
        return fail(err, STATUS_REJECT,
                    "group '%s' has committed offset %lld of '%s' partition %d with metadata "
                    "\"%.80s\" that is not baton's: who else commits for this group?",
                    lane->names.exec_group, (long long)position.offset, lane->names.inbox,
                    partition->number, position.metadata);
    }
    takeover->stage = TAKEOVER_CLAIM;
    return STATUS_OK;
}

/* From here on a zombie of the former owner finds another name in the metadata. */
static enum status claim(struct lane *lane, const struct partition *partition, int64_t offset,
                         int64_t checkpoint, struct error *err)
{
    struct partition_offset position = {
        .topic = text_of(lane->names.inbox), .partition = partition->number, .offset = offset};

    metadata_format(position.metadata, lane->transactional_id, "claim", checkpoint);
    lane_fault(lane, "before-claim");
    enum status status = lane->consumer.commit(lane->consumer.self, &position, 1, err);
    lane_fault(lane, "after-claim");
    return status;
}

static enum status claim_known(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    enum status status = STATUS_OK;

    /* Without a committed position the claim comes last: what to claim is found out first. */
    if (takeover->offset != OFFSET_NONE && !RULE_OFF(lane, 5)) {
        status = claim(lane, partition, takeover->offset, takeover->checkpoint, err);
    }
    if (status == STATUS_OK) {
        takeover->stage = TAKEOVER_ENDS;
    }
    return status;
}

/* Of a topic of our own. It was there when the worker started: a broker that does not know it now has
 * just begun itself, and will. */
static enum status read_ends(struct lane *lane, const struct partition *partition,
                             const char *topic, struct log_ends *ends, struct error *err)
{
    enum status status = lane->broker->ends(lane->broker->self, text_of(topic), partition->number,
                                            ends, err);

    return status == STATUS_REJECT ? STATUS_RETRY : status;
}

/* Markers of a committed transaction reach the partitions one by one: offsets may be stable before
 * the history is readable. So wait until what is there now can be read to its end. */
static enum status await_end(struct lane *lane, const struct partition *partition,
                             const char *topic, int64_t *high, struct error *err)
{
    struct log_ends ends;
    enum status status = read_ends(lane, partition, topic, &ends, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (*high == OFFSET_NONE) {
        *high = ends.high;
    }
    if (ends.stable >= *high) {
        return STATUS_OK;
    }
    if (partition->takeover->owner[0] != '\0') {
        fence_owner(lane, partition, partition->takeover->owner);
    }
    return fail(err, STATUS_RETRY, "'%s' partition %d is readable to %lld, not yet to %lld", topic,
                partition->number, (long long)ends.stable, (long long)*high);
}

static enum status await_ends(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    enum status status;

    if (!takeover->has_ends) {
        takeover->has_ends = true;
        takeover->history_high = OFFSET_NONE;
        takeover->snapshot_high = OFFSET_NONE;
        takeover->checkpoint_high = OFFSET_NONE;
    }
    status = await_end(lane, partition, lane->names.history, &takeover->history_high, err);
    if (status == STATUS_OK) {
        status = await_end(lane, partition, lane->names.snapshot, &takeover->snapshot_high, err);
    }
    if (status == STATUS_OK) {
        status = await_end(lane, partition, lane->names.checkpoint, &takeover->checkpoint_high,
                           err);
    }
    if (status == STATUS_OK) {
        takeover->stage = TAKEOVER_CHECKPOINT;
    }
    return status;
}

/* Where a partition without a committed position begins: at what the checkpoint topic and the
 * folded history say, or at the very beginning. */
static enum status find_start(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    struct log_ends ends;
    enum status status = read_ends(lane, partition, lane->names.inbox, &ends, err);

    if (status != STATUS_OK) {
        return status;
    }
    int64_t start = takeover->inbox_seen;
    if (start < ends.low) {
        return fail(err, STATUS_REJECT,
                    "group '%s' has no committed offset for '%s' partition %d, whose records below "
                    "%lld are deleted, and the history ends at %lld: records %lld to %lld are lost",
                    lane->names.exec_group, lane->names.inbox, partition->number,
                    (long long)ends.low, (long long)start, (long long)start,
                    (long long)ends.low - 1);
    }
    status = claim(lane, partition, start, takeover->checkpoint, err);
    if (status == STATUS_OK) {
        takeover->offset = start; /* Not before: without the claim this step comes again. */
    }
    return status;
}

/* Folding does not count them one by one. */
static void count_residents(const struct lane *lane, const struct partition *partition)
{
    size_t cursor = 0;
    struct text name;
    void *value;

    while (map_next(&partition->residents, &cursor, &name, &value)) {
        resident_count(lane->stats, value);
    }
}

static enum status resume(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    enum status status = STATUS_OK;

    if (takeover->offset == OFFSET_NONE) {
        status = find_start(lane, partition, err);
    }
    if (status == STATUS_OK) {
        status = lane->consumer.start(lane->consumer.self, text_of(lane->names.inbox),
                                      partition->number, takeover->offset, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    partition->next_offset = takeover->offset;
    partition->overlay_next = takeover->offset;
    partition->checkpoint = takeover->checkpoint;
    partition->barrier_since_ms = lane->now_ms;
    partition->state = PARTITION_READY;
    count_residents(lane, partition);
    stat_add(&lane->stats->take_overs, 1);
    log_event(LOG_INFO, "partition-ready",
              "lane=%u partition=%d offset=%lld folded=%llu runs=%zu took-ms=%lld",
              lane->options.index, partition->number, (long long)takeover->offset,
              (unsigned long long)takeover->folded, partition->residents.count,
              (long long)(lane->monotonic_ms - takeover->since_ms));
    takeover_free(takeover);
    partition->takeover = NULL;
    return STATUS_OK;
}

enum status takeover_step(struct lane *lane, struct partition *partition, struct error *err)
{
    switch (partition->takeover->stage) {
    case TAKEOVER_OFFSET:
        return read_offset(lane, partition, err);
    case TAKEOVER_CLAIM:
        return claim_known(lane, partition, err);
    case TAKEOVER_ENDS:
        return await_ends(lane, partition, err);
    case TAKEOVER_CHECKPOINT:
        return restore_checkpoint(lane, partition, err);
    case TAKEOVER_STORE:
        return restore_stamp(lane, partition, err);
    case TAKEOVER_SNAPSHOT:
        return restore_snapshots(lane, partition, err);
    case TAKEOVER_HISTORY:
        return replay_history(lane, partition, err);
    case TAKEOVER_RESUME:
        return resume(lane, partition, err);
    }
    CHECK(!"unknown stage of a take-over");
    return STATUS_FATAL;
}
