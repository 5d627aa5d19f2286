/*
 * machine - a flow's state machine for people and programs to look at: states, what drives each
 * transition, timers, undos. A picture of what the engine does with the flow, not what it runs on.
 * Errors of expressions are not drawn: they may come anywhere and take the way of any failure.
 */
#ifndef BATON_COMPILE_MACHINE_H
#define BATON_COMPILE_MACHINE_H

#include "base/map.h"
#include "model/flow.h"

enum state_kind {
    STATE_START,
    STATE_ANY, /* Stands for every step: where the flow's timeout comes from. */
    STATE_STEP,
    STATE_UNWIND, /* Takes undos from the stack until it is empty. */
    STATE_UNDO,
    STATE_STUCK, /* An operator has to decide. */
    STATE_COMPLETED,
    STATE_FAILED,
    STATE_CANCELLED,
};

struct state {
    enum state_kind kind;
    struct text name;   /* "reserve", "undo reserve", "completed" */
    struct text does;   /* "request inventory: ReserveInventory", or empty. */
    struct text sends;  /* Topic of what it sends, or empty. */
    struct text type;   /* Of what it sends, as the definition has it. */
    struct text awaits; /* Topic of what it waits for, or empty. */
    uint32_t step;      /* STATE_STEP and STATE_UNDO, else STEP_NONE. */
};

enum trigger {
    TRIGGER_MESSAGE, /* A message on `topic`. */
    TRIGGER_REPLY,   /* A reply on `topic`. */
    TRIGGER_DONE,    /* Nothing has to be waited for. */
    TRIGGER_TIMER,
    TRIGGER_CHOICE, /* A case of a switch, or `if`. */
    TRIGGER_RETRY,
    TRIGGER_TIMEOUT,
    TRIGGER_FAILURE,
    TRIGGER_UNDO,  /* An armed undo is taken from the stack. */
    TRIGGER_EMPTY, /* The stack is empty. */
};

struct transition {
    uint32_t from;
    uint32_t to;
    enum trigger trigger;
    struct text topic; /* Empty: no record drives it. */
    struct text when;  /* An expression, a duration, or words; may be empty. */
};

struct timer {
    uint32_t state;   /* Index; UINT32_MAX: of the flow. */
    const char *kind; /* "attempt" "listen" "wait" "warn" "flow" "early" */
    struct span span;
};

struct machine {
    struct arena arena;
    const struct flow *flow; /* Borrowed. */
    struct json *definition;
    struct map steps; /* Name to the step's part of the definition. */
    struct state *states;
    uint32_t state_count;
    uint32_t state_capacity;
    struct transition *transitions;
    uint32_t transition_count;
    uint32_t transition_capacity;
    struct timer *timers;
    uint32_t timer_count;
    uint32_t timer_capacity;
    uint32_t of_kind[STATE_CANCELLED + 1]; /* State of the kinds that there is one of. */
    uint32_t *of_step;                     /* State of each step. */
    uint32_t *of_undo;                     /* State of its undo, or UINT32_MAX. */
};

/* Borrows `flow`, which must outlive it. */
struct machine *machine_new(const struct flow *flow);
void machine_free(struct machine *machine); /* Accepts NULL. */

void machine_json(const struct machine *machine, struct buffer *out);
void machine_mermaid(const struct machine *machine, struct buffer *out);
void machine_dot(const struct machine *machine, struct buffer *out);

/* Internal to the module. */
void machine_add_transitions(struct machine *machine);
void machine_add(struct machine *machine, struct transition transition);
/* machine_wait.c */
void machine_add_awaited(struct machine *machine, const struct listen *listen, uint32_t from,
                         uint32_t to);
/* `from`: what stands for wherever the block, or the run, has come to. */
void machine_add_handlers(struct machine *machine, const struct handler *handlers, uint32_t count,
                          uint32_t from);
void machine_seal(struct machine *machine); /* machine_seal.c */
/* Take out states that nothing leads to or from. */
void machine_drop_idle(struct machine *machine);
/* A topic's name, or "signal approved". */
struct text machine_awaited(struct machine *machine, const struct awaited *awaited);
struct text machine_enough(struct machine *machine, const struct listen *listen); /* Messages. */
struct text machine_span(struct machine *machine, struct span span); /* "30s", or its source. */

const char *trigger_name(enum trigger trigger);
const char *state_kind_name(enum state_kind kind);

#endif
