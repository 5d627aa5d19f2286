/*
 * shorten - the history of a run that goes on for long is folded away: once a run has more than
 * `history.max` records and a snapshot stands for the oldest of them, these get tombstones, so that a
 * loop without an end takes no room without an end. The newest `history.max` stay, for people.
 *
 * Only what lies below the run's last snapshot and below the partition's checkpoint goes, so that no
 * new owner misses it; a bounded number a pass, as part of a turn, like the janitor's. How far a run is
 * cut stands in the checkpoint topic under "h/<instance>/<run>", written by the transaction of the
 * tombstones: after a crash it goes on where it was. The tombstones carry a header that says why they
 * are there: those of a run that ended have none.
 */
#ifndef BATON_ENGINE_SHORTEN_H
#define BATON_ENGINE_SHORTEN_H

#include "engine/partition.h"

/* On the tombstones; its value is the seq up to which the run is cut by the same transaction. */
#define FOLDED_HEADER "baton-folded"

struct lane;

/* A long run. */
struct cut {
    struct text key;  /* In the checkpoint topic; owned. */
    struct text name; /* Of the instance; within `key`. */
    struct run_id run;
    int64_t upto;     /* The records up to this seq are gone, as committed. */
    int64_t goal;     /* Those up to this one may go, */
    int64_t behind;   /* once the checkpoint has come to this offset. */
    struct cut *next; /* In the partition's queue. */
    bool is_due;      /* Is in it. */
};

/* What the open turn holds of it; `partition` NULL: nothing. */
struct shortening {
    int64_t next_ms; /* Monotonic time of the next pass. */
    struct partition *partition;
    struct text key; /* In the turn's arena. */
    int64_t upto;
};

/* The run's, or NULL: nothing of it was folded away, nor is to be. */
struct cut *shorten_find(const struct partition *partition, struct text name, struct run_id run);
/* Seq up to which the records are gone; 0: all are there. */
int64_t shorten_upto(const struct partition *partition, struct text name, struct run_id run);

/* A snapshot of the run is committed; `partition` stands as that turn left it. */
void shorten_saved(const struct lane *lane, struct partition *partition,
                   const struct instance *instance);
/* The run has ended: what is left of its history is kept as long as its flow says. */
void shorten_ended(struct partition *partition, const struct instance *instance);
/* All of its history is gone. */
void shorten_drop(struct partition *partition, struct cut *cut);

/* Add to the open turn what is due. Never waits. */
void shorten_pass(struct lane *lane);
void shorten_committed(struct lane *lane);
/* The turn is over; what it held and was not committed comes again. */
void shorten_end_turn(struct lane *lane);
/* Before the partition is freed. */
void shorten_lost(struct lane *lane, const struct partition *partition);

/* Key "h/<instance>/<run>" of the checkpoint topic. */
bool shorten_is_key(struct text key);
/* As the checkpoint topic says; `upto` 0: the key is gone. A key that cannot be read is ignored. */
void shorten_restore(struct partition *partition, struct text key, int64_t upto);
void shorten_forget(struct partition *partition);

#endif
