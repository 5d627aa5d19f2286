/*
 * fold - the state as deltas. A delta is JSON; a snapshot is the delta from nothing. Recovery folds
 * recorded deltas and never calls transition(), so a newer program recovers an older one's history.
 * The form is described in docs/formats/state.md.
 */
#ifndef BATON_CORE_FOLD_H
#define BATON_CORE_FOLD_H

#include "model/instance.h"

/* What leads from `before` (NULL: nothing) to `after`. Costs what changed. `out` has no limit. */
void instance_write_delta(const struct instance *before, const struct instance *after,
                          struct buffer *out);
/* The same as a value. Never NULL. */
struct json *instance_delta(const struct instance *before, const struct instance *after);

/* Apply `delta` to `before` (NULL: nothing). *after belongs to the caller.
 * STATUS_REJECT: the delta has not the right form; err names the field. */
MUST_CHECK enum status instance_apply(const struct instance *before, const struct json *delta,
                                      struct instance **after, struct error *err);

/* The whole state in canonical text: equal states give equal bytes. */
void instance_canonical(const struct instance *instance, struct buffer *out);

/* One entry of the compensation stack as JSON and back, as kept in Redis. */
struct json *undo_to_json(const struct undo *undo);
MUST_CHECK enum status undo_from_json(const struct json *json, struct undo *undo,
                                      struct error *err);
/* Depth is undo_count; the rolling hash of the stack: hash64 over each entry's canonical text. */
uint64_t instance_stack_hash(const struct instance *instance);

#endif
