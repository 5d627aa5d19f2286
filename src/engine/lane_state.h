/*
 * lane_state - the inside of a lane, shared by the files that make it up: lane.c (life and group),
 * intake.c (records to events), turn.c (decide), outbox.c (what is produced), commit.c (the
 * transaction, and finding out after a doubtful one), adopt.c (after the commit), checkpoint.c (runs
 * go to sleep), store.c (their sleeping place), timers.c (what is due), ownership.c, takeover.c,
 * restore.c and replay.c (a partition comes and goes).
 */
#ifndef BATON_ENGINE_LANE_STATE_H
#define BATON_ENGINE_LANE_STATE_H

#include "core/transition.h"
#include "engine/janitor.h"
#include "engine/lane.h"
#include "engine/partition.h"
#include "engine/permits.h"
#include "engine/shorten.h"
#include "engine/tally.h"

#define LANE_ID_BYTES 320

/* What an outgoing record comes from: so that one that is refused names its event. */
struct origin {
    struct partition *partition; /* NULL: the checkpoint. */
    int64_t inbox_offset;        /* OFFSET_NONE: a local event. */
};

struct outbox {
    struct outgoing *items;
    struct origin *origins; /* Beside items. */
    struct origin origin;   /* Of what is added now. */
    uint32_t count;
    uint32_t capacity;
};

#define HOLD_SCHEMA_MS 100 /* A schema is mostly there by then. */
#define REPLACED_MAX 5
#define FENCED_MAX 5
#define FENCINGS_MAX 8

/* A former owner that we have fenced since the last rebalance: it may be alive, and then only needs
 * time. */
struct fencing {
    char owner[LANE_ID_BYTES];
    int64_t again_ms; /* Monotonic: not before. */
    int64_t pause_ms; /* Doubles. */
};

struct lane {
    struct lane_options options;
    const struct broker *broker;
    const struct settings *settings;
    struct names names;
    struct flow_registry *registry;
    int64_t registry_poll_ms; /* Monotonic time of the next poll. */
    struct log_gate gate;     /* Of what may be said at every turn. */

    struct consumer consumer;
    bool has_consumer;
    struct producer producer;
    bool has_producer;
    bool was_opened; /* The producer, at least once. */
    char transactional_id[LANE_ID_BYTES];
    char static_id[LANE_ID_BYTES];
    uint64_t batch_random; /* Drawn at each opening of the producer. */
    uint64_t batch_counter;
    uint64_t draws;
    int64_t last_poll_ms;          /* Monotonic. */
    int64_t store_away_ms;         /* Monotonic: until then nobody waits for the store. */
    int64_t fenced_ms[FENCED_MAX]; /* Monotonic times of the last fencings. */
    uint32_t fenced_count;         /* Since the last rebalance. */
    struct fencing fencings[FENCINGS_MAX];
    uint32_t fencing_count;
    /* Monotonic times at which another member took our place; 0: never. */
    int64_t replaced_ms[REPLACED_MAX];
    uint32_t batch_max; /* Halved when a batch fails twice. */
    uint32_t failures;  /* Of the batch in a row. */
    /* A batch that took too long would do so again at once: so many commits before it may grow. */
    uint32_t calm_wanted;

    struct permits permits;
    struct log_gate permit_gate;
    struct janitor *janitor;
    struct shortening shortening;
    struct partition **partitions; /* By number; NULL: not owned. */
    int32_t partition_max;

    /* The open turn; reset at its end. */
    struct arena arena;
    struct record *records;
    uint32_t record_count;
    int64_t now_ms;
    int64_t monotonic_ms;
    struct outbox outbox;
    struct effect_list effects;
    struct touched {
        struct partition *partition;
        struct resident *resident;
    } * touched;
    uint32_t touched_count;
    uint32_t touched_capacity;
    struct watermark **marks; /* Touched; the partition's own. */
    uint32_t mark_count;
    uint32_t mark_capacity;
    uint32_t events; /* Decided in this turn. */
    struct buffer scratch;
    struct buffer scratch_key;
    struct buffer scratch_delta;
    char batch[64]; /* Number of the transaction. */

    struct tally tally;       /* Of the open turn. */
    struct lane_stats *stats; /* The caller's, or own_stats. */
    struct lane_stats *own_stats;
};

#define RULE_OFF(lane, rule) (((lane)->settings->rules_off >> (rule)) & 1U)

static inline void lane_fault(const struct lane *lane, const char *point)
{
    if (lane->options.fault != NULL) {
        lane->options.fault(lane->options.fault_self, point);
    }
}

/* intake.c: turn the records polled into transitions. */
void lane_take(struct lane *lane);

/* turn.c: apply one event to its instance and put what follows into the outbox.
 * `inbox` is NULL for a local event. */
struct inbox_record;
struct decision {
    struct partition *partition;
    struct text name;
    const struct inbox_record *inbox;
    int64_t inbox_offset;
    struct event event;
    struct text payload; /* JSON text for the history; data NULL: none. */
};
/* *outcome says where it ended; APPLIED and IGNORED made a history record.
 * STATUS_RETRY: a message of it needs a schema that is not there; nothing was decided.
 * STATUS_REJECT: the partition cannot go on; err says why. */
enum status lane_decide(struct lane *lane, struct decision *decision, enum outcome *outcome,
                        struct error *err);
/* fitting.c: transition(), in which every message that cannot be encoded has become an error of its
 * flow; the others' bytes are in the effects' checks. Completes `event`. RETRY: a schema is not there;
 * *after is NULL. */
struct fitted {
    enum transition_result result;
    struct instance *after;
};
enum status lane_transition(struct lane *lane, const struct flow *flow,
                            const struct instance *before, struct event *event,
                            struct fitted *fitted, struct error *err);
void lane_touch_partition(struct lane *lane, struct partition *partition);
/* Forget the overlay of the open turn. */
void lane_drop_overlay(struct lane *lane);
void lane_end_turn(struct lane *lane);

/* outbox.c */
struct outgoing *outbox_add(struct lane *lane, const char *topic, int32_t partition);
struct text lane_keep(struct lane *lane, struct text text); /* A copy in the turn's arena. */
void outbox_dead_letter(struct lane *lane, const struct partition *partition,
                        const struct inbox_record *inbox, const struct record *record,
                        const char *reason);
void outbox_alert(struct lane *lane, struct text instance, const char *run, const char *kind,
                  struct text step, const struct json *detail);
void outbox_alert_text(struct lane *lane, struct text instance, const char *kind,
                       const char *format, ...) PRINTF_LIKE(4, 5);
void outbox_effects(struct lane *lane, const struct decision *decision, const struct flow *flow,
                    const struct instance *after);
/* inbox_tail.c: whether everything before `end` was taken. */
bool lane_inbox_is_read(struct lane *lane, struct partition *partition, int64_t end);
/* schedules.c */
void lane_tell_schedules(struct lane *lane);
/* outbox_told.c: EFFECT_TELL. `after` is NULL when nothing was recorded. */
void outbox_told(struct lane *lane, const struct decision *decision, const struct effect *effect,
                 const struct instance *after);
/* By which versions a run goes before and after a transition: two only where it is migrated. */
struct flows_met {
    const struct flow *before;
    const struct flow *after;
};
void outbox_history(struct lane *lane, const struct decision *decision, struct resident *resident,
                    const struct flows_met *flows, const struct instance *after, bool is_ignored);
const struct instance *resident_state(const struct resident *resident);

/* commit.c: commit the open turn. RETRY: it was not committed and its records will come again. */
enum status lane_commit(struct lane *lane, struct error *err);
enum status lane_ensure_producer(struct lane *lane, struct error *err);
/* metadata.c: "1 <transactional id> <batch> <checkpoint>" */
void metadata_format(char out[OFFSET_METADATA_BYTES], const char *transactional_id,
                     const char *batch, int64_t checkpoint);
struct metadata {
    char transactional_id[LANE_ID_BYTES];
    char batch[64];
    int64_t checkpoint;
};
bool metadata_parse(const char *text, struct metadata *metadata);

/* adopt.c: the turn is committed; the overlay becomes the state. */
void lane_adopt(struct lane *lane);
void lane_batch_went_well(struct lane *lane); /* The next may be larger, up to the full size. */
uint32_t lane_remember_until(const struct lane *lane, const struct instance *instance);
void resident_set_wake(struct partition *partition, struct resident *resident, int64_t now_ms);
/* One of its timers is due before the store is surely asked again: it stays in memory. */
bool resident_is_near(const struct lane *lane, const struct resident *resident);

/* checkpoint.c */
void lane_checkpoint(struct lane *lane, struct partition *partition, bool everything);
/* Watermarks that nothing else in the open turn carries. */
void lane_add_bare_marks(struct lane *lane);
void lane_checkpoint_committed(struct lane *lane, struct partition *partition);
/* Hand over and settle applies; cheap when there is nothing. */
void lane_serve_store(struct lane *lane, struct partition *partition, int64_t wait_ms);
/* The pass that was in the open turn is forgotten with it. */
void lane_checkpoint_dropped(struct partition *partition);
struct checkpoint_record;
/* Its key is for the caller to set; NULL makes a tombstone. */
struct outgoing *checkpoint_add(struct lane *lane, const struct partition *partition,
                                const struct checkpoint_record *record);

/* checkpoint_ended.c: the ended keys of a pass, into it and after its commit. */
void checkpoint_add_ended(struct lane *lane, struct partition *partition);
void checkpoint_ended_committed(const struct lane *lane, struct partition *partition);

/* store.c: load runs by name into residents (clean). RETRY: Redis is away. STALE: the partition
 * must be taken over again. */
enum status lane_load(struct lane *lane, struct partition *partition, const struct text *names,
                      uint32_t name_count, struct error *err);
/* As lane_load, for a partition that is READY: what does not pass by itself is seen to (it is taken
 * over again, or broken off). False: the runs are not there now; err says why. */
bool lane_wake(struct lane *lane, struct partition *partition, const struct text *names,
               uint32_t name_count, struct error *err);
/* One link serves all partitions of the lane: when one of them has waited for it in vain, the others
 * do not wait as well, or the turn would outlast the session. */
bool lane_store_is_away(const struct lane *lane);
void lane_store_missed(struct lane *lane);

/* timers.c */
void lane_fire_timers(struct lane *lane);
int64_t lane_next_wake(const struct lane *lane, int64_t wait_ms);

/* ownership.c */
struct rebalance lane_rebalance(struct lane *lane);
/* Take-overs go a step on, holds end, the store is served; once a turn. */
void lane_serve_partitions(struct lane *lane);
/* It has no partitions, as far as anybody who looks at it is concerned. */
void lane_clear_gauges(struct lane *lane);
struct partition *lane_partition(const struct lane *lane, int32_t number); /* NULL: not owned. */
/* Stop fetching from `offset` on for a while, or until the registry has read `revision`. */
void lane_hold(struct lane *lane, struct partition *partition, int64_t wait_ms, int64_t revision,
               const char *why);
/* Begin its take-over (again). */
void lane_take_over(struct lane *lane, struct partition *partition, const char *why);
void lane_break(struct lane *lane, struct partition *partition, const struct error *err);

#endif
