/*
 * undo_block - undos that are a block of steps: `compensate: {do: ...}`. Inside core only; see
 * decision.h. A "block" here is the activation of a frame of role BLOCK_UNDO, an "undo" that of the
 * frame of kind UNDO above it.
 */
#ifndef BATON_CORE_UNDO_BLOCK_H
#define BATON_CORE_UNDO_BLOCK_H

#include "core/decision.h"

/* An attempt begins: the first steps are entered when this event's rule is through. */
void undo_block_open(struct decision *d, uint32_t undo);
/* Its list has come to its end: the undo is done. */
void undo_block_done(struct decision *d, uint32_t block);
/* An error that nothing in it took: the undo is tried again, or sticks. Takes `error` over. */
void undo_block_failed(struct decision *d, uint32_t block, struct json *error);
/* Close all that are at work, with what is open in them. The frames of their undos stay. */
void undo_block_end_all(struct decision *d);
/* The block of an undo that `scope` is, or is in; or NULL. */
struct frame *undo_block_around(const struct decision *d, uint32_t scope);
/* What was kept when the undo was armed: the document, and the variables of loops. Borrowed. */
const struct json *undo_block_data(const struct decision *d, const struct frame *block);
const struct json *undo_block_loops(const struct decision *d, const struct frame *block);
/* A step that sends something is entered in `scope`. The activation that names it to who gets it: of
 * the first attempt of the undo that came so far, for whoever has done it must know it again. 0: the
 * scope is in no undo, `activation` is the name. */
uint32_t undo_block_key(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation);
/* The same of the open request of a step; 0: its activation is its name. */
uint32_t undo_block_key_of(const struct frame *frame);
/* Say in an effect of a step in `scope` which undo it belongs to, if any; `key` as above. */
void undo_block_mark(const struct decision *d, uint32_t scope, uint32_t key, struct effect *effect);

#endif
