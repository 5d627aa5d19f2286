/*
 * state_sight - the state of a run as people look at it, and what is other between two such sights:
 * {status, sealed, data, waits, timers, stack, mailbox, error, result}. Steps have their names;
 * what is open is called "<step>#<activation>", so that two entries of one step are told apart.
 */
#ifndef BATON_APP_STATE_SIGHT_H
#define BATON_APP_STATE_SIGHT_H

#include "model/instance.h"

/* `instance` NULL: nothing yet, an empty object. `flow` gives the names; NULL: "step 3". The caller's. */
struct json *state_sight(const struct flow *flow, const struct instance *instance);

/*
 * What leads from one value to another: an array of {in, at, from, to}, in their order. `in` is the member of
 * the sight, `at` the place in it (".charge.paymentId", "ship#3"), and `from` or `to` is left out where there
 * is nothing. The caller's.
 */
struct json *state_changes(const struct json *before, const struct json *after);
/* The same within one value; `in` is left out. */
struct json *value_changes(const struct json *before, const struct json *after);
/* ".charge.paymentId: 1 -> 2", ".x = 1", ".x is gone". */
void change_write(const struct json *change, struct buffer *out);

#endif
