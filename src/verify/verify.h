/*
 * verify - tries everything that can happen to a run of one flow: every reply, failure, silence, late
 * and repeated reply, every timer, cancel, and what operators may say, at every step. The core's own
 * transition() is what is tried, so what is proven is what runs; data is left out: what expressions
 * give is chosen, each way once. Breadth first, so the first story that breaks a rule is a shortest.
 *
 * What it looks for is written in docs/verify.md.
 */
#ifndef BATON_VERIFY_VERIFY_H
#define BATON_VERIFY_VERIFY_H

#include "core/transition.h"

/* What could go on for ever is tried so many times. */
struct verify_bounds {
    uint32_t attempts; /* Of a retry, at least 1. */
    uint32_t items;    /* Of a for. */
    uint32_t rounds;   /* Of a loop: undos of one step on the stack. */
    uint32_t early;    /* Messages of one topic that come before a step listens for them. */
    uint32_t states;   /* Then it is given up. */
    bool failing;      /* Expressions may also fail: one in a transition. */
};
#define VERIFY_BOUNDS                                                                              \
    ((struct verify_bounds){                                                                       \
        .attempts = 2, .items = 2, .rounds = 2, .early = 1, .states = 1000000, .failing = true})

/* What the author of a flow could have said and has not, by step; NULL: nothing of that kind. Borrowed. */
struct verify_unsaid {
    const bool *undo;  /* How the step is undone, nor that nothing has to be (F504). */
    const bool *limit; /* How long the step listens, nor that it has no limit (F409). */
};
static inline bool verify_lacks(const bool *unsaid, uint32_t step)
{
    return unsaid != NULL && unsaid[step];
}

/* As transition_judged(): tests give a damaged one. */
typedef enum transition_result verify_transition(const struct flow *flow,
                                                 const struct instance *before,
                                                 const struct event *event,
                                                 const struct judge *judge, struct instance **after,
                                                 struct effect_list *effects);

/* What a story may break. */
enum verify_break {
    VERIFY_NOTHING,
    VERIFY_UNDO_MISSING, /* A command went out and its undo is not on the stack. */
    VERIFY_UNDO_LOST,    /* An undo left the stack, and it was not done. */
    VERIFY_UNDO_ASIDE,   /* A step is over, and its undo is neither armed nor dropped. */
    VERIFY_UNDO_ORDER,   /* Something is undone before what came after it. */
    VERIFY_UNSEALED,     /* A pivot has succeeded, and the run is undone, or can be. */
    VERIFY_PIVOT_LOST,   /* A pivot in doubt is given up. */
    VERIFY_LEFT_OPEN,    /* The run has ended with something open. */
    VERIFY_LATE_COUNTS,  /* What was to be ignored has changed the state. */
    VERIFY_WAITS,        /* A wait for an answer that has no end if none comes. */
    VERIFY_CIRCLE,       /* Steps go round without a wait in between. */
    VERIFY_NO_HELP,      /* Something is stuck, and no operator can settle it. */
    VERIFY_NO_END,       /* From here no way leads to an end. */
    VERIFY_NOT_UNDONE,   /* The run has failed, and what a step did stays. */
};

/* One event of a story. Texts live in the report's arena. */
struct verify_event {
    struct text what;     /* "inventory answers 'reserve'" */
    struct text *details; /* What was chosen, then what was decided. */
    uint32_t detail_count;
    struct text place; /* Where the run stands then, as instance_place(). */
    uint32_t line;     /* Of the first open step; 0: none. */
};

struct verify_report {
    struct arena arena;
    struct verify_bounds bounds;
    uint32_t states;
    uint64_t transitions;
    uint32_t cut;  /* Ways not followed any further, because of the bounds on loops. */
    bool complete; /* False: bounds.states was reached. */
    /* Ends, and states in which an operator is needed. */
    uint32_t completed;
    uint32_t compensated; /* Failed or cancelled, and all undone. */
    uint32_t sealed;      /* Ended as failed by the flow itself, after its pivot. */
    uint32_t expired;     /* Early messages whose start never came. */
    uint32_t stuck;
    bool undoes_nothing; /* The flow has requests, and undoes none. */
    uint32_t *unreached; /* Steps that no way leads to. */
    uint32_t unreached_count;
    enum verify_break broken;
    uint32_t broken_step; /* STEP_NONE: the run as a whole. */
    struct text broken_text;
    struct verify_event *story;
    uint32_t story_count;
};

/* Explore: first with expressions that hold, then, if nothing was broken and they may fail, with those
 * that do. `flow` is changed: its retries and loops are cut to `bounds`. */
void verify_flow(struct flow *flow, const struct verify_bounds *bounds,
                 const struct verify_unsaid *unsaid, verify_transition *decide,
                 struct verify_report *report);
/* Nothing is broken, all steps are reached, and all of it was seen. */
bool verify_holds(const struct verify_report *report);
/* For people; `file` is what the flow is called. */
void verify_print(const struct verify_report *report, const struct flow *flow, struct text file,
                  struct buffer *out);
struct json *verify_json(const struct verify_report *report, const struct flow *flow,
                         struct text file);
const char *verify_break_name(enum verify_break broken); /* "undo-lost" ... */
void verify_release(struct verify_report *report);

#endif
