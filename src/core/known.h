/*
 * known - what a migration must not change: whoever was sent a command knows it by an idempotency key with
 * the name that its step had then. It is kept where the step is open (`name` in the frame's `local`) and
 * where it may be undone (`name` beside the message). Inside core only; see decision.h.
 */
#ifndef BATON_CORE_KNOWN_H
#define BATON_CORE_KNOWN_H

#include "core/decision.h"

/* The step has another name from now on; the first name stays. */
void known_keep(struct frame *frame, struct text name);
void known_keep_undo(struct undo *undo, struct text name);
/* Of an open request. Lives in the effects' arena. */
struct text known_step(const struct decision *d, const struct frame *frame);
/* The same of the step that an open undo undoes. */
struct text known_undone(const struct decision *d, const struct frame *frame);

#endif
