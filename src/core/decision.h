/*
 * decision - what one call of transition() works on. Inside core only.
 *
 * The functions below are one rule book split by subject; each changes `after` and adds to
 * `effects`. Errors of the flow are JSON objects ($error). A function that "takes over" an error
 * ends its count; one that gives an error leaves it to the caller, and NULL means there was none.
 */
#ifndef BATON_CORE_DECISION_H
#define BATON_CORE_DECISION_H

#include "core/transition.h"

/* Where a list of steps goes on. */
struct position {
    uint32_t scope; /* Activation of the block whose list it is; 0: the run's own. */
    uint32_t step;  /* STEP_NONE: the end of the list. */
};

/* As a place to go on at: the run ends, wherever this is said. */
#define PLACE_RUN_END (STEP_NONE - 1)

struct decision {
    const struct flow *flow;
    const struct event *event;
    struct instance *after;
    struct effect_list *effects;
    const struct judge *judge;       /* NULL: expressions are computed. */
    uint32_t inline_steps;           /* Steps passed through by this event. */
    uint32_t sent_count;             /* Messages that this event has led to. */
    size_t sent_bytes, listed_bytes; /* Of those after the first few; of what history lists. */
    /* Lists that can go on, in the order in which they will; in the effects' arena. */
    struct position *ready;
    uint32_t ready_next, ready_count, ready_capacity;
    /* The document of the branch or iteration looked at last; NULL: none. */
    struct json *view;
    uint32_t view_scope;
    uint32_t draws;   /* Calls of uuid and random so far. */
    struct text seed; /* Built when the first expression runs. */
    /* Variables that are the same for the whole event; built when first read. */
    struct json *flow_json;
    struct json *instance_json;
    struct json *now_json;
    struct json *message_json;
};

/* A message as matching sees it: of the event, or out of the mailbox. Borrowed. */
struct incoming {
    struct text topic;
    struct text signal; /* Not empty: a signal of this name; `topic` and `type` are empty. */
    struct text type;
    struct text id;      /* The producer's; empty: none. */
    struct text starter; /* Of a start that is no message: who. Then `topic` is empty. */
    struct text alias;   /* It came by another identity, "<route>:<value>"; empty: by the key. */
    const struct json *payload;
    const struct json *message; /* {topic, partition, offset, timestamp, key, headers ...} */
    struct decision *of_event;  /* Not NULL: it is the event's, made when it is asked for. */
};

/* message.c */

/* The message or reply that the event is. */
struct incoming incoming_event(struct decision *d);
/* Borrowed; NULL: nothing is known. */
const struct json *incoming_message(const struct incoming *incoming);
/* What to call it: the topic, or "signal approve" (in the effects' arena). */
struct text incoming_name(const struct decision *d, const struct incoming *incoming);

/* What an expression is about, beyond the run itself. Zeroed: a step-less look at the document. */
struct sight {
    uint32_t scope;              /* The block it stands in; 0: the run's own list. */
    const struct json *input;    /* `.`; NULL: the scope's document. */
    const struct json *data;     /* $data; NULL: the scope's document. */
    const struct json *loops;    /* Loop variables as scope_loops() kept them; NULL: the scope's. */
    const struct json *caught;   /* $error of a catch that is being chosen; NULL: the scope's. */
    const struct step *step;     /* $step; NULL: null. */
    const struct json *progress; /* $progress; NULL: null. */
    uint32_t attempt;
    const struct incoming *incoming; /* $message; NULL: null. */
};

/* scope.c: expressions of the flow, with the variables that they read. */

MUST_CHECK enum status scope_eval(struct decision *d, const struct expr *expr,
                                  const struct sight *sight, struct json **value,
                                  struct error *err);
MUST_CHECK enum status scope_test(struct decision *d, const struct expr *expr,
                                  const struct sight *sight, bool *truth, struct error *err);
MUST_CHECK enum status scope_render(struct decision *d, const struct template *template,
                                    const struct sight *sight, struct json **value,
                                    struct error *err);
/* A scalar as text (in the effects' arena); null gives the empty text. */
MUST_CHECK enum status scope_render_text(struct decision *d, const struct template *template,
                                         const struct sight *sight, struct text *text,
                                         struct error *err);
/* The document as steps in `scope` see it: in a branch or an iteration, the one around it with what
 * its own steps added. Borrowed until the next change. */
const struct json *scope_data(struct decision *d, uint32_t scope);
/* The document has changed. */
void scope_forget(struct decision *d);
/* The loop variables that steps in `scope` see, for later: slot to value. The caller's; NULL: none. */
struct json *scope_loops(const struct decision *d, uint32_t scope);
/* Add the variables of one loop, at its item `index`, to *loops (NULL: made). */
void scope_put_loop(const struct loop *loop, const struct json *item, uint32_t index,
                    struct json **loops);
/* $error: of the catch that `scope` is in, else of what ends the run. Borrowed; NULL: none. */
const struct json *scope_error(const struct decision *d, uint32_t scope);
/* The branch or iteration that steps in `scope` write to, or NULL: the instance document. */
struct frame *scope_holder(const struct decision *d, uint32_t scope);
void scope_release(struct decision *d);

/* problem.c: $error objects. */

/* An empty title becomes the type's name. */
struct json *problem_new(const char *type, struct text title, const char *detail);
/* Say in an error which step it is of. */
void problem_put_step(struct json *error, const struct step *step);
/* Of a step: adds its name and service, and the attempt if it is not 0. */
struct json *problem_of_step(const struct decision *d, const struct step *step, uint32_t attempt,
                             const char *type, const char *title);
struct json *problem_expression(const struct decision *d, const struct step *step, uint32_t attempt,
                                const struct error *err);
struct text problem_type(const struct json *error); /* Borrowed. */
/* "timeout: no reply in time", for people. Lives in the effects' arena. */
const char *problem_text(const struct decision *d, const struct json *error);
/* The service said that it did not do it: the error carries a failure reply, and not one that leaves
 * the outcome open (timeout, communication, heartbeat; after the first attempt also rate-limited and
 * breaker-open, which speak of that attempt only). NULL: false. */
bool problem_is_answer(const struct json *error);
/* HTTP-like status of a well-known name, 0 for an author's own. */
int64_t problem_status_of(struct text type);

/* alert.c: what people are told at once. `step` and `error` may be NULL. */

void alert_add(struct decision *d, enum alert_kind kind, const struct step *step,
               const struct json *error, const char *detail);
void alert_message(struct decision *d, enum alert_kind kind, const struct incoming *incoming,
                   const char *detail);

/* span.c: spans that a flow computes. */

/* *ms is the length, or -1 for endless or unset. */
MUST_CHECK enum status span_length(struct decision *d, const struct span *span,
                                   const struct sight *sight, int64_t *ms, struct error *err);
int64_t span_after(int64_t now_ms, int64_t ms); /* now + ms, without overflow. */
MUST_CHECK enum status span_arm_warning(struct decision *d, const struct span *warn_after,
                                        uint32_t owner, const struct sight *sight,
                                        struct error *err);

/* retry.c: may an attempt that failed be repeated, and when. */

bool retry_names(const struct retry_policy *policy, struct text error_type);
bool retry_excepts(const struct retry_policy *policy, struct text error_type);
/* The start of the attempt after the current one of `frame`. False: there is none. */
bool retry_next(const struct decision *d, const struct retry_policy *policy,
                const struct frame *frame, int64_t *start_ms);

/* place.c: the map of the flow. */

/* Where it goes on when `step` is through; STEP_NONE at the end of its block's list, PLACE_RUN_END
 * where the run ends. `ran`: its own `then` counts. */
uint32_t place_after(const struct flow *flow, uint32_t step, bool ran);

/* reach.c */

/* Is a listen still to come that this topic and type could satisfy? By the flow's shape alone. */
bool reach_wants(const struct decision *d, const struct incoming *incoming);
/* Could it be for the listen, by topic, signal and type alone? */
bool reach_is_about(const struct flow *flow, const struct listen *listen,
                    const struct incoming *incoming);

/* result.c: what a step leaves behind. */

/* Merge a step's result into the document of its scope. Gives an error. */
struct json *result_keep(struct decision *d, uint32_t scope, const struct step *step,
                         uint32_t attempt, const struct json *result);
/* `set`: merge the object `value` deeply. Gives an error. */
struct json *result_merge(struct decision *d, uint32_t scope, const struct step *step,
                          const struct json *value);
/* The same, but each member of `value` takes the place of what had its name. */
struct json *result_replace(struct decision *d, uint32_t scope, const struct step *step,
                            const struct json *value);
/* The step succeeded: pivot, note. */
void result_passed(struct decision *d, uint32_t scope, const struct step *step, uint32_t attempt);
/* Is the state, with `added` (under a name of so many bytes) in it already, small enough? */
bool result_fits(struct instance *instance, const struct json *added, size_t name_bytes);

/* advance.c */

/* The list of `scope` goes on at `step` (STEP_NONE: at its end), once this event's rule is through. */
void advance(struct decision *d, uint32_t scope, uint32_t step);
/* An open step has succeeded, its frame is gone: keep what it gave (NULL: nothing), go on. */
void advance_done(struct decision *d, const struct frame *frame, const struct json *result);
/* Run the lists that can go on until all wait, or the run has ended. */
void advance_run(struct decision *d);
/* Whatever was to go on does not any more. */
void advance_stop(struct decision *d);

/* block.c: lists within steps. */

/* Open a block of the step in `parent`; the frame is valid until the next one is added. */
struct frame *block_add(struct decision *d, uint32_t parent, uint32_t step, enum block_role role,
                        uint32_t index);
/* Arm the timeout, by a timer of this kind, and the warnAfter of the step of an open frame. Gives an
 * error. */
struct json *block_arm(struct decision *d, uint32_t activation, enum timer_kind kind);
/* `do` and `try`. Gives an error. */
struct json *block_open(struct decision *d, uint32_t scope, uint32_t step);
/* The list of a block has come to its end. */
void block_ended(struct decision *d, uint32_t activation);
/* Take the frame out; what is on the stack from within it now belongs to the block around it. */
void block_close(struct decision *d, uint32_t activation);
/* Close what is open below `activation`, at any depth, but not itself. */
void block_clear(struct decision *d, uint32_t activation);
/* Close a branch or item that failed, and remember it as lost, so that block_settle() undoes it. */
void block_lose(struct decision *d, uint32_t activation);
/* Replace one member of the frame's `local`; takes `value` over. */
void block_put(struct frame *frame, const char *key, struct json *value);
const struct json *block_get(const struct frame *frame, const char *key); /* NULL if absent. */
/* Number of open blocks right below `activation`. */
uint32_t block_children(const struct decision *d, uint32_t activation);
/* The first block of `role` right below `activation`, or NULL. */
const struct frame *block_child(const struct decision *d, uint32_t activation);
/* A block has waited for what was to be undone, or for its next attempt. */
void block_unwound(struct decision *d, uint32_t activation);
void block_retry(struct decision *d, uint32_t activation);

/* fork.c and loop.c. The first of each gives an error. */

struct json *fork_open(struct decision *d, uint32_t scope, uint32_t step);
void fork_branch_done(struct decision *d, uint32_t activation);
/* Takes `error` over. NULL: the fork goes on without the branch. Else the fork fails with it. */
struct json *fork_branch_failed(struct decision *d, uint32_t activation, struct json *error);
/* The losers are undone. */
void fork_unwound(struct decision *d, uint32_t activation);

struct json *loop_open(struct decision *d, uint32_t scope, uint32_t step);
void loop_item_done(struct decision *d, uint32_t activation);
struct json *loop_item_failed(struct decision *d, uint32_t activation, struct json *error);
/* The pause between two items is over. */
void loop_resume(struct decision *d, uint32_t activation);
/* End the blocks right below a fork or for whose outcome is settled, undo what they and those that
 * failed did, then complete it with `result` (taken over; NULL: that of the call before). As long as a
 * pivot in one of them is in doubt, that waits: call again when a block below has ended. */
void block_settle(struct decision *d, uint32_t activation, struct json *result);
/* Its result stands, and it waits for a pivot. */
bool block_is_settled(const struct decision *d, uint32_t activation);

/* fail.c: errors that nothing retries, and the ways a run ends. */

/* A step in `scope` has failed: the nearest catch takes it, or the run fails. Takes `error` over.
 * `activation` is that of the step's open frame, or 0 if it has none. */
void fail_step(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation,
               struct json *error);
/* An open block has not ended in time. */
void fail_block_late(struct decision *d, uint32_t activation);
/* No catch took the error. Takes it over. */
void fail_root(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation,
               struct json *error);
/* The run itself fails or is cancelled. Takes `error` over. */
void fail_run(struct decision *d, struct json *error, enum run_status closing);
/* Keep the step open for an operator. Takes `error` over. */
void fail_stick(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation,
                struct json *error);
/* A block that stands open has failed as a whole; nothing repeats it. Takes `error` over. */
void fail_block(struct decision *d, uint32_t activation, struct json *error);
/* A pivot in doubt below `activation` (0: anywhere): it sticks, nothing is unwound. It keeps the error
 * that reaches furthest, for that is what happens if it did not take place. */
bool fail_stick_undecided(struct decision *d, uint32_t activation, const struct json *error);
/* Is there a pivot whose command went out, and nobody knows what became of it? */
bool fail_has_undecided(const struct decision *d, uint32_t activation);
/* A pivot in doubt at `at` did not take place, as `error` says (`activation`: of its frame, 0 if that is
 * gone): now goes on what left it in doubt, `stuck`. Takes both over. */
void fail_pivot(struct decision *d, struct position at, uint32_t activation, struct json *stuck,
                struct json *error);
/* Close an open frame whose outcome no longer matters to the flow, only to its undo. */
void fail_abandon(struct decision *d, uint32_t activation);
/* The same for all that is open but undos under way and a pivot in doubt: those are waited for. */
void fail_abandon_all(struct decision *d);
/* `end: failed` or `cancelled`. Takes `error` over. */
void fail_by_author(struct decision *d, struct json *error, enum run_status closing);
/* Unwound: run onFailure, then close. */
void run_finish(struct decision *d);
/* The run's own list is through, or `end: completed`: run always, then close. */
void run_end(struct decision *d);
/* The end waits: for a pivot in doubt, one as completed also for undos under way. No list goes on. */
void run_wait_to_end(struct decision *d, enum run_status closing);
bool run_is_ending(const struct decision *d);
/* What the end waited for is settled. */
bool run_end_if_due(struct decision *d);
void run_close(struct decision *d, enum run_status status);
/* The end here and now: nothing is undone, no steps run. */
void run_terminate(struct decision *d);

/* request.c: commands of steps and undos, and their outcome. */

void request_open(struct decision *d, uint32_t scope, uint32_t step);
/* Send the current attempt of an open request or undo, once its service's limits permit it. */
void request_send(struct decision *d, uint32_t activation);
void request_send_permitted(struct decision *d, uint32_t activation);
/* When this attempt ends: its timeout, cut to what `retry.total` leaves. 0: never. */
MUST_CHECK enum status request_deadline(struct decision *d, const struct frame *frame,
                                        const struct sight *sight, int64_t *due_ms,
                                        struct error *err);
/* A sign of life. */
void request_progress(struct decision *d, uint32_t activation, const struct json *payload);
void request_succeeded(struct decision *d, uint32_t activation, const struct json *payload);
/* The current attempt failed: back off, or give up. Takes `error` over. */
void request_failed(struct decision *d, uint32_t activation, struct json *error);
/* Tell the service, if the flow says so, that the step is abandoned. */
void request_cancel(struct decision *d, const struct frame *frame);
/* The deadlines of the open attempt once more, as if it had been sent now. */
MUST_CHECK enum status request_rearm(struct decision *d, uint32_t activation, struct error *err);
const struct retry_policy *request_policy(const struct decision *d, const struct frame *frame);
/* NULL if the frame is of a step that sends nothing. */
const struct message_spec *request_spec(const struct decision *d, const struct frame *frame);
/* Would an error of this name be repeated, attempts and time aside? */
bool request_repeats(const struct decision *d, const struct frame *frame, struct text type);
/* A pivot whose outcome only an operator may decide. */
bool request_is_undecided_pivot(const struct decision *d, const struct frame *frame);

/* permit.c: waiting for what a limited service lets through. */

bool permit_is_needed(const struct decision *d, const struct frame *frame);
void permit_wait(struct decision *d, uint32_t activation);
/* The limiter has granted it: the command goes out. */
void permit_granted(struct decision *d, uint32_t activation);
/* The error of an attempt whose time is over before it had a permit. */
struct json *permit_late(struct decision *d, const struct frame *frame);
/* An attempt is over; `error` is borrowed, NULL: it succeeded. Call while its frame is as it was. */
void permit_end(struct decision *d, const struct frame *frame, const struct json *error);

#include "core/send.h"

/* classify.c: what a reply says under the rule of its request. */

enum reply_class {
    REPLY_SUCCESS,
    REPLY_FAILURE,
    REPLY_PROGRESS,
    REPLY_UNCLASSIFIED,
    REPLY_UNREADABLE,
};

enum reply_class classify_reply(struct decision *d, const struct frame *frame,
                                const struct incoming *reply, struct error *err);
struct json *classify_failure(struct decision *d, const struct frame *frame,
                              const struct incoming *reply);

/* compensate.c: entries of the stack. */

/* The command of an open step goes out: it may have to be undone. */
void undo_push(struct decision *d, const struct frame *frame);
/* The same for a child: its entry names it (`child`). */
void undo_push_child(struct decision *d, const struct frame *frame, const struct json *child);
/* The step took place (or may have: in_doubt). Renders the undo. No entry: does nothing. */
void undo_arm(struct decision *d, const struct frame *frame, bool in_doubt);
/* A request is given up: arm in doubt or drop, by the answer and the rules. */
void undo_settle(struct decision *d, const struct frame *frame);
/* Send the undo of an open frame. True: it is an emit and done with. */
bool undo_send(struct decision *d, uint32_t activation);
/* Open a frame for an armed undo and send it. */
void undo_start(struct decision *d, uint32_t activation);
/* An undo is over: take frame and entry off, go on. */
void undo_end(struct decision *d, uint32_t activation, const char *how);
/* Nothing retries it. Takes `error` over. */
void undo_stick(struct decision *d, uint32_t activation, struct json *error);

/* unwind.c: the order in which entries are undone. */

/* Start what may be started of all that is unwinding: the run, or blocks within it. What is undone
 * whole goes on: the run to onFailure, a block to what it waited for. */
void unwind(struct decision *d);
void unwind_held(struct decision *d); /* For blocks that wait: what held them up may be settled. */
/* The open frame waits until all that was pushed below `targets` (an array of activations, 0 for
 * everything; taken over) is undone. Follow with unwind(). */
void unwind_begin(struct decision *d, uint32_t activation, struct json *targets);
/* Entries whose group is `from` now belong to `to`. */
void unwind_move(struct decision *d, uint32_t from, uint32_t to);
/* Take the group off the stack if there is nothing in it. */
void unwind_drop_empty(struct decision *d, uint32_t group);
/* $error as the undo of an entry sees it: of the catch or retry that undoes it, or that its step stood
 * in, else of what ends the run. Borrowed; NULL: none. */
const struct json *unwind_error(const struct decision *d, const struct undo *undo);
/* Is something below `target` waiting to be undone? */
bool unwind_has(const struct decision *d, uint32_t target);
/* `rollback`. True: it waits. */
bool unwind_rollback(struct decision *d, uint32_t scope, uint32_t step);

/* on_message.c ... on_operator.c: one kind of event each. */

enum transition_result on_message(struct decision *d);
/* For an open run: to who listens for it, or kept for who may listen later, else told. */
enum transition_result message_deliver(struct decision *d, const struct incoming *incoming);
enum transition_result on_reply(struct decision *d);
enum transition_result on_timer(struct decision *d);
enum transition_result on_operator(struct decision *d);
enum transition_result on_told(struct decision *d);
enum transition_result on_permit(struct decision *d);

#endif
