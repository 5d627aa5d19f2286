/*
 * fault - named points of a turn at which a test build can be made to die. `baton` is linked with
 * faults/none.c, `baton-faulty` with faults/kill.c.
 */
#ifndef BATON_APP_FAULT_H
#define BATON_APP_FAULT_H

/* What lane_options and router_options take; NULL when no fault is asked for. */
typedef void fault_function(void *self, const char *point);
fault_function *fault_hook(void);

#endif
