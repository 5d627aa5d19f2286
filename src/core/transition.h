/*
 * transition - the whole engine as one function. No clock, socket, thread, log or randomness: the
 * same flow, state and event give the same state and effects, everywhere and always.
 */
#ifndef BATON_CORE_TRANSITION_H
#define BATON_CORE_TRANSITION_H

#include "model/effect.h"
#include "model/event.h"

enum transition_result {
    TRANSITION_APPLIED, /* *after is the new state, its seq one higher: a history record. */
    TRANSITION_IGNORED, /* As APPLIED, but nothing happened beyond being recorded; late, repeated. */
    TRANSITION_VOID,    /* Nothing to record: *after is NULL. A timer that is not armed; a message
                           for no run that may not wait (early: 0). `effects` may hold an alert. */
};

/*
 * Decide what `event` does to `before` (RUN_NONE for an unknown key; const, stays the caller's).
 * *after belongs to the caller. `effects` is cleared first. Errors of the flow (an expression that
 * fails, a state too large) are errors of the run and unwind it: the call itself cannot fail.
 */
enum transition_result transition(const struct flow *flow, const struct instance *before,
                                  const struct event *event, struct instance **after,
                                  struct effect_list *effects);

/*
 * What the flow's expressions give, chosen instead of computed: for src/verify, which tries what a flow
 * can do whatever the data. `about` is the message or reply looked at, or NULL; `scope` the block in
 * which the expression stands. STATUS_REJECT: it fails, as an evaluation does.
 */
struct judge {
    void *self;
    void (*enter)(void *self, uint32_t step); /* The step begins: its `if` has let it. */
    enum status (*test)(void *self, const struct expr *expr, uint32_t scope,
                        const struct json *about, bool *truth, struct error *err);
    enum status (*eval)(void *self, const struct expr *expr, struct json **value,
                        struct error *err);
    enum status (*render)(void *self, const struct template *template, struct json **value,
                          struct error *err);
};

/* The same with another judge of the flow's expressions; NULL: they are computed. */
enum transition_result transition_judged(const struct flow *flow, const struct instance *before,
                                         const struct event *event, const struct judge *judge,
                                         struct instance **after, struct effect_list *effects);

/* The answer to what an instance was told (EVENT_TOLD) that does not run and cannot begin: its flow is
 * not there (`why`), or it is none of the things that begin a run. `blank` names it. */
void told_orphan(const struct event *event, const struct instance *blank,
                 struct effect_list *effects, const char *why);

/* Where an instance stands, for the `from` and `to` of history: "charge", "charge, undo of
 * reserve", "completed". */
void instance_place(const struct flow *flow, const struct instance *instance, struct buffer *out);

#endif
