/*
 * explore - the states of a flow, breadth first, and the way to each.
 */
#ifndef BATON_VERIFY_EXPLORE_H
#define BATON_VERIFY_EXPLORE_H

#include "verify/canon.h"
#include "verify/rules.h"

#define STATE_NONE UINT32_MAX

/* How a state was come to first. */
struct arrival {
    uint32_t from; /* STATE_NONE: it is where all begins. */
    struct move move;
    uint8_t taken[CHOICES_MAX];
    uint8_t given;
};

struct edge {
    uint32_t from;
    uint32_t to;
};

struct explorer {
    struct flow *flow;
    struct verify_bounds bounds;
    struct verify_unsaid unsaid;
    verify_transition *decide;
    struct world world;
    struct roles roles;
    struct choices choices;
    struct judge judge;
    struct move_list moves;
    struct arena arena; /* Of one state's transitions. */
    struct effect_list effects;
    struct buffer room;
    uint32_t helped; /* What was stuck, and an operator could settle, lately. */
    uint64_t *most;  /* By step: so many undos of it are followed. */

    struct canon_key *keys; /* By state. */
    struct arrival *arrivals;
    struct instance **open; /* By state; NULL once it has been expanded, or if it is an end. */
    bool *loose;            /* By state: an end, or not followed to its end. */
    uint32_t *left;         /* By state: see struct trial. */
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* Hash table: state + 1. */
    uint32_t slot_count;
    struct edge *edges;
    size_t edge_count;
    size_t edge_capacity;

    struct verify_report *report;
    /* The first story that breaks a rule ends here, with this move. */
    struct verdict verdict;
    uint32_t last;
    struct arrival last_move;
    bool has_last_move; /* False: the state itself is at fault. */
};

void explorer_init(struct explorer *explorer, struct flow *flow, const struct verify_bounds *bounds,
                   const struct verify_unsaid *unsaid, verify_transition *decide,
                   struct verify_report *report);
/* Until all is seen, a rule is broken, or there are too many states. */
void explorer_run(struct explorer *explorer);
/* Try one move of `before` with the choices given. */
enum transition_result explorer_try(struct explorer *explorer, const struct instance *before,
                                    const struct move *move, struct instance **after);
void explorer_release(struct explorer *explorer);

/* bound.c: cut the flow's retries, batches and counts. */
void bound_flow(struct flow *flow, const struct verify_bounds *bounds);

/* trap.c: a state from which no way leads to an end; STATE_NONE if there is none. */
uint32_t explorer_find_trap(const struct explorer *explorer);
/* May what was tried be part of a way to an end? Nobody may be counted on to cancel, nor to start another
 * run instead. */
bool explorer_counts_on(const struct explorer *explorer, const struct trial *trial);

/* story.c: put the story that ends at `explorer->last` into the report. */
void story_tell(struct explorer *explorer);

#endif
