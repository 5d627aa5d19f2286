/*
 * choices - the outcomes of the flow's expressions in one transition, chosen one after the other:
 * those given first, then always the first of what may be. choices_next() goes on to the next
 * combination, so that a transition is tried in all ways.
 */
#ifndef BATON_VERIFY_CHOICES_H
#define BATON_VERIFY_CHOICES_H

#include "base/arena.h"
#include "core/transition.h"
#include "verify/roles.h"
#include "verify/verify.h"

#define CHOICES_MAX 32u  /* In one transition; beyond, it is not followed. */
#define REPEATS_MAX 8u   /* Of one condition in one transition. */
#define ANSWERS_MAX 16u  /* Conditions on one reply that are remembered. */
#define REPEATED_MAX 64u /* Different conditions in one transition. */

enum outcome { OUTCOME_TRUE, OUTCOME_FALSE, OUTCOME_FAILS };

struct choices {
    const struct flow *flow;
    const struct roles *roles;
    const struct verify_bounds *bounds;
    int64_t now_ms; /* Of the event. */
    bool *reached;  /* By step: has it ever begun. */
    uint8_t taken[CHOICES_MAX];
    uint8_t widths[CHOICES_MAX];
    uint32_t given;
    uint32_t count;
    bool cut;    /* Not to be followed. */
    bool circle; /* Steps go round, and no condition is asked. */
    bool failed; /* An expression has failed: no further one does. */
    uint32_t entered;
    struct {
        const struct expr *expr;
        uint32_t scope;
        enum outcome outcome;
    } answers[ANSWERS_MAX];
    uint32_t answer_count;
    struct {
        const struct expr *expr;
        uint32_t times;
    } repeated[REPEATED_MAX];
    uint32_t repeated_count;
    /* What was chosen, in words, when there is an arena. */
    struct arena *telling;
    struct text told[CHOICES_MAX];
    uint32_t told_count;
};

/* Before each transition. The choices taken so far that are given are kept. */
void choices_begin(struct choices *choices, int64_t now_ms);
/* The next combination; false: there is none. */
bool choices_next(struct choices *choices);
/* Start with no choice given. */
void choices_reset(struct choices *choices);
/* What the reply was said to be: by any rule of this kind. */
bool choices_said(const struct choices *choices, enum role_kind kind, enum outcome outcome);
/* Valid as long as `choices` is. */
struct judge choices_judge(struct choices *choices);

#endif
