/*
 * sim_log - one partition of a simulated topic: records, control markers and offsets as in Kafka.
 * Knows of transactions only that some are open; whose they are is in sim_txn.h.
 */
#ifndef BATON_SIM_SIM_LOG_H
#define BATON_SIM_SIM_LOG_H

#include "base/rng.h"
#include "engine/broker.h"

/* Counted: whoever hands a record out holds it until its borrower is done. One allocation. */
struct sim_record {
    uint32_t refs;
    bool control;     /* A commit or abort marker. */
    bool aborted;     /* Of an aborted transaction. */
    const void *open; /* The undecided transaction it belongs to, or NULL. */
    int64_t offset;
    int64_t timestamp_ms;
    struct text key;
    struct text value;
    struct record_header *headers;
    uint32_t header_count;
};

/* An undecided transaction in a log. */
struct sim_open {
    const void *transaction;
    int64_t first_offset;
};

struct sim_log {
    struct sim_record **records; /* By offset; compaction leaves holes. */
    size_t count;
    size_t capacity;
    int64_t low;       /* First offset that may be read. */
    int64_t end;       /* The next offset. */
    int64_t clean_end; /* Compacted up to here. */
    struct sim_open *open;
    size_t open_count;
    size_t open_capacity;
};

/* A copy with one count, not yet in a log. */
struct sim_record *sim_record_new(const struct outgoing *from);
struct sim_record *sim_record_hold(struct sim_record *record); /* Gives `record`. */
void sim_record_drop(struct sim_record *record);               /* Accepts NULL. */
/* As the engine sees it; borrowed from `record`. */
struct record sim_record_view(const struct sim_record *record, struct text topic,
                              int32_t partition);
/* What the broker holds against max.message.bytes. */
size_t sim_record_bytes(const struct outgoing *record);

/* Append and take over `record`; gives its offset. `transaction` is NULL outside of one. */
int64_t sim_log_append(struct sim_log *log, struct sim_record *record, const void *transaction,
                       int64_t now_ms);
/* Decide `transaction` in this log: its marker is appended, its records show or vanish. */
void sim_log_mark(struct sim_log *log, const void *transaction, bool committed, int64_t now_ms);
/* The last stable offset: nothing at or above it may be given to read_committed readers. */
int64_t sim_log_stable(const struct sim_log *log);

/* The next record that a read_committed reader is given, at or after *offset and below `limit`;
 * *offset becomes the place after it. NULL: none; *offset is `limit`. Borrowed. */
struct sim_record *sim_log_next(const struct sim_log *log, int64_t *offset, int64_t limit);
/* First stable offset with a timestamp at or after `time_ms`, or the stable end. */
int64_t sim_log_offset_at(const struct sim_log *log, int64_t time_ms);

void sim_log_delete(struct sim_log *log, int64_t before);
/* Compact up to a point drawn from `rng`: of each key only the newest record below that point stays,
 * and a tombstone older than `tombstone_ms` goes as well. */
void sim_log_compact(struct sim_log *log, struct rng *rng, int64_t now_ms, int64_t tombstone_ms);

void sim_log_release(struct sim_log *log);

#endif
