/*
 * told - what instances tell each other: starts that wait, children, parents. Inside core only; the
 * functions are of the same kind as those of decision.h.
 */
#ifndef BATON_CORE_TOLD_H
#define BATON_CORE_TOLD_H

#include "core/decision.h"

/* on_message.c: messages that start runs. */

/* The start that takes the message, or NULL. */
const struct start *start_of(struct decision *d, const struct incoming *incoming);
/* The same of starts that gather messages. */
const struct start *start_gathering(struct decision *d, const struct incoming *incoming);
/* Arm what bounds the whole run. Gives an error. */
struct json *run_arm(struct decision *d);
/* Begin a run with it. */
void start_run(struct decision *d, const struct incoming *incoming);
/* So that a producer's repeat of it is known. */
void remember_id(struct decision *d, const struct incoming *incoming);
bool is_repeated(const struct decision *d, const struct incoming *incoming);
/* A message as the mailbox and the queue keep it; the caller's. */
struct json *mail_of(const struct incoming *incoming);
/* Into the mailbox, unless it is full. */
bool keep_mail(struct decision *d, const struct incoming *incoming);

/* child.c: `run`, as the parent sees it. */

/* Gives an error. */
struct json *child_open(struct decision *d, uint32_t scope, uint32_t step, bool *waits);
/* The open step is given up; nothing on the stack stands for its child. */
void child_abandon(struct decision *d, const struct frame *frame);
/* The entry goes without having been undone. Does nothing if it is not of a child. */
void child_let_go(struct decision *d, const struct undo *undo);
/* The undo frame of a child's entry: the child does it. */
void child_unwind(struct decision *d, uint32_t activation);
void child_late(struct decision *d, uint32_t activation);
/* Told "answer" and "unwound". */
enum transition_result child_answered(struct decision *d);
enum transition_result child_unwound(struct decision *d);

/* parent.c: the same, as the child sees it. */

bool parent_holds(const struct decision *d);
/* The run is complete (RUN_HELD) or has ended: tell who waits. */
void parent_tell_end(struct decision *d);
/* Told "start", "release" or "cancel", "unwind". */
enum transition_result parent_starts(struct decision *d);
enum transition_result parent_lets_go(struct decision *d);
enum transition_result parent_unwinds(struct decision *d);

/* queue.c: a start for a key that runs. */

/* By the start's ifRunning: keep it for later, or end the run for it. */
enum transition_result queue_start(struct decision *d, const struct start *start,
                                   const struct incoming *incoming);
/* The run has ended: what waits is told to this instance again. */
void queue_tell(struct decision *d);

/* schedule.c: the instance behind a flow's starts by the clock. */

bool schedule_is(const struct instance *instance);
enum transition_result on_schedule(struct decision *d);

/* alias.c: the instance behind a value that others listen for. */

bool alias_is(const struct instance *instance);
enum transition_result on_alias(struct decision *d);

/* batch.c: the instance that gathers the messages of a start. */

bool batch_is(const struct instance *instance);
enum transition_result on_batch(struct decision *d);

/* identity.c: the same as alias.c, as those who listen see it. */

/* Tell the aliases what has been opened and closed since `before`. */
void identity_tell(struct decision *d, const struct instance *before);
/* Told "message" and "deaf". */
enum transition_result identity_message(struct decision *d);
enum transition_result identity_deaf(struct decision *d);

/* tell.c */

/* An instance that is no run begins, or goes on: it follows the flow as it is now. */
void inner_begin(struct decision *d);

/* Tell an instance, in the transaction of this transition; takes `payload` over. */
void tell(struct decision *d, struct text flow, struct text key, const char *type,
          struct json *payload);

#endif
