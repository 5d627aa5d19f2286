/*
 * fsck_parts - the inside of fsck, shared by the files that make it up: fsck.c (life, flows,
 * offsets, findings), fsck_history.c (one record), fsck_run.c (a run's life and end),
 * fsck_snapshot.c, fsck_checkpoint.c, fsck_store.c (Redis), fsck_topics.c and fsck_sent.c (commands), fsck_again.c
 * (the second pass), fsck_replay.c.
 */
#ifndef BATON_ENGINE_FSCK_PARTS_H
#define BATON_ENGINE_FSCK_PARTS_H

#include "base/arena.h"
#include "base/map.h"
#include "codec/records.h"
#include "core/transition.h"
#include "engine/ended.h"
#include "engine/fsck.h"

/* A record of the snapshot topic. */
struct fsck_snap {
    struct fsck_snap *older; /* Of the same instance. */
    int64_t offset;
    struct run_id run;
    int64_t seq;
    unsigned char hash[DIGEST_BYTES];
    struct text value; /* Owned. */
    bool is_checked;   /* Compared with the fold, or told to be wrong. */
    bool has_ended;    /* The terminal record of its run was met. */
};

/* An instance that sleeps, by the records read so far. */
struct fsck_shelf {
    struct text name; /* Owned. */
    struct fsck_snap *latest;
    bool was_asked; /* The store was asked for its latest snapshot. */
};

/* A run that is open, at the record read last. */
struct fsck_run {
    struct text name; /* Owned. */
    struct run_id run;
    int64_t seq;
    unsigned char hash[DIGEST_BYTES];
    struct instance *state; /* NULL: not known. */
    int64_t first_offset;
    int64_t first_seq;
    int64_t last_offset;
    int64_t unsaved_offset; /* Of the first record that no snapshot holds; OFFSET_NONE: none. */
    int64_t unsaved_seq;
    int64_t folded_seq;    /* Up to here tombstones say that its records were folded away; */
    int64_t folded_offset; /* the last of them below the checkpoint, OFFSET_NONE: none, */
    int64_t folded_told;   /* and its seq. */
    int64_t gap_offset;    /* Of a record before which some are missing; OFFSET_NONE: none; */
    int64_t gap_seq;       /* its seq, */
    int64_t gap_after;     /* and that of the one before it. */
    int64_t gap_to;        /* The last seq that is missing, here or further on. */
    bool is_orphan;        /* Its beginning is not there, and no snapshot stands for it. */
    bool is_broken;        /* Told to be wrong: its state is not known from there on. */
};

/* Records without the beginning of their run, to be looked into by the second pass. */
struct fsck_orphan {
    char *key; /* "<instance>/<run>" */
    char *name;
    struct run_id run;
    int32_t partition;
    int64_t offset;
    int64_t seq;
    bool has_ended;
    int64_t end_offset; /* A terminal record that came before; OFFSET_NONE: none. */
    int64_t end_seq;
};

/* A tombstone whose run is not open. */
struct fsck_erased {
    char *key; /* "<instance>/<run>/<seq>" */
    char *name;
    struct run_id run;
    int64_t seq;
    int32_t partition;
    int64_t offset;
    int64_t erased_ms;
    bool is_found; /* The run has a terminal record. */
    int64_t end_ms;
    int64_t keep_ms;
};

struct fsck_mark {
    struct text key; /* Owned; as in the checkpoint topic. */
    int64_t told;    /* By the history; 0: nothing. */
    int64_t kept;    /* By the checkpoint topic. */
};

#define FSCK_NAMES_MAX 8

/* A topic that flows write to. */
struct fsck_topic {
    struct text name;
    bool is_command; /* Of some flow's service. */
    bool is_emitted;
    struct text correlation[FSCK_NAMES_MAX]; /* What services call the header. */
    uint32_t correlation_count;
    int32_t partitions;
    int64_t *cut_ms; /* By partition; OFFSET_NONE: not cut. */
};

/* Sums over the ids of one class, from both sides. */
struct fsck_class {
    uint64_t told;
    uint64_t sent;
    uint32_t told_count;
    uint32_t sent_count;
};
#define FSCK_CLASSES 65536

/* A sent record that may have no history below the history's end, or above its beginning. */
struct fsck_early {
    char *key;
    uint32_t sent;
    uint32_t told;
    bool is_settled; /* Its history has to be there. */
};

/* One id in the second pass. */
struct fsck_suspect {
    char *key;
    uint32_t told;
    uint32_t sent;
    struct fsck_place {
        struct text topic; /* In the pass's arena. */
        int32_t partition;
        int64_t offset;
        int64_t time_ms;
    } told_at, sent_at, again_at;
};

struct fsck {
    struct fsck_options options;
    struct names names;
    struct fsck_counts counts;
    struct arena arena; /* Of one record. */
    struct arena kept;  /* For the life of it. */

    struct map definitions; /* Hash -> non-NULL: there. */
    struct map told_flows;  /* Hashes told to be missing. */

    /* ---- the partition that is read ---- */
    int32_t partition;
    struct fsck_bounds bounds;
    int64_t checkpoint; /* By the early offset's metadata. */
    struct map runs;    /* Instance -> struct fsck_run. */
    struct map shelves; /* Instance -> struct fsck_shelf. */
    struct map marks;   /* Key -> struct fsck_mark. */
    struct ended ended;
    int64_t kept_history; /* Of the checkpoint topic's last "c"; OFFSET_NONE: none. */
    int64_t kept_inbox;
    int64_t inbox_seen; /* The highest inbox offset that the history tells. */
    size_t shelf_cursor;
    int64_t store_missing; /* States that the store lacks, */
    int64_t store_timers;  /* and timers. */
    int64_t store_findings;

    /* ---- across partitions ---- */
    struct map bad_runs; /* "<instance>/<run>" of runs that are broken. */
    struct map cut_runs; /* "<instance>/<run>" -> int64_t: the lowest seq that is there. */
    struct map orphans;
    struct map erased;
    bool is_again;

    struct fsck_topic *topics;
    uint32_t topic_count;
    struct fsck_class *classes;
    struct map early;
    struct map suspects;
    struct arena suspect_arena;

    struct effect_list effects; /* Of replay. */
};

#define FSCK_LIST_MAX 10000 /* Orphans, tombstones, suspects: more are only counted. */
#define FSCK_DAY_MS INT64_C(86400000)

/* fsck.c: a finding about a place of the partition that is read. */
struct fsck_about {
    enum fsck_id id;
    const char *topic;
    int64_t offset;
    struct text instance;
    const struct run_id *run; /* NULL: none. */
    int64_t seq;
};
void fsck_tell(struct fsck *fsck, struct fsck_about about, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool fsck_is_wanted(const struct fsck *fsck, struct text instance);
/* "<instance>/<run>", in `arena`. */
struct text fsck_run_key(struct arena *arena, struct text instance, struct run_id run);
void fsck_check_flow(struct fsck *fsck, const struct history_record *history, int64_t offset);

/* fsck_run.c */
struct fsck_run *fsck_run_find(const struct fsck *fsck, struct text instance);
/* Begin to follow a run at this record. */
struct fsck_run *fsck_run_open(struct fsck *fsck, const struct history_record *history,
                               int64_t offset);
void fsck_run_close(struct fsck *fsck, struct fsck_run *run);
/* All of the run that there is was read: what is missing was folded away, or it is told. */
void fsck_run_settle(struct fsck *fsck, struct fsck_run *run);
/* What follows is not known any more. */
void fsck_run_break(struct fsck *fsck, struct fsck_run *run);
bool fsck_is_bad(struct fsck *fsck, struct text instance, struct run_id run);
void fsck_note_bad(struct fsck *fsck, struct text instance, struct run_id run);
/* What came before `seq` is not there any more: nor is what it told of commands. */
void fsck_note_cut(struct fsck *fsck, struct text instance, struct run_id run, int64_t seq);
/* Fold the record and look at what it did. */
void fsck_run_fold(struct fsck *fsck, struct fsck_run *run, const struct history_record *history,
                   const struct record *record);
void fsck_run_ended(struct fsck *fsck, struct fsck_run *run, const struct history_record *history,
                    int64_t offset);
void fsck_runs_end(struct fsck *fsck);

/* fsck_snapshot.c */
struct fsck_snap *fsck_snap_of(const struct fsck *fsck, struct text instance, struct run_id run);
void fsck_compare_snapshots(struct fsck *fsck, const struct fsck_run *run);
/* The state that a snapshot holds, or NULL, which is told. */
struct instance *fsck_snap_state(struct fsck *fsck, struct fsck_snap *snap, struct text name);
void fsck_shelves_end(struct fsck *fsck);
void fsck_shelves_release(struct fsck *fsck);

/* fsck_checkpoint.c */
void fsck_check_cause(struct fsck *fsck, const struct history_record *history, int64_t offset);
bool fsck_is_remembered(struct fsck *fsck, const struct fsck_run *run,
                        const struct history_record *history);
void fsck_check_offsets(struct fsck *fsck);
void fsck_offsets_end(struct fsck *fsck);
void fsck_marks_release(struct fsck *fsck);

/* fsck_topics.c */
void fsck_topics_build(struct fsck *fsck);
struct fsck_topic *fsck_topic_find(const struct fsck *fsck, struct text name); /* Or NULL. */
/* The key under which a command is compared; data NULL: it cannot be. In the record's arena. */
struct text fsck_told_key(struct fsck *fsck, const struct history_record *history,
                          const struct history_command *command);
struct text fsck_sent_key(struct fsck *fsck, const struct record *record);

/* fsck_sent.c */
void fsck_told(struct fsck *fsck, const struct history_record *history, int64_t offset);
bool fsck_sent_differs(const struct fsck *fsck);
void fsck_sent_release(struct fsck *fsck);
uint32_t fsck_class_of(struct text key, uint64_t *hash);
bool fsck_class_differs(const struct fsck_class *class);

/* fsck_again.c */
void fsck_note_orphan(struct fsck *fsck, const struct fsck_run *run, bool has_ended);
void fsck_note_erased(struct fsck *fsck, const struct record *record, struct text instance,
                      struct run_id run, int64_t seq);
void fsck_again_history(struct fsck *fsck, const struct history_record *history, int64_t offset,
                        int32_t partition);
void fsck_again_sent(struct fsck *fsck, const struct record *record, bool is_early);
void fsck_again_release(struct fsck *fsck);

/* fsck_replay.c: decide again, and compare with what was recorded. `before` NULL: nothing. */
void fsck_replay(struct fsck *fsck, const struct instance *before,
                 const struct history_record *history, const struct record *record);

#endif
