/*
 * fsck - the invariants of an estate (DESIGN.md section 5), checked record by record. It knows no
 * Kafka and no Redis: whoever reads feeds it what was committed, one partition after the other, in
 * the order below, and is told each contradiction once. fsck_estate.h reads a live estate.
 *
 *     fsck_new
 *     fsck_flow               each record of <app>.flows, then fsck_flows_end
 *     fsck_sent_early         commands that may have no history yet, or whose history may be cut
 *     of each partition:
 *       fsck_begin
 *       fsck_checkpoint       each record of <app>.checkpoint
 *       fsck_snapshot         each record of <app>.snapshot; in between fsck_store
 *       fsck_history          each record of <app>.history
 *       fsck_inbox            the records of <app>.inbox below the committed offset
 *       fsck_end
 *     fsck_sent               all other records of the topics of fsck_sent_topics
 *     if fsck_wants_again: fsck_again, then fsck_history and fsck_sent (early ones too) once more
 *     fsck_finish
 *
 * Memory is bounded by what is open or asleep in one partition: a run is forgotten at its terminal
 * record. Commands are compared as sums over classes of ids, and looked at one by one, in the second
 * pass, only where the sums differ.
 */
#ifndef BATON_ENGINE_FSCK_H
#define BATON_ENGINE_FSCK_H

#include "engine/broker.h"
#include "engine/flow_registry.h"
#include "engine/fsck_ids.h"
#include "engine/settings.h"
#include "engine/sleep_look.h"
#include "model/instance.h"

/* A contradiction. All is borrowed for the time of the call. */
struct fsck_finding {
    enum fsck_id id;
    struct text topic;    /* Or the key in Redis. */
    int32_t partition;    /* -1: none. */
    int64_t offset;       /* -1: none. */
    struct text instance; /* Empty: none. */
    struct text run;      /* Empty: none. */
    int64_t seq;          /* 0: none. */
    const char *text;
};

struct fsck_options {
    const struct settings *settings; /* app, partitions and remember_max count. Borrowed. */
    const struct flow_registry *registry;
    struct text instance; /* Look at this one alone; empty: at all. */
    int32_t partition;    /* Look at this one alone; -1: at all. */
    int64_t now_ms;
    bool replay; /* Re-execute the transitions that this build has recorded. */
    void *self;
    void (*found)(void *self, const struct fsck_finding *finding);
    /* The inbox record at `offset` of the partition that is being read, or false: it is not there
     * any more. Asked in rising order, for replay alone; may be NULL. Borrowed until the next call. */
    bool (*inbox_at)(void *inbox_self, int64_t offset, struct record *record);
    void *inbox_self;
};

struct fsck_counts {
    int64_t records;            /* Of history, present. */
    int64_t runs;               /* Whose first record is present, or the first that is left. */
    int64_t open_runs;          /* Instances that are alive. */
    int64_t snapshots;          /* Records of the snapshot topic, tombstones left out. */
    int64_t sleeping;           /* Instances with a snapshot. */
    int64_t commands;           /* Told by the history. */
    int64_t commands_unchecked; /* Their topics do not hold them any more, or cannot tell. */
    int64_t replayed;
    int64_t other_build;  /* Records of another build: not replayed. */
    int64_t not_replayed; /* Of this build, but what caused them is gone. */
    int64_t findings;
};

struct fsck;

struct fsck *fsck_new(const struct fsck_options *options);
void fsck_free(struct fsck *fsck); /* Accepts NULL. */
const struct fsck_counts *fsck_counts(const struct fsck *fsck);

void fsck_flow(struct fsck *fsck, const struct record *record);
void fsck_flows_end(struct fsck *fsck);

/* Where a partition stands, read before its records: in the order of the members. */
struct fsck_bounds {
    struct partition_offset
        early; /* Of the executors' group; OFFSET_NONE: it has committed none. */
    int64_t snapshot_end;
    int64_t history_end;
    struct partition_offset late; /* Read again, stable, after the history's end. */
    int64_t inbox_low;
    int64_t inbox_high;
    char snapshot_topic_id[48];
};
void fsck_begin(struct fsck *fsck, int32_t partition, const struct fsck_bounds *bounds);
void fsck_checkpoint(struct fsck *fsck, const struct record *record);
void fsck_snapshot(struct fsck *fsck, const struct record *record);
void fsck_history(struct fsck *fsck, const struct record *record);
void fsck_inbox(struct fsck *fsck, const struct record *record);
void fsck_end(struct fsck *fsck);

/* ---- the store; valid while the snapshots fed are exactly those below its watermark ---- */

/* Whether what the store says of itself can be compared: it is there, of this topic, not ahead. */
bool fsck_store_begin(struct fsck *fsck, const struct sleep_stamp *stamp);
/* The next sleeping runs to be looked up, at most `capacity`; 0: all have been. */
uint32_t fsck_store_ask(struct fsck *fsck, struct sleep_ask *asks, uint32_t capacity);
/* The answers to the last fsck_store_ask(). */
void fsck_store(struct fsck *fsck, const struct sleep_ask *asks, const struct sleep_seen *seen,
                uint32_t count);
/* All was looked up. True: it holds more than it should; feed its names to fsck_store_stray(). */
bool fsck_store_end(struct fsck *fsck, const struct sleep_stamp *stamp);
void fsck_store_stray(struct fsck *fsck, struct text name, struct text timer);

/* ---- commands ---- */

/* A topic that flows write to. Walk: zero the cursor, until false. */
bool fsck_sent_topics(const struct fsck *fsck, size_t *cursor, struct text *topic);
/* How many partitions it has, and of one whose beginning was cut off the time of its first record
 * (INT64_MAX: it is empty). */
void fsck_sent_partitions(struct fsck *fsck, struct text name, int32_t partitions);
void fsck_sent_cut(struct fsck *fsck, struct text name, int32_t partition, int64_t first_ms);
/* Records of a cut partition up to here are fed to fsck_sent_early. */
int64_t fsck_sent_cut_until(int64_t first_ms);
/* A record whose history may lie above the history's end (`is_settled` false), or below its
 * beginning. */
void fsck_sent_early(struct fsck *fsck, const struct record *record, bool is_settled);
void fsck_sent(struct fsck *fsck, const struct record *record);

bool fsck_wants_again(const struct fsck *fsck);
void fsck_again(struct fsck *fsck);
void fsck_finish(struct fsck *fsck);

/* For a reader's own finding, such as a partition that cannot be read. */
void fsck_report(struct fsck *fsck, const struct fsck_finding *finding);

#endif
