/* Up to where an estate is compared; see fsck_estate.h for the order. */
#include <stdlib.h>
#include <string.h>

#include "engine/fsck_reader.h"

#define PAUSE_MS 20

static int64_t monotonic(const struct fsck_visit *visit)
{
    const struct clock *clock = visit->reading->clock;

    return clock->monotonic_ms(clock->self);
}

static enum status ends_of(const struct fsck_visit *visit, struct text topic, int32_t partition,
                           struct log_ends *ends, struct error *err)
{
    const struct broker *broker = visit->reading->broker;

    return broker->ends(broker->self, topic, partition, ends, err);
}

/* All that was there now can be read committed: so later transactions do not matter. */
static enum status await_high(const struct fsck_visit *visit, struct text topic, int32_t partition,
                              struct log_ends *ends, struct error *err)
{
    struct log_ends now;
    enum status status = ends_of(visit, topic, partition, ends, err);

    now = *ends;
    while (status == STATUS_OK && now.stable < ends->high) {
        if (monotonic(visit) >= visit->until_ms) {
            return fail(err, STATUS_RETRY,
                        "topic '%.*s' partition %d: an open transaction holds its end back at "
                        "%lld, records are there up to %lld; try again, or wait longer (--timeout)",
                        TEXT_ARG(topic), partition, (long long)now.stable, (long long)ends->high);
        }
        visit->reading->pause(visit->reading->self, PAUSE_MS);
        status = ends_of(visit, topic, partition, &now, err);
    }
    return status;
}

static enum status read_offsets(struct fsck_visit *visit, enum committed_read read, bool is_early,
                                struct error *err)
{
    const struct broker *broker = visit->reading->broker;
    int32_t partitions = visit->options.settings->partitions;
    struct partition_offset *offsets = calloc((size_t)partitions, sizeof *offsets);
    enum status status;

    CHECK(offsets != NULL);
    for (int32_t i = 0; i < partitions; i++) {
        offsets[i] = (struct partition_offset){
            .topic = text_of(visit->names.inbox), .partition = i, .offset = OFFSET_NONE};
    }
    do {
        status = broker->committed(broker->self, text_of(visit->names.exec_group), offsets,
                                   (uint32_t)partitions, read, err);
        if (status == STATUS_RETRY) {
            visit->reading->pause(visit->reading->self, PAUSE_MS);
        }
    } while (status == STATUS_RETRY && monotonic(visit) < visit->until_ms);
    for (int32_t i = 0; i < partitions && status == STATUS_OK; i++) {
        struct fsck_bounds *bounds = &visit->ends[i].bounds;
        *(is_early ? &bounds->early : &bounds->late) = offsets[i];
    }
    free(offsets);
    return status;
}

/* ---- the topics that flows write to ---- */

static enum status add_topic(struct fsck_visit *visit, struct text topic, bool is_own,
                             struct error *err)
{
    const struct broker *broker = visit->reading->broker;
    struct topic_info info;
    enum status status = broker->topic(broker->self, topic, &info, err);
    int32_t partitions = status == STATUS_OK && info.exists ? info.partition_count : 0;

    if (status == STATUS_OK && !is_own) {
        fsck_sent_partitions(visit->fsck, topic, partitions);
    }
    for (int32_t i = 0; i < partitions && status == STATUS_OK; i++) {
        struct log_ends ends;
        status = ends_of(visit, topic, i, &ends, err);
        if (visit->sent_count == visit->sent_capacity) {
            visit->sent_capacity = visit->sent_capacity == 0 ? 64 : visit->sent_capacity * 2;
            visit->sent = realloc(visit->sent, visit->sent_capacity * sizeof *visit->sent);
            CHECK(visit->sent != NULL);
        }
        visit->sent[visit->sent_count++] = (struct sent_range){.topic = topic,
                                                               .partition = i,
                                                               .low = ends.low,
                                                               .from = ends.low,
                                                               .settled = ends.stable};
    }
    return status;
}

static enum status add_topics(struct fsck_visit *visit, struct error *err)
{
    enum status status = add_topic(visit, text_of(visit->names.dlq), true, err);
    size_t cursor = 0;
    struct text topic;

    while (status == STATUS_OK && fsck_sent_topics(visit->fsck, &cursor, &topic)) {
        status = add_topic(visit, topic, false, err);
    }
    return status;
}

static enum status end_topics(struct fsck_visit *visit, struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < visit->sent_count && status == STATUS_OK; i++) {
        struct log_ends ends;
        status = await_high(visit, visit->sent[i].topic, visit->sent[i].partition, &ends, err);
        visit->sent[i].end = ends.high;
    }
    return status;
}

/* ---- ours ---- */

static enum status end_own(struct fsck_visit *visit, struct error *err)
{
    int32_t partitions = visit->options.settings->partitions;
    enum status status = STATUS_OK;

    for (int32_t i = 0; i < partitions && status == STATUS_OK; i++) {
        struct partition_ends *ends = &visit->ends[i];
        if (!fsck_looks_at(visit, i)) {
            continue;
        }
        status = await_high(visit, text_of(visit->names.checkpoint), i, &ends->checkpoint, err);
        if (status == STATUS_OK) {
            status = await_high(visit, text_of(visit->names.snapshot), i, &ends->snapshot, err);
        }
    }
    for (int32_t i = 0; i < partitions && status == STATUS_OK; i++) {
        struct partition_ends *ends = &visit->ends[i];
        if (fsck_looks_at(visit, i)) {
            status = await_high(visit, text_of(visit->names.history), i, &ends->history, err);
        }
    }
    return status;
}

static enum status end_inbox(struct fsck_visit *visit, struct error *err)
{
    const struct broker *broker = visit->reading->broker;
    struct topic_info info = {.exists = false};
    enum status status = broker->topic(broker->self, text_of(visit->names.snapshot), &info, err);

    for (int32_t i = 0; i < visit->options.settings->partitions && status == STATUS_OK; i++) {
        struct fsck_bounds *bounds = &visit->ends[i].bounds;
        struct log_ends ends = {0};
        if (!fsck_looks_at(visit, i)) {
            continue;
        }
        status = ends_of(visit, text_of(visit->names.inbox), i, &ends, err);
        bounds->inbox_low = ends.low;
        bounds->inbox_high = ends.high;
        bounds->snapshot_end = visit->ends[i].snapshot.high;
        bounds->history_end = visit->ends[i].history.high;
        memcpy(bounds->snapshot_topic_id, info.id, sizeof bounds->snapshot_topic_id);
    }
    return status;
}

enum status fsck_read_ends(struct fsck_visit *visit, struct error *err)
{
    enum status status;

    visit->until_ms = monotonic(visit) + visit->reading->timeout_ms;
    status = read_offsets(visit, COMMITTED_LAST, true, err);
    if (status == STATUS_OK) {
        status = add_topics(visit, err);
    }
    if (status == STATUS_OK) {
        status = end_own(visit, err);
    }
    if (status == STATUS_OK) {
        status = end_topics(visit, err);
    }
    if (status == STATUS_OK) {
        status = read_offsets(visit, COMMITTED_STABLE, false, err);
    }
    return status == STATUS_OK ? end_inbox(visit, err) : status;
}
