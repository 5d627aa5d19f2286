/*
 * broker - the ports to Kafka. The adapter fills them with librdkafka, the simulator with memory.
 *
 * One thread uses a consumer, producer, forwarder or reader at a time. Every status is one of
 * base/status.h; RETRY after trouble that may pass (the call changed nothing or its outcome does
 * not matter), ABORT where the outcome is in doubt or the transaction is lost, FENCED when another
 * producer has taken the transactional id (or the member is no longer of the group's generation),
 * REJECT when the record or request itself is at fault, FATAL when the handle is dead for good.
 */
#ifndef BATON_ENGINE_BROKER_H
#define BATON_ENGINE_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

struct record_header {
    struct text name;
    struct text value; /* data NULL: a null value. */
};

/* A consumed record. Borrowed from the handle it came from until its next poll or close. */
struct record {
    struct text topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct text key;   /* data NULL: no key. */
    struct text value; /* data NULL: a tombstone. */
    const struct record_header *headers;
    uint32_t header_count;
};

#define PARTITION_BY_KEY (-1) /* murmur2(key) mod the topic's count, as Java clients do it. */

/* A record to produce. Borrowed until flush (of a transaction: until commit or abort), or after a
 * failure close, has returned. */
struct outgoing {
    struct text topic;
    int32_t partition;
    struct text key;   /* data NULL: no key. */
    struct text value; /* data NULL: a tombstone. */
    const struct record_header *headers;
    uint32_t header_count;
    int64_t *offset; /* Filled when the broker has acknowledged it, by the end of flush; or NULL. */
};

#define OFFSET_NONE INT64_C(-1) /* No committed offset. */
#define OFFSET_METADATA_BYTES 256

struct partition_offset {
    struct text topic;
    int32_t partition;
    int64_t offset;                       /* The next to read; OFFSET_NONE when there is none. */
    char metadata[OFFSET_METADATA_BYTES]; /* NUL-terminated text. */
};

/* Called inside consumer.poll and consumer.close, on the caller's thread. */
struct rebalance {
    void *self;
    /* These are yours now; nothing is fetched of them until consumer.start. */
    void (*assigned)(void *self, const struct partition_offset *partitions, uint32_t count);
    /* Taken away. `lost`: they already are somebody else's, so nothing may be committed. Finish or
     * abort inside the call. */
    void (*revoked)(void *self, const struct partition_offset *partitions, uint32_t count,
                    bool lost);
};

/* A member of a consumer group. */
struct consumer {
    void *self;
    /* Wait up to `wait_ms` for a first record, then take what is there without waiting, up to
     * `capacity`. Serves rebalances. Answers within wait_ms also when nothing comes.
     * STATUS_REJECT: the position of a started partition does not exist (any more), or its topic is
     * gone, even if one of the same name has come since; err names topic, partition and offset, the
     * partition is paused. */
    enum status (*poll)(void *self, int64_t wait_ms, struct record *records, uint32_t capacity,
                        uint32_t *count, struct error *err);
    /* Fetch an assigned partition from `offset` on (again: from there). */
    enum status (*start)(void *self, struct text topic, int32_t partition, int64_t offset,
                         struct error *err);
    /* Stop fetching it; what was not yet given out is dropped. */
    enum status (*pause)(void *self, struct text topic, int32_t partition, struct error *err);
    /* Commit by the group, outside of a transaction. FENCED: not a member of this generation. */
    enum status (*commit)(void *self, const struct partition_offset *offsets, uint32_t count,
                          struct error *err);
    /* Leave the group (revoked is called), free all. A crash is simulated by not calling it. */
    void (*close)(void *self);
    /* As close, and a static member gives up its place, so that its partitions go to others at once.
     * NULL: close does. */
    void (*leave)(void *self);
};

struct consumer_options {
    struct text group;
    const struct text *topics;
    uint32_t topic_count;
    struct text static_id; /* group.instance.id; empty: dynamic membership. */
    struct rebalance rebalance;
};

/* A transactional producer. Opening it fences whoever has the same id. */
struct producer {
    void *self;
    enum status (*begin)(void *self, struct error *err);
    /* REJECT: above the topic's max.message.bytes, or an unknown topic or partition: nothing was
     * enqueued, the transaction stays good. */
    enum status (*produce)(void *self, const struct outgoing *record, struct error *err);
    /* All produced records are acknowledged. Call before send_offsets (DESIGN.md rule 6). */
    enum status (*flush)(void *self, struct error *err);
    /* REJECT: no offsets, or one below zero, which would fence nobody (DESIGN.md rule 1). */
    enum status (*send_offsets)(void *self, const struct consumer *member,
                                const struct partition_offset *offsets, uint32_t count,
                                struct error *err);
    enum status (*commit)(void *self, struct error *err);
    enum status (*abort)(void *self, struct error *err);
    void (*close)(void *self);
};

/* An idempotent producer without transactions and without gaps (DESIGN.md section 4). */
struct forwarder {
    void *self;
    /* REJECT: oversize or unknown topic; nothing was enqueued. RETRY: the local queue is full. */
    enum status (*send)(void *self, const struct outgoing *record, struct error *err);
    /* Wait until all sent records are acknowledged. ABORT: one failed; end the session. RETRY: not
     * all were within some seconds. */
    enum status (*flush)(void *self, struct error *err);
    void (*close)(void *self);
};

/* Reads one partition without a group, read_committed. */
struct log_reader {
    void *self;
    /* As consumer.poll. *at_end is set when everything up to the end seen by the broker in this
     * call was given out. */
    enum status (*poll)(void *self, int64_t wait_ms, struct record *records, uint32_t capacity,
                        uint32_t *count, bool *at_end, struct error *err);
    /* The offset after the last record given out or skipped (markers, aborted records). */
    int64_t (*position)(void *self);
    void (*close)(void *self);
};

struct topic_info {
    bool exists;
    int32_t partition_count;
    char id[48]; /* The broker's topic id, or empty when the client cannot tell. */
    int32_t message_bytes_max;
};

/* The bounds of a partition. While a transaction is open on it, `stable` stays below `high`. */
struct log_ends {
    int64_t low;    /* The first offset there is. */
    int64_t stable; /* The last stable offset: where read_committed readers end. */
    int64_t high;   /* The high watermark: where read_uncommitted readers end. */
};

enum committed_read { COMMITTED_LAST, COMMITTED_STABLE };

/* The factory and what needs no handle. May be shared by threads. */
struct broker {
    void *self;
    enum status (*open_consumer)(void *self, const struct consumer_options *options,
                                 struct consumer *consumer, struct error *err);
    /* Ends with init_transactions. RETRY: not reachable in time. */
    enum status (*open_producer)(void *self, struct text transactional_id,
                                 struct producer *producer, struct error *err);
    enum status (*open_forwarder)(void *self, struct forwarder *forwarder, struct error *err);
    /* `from` below the low end starts at the low end. */
    enum status (*open_reader)(void *self, struct text topic, int32_t partition, int64_t from,
                               struct log_reader *reader, struct error *err);
    /* Committed offsets and metadata of a group; topic and partition are given in `offsets`.
     * `stable`: RETRY while an open transaction holds a pending commit of one of them. */
    enum status (*committed)(void *self, struct text group, struct partition_offset *offsets,
                             uint32_t count, enum committed_read read, struct error *err);
    enum status (*ends)(void *self, struct text topic, int32_t partition, struct log_ends *ends,
                        struct error *err);
    /* The first offset whose timestamp is at or after `time_ms`, or the end. */
    enum status (*offset_at)(void *self, struct text topic, int32_t partition, int64_t time_ms,
                             int64_t *offset, struct error *err);
    enum status (*topic)(void *self, struct text topic, struct topic_info *info, struct error *err);
    enum status (*delete_records)(void *self, struct text topic, int32_t partition, int64_t before,
                                  struct error *err);
};

#endif
