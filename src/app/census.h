/*
 * census - how many runs of a flow, or of all, go on, by version and by where they stand: what the last
 * history record of each says.
 */
#ifndef BATON_APP_CENSUS_H
#define BATON_APP_CENSUS_H

#include "app/estate.h"

struct census_row {
    struct text hash;  /* Of the version by which they run. */
    struct text place; /* As instance_place(): "charge", "undo of reserve, undo of charge". */
    uint32_t count;
};

struct census {
    struct arena arena;
    struct census_row *rows; /* By hash, then the most first. */
    uint32_t row_count;
    uint32_t running;
    struct text *hashes; /* Of all versions that the history speaks of, also of ended runs. */
    uint32_t hash_count;
    struct text
        clock; /* Hash of the version that its starts by the clock follow; empty: none does. */
};

/* Count; an empty `flow` is all of them, without their clocks. Gives an exit code; what is wrong is printed.
 * End it with census_release() anyway. */
int census_take(struct estate *estate, struct text flow, struct census *census);
/* Does the history, which is kept for a while after a run has ended, need this definition? */
bool census_mentions(const struct census *census, struct text hash);
/* The runs that go on by this definition. */
uint32_t census_running(const struct census *census, struct text hash);
void census_release(struct census *census);

#endif
