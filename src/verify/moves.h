/*
 * moves - what may happen to a run next, whatever the world does.
 */
#ifndef BATON_VERIFY_MOVES_H
#define BATON_VERIFY_MOVES_H

#include "base/arena.h"
#include "model/event.h"
#include "verify/verify.h"

enum move_kind {
    MOVE_MESSAGE,
    MOVE_REPLY,     /* To the command of `activation`. */
    MOVE_KEY_REPLY, /* Of `service`, by business key. */
    MOVE_TIMER,
    MOVE_OPERATOR,
    MOVE_SIGNAL,
    MOVE_BEGIN,   /* By a parent or a person: of flows that no message starts. */
    MOVE_REFUSED, /* The breaker is open for the request `activation`. */
    MOVE_CHILD,   /* The child of the frame `activation` answers, or has unwound. */
    MOVE_PARENT,  /* Who began the run says what becomes of it. */
};

/* What a child may say. */
enum child_word {
    CHILD_HELD, /* It has completed, and may still be undone. */
    CHILD_COMPLETED,
    CHILD_FAILED,
    CHILD_REFUSED,
    CHILD_UNWOUND,
};

/* What a parent may say, once. */
enum parent_word {
    PARENT_RELEASES, /* It will not want it undone. */
    PARENT_CANCELS,
    PARENT_UNWINDS,
};
#define PARENT_WORDS 3u

struct move {
    uint8_t kind;
    uint8_t word; /* Timer kind, operator verb, child or parent word. */
    bool earlier; /* REPLY: to an attempt before the current one. */
    bool is_late; /* REPLY: nothing waits for it. */
    uint32_t activation;
    uint32_t message; /* MESSAGE: index in the world's; SIGNAL: in the flow's signals. */
    uint32_t service;
};

/* A message whose key is that of the run, as one rule finds it. */
struct world_message {
    uint32_t topic; /* Index in the flow's topics. */
    struct text type;
    const struct correlation *rule;
    bool starts;
    struct text alias; /* By another identity: as an alias tells it; else empty. */
    struct json *payload;
    struct json *coordinates;
};

/* What may come from outside; the same for all states. */
struct world {
    const struct flow *flow;
    struct verify_bounds bounds;
    struct world_message *messages;
    uint32_t message_count;
    bool has_start; /* By a message. */
    struct json *reply;
    struct json *begin;              /* What a parent says to begin it. */
    struct json *said[PARENT_WORDS]; /* By word. */
};

void world_init(struct world *world, const struct flow *flow, const struct verify_bounds *bounds);
void world_release(struct world *world);

struct move_list {
    struct move *items;
    uint32_t count;
    uint32_t capacity;
};
/* Replace what is in the list. */
void moves_find(const struct world *world, const struct instance *instance,
                struct move_list *moves);
/* The event of a move, as it comes to `instance`. Borrows the world; `*payload`, which the caller
 * frees, is what was made for this event, or NULL. */
struct event move_event(const struct world *world, const struct instance *instance,
                        const struct move *move, struct json **payload);
/* The end here and now, with nothing undone: what comes of it is no end of the flow's. */
static inline bool move_terminates(const struct move *move)
{
    return move->kind == MOVE_OPERATOR && move->word == OPERATOR_TERMINATE;
}
/* In words. The text lives in `arena`. */
struct text move_tell(const struct world *world, const struct instance *instance,
                      const struct move *move, struct arena *arena);

/* The key and start of every run tried. */
#define WORLD_KEY "k"
#define WORLD_TIME_MS INT64_C(1767225600000)

#endif
