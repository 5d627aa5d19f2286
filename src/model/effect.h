/*
 * effect - what the core asks the shell to do, and what it tells people. Produced inside the
 * transaction that holds the transition, never again. Timers, frames and the stack are state, not
 * effects: the shell compares the instance before and after.
 */
#ifndef BATON_MODEL_EFFECT_H
#define BATON_MODEL_EFFECT_H

#include "base/arena.h"
#include "model/instance.h"

enum effect_kind {
    EFFECT_COMMAND, /* To a service; carries the saga headers. */
    EFFECT_EMIT,    /* To a topic of the flow. */
    EFFECT_CANCEL,  /* Tells a service that an attempt was abandoned; best effort, no reply. */
    EFFECT_TELL, /* To an instance of ours, itself too, through its inbox: `flow`, `key`, `type`. */
    EFFECT_ALERT, /* To the alerts topic. */
};

enum alert_kind {
    ALERT_LATE,      /* A warnAfter passed. */
    ALERT_STUCK,     /* An operator is needed. */
    ALERT_EXPIRED,   /* Early messages whose start never came. */
    ALERT_UNMATCHED, /* A message or reply that nothing waits for. */
    ALERT_DATA,      /* Something the flow computed was not usable; see detail. */
    ALERT_FAILED,    /* A process that is only observed did not go as its flow says. */
};

/* Texts and JSON belong to the list (its arena, its counts) or to the flow. */
struct effect {
    enum effect_kind kind;
    uint32_t activation; /* Last part of the command id. */
    struct text step;    /* Name. */
    uint32_t step_index;
    uint32_t attempt;
    bool is_undo;
    bool in_undo;      /* Of a step in the block of an undo; `undo_of` is set. */
    bool cancels_undo; /* CANCEL: what is abandoned is an undo. */
    uint32_t undo_of;  /* Undo: activation of the step that is undone. CANCEL: of the one that
                              is abandoned (its idempotency key is that of the command). */
    struct text undo_of_step;
    uint32_t key_activation; /* Names it in the idempotency key; 0: `activation` does. */
    struct text key_step;    /* The same for `step`; empty: that does. */
    struct text topic;       /* Name on the broker. */
    struct text flow;        /* TELL: name of the flow whose instance `key` is told. */
    struct text key;
    struct text type; /* Empty: none. TELL: see core/on_told.c. */
    enum format format;
    uint32_t check;       /* 1 + the index of the check of its value; 0: it needs none. */
    struct json *value;   /* NULL: a null value. */
    struct json *headers; /* Object of texts from the flow, or NULL. */
    uint32_t service;     /* COMMAND, CANCEL: index in flow->services; else UINT32_MAX. */
    int64_t deadline_ms;  /* COMMAND: end of this attempt; 0: none. */

    /* Of a run that this transition migrates: the version that it speaks of, where that is the old one.
     * NULL: the one by which the run goes on. */
    const struct flow *by;

    enum alert_kind
        alert; /* ALERT: `value` is {detail, error?, message?}; topic empty: the engine's. */
};

/* How an attempt that held a permit has ended; the shell tells the limiter after the commit. That a
 * permit is given back needs no word: the shell sees that the state holds it no longer. */
struct permit_outcome {
    uint32_t activation;
    int64_t seq; /* Names the permit, with the activation; see model/permit.h. */
    bool is_failure;
};

/* A value that was rendered for a topic of another format than json: of a message, or of one that is
 * kept to be sent later. The shell tries whether it can be encoded; see event.unfit. */
struct effect_check {
    struct text topic;
    enum format format;
    struct json *value; /* NULL: it is known that it cannot. */
    struct text bytes;  /* The shell's: encoded; lives in the arena. */
};

struct effect_list {
    struct arena *arena; /* Borrowed; the texts live there. Set before the first use. */
    struct effect *items;
    uint32_t count;
    uint32_t capacity;
    struct effect_check *checks; /* In the order of rendering. */
    uint32_t check_count;
    uint32_t check_capacity;
    /* What was decided, in order, for people: "reserve: attempt 1 sent", "note: ...". Long lines are
     * cut, and all but short ones when there are very many. */
    struct text *decided;
    uint32_t decided_count;
    uint32_t decided_capacity;
    size_t decided_bytes;
    struct permit_outcome *outcomes; /* In the arena. */
    uint32_t outcome_count;
};

/* Goes out with a command id to a topic of the estate. */
bool effect_is_sent(const struct effect *effect);

/* Open a zeroed place at the end. Moves the items. */
struct effect *effect_add(struct effect_list *effects);
/* As effect_add(), of a check. */
struct effect_check *effect_add_check(struct effect_list *effects);
void effect_decide(struct effect_list *effects, const char *format, ...) PRINTF_LIKE(2, 3);
void effect_clear(struct effect_list *effects); /* Frees the JSON, keeps the memory. */
void effect_release(struct effect_list *effects);

const char *alert_kind_name(enum alert_kind kind); /* "late" ... */

#endif
