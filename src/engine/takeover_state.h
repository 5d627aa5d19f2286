/*
 * takeover_state - the inside of a take-over, shared by takeover.c (the order of things), restore.c
 * (checkpoint topic and store) and replay.c (history).
 */
#ifndef BATON_ENGINE_TAKEOVER_STATE_H
#define BATON_ENGINE_TAKEOVER_STATE_H

#include "engine/lane_state.h"
#include "engine/takeover.h"

enum takeover_stage {
    TAKEOVER_OFFSET, /* A stable read of the committed position. */
    TAKEOVER_CLAIM,
    TAKEOVER_ENDS,
    TAKEOVER_CHECKPOINT,
    TAKEOVER_STORE,
    TAKEOVER_SNAPSHOT,
    TAKEOVER_HISTORY,
    TAKEOVER_RESUME,
};

#define TAKEOVER_RECORDS_MAX 2000 /* Read in one step. */

struct takeover {
    enum takeover_stage stage;
    int64_t since_ms;          /* Monotonic, of the first (or last fencing) try. */
    char owner[LANE_ID_BYTES]; /* Whose commit was found; its open transaction may be in the way. */
    int64_t offset;            /* Of the inbox; OFFSET_NONE: nothing is committed. */
    int64_t checkpoint;        /* Of the history. */
    int64_t replay_from;
    bool has_ends;
    int64_t history_high;
    int64_t snapshot_high;
    int64_t checkpoint_high;
    struct log_reader reader;
    bool has_reader;
    struct arena ops_arena; /* Of the snapshots being applied. */
    bool is_applying;
    int64_t apply_to;
    char topic_id[48];  /* Of the snapshot topic. */
    int64_t inbox_seen; /* After the last inbox record that left a trace; for a lost position. */
    uint64_t folded;
    /* Runs met in the history whose earlier records lie below the checkpoint and that no snapshot
     * knows: they must turn out to have ended. Name -> run. */
    struct map orphans;
    struct arena orphan_arena;
};

void takeover_close_reader(struct takeover *takeover);
enum status takeover_open_reader(struct lane *lane, const struct partition *partition,
                                 const char *topic, int64_t from, struct error *err);

enum status restore_checkpoint(struct lane *lane, struct partition *partition, struct error *err);
enum status restore_stamp(struct lane *lane, struct partition *partition, struct error *err);
enum status restore_snapshots(struct lane *lane, struct partition *partition, struct error *err);
enum status replay_history(struct lane *lane, struct partition *partition, struct error *err);

#endif
