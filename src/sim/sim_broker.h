/*
 * sim_broker - Kafka in memory, behind the ports of engine/broker.h. Records, markers, transactions,
 * fencing, groups and compaction behave as on the real broker, also where that is inconvenient:
 *
 * - the broker accepts transactional offset commits for partitions that the member does not own, and
 *   backwards ones; it checks the member's generation alone;
 * - a transaction without an offset commit is fenced by its transactional id alone, so that of a
 *   zombie with an id of its own goes through;
 * - when `refuses_oversize` is off, one record above max.message.bytes spoils its transaction and the
 *   next one of that producer;
 * - the markers of a decided transaction are written one partition after another, so that its offsets
 *   may show before its records do.
 *
 * Differences: a member is removed when it has not polled for the session timeout (there is no
 * background heartbeat), a call never waits (time passes between calls), one broker, no replication.
 */
#ifndef BATON_SIM_SIM_BROKER_H
#define BATON_SIM_SIM_BROKER_H

#include "engine/broker.h"
#include "sim/sim.h"

#define SIM_SESSION_MS 6000
#define SIM_TRANSACTION_MS 10000

struct sim_broker;

/* A committed offset became effective. Called for plain and transactional commits alike. */
struct sim_commit {
    struct text group;
    struct text topic;
    int32_t partition;
    int64_t before; /* OFFSET_NONE: it is the first. */
    int64_t after;
    const char *metadata;
};

struct sim_watch {
    void *self;
    void (*committed)(void *self, const struct sim_commit *commit); /* Or NULL. */
    /* Offsets were sent while records of the transaction were not yet flushed. Or NULL. */
    void (*unflushed)(void *self, const struct sim_process *process);
};

struct sim_topic_options {
    const char *name;
    int32_t partitions;
    bool compact;
    bool log_append_time;      /* Else a record carries its producer's wall clock. */
    int32_t message_bytes_max; /* 0: 1 MiB. */
    int64_t tombstone_ms;      /* delete.retention.ms; 0: 7 days. */
};

/* Borrows `sim`, which must outlive it. Free with sim_broker_free(). */
struct sim_broker *sim_broker_new(struct sim *sim);
/* Every handle becomes invalid. Accepts NULL. */
void sim_broker_free(struct sim_broker *broker);

/* Do nothing if the topic exists. */
void sim_broker_create(struct sim_broker *broker, const struct sim_topic_options *options);
/* Delete a topic and create it again: it is empty, has another id, and what groups have committed of
 * it is forgotten. No transaction may be open in it. */
void sim_broker_recreate(struct sim_broker *broker, const char *name);
/* Producers do not look at the size themselves: the broker refuses, and the transaction is lost. */
void sim_broker_accept_oversize(struct sim_broker *broker);
void sim_broker_watch(struct sim_broker *broker, struct sim_watch watch);

/* The ports as `process` sees them. Valid until either ends. */
struct broker sim_broker_port(struct sim_broker *broker, struct sim_process *process);

/* Free the handles that a process left open, as a crash does. What they had in flight may arrive. */
void sim_broker_forget(struct sim_broker *broker, struct sim_process *process);

/* Let the time act: late markers, late records, transaction and session timeouts. Every port call
 * does it as well. */
void sim_broker_tick(struct sim_broker *broker);

/* A member is removed when it has not polled for so long; SIM_SESSION_MS unless set. */
void sim_broker_set_session(struct sim_broker *broker, int64_t session_ms);
/* The groups learn that a process is gone, as when its sessions had timed out. */
void sim_broker_expire(struct sim_broker *broker, const struct sim_process *process);

/* ---- the outside world: no faults, no processes ---- */

/* Append as a foreign, non-transactional producer. `record->offset` is filled if given. REJECT:
 * unknown topic or partition, or too large. */
MUST_CHECK enum status sim_broker_append(struct sim_broker *broker, const struct outgoing *record,
                                         struct error *err);
/* Where records from outside go instead, when this broker only mirrors another one. */
struct sim_divert {
    void *self;
    enum status (*append)(void *self, const struct outgoing *record, struct error *err);
};
/* From now on sim_broker_append() gives its records to `divert`. */
void sim_broker_divert(struct sim_broker *broker, struct sim_divert divert);
/* Append what the other broker holds, as sim_broker_append() does without a divert. */
MUST_CHECK enum status sim_broker_mirror(struct sim_broker *broker, const struct outgoing *record,
                                         struct error *err);
/* What a read_committed reader at *offset is given next; *offset becomes the place after it. False:
 * nothing (any more). Borrowed until the next compaction, deletion or end of the broker. */
bool sim_broker_read(struct sim_broker *broker, struct text topic, int32_t partition,
                     int64_t *offset, struct record *record);
int32_t sim_broker_partitions(const struct sim_broker *broker, struct text topic); /* 0: unknown. */
/* The end that a read_uncommitted reader sees. */
int64_t sim_broker_end(const struct sim_broker *broker, struct text topic, int32_t partition);
/* The offset that the group has committed, or OFFSET_NONE. */
int64_t sim_broker_committed(const struct sim_broker *broker, struct text group, struct text topic,
                             int32_t partition);
/* DeleteRecords: forget what is before `before`. */
void sim_broker_cut(struct sim_broker *broker, struct text topic, int32_t partition,
                    int64_t before);
/* Rises whenever a record is appended or an offset is committed: while it stands still, nothing
 * happens but by time. */
uint64_t sim_broker_activity(const struct sim_broker *broker);
/* The records that are kept now, in all topics. */
size_t sim_broker_records(const struct sim_broker *broker);
/* Transactions that are not marked everywhere yet. */
uint32_t sim_broker_open_transactions(const struct sim_broker *broker);
/* Run the cleaner over every compacted topic. */
void sim_broker_compact(struct sim_broker *broker);
/* Make the group's members join again, as a new member would. */
void sim_broker_rebalance(struct sim_broker *broker, struct text group);
/* The transaction coordinator moves: it gives the id of a random producer a new epoch. */
void sim_broker_fence_any(struct sim_broker *broker);

#endif
