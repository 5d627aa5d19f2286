#include "sim/sim_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "sim/sim.h"

#define RECORD_OVERHEAD_BYTES 70 /* About what a batch of one record adds. */

static struct text put(char **at, struct text text)
{
    struct text copy = {NULL, text.bytes};

    if (text.data == NULL) {
        return copy;
    }
    copy.data = *at;
    memcpy(*at, text.data, text.bytes);
    (*at)[text.bytes] = '\0';
    *at += text.bytes + 1;
    return copy;
}

struct sim_record *sim_record_new(const struct outgoing *from)
{
    size_t header_bytes = from->header_count * sizeof(struct record_header);
    size_t bytes = sizeof(struct sim_record) + header_bytes + from->key.bytes + from->value.bytes +
                   2;
    struct sim_record *record;
    char *at;

    for (uint32_t i = 0; i < from->header_count; i++) {
        bytes += from->headers[i].name.bytes + from->headers[i].value.bytes + 2;
    }
    record = malloc(bytes);
    CHECK(record != NULL);
    *record = (struct sim_record){.refs = 1, .header_count = from->header_count};
    record->headers = (struct record_header *)(record + 1);
    at = (char *)(record + 1) + header_bytes;
    record->key = put(&at, from->key);
    record->value = put(&at, from->value);
    for (uint32_t i = 0; i < from->header_count; i++) {
        record->headers[i].name = put(&at, from->headers[i].name);
        record->headers[i].value = put(&at, from->headers[i].value);
    }
    return record;
}

struct sim_record *sim_record_hold(struct sim_record *record)
{
    record->refs++;
    return record;
}

void sim_record_drop(struct sim_record *record)
{
    if (record != NULL && --record->refs == 0) {
        free(record);
    }
}

struct record sim_record_view(const struct sim_record *record, struct text topic, int32_t partition)
{
    return (struct record){.topic = topic,
                           .partition = partition,
                           .offset = record->offset,
                           .timestamp_ms = record->timestamp_ms,
                           .key = record->key,
                           .value = record->value,
                           .headers = record->headers,
                           .header_count = record->header_count};
}

size_t sim_record_bytes(const struct outgoing *record)
{
    size_t bytes = RECORD_OVERHEAD_BYTES + record->key.bytes + record->value.bytes;

    for (uint32_t i = 0; i < record->header_count; i++) {
        bytes += record->headers[i].name.bytes + record->headers[i].value.bytes;
    }
    return bytes;
}

static bool is_open(const struct sim_log *log, const void *transaction)
{
    for (size_t i = 0; i < log->open_count; i++) {
        if (log->open[i].transaction == transaction) {
            return true;
        }
    }
    return false;
}

int64_t sim_log_append(struct sim_log *log, struct sim_record *record, const void *transaction,
                       int64_t now_ms)
{
    if (transaction != NULL && !is_open(log, transaction)) {
        log->open = sim_grow(log->open, log->open_count, &log->open_capacity, sizeof(*log->open));
        log->open[log->open_count++] = (struct sim_open){transaction, log->end};
    }
    record->open = transaction;
    record->offset = log->end++;
    record->timestamp_ms = now_ms;
    log->records = sim_grow(log->records, log->count, &log->capacity, sizeof(struct sim_record *));
    log->records[log->count++] = record;
    return record->offset;
}

/* Index of the first record at or after `offset`. */
static size_t find(const struct sim_log *log, int64_t offset)
{
    size_t from = 0;
    size_t to = log->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (log->records[middle]->offset < offset) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

void sim_log_mark(struct sim_log *log, const void *transaction, bool committed, int64_t now_ms)
{
    struct outgoing marker = {.partition = 0};
    struct sim_record *control;
    size_t at = 0;

    while (at < log->open_count && log->open[at].transaction != transaction) {
        at++;
    }
    if (at == log->open_count) {
        return;
    }
    for (size_t i = find(log, log->open[at].first_offset); i < log->count; i++) {
        if (log->records[i]->open == transaction) {
            log->records[i]->open = NULL;
            log->records[i]->aborted = !committed;
        }
    }
    log->open[at] = log->open[--log->open_count];
    control = sim_record_new(&marker);
    control->control = true;
    sim_log_append(log, control, NULL, now_ms);
}

int64_t sim_log_stable(const struct sim_log *log)
{
    int64_t stable = log->end;

    for (size_t i = 0; i < log->open_count; i++) {
        if (log->open[i].first_offset < stable) {
            stable = log->open[i].first_offset;
        }
    }
    return stable;
}

struct sim_record *sim_log_next(const struct sim_log *log, int64_t *offset, int64_t limit)
{
    for (size_t i = find(log, *offset); i < log->count; i++) {
        struct sim_record *record = log->records[i];

        if (record->offset >= limit) {
            break;
        }
        if (!record->control && !record->aborted) {
            *offset = record->offset + 1;
            return record;
        }
    }
    if (*offset < limit) {
        *offset = limit;
    }
    return NULL;
}

int64_t sim_log_offset_at(const struct sim_log *log, int64_t time_ms)
{
    int64_t stable = sim_log_stable(log);

    for (size_t i = find(log, log->low); i < log->count; i++) {
        if (log->records[i]->offset >= stable) {
            break;
        }
        if (!log->records[i]->control && log->records[i]->timestamp_ms >= time_ms) {
            return log->records[i]->offset;
        }
    }
    return stable;
}

void sim_log_delete(struct sim_log *log, int64_t before)
{
    size_t gone = find(log, before);

    if (before <= log->low) {
        return;
    }
    for (size_t i = 0; i < gone; i++) {
        sim_record_drop(log->records[i]);
    }
    log->count -= gone;
    memmove(log->records, log->records + gone, log->count * sizeof(struct sim_record *));
    log->low = before;
}

/* Whether the cleaner drops a record below its clean point. `newest` maps a key to its newest
 * record below that point. */
static bool is_dirt(const struct sim_record *record, const struct map *newest, int64_t now_ms,
                    int64_t tombstone_ms)
{
    if (record->control) {
        return now_ms - record->timestamp_ms > tombstone_ms;
    }
    if (record->aborted || record->key.data == NULL) {
        return true;
    }
    if (map_get(newest, record->key) != record) {
        return true;
    }
    return record->value.data == NULL && now_ms - record->timestamp_ms > tombstone_ms;
}

void sim_log_compact(struct sim_log *log, struct rng *rng, int64_t now_ms, int64_t tombstone_ms)
{
    int64_t stable = sim_log_stable(log);
    struct map newest = {.slots = NULL};
    int64_t clean_end = log->clean_end;
    struct sim_record **dirt = calloc(log->count + 1, sizeof(struct sim_record *));
    size_t dirt_count = 0;
    size_t kept = 0;

    CHECK(dirt != NULL);
    /* The cleaner never goes back, and never beyond what is decided. */
    if (stable > clean_end) {
        clean_end += (int64_t)rng_below(rng, (uint64_t)(stable - clean_end) + 1);
    }
    for (size_t i = 0; i < log->count && log->records[i]->offset < clean_end; i++) {
        struct sim_record *record = log->records[i];

        if (!record->control && !record->aborted && record->key.data != NULL) {
            map_put(&newest, record->key, record);
        }
    }
    for (size_t i = 0; i < log->count; i++) {
        struct sim_record *record = log->records[i];

        if (record->offset < clean_end && is_dirt(record, &newest, now_ms, tombstone_ms)) {
            dirt[dirt_count++] = record;
        } else {
            log->records[kept++] = record;
        }
    }
    log->count = kept;
    log->clean_end = clean_end;
    map_release(&newest);
    /* Only now: the keys of the map lie in the records. */
    while (dirt_count > 0) {
        sim_record_drop(dirt[--dirt_count]);
    }
    free(dirt);
}

void sim_log_release(struct sim_log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        sim_record_drop(log->records[i]);
    }
    free(log->records);
    free(log->open);
    *log = (struct sim_log){.records = NULL};
}
