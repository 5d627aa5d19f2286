/*
 * router_state - the inside of a router, shared by the files that make it up: router.c (life,
 * sessions, turns), router_places.c (which partitions it has, what is committed), router_begin.c
 * (where each begins), router_forward.c (records of the estate to records of the inbox).
 */
#ifndef BATON_ENGINE_ROUTER_STATE_H
#define BATON_ENGINE_ROUTER_STATE_H

#include "base/buffer.h"
#include "base/log.h"
#include "engine/route_table.h"
#include "engine/router.h"
#include "engine/source_mark.h"

enum place_state {
    PLACE_NONE, /* Not ours. */
    PLACE_NEW,  /* Assigned; where it begins is still to be found out. */
    PLACE_READING,
    PLACE_STOPPED, /* Records that it should read next are gone: an operator's decision. */
};

/* A partition of a source topic. */
struct place {
    enum place_state state;
    struct source_mark mark; /* What is committed beside the offset. */
    int64_t next;            /* The next offset to forward. */
    int64_t acked;           /* The inbox holds what comes before. Only this is ever committed. */
    bool is_dirty;           /* `acked` or the mark is not committed yet. */
    bool is_told;            /* That it waits for a revision was logged. */
    int64_t *from;           /* By route: earlier records are not the flow's. */
    int64_t held_ms;         /* Monotonic: when its next record, of a schema that is not there, is
                                tried again; 0: it does not wait. */
    int64_t held_at;         /* The record that it waited for last, */
    uint32_t holds;          /* and how often again since. */
};

struct place_row {
    struct place *places; /* By partition. */
    int32_t count;
};

/* A place with its address, for a walk over all. */
struct place_visit {
    const struct route_source *source;
    int32_t partition;
    struct place *place;
};

struct router {
    struct router_options options;
    const struct broker *broker;
    struct names names;
    struct flow_registry *registry;
    struct log_gate gate;     /* Of what may be said at every turn. */
    int64_t registry_poll_ms; /* Monotonic, as all below. */
    int64_t now_ms;

    /* A session: from joining the group with the topics of one revision to leaving it. */
    bool has_session;
    struct route_table *table;
    int64_t revision;
    int32_t partitions; /* P, of the inbox. */
    struct consumer consumer;
    struct forwarder forwarder;
    struct place_row *rows; /* By source. */
    bool has_new;           /* Some place is NEW. */
    int64_t commit_ms;      /* When the next commit is due. */
    int64_t restart_ms;     /* When fetching is started again after a refusal; 0: not. */
    uint32_t held;          /* Places that wait for a schema. */

    /* A batch. `bytes` holds encoded records until they are acknowledged; it never moves while it
     * holds any. */
    struct record *records;
    uint32_t record_count;
    struct arena arena;
    struct buffer bytes;
    struct buffer key;
    struct buffer located;
    struct record_header schema;

    struct router_stats *stats; /* The caller's, or own_stats. */
    struct router_stats own_stats;
};

static inline void router_fault(const struct router *router, const char *point)
{
    if (router->options.fault != NULL) {
        router->options.fault(router->options.fault_self, point);
    }
}

/* router_places.c */
struct rebalance router_rebalance(struct router *router);
/* Zero the cursor; false at the end. Passes over what is not ours. */
bool router_next_place(const struct router *router, struct place_visit *visit);
/* NULL: not ours, or not being read. */
struct place *router_place(const struct router *router, const struct route_source *source,
                           int32_t partition);
/* Everything sent is acknowledged. */
void router_acked(struct router *router);
/* Commit what is acknowledged. RETRY: it is kept for the next time. */
enum status router_commit(struct router *router, struct error *err);
bool router_is_dirty(const struct router *router);
/* A position was refused while reading: find which, and what became of it. */
enum status router_find_lost(struct router *router, struct error *err);
/* Fetch again what was not lost, some time after a refusal. */
enum status router_restart(struct router *router, struct error *err);
/* What lies below `ends->low` was to be read next and is gone. */
void router_stop_place(const struct place_visit *visit, const struct log_ends *ends);
void router_free_places(struct router *router);
/* What is shown of the places. */
void router_show_places(const struct router *router);

/* router_hold.c: places whose next record cannot be read yet. */

/* `place` waits: what was polled of it beyond `next` comes again. ABORT: the session has to end. */
enum status router_hold(struct router *router, const struct route_source *source, int32_t partition,
                        struct place *place, const struct error *why);
/* Go on with those that have waited long enough. */
enum status router_release(struct router *router, struct error *err);
/* How long a poll may wait at most, for their sake. */
int64_t router_hold_wait(const struct router *router, int64_t wait_ms);

/* router_begin.c: find out where the new places begin, commit that, start them. RETRY: some are
 * still new. */
enum status router_start_places(struct router *router, struct error *err);

/* router_forward.c: forward the batch and flush. Anything but OK ends the session. */
enum status router_forward(struct router *router, struct error *err);

#endif
