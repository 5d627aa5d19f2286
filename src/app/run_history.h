/*
 * run_history - the recorded history of one run, read from the topic, and the state it folds to.
 */
#ifndef BATON_APP_RUN_HISTORY_H
#define BATON_APP_RUN_HISTORY_H

#include "app/estate.h"
#include "codec/records.h"

struct run_history {
    struct arena arena; /* Everything lives there, but the state. */
    int32_t partition;
    struct history_record *records; /* By seq; of one run. */
    int64_t *offsets;               /* In the history topic, beside records. */
    uint32_t count;
    uint32_t capacity;
    struct run_id *runs; /* All runs of the instance met, oldest first. */
    uint32_t run_count;
    uint32_t run_capacity;
    struct instance *base;   /* Before the records that are left, where `has_base`; else NULL. */
    struct instance *state;  /* As the last record leaves it; NULL if it cannot be folded. */
    const struct flow *flow; /* The one it runs, or NULL. */
    bool has_base;           /* Folded on a snapshot: records before it are no longer there. */
    int64_t gone;            /* Records up to this seq were taken away; 0: none. */
};

/*
 * Read the run of `instance` ("<flow>:<key>"); its latest if `run` is NULL. Shows progress on a
 * terminal while the partition is read. Gives an exit code; EXIT_FINDINGS: there is no such run, or
 * its records contradict each other. What is wrong is printed.
 */
int run_history_read(struct estate *estate, struct text instance, const struct run_id *run,
                     struct run_history *history);
void run_history_release(struct run_history *history);

#endif
