/*
 * partition - what a lane keeps of one inbox partition: the runs in memory, the watermarks, the
 * ended keys, and where history, snapshots and the store stand. A function of committed records
 * only, apart from the overlay of the turn that is open.
 */
#ifndef BATON_ENGINE_PARTITION_H
#define BATON_ENGINE_PARTITION_H

#include "base/log.h"
#include "base/map.h"
#include "engine/broker.h"
#include "engine/ended.h"
#include "engine/flow_registry.h"
#include "engine/sleep_store.h"
#include "engine/wake_heap.h"
#include "model/instance.h"

struct cut;
struct resident;
struct stat_row;

struct resident_list {
    struct resident *first;
    struct resident *last;
};

struct resident_link {
    struct resident *previous;
    struct resident *next;
    bool is_in;
};

/* A run in memory. `wake` comes first: the heap's entry is the resident. */
struct resident {
    struct wake wake;
    struct text name;          /* Owned. */
    struct instance *instance; /* As committed; NULL: new in this turn, or gone. */
    struct instance *overlay;  /* As the open turn leaves it; NULL: untouched. */
    uint32_t overlay_until;    /* An earlier run of it ended in this turn: until when its key is
                                         remembered; 0: none did. */
    int64_t permit_ms;         /* What waits for a permit is not looked at before. */
    unsigned char hash[DIGEST_BYTES]; /* Of the last history record. */
    unsigned char overlay_hash[DIGEST_BYTES];
    int64_t first_offset;   /* Lowest history offset that memory needs; OFFSET_NONE: clean. */
    int64_t overlay_offset; /* Of this turn's first record of it; filled by the acknowledgement. */
    int64_t dirty_ms;       /* When it became dirty, */
    int64_t changed_ms;     /* and when it changed last. */
    bool has_snapshot;      /* The snapshot topic holds a value under this name. */
    bool is_saving;         /* Its snapshot is committed, the store has not acknowledged it. */
    struct resident_link dirty; /* By first_offset. */
    struct resident_link idle;  /* By changed_ms. */
    struct stat_row *counted;   /* Where the gauges count it (tally.h), and as what. NULL: not. */
    uint32_t counted_state;
    uint32_t counted_timers;
};

struct watermark {
    struct text key;      /* "w/<route>/<topic>#<generation>/<partition>"; owned. */
    int64_t next;         /* The next source offset that is new. */
    int64_t overlay_next; /* As the open turn leaves it. */
    bool is_touched;      /* By the open turn. */
    bool needs_record;    /* The open turn's highest record of it made no history record. */
    bool is_unsaved;      /* The checkpoint topic does not hold `next`. */
};

/* A run that ended and is not yet in a chunk of the checkpoint topic. */
struct ended_pending {
    unsigned char name_hash[ENDED_HASH_BYTES];
    uint32_t until_second;
    int64_t first_offset;
};

enum partition_state {
    PARTITION_TAKING, /* Being taken over; see takeover.h. */
    PARTITION_READY,
    PARTITION_HELD,   /* Fetching stopped for a reason that passes; `resume_offset` is next. */
    PARTITION_BROKEN, /* Its records contradict each other, or its position is gone: an operator's
                         decision. Logged; the others go on. */
};

struct takeover;

/* How far the inbox is known to hold nothing but markers; see inbox_tail.c. */
struct inbox_tail {
    struct log_reader reader;
    bool is_open;
    int64_t from;       /* Where the reader began. */
    int64_t waits_at;   /* The next offset when waiting began, */
    int64_t look_ms;    /* and the monotonic time from which it is looked at. */
    int64_t empty_from; /* No record lies from here */
    int64_t empty_to;   /* to there. */
};
void inbox_tail_close(struct inbox_tail *tail);

/* See janitor.h. */
struct sweep {
    int64_t keep_ms;
    int64_t position; /* Of the history: what lies before it has been looked at, */
    int64_t saved;    /* and this is in the checkpoint topic. */
    int64_t due_ms;   /* Wall time: there is nothing to do before. 0: not known. */
};

struct partition {
    int32_t number;
    enum partition_state state;
    struct takeover *takeover; /* While TAKING. */
    struct log_gate gate;      /* Of what may be said at every turn. */
    int64_t hold_until_ms;     /* Monotonic; HELD. */
    int64_t hold_revision;     /* HELD until the registry has read this far. */

    int64_t next_offset;   /* Of the inbox, as committed. */
    int64_t overlay_next;  /* As the open turn leaves it. */
    bool is_touched;       /* Part of the open turn. */
    int64_t trim_ms;       /* Monotonic: when the inbox is cut next, */
    int64_t trimmed;       /* and up to where it was. */
    int64_t poison_offset; /* The inbox record to dead-letter when it is taken again. */

    struct map residents; /* Name -> struct resident. */
    struct resident_list dirty;
    struct resident_list idle;
    struct wake_heap wakes;

    struct map watermarks;
    struct ended ended;
    struct ended_pending *pending;
    uint32_t pending_count;
    uint32_t pending_capacity;
    int64_t pending_first; /* Lowest first_offset of `pending`; INT64_MAX if none. */

    int64_t history_next;       /* After the last history record known. */
    int64_t overlay_history;    /* Offset of the open turn's last history record, */
    int64_t overlay_snapshot;   /* and of its last snapshot record; filled by acknowledgement. */
    int64_t overlay_checkpoint; /* What the open turn's metadata says. */
    int64_t checkpoint;         /* As in the last committed metadata. */
    int64_t checkpoint_pass_ms; /* Monotonic time of the last pass. */

    struct sleep_store store;
    bool distrusts_store; /* It held something unreadable: to be built anew, */
    bool was_distrusted;  /* for the second time: then the snapshot topic itself holds it. */
    int64_t store_generation;
    int64_t store_watermark;  /* Acknowledged. */
    int64_t snapshot_next;    /* After the last snapshot record committed. */
    struct arena sleep_arena; /* What the pending apply borrows. */
    struct sleep_op *ops;
    struct resident **saved; /* The runs in ops. */
    uint32_t op_count;
    bool is_pass_open;               /* A checkpoint pass is part of the open turn: */
    uint32_t pass_pending;           /* so many of `pending` go, */
    struct ended_chunk *pass_chunks; /* as these chunks (in the turn's arena); */
    uint32_t pass_chunk_count;
    bool is_pass_saving;            /* the runs in ops go to sleep; */
    struct ended_chunk *pass_drops; /* and these chunks are forgotten (in the turn's arena). */
    uint32_t pass_drop_count;
    bool is_applying;       /* Handed over, not settled. */
    bool is_apply_due;      /* To be handed over (again). */
    int64_t apply_retry_ms; /* Monotonic. */

    struct sleep_due *near; /* Sleeping timers due soon; texts in near_arena. */
    uint32_t near_count;
    uint32_t near_at;
    struct arena near_arena;
    int64_t near_poll_ms; /* Monotonic time of the next poll. */
    uint64_t sleeping;    /* Runs in the store, and their timers, as it said last; for people. */
    uint64_t sleeping_timers;

    int64_t deadline_until_ms; /* Deadlines due up to here may fire. */
    int64_t scheduled;         /* Revision whose schedules have been told here, */
    int64_t overlay_scheduled; /* as the open turn leaves it. */
    struct inbox_tail tail;
    int64_t barrier_time_ms;  /* The round waited for, */
    int64_t barrier_end;      /* and the inbox offset that passes it. */
    int64_t barrier_since_ms; /* Wall time of the last pass (or of the take-over). */
    bool barrier_alerted;

    struct sweep *sweeps;
    uint32_t sweep_count;

    struct map cuts;      /* Key -> struct cut: the long runs; see shorten.h. */
    struct cut *cuts_due; /* Those of which something may go. */
};

struct partition *partition_new(int32_t number);
void partition_free(struct partition *partition);
/* Forget all memory of runs and topics, keep the number: before a take-over begins (again). */
void partition_forget(struct partition *partition);

struct resident *partition_find(const struct partition *partition, struct text name);
/* Find or make one with neither instance nor overlay. */
struct resident *partition_resident(struct partition *partition, struct text name);
/* Take it out of all lists and free it. */
void partition_evict(struct partition *partition, struct resident *resident);

/* The resident's state changed with the history record at `first_offset` (kept if it was dirty). */
void partition_mark_dirty(struct partition *partition, struct resident *resident,
                          int64_t first_offset, int64_t now_ms);
void partition_mark_clean(struct partition *partition, struct resident *resident);
/* Move to the end of the idle list. */
void partition_touch_idle(struct partition *partition, struct resident *resident, int64_t now_ms);

/* A run of `resident` has ended, and there is another one already: remember its key. */
void partition_remember(struct partition *partition, const struct resident *resident,
                        uint32_t until_second);
/* The run of `resident` has ended: remember its key, and keep or evict the resident. */
void partition_ended(struct partition *partition, struct resident *resident, uint32_t until_second);

struct watermark *partition_watermark(struct partition *partition, struct text key);

/* The lowest history offset that memory still needs. */
int64_t partition_checkpoint(const struct partition *partition);

#endif
