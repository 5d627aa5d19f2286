/*
 * debug_print - what `baton debug` says: a recorded run step by step, the state at its end, and where
 * another flow departs from it.
 */
#ifndef BATON_APP_DEBUG_PRINT_H
#define BATON_APP_DEBUG_PRINT_H

#include "app/rerun.h"

struct debug_view {
    const struct recording *recording;
    int64_t to;                /* The last step that is shown; 0: all. */
    const char *with;          /* File of the flow that was tried, or NULL. */
    const struct rerun *rerun; /* What came of it, or NULL. */
};

/* The JSON of all that is shown: {instance, run, steps, state, with}. The caller's.
 * STATUS_REJECT: a record cannot be folded; err names it. */
MUST_CHECK enum status debug_json(const struct debug_view *view, struct json **json,
                                  struct error *err);
/* The same for people. */
void debug_print(const struct json *shown);
/* What came of the other flow, alone. */
void debug_print_rerun(const struct debug_view *view);

#endif
