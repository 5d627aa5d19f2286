/*
 * waiting - what waits for messages: listens, and handlers of blocks and runs. Inside core only; see
 * decision.h.
 */
#ifndef BATON_CORE_WAITING_H
#define BATON_CORE_WAITING_H

#include "core/decision.h"

/* listen.c */

/* Open a listen, or take a message out of the mailbox; a result (the caller's) is then set. */
struct json *listen_open(struct decision *d, uint32_t scope, uint32_t step, struct json **result,
                         bool *waits);
struct json *wait_open(struct decision *d, uint32_t scope, uint32_t step, bool *waits);
/* The open wait once more, as if it had begun now. A time that has passed is due at once. */
MUST_CHECK enum status wait_rearm(struct decision *d, uint32_t activation, struct error *err);
struct incoming listen_mail(const struct mail *mail);

/* A listen at work. */
struct listening {
    const struct listen *listen;
    const struct step *step;
    uint32_t scope;
    const struct json *got;  /* What has come already, as listen_collect() keeps it, or NULL. */
    const struct json *keys; /* As identity_keys() gave them, or NULL. */
};
/* As the step of the open frame does. */
struct listening listen_of(const struct decision *d, const struct frame *frame);
/* By topic or signal, type, key and `when`; *item is then the one that it is. */
bool listen_matches(struct decision *d, const struct listening *at, const struct incoming *incoming,
                    uint32_t *item);
/* Add what came to *got. *result (the caller's) is set when that was enough. */
void listen_collect(struct decision *d, const struct listening *at, uint32_t item,
                    const struct incoming *incoming, struct json **got, struct json **result);
/* What has come, for people: NULL where one message is all that is waited for. The caller's. */
struct json *listen_so_far(const struct listening *at);
/* The open listen takes the message, and goes on if it was enough. */
void listen_take(struct decision *d, uint32_t activation, uint32_t item,
                 const struct incoming *incoming);

/* identity.c: listens for another identity than the instance's key. */

/* What the items of a listen wait for now, by their numbers: "<route>:<value>". *keys is the caller's,
 * NULL if there is none. Gives an error. */
struct json *identity_keys(struct decision *d, const struct listening *at, struct json **keys);
/* It came by what the item waits for. */
bool identity_matches(const struct listening *at, uint32_t item, const struct incoming *incoming);
/* It came by a value of the same kind. */
bool identity_is_about(const struct awaited *awaited, const struct incoming *incoming);

/* handle.c: handlers of blocks and of the run (owner 0). */

enum handled {
    HANDLED_NOT,
    HANDLED_NOW,
    HANDLED_LATER, /* It is for a handler that another one holds up: keep it. */
};
/* Begin to watch, and take what is in the mailbox already. Call before the list advances. */
void handle_open(struct decision *d, uint32_t owner);
/* The message is perhaps for a handler of the watch `activation`. */
enum handled handle_offer(struct decision *d, uint32_t activation, const struct incoming *incoming);
/* The list of a handler has come to its end. */
void handle_done(struct decision *d, uint32_t activation);
/* A handler at work holds the position up; it goes on when that is done. */
bool handle_holds(struct decision *d, struct position at);
/* By topic, signal and type alone. */
bool handle_wants(const struct decision *d, const struct frame *watch,
                  const struct incoming *incoming);
/* $message of the handler that `scope` is in. Borrowed; NULL: it is in none. */
const struct json *handle_message(const struct decision *d, uint32_t scope);

/* remind.c: reminders of a wait. */

/* Arm the next one, if the step has one. */
MUST_CHECK enum status remind_arm(struct decision *d, uint32_t activation, struct error *err);
void remind_due(struct decision *d, uint32_t activation);
/* The wait is over: end the one that is at work. Frames move. */
void remind_stop(struct decision *d, uint32_t activation);
/* $count of the reminder that `scope` is in. Borrowed; NULL: it is in none. */
const struct json *remind_count(const struct decision *d, uint32_t scope);

/* chunks.c: a list that grows by one value at a time. Takes `value` over. */

void chunks_put(struct json **chunks, uint32_t index, struct json *value);
/* The caller's. Places without a value are left out. */
struct json *chunks_list(const struct json *chunks, uint32_t count);

#endif
