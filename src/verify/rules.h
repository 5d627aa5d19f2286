/*
 * rules - what may never happen. They look at the state before and after and at what was sent, not at
 * how the core came to it.
 */
#ifndef BATON_VERIFY_RULES_H
#define BATON_VERIFY_RULES_H

#include "verify/choices.h"
#include "verify/moves.h"

/* One transition that has been tried. Borrowed. */
struct trial {
    const struct flow *flow;
    const struct move *move;
    const struct choices *choices;
    const struct instance *before;
    const struct instance *after;
    const struct effect_list *effects;
    enum transition_result result;
    bool is_same;  /* The states are the same but for what decides nothing. */
    uint32_t left; /* A step that has been done and that nothing undoes; STEP_NONE: none. */
    struct verify_unsaid unsaid;
};

struct verdict {
    enum verify_break broken;
    uint32_t step;
    bool is_undo; /* It is about the undo of the step. */
};

struct verdict rules_judge(const struct trial *trial);
/* What was decided says that the step, or the undo (`what` is "undo of "), is done. */
bool rules_say_done(const struct effect_list *effects, const char *what, struct text name);

/* pivots.c and waits.c: parts of it. */
struct verdict rules_judge_pivots(const struct trial *trial);
struct verdict rules_judge_waits(const struct trial *trial);

#endif
