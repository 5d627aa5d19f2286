/*
 * rerun - a recorded run once more, by a flow that may be another than the one it went by: the same
 * events at the same times, decided by the engine's own transition function.
 */
#ifndef BATON_APP_RERUN_H
#define BATON_APP_RERUN_H

#include "app/recording.h"

enum rerun_verdict {
    RERUN_SAME,    /* As recorded, to the end of what was looked at. */
    RERUN_DEPARTS, /* Something else is decided or sent, from `seq` on. */
    RERUN_BLIND,   /* It cannot be told from `seq` on: an event or a definition is gone. */
};

struct rerun {
    enum rerun_verdict verdict;
    int64_t seq;        /* Of the step where it departs, or of the last one that was looked at. */
    uint32_t seen;      /* Steps that are the same. */
    struct buffer text; /* DEPARTS, BLIND: what is other, or missing; lines without an end. */
};

/*
 * Decide the steps of `recording` up to seq `to` (0: all) again by `flow`, and compare with what the flow
 * that was recorded decides: what was decided, what is sent (with every value), how the run ends.
 * End it with rerun_release().
 */
void rerun_compare(const struct recording *recording, const struct flow *flow, int64_t to,
                   struct rerun *rerun);
void rerun_release(struct rerun *rerun);

#endif
