#include "engine/fsck_estate.h"

#include <stdlib.h>

#include "engine/fsck_reader.h"

static enum status read_flows(struct fsck_visit *visit, struct error *err)
{
    const struct broker *broker = visit->reading->broker;
    struct log_ends ends;
    enum status status = flow_registry_poll(visit->reading->registry, 0, err);

    if (status == STATUS_OK) {
        status = broker->ends(broker->self, text_of(visit->names.flows), 0, &ends, err);
    }
    if (status == STATUS_OK) {
        visit->partition = 0;
        status = fsck_scan_one(visit, visit->names.flows, ends.low, ends.stable, fsck_flow, err);
    }
    if (status == STATUS_OK) {
        fsck_flows_end(visit->fsck);
    }
    return status;
}

static void take_unsettled(struct fsck *fsck, const struct record *record)
{
    fsck_sent_early(fsck, record, false);
}

/* The ends of the topics that flows write to; and the beginnings of those that forget. */
static enum status read_early(struct fsck_visit *visit, struct error *err)
{
    struct scan_range *ranges = calloc(visit->sent_count + 1, sizeof *ranges);
    enum status status = STATUS_OK;
    uint32_t count = 0;

    CHECK(ranges != NULL);
    for (uint32_t i = 0; i < visit->sent_count && status == STATUS_OK; i++) {
        struct sent_range *range = &visit->sent[i];
        if (range->settled < range->end) {
            ranges[count++] = (struct scan_range){range->topic, range->partition, range->settled,
                                                  range->end};
        }
        if (range->low > 0 && !text_is(range->topic, visit->names.dlq)) {
            status = fsck_read_cut(visit, range, err);
        }
    }
    if (status == STATUS_OK && count > 0) {
        status = fsck_scan(visit, ranges, count, take_unsettled, err);
    }
    free(ranges);
    return status;
}

static enum status read_sent(struct fsck_visit *visit, struct error *err)
{
    struct scan_range *ranges = calloc(visit->sent_count + 1, sizeof *ranges);
    uint32_t count = 0;

    CHECK(ranges != NULL);
    for (uint32_t i = 0; i < visit->sent_count; i++) {
        const struct sent_range *range = &visit->sent[i];
        if (range->from < range->settled) {
            ranges[count++] = (struct scan_range){range->topic, range->partition, range->from,
                                                  range->settled};
        }
    }
    enum status status = count == 0 ? STATUS_OK : fsck_scan(visit, ranges, count, fsck_sent, err);
    free(ranges);
    return status;
}

static enum status read_partition(struct fsck_visit *visit, struct error *err)
{
    struct partition_ends *ends = &visit->ends[visit->partition];
    int64_t inbox_to = ends->bounds.early.offset < ends->bounds.inbox_high
                           ? ends->bounds.early.offset
                           : ends->bounds.inbox_high;
    bool is_store_due = false;
    enum status status;

    fsck_begin(visit->fsck, visit->partition, &ends->bounds);
    status = fsck_scan_one(visit, visit->names.checkpoint, ends->checkpoint.low,
                           ends->checkpoint.high, fsck_checkpoint, err);
    if (status == STATUS_OK) {
        status = fsck_read_sleepers(visit, &is_store_due, err);
    }
    if (status == STATUS_OK) {
        status = fsck_scan_one(visit, visit->names.history, ends->history.low, ends->history.high,
                               fsck_history, err);
    }
    fsck_inbox_close(visit);
    if (status == STATUS_OK && visit->options.instance.bytes == 0) {
        status = fsck_scan_one(visit, visit->names.inbox, ends->bounds.inbox_low, inbox_to,
                               fsck_inbox, err);
    }
    if (status == STATUS_OK) {
        fsck_end(visit->fsck);
    }
    return status == STATUS_OK && is_store_due ? fsck_read_sleepers_on(visit, err) : status;
}

static enum status read_partitions(struct fsck_visit *visit, struct error *err)
{
    enum status status = STATUS_OK;

    for (int32_t i = 0; i < visit->options.settings->partitions && status == STATUS_OK; i++) {
        if (fsck_looks_at(visit, i)) {
            visit->partition = i;
            status = read_partition(visit, err);
        }
    }
    return status;
}

static enum status read_again(struct fsck_visit *visit, struct error *err)
{
    enum status status = STATUS_OK;

    if (!fsck_wants_again(visit->fsck)) {
        return status;
    }
    fsck_again(visit->fsck);
    for (int32_t i = 0; i < visit->options.settings->partitions && status == STATUS_OK; i++) {
        const struct log_ends *ends = &visit->ends[i].history;
        visit->partition = i;
        if (fsck_looks_at(visit, i)) {
            status = fsck_scan_one(visit, visit->names.history, ends->low, ends->high, fsck_history,
                                   err);
        }
    }
    if (status == STATUS_OK) {
        status = read_early(visit, err);
    }
    return status == STATUS_OK ? read_sent(visit, err) : status;
}

static void count_work(struct fsck_visit *visit)
{
    for (int32_t i = 0; i < visit->options.settings->partitions; i++) {
        const struct partition_ends *ends = &visit->ends[i];
        visit->to_read += ends->history.high - ends->history.low;
        visit->to_read += ends->snapshot.high - ends->snapshot.low;
    }
    for (uint32_t i = 0; i < visit->sent_count; i++) {
        visit->to_read += visit->sent[i].settled - visit->sent[i].low;
    }
}

static enum status read_all(struct fsck_visit *visit, struct error *err)
{
    enum status status = fsck_read_ends(visit, err);

    count_work(visit);
    if (status == STATUS_OK) {
        status = read_flows(visit, err);
    }
    if (status == STATUS_OK) {
        status = read_early(visit, err);
    }
    if (status == STATUS_OK) {
        status = read_partitions(visit, err);
    }
    if (status == STATUS_OK) {
        status = read_sent(visit, err);
    }
    if (status == STATUS_OK) {
        status = read_again(visit, err);
    }
    if (status == STATUS_OK) {
        fsck_finish(visit->fsck);
    }
    return status;
}

enum status fsck_estate(const struct fsck_reading *reading, const struct fsck_options *options,
                        struct fsck_counts *counts, struct error *err)
{
    struct fsck_visit visit = {.reading = reading, .options = *options};
    enum status status;

    names_init(&visit.names, options->settings->app);
    visit.options.registry = reading->registry;
    visit.options.inbox_at = fsck_inbox_at;
    visit.options.inbox_self = &visit;
    visit.ends = calloc((size_t)options->settings->partitions, sizeof *visit.ends);
    CHECK(visit.ends != NULL);
    visit.fsck = fsck_new(&visit.options);
    status = read_all(&visit, err);
    *counts = *fsck_counts(visit.fsck);
    fsck_inbox_close(&visit);
    fsck_free(visit.fsck);
    free(visit.sent);
    free(visit.ends);
    return status;
}
