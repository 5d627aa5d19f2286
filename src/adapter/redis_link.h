/*
 * redis_link - one connection to Redis, for one thread.
 *
 * It connects when it is needed, and again after trouble, at growing intervals. Nothing here waits
 * longer than asked for: the socket does not block. Commands are answered in the order in which
 * they were submitted; an answer is kept in the ticket of its command until somebody wants it.
 */
#ifndef BATON_ADAPTER_REDIS_LINK_H
#define BATON_ADAPTER_REDIS_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "adapter/redis_scripts.h"
#include "base/status.h"
#include "base/text.h"
#include "engine/stats.h"

struct redis_link;
struct redisReply; /* Of hiredis. */

#define REDIS_ANSWER_MS 2000

struct redis_link_options {
    struct text url;    /* See redis_url.h. */
    int64_t connect_ms; /* How long connecting, and a greeting, may take; 0: 1 s. */
    int64_t answer_ms;  /* How long redis_link_call() waits; 0: REDIS_ANSWER_MS. */
    int64_t silence_ms; /* A command without an answer for so long breaks the link; 0: 10 s. */
};

/* A command on its way. Zeroed it is idle. Must not move or end while it is not idle. */
struct redis_ticket {
    bool waiting;
    bool broken;              /* The link broke: not known whether the command was executed. */
    struct redisReply *reply; /* Its owner's, once it is there; see redis_ticket_clear(). */
};

/* STATUS_REJECT: the URL is at fault. Does not connect yet. */
MUST_CHECK enum status redis_link_open(const struct redis_link_options *options,
                                       struct redis_link **link, struct error *err);
void redis_link_close(struct redis_link *link); /* Accepts NULL. No ticket may be waiting. */
/* Count into `stats` from now on. Borrowed. */
void redis_link_count(struct redis_link *link, struct store_stats *stats);

/* A command: its words, borrowed during the call. */
struct redis_command {
    const char *const *words;
    const size_t *bytes;
    uint32_t count;
};

/* Send. STATUS_RETRY: not connected; nothing was sent. */
MUST_CHECK enum status redis_link_submit(struct redis_link *link, struct redis_ticket *ticket,
                                         const struct redis_command *command, struct error *err);

/* Wait up to `wait_ms` for the answer. *done: the ticket is idle again, and then
 * STATUS_OK: ticket->reply is there; an error reply of Redis is one as well.
 * STATUS_RETRY: the link broke. */
MUST_CHECK enum status redis_link_wait(struct redis_link *link, struct redis_ticket *ticket,
                                       int64_t wait_ms, bool *done, struct error *err);

/* Free the reply; the ticket must be idle. */
void redis_ticket_clear(struct redis_ticket *ticket);
/* Nobody wants the answer any more. Makes the ticket idle. */
void redis_link_forget(struct redis_link *link, struct redis_ticket *ticket);

/* Submit and wait. OK: ticket->reply is there and is no error reply. RETRY: no answer (the link is
 * broken then), or Redis cannot now. STALE: what is there is not what we have put there. */
MUST_CHECK enum status redis_link_call(struct redis_link *link, struct redis_ticket *ticket,
                                       const struct redis_command *command, struct error *err);

/* The name under which Redis knows the script: 40 hex digits. Connects. */
MUST_CHECK enum status redis_link_script(struct redis_link *link, enum redis_script script,
                                         const char **sha, struct error *err);

/* What an error reply means: RETRY or STALE, as in redis_link_call(). OK: it is none. */
enum status redis_link_judge(struct redis_link *link, const struct redisReply *reply,
                             const char *doing, struct error *err);

/*
 * Check, on a connection of its own, that Redis may not throw away what it is given. Call at start.
 *
 * STATUS_OK:     it may not, or it does not tell, which is logged as a warning.
 * STATUS_RETRY:  it did not answer.
 * STATUS_REJECT: the URL is at fault, or its maxmemory-policy evicts; err says what to set.
 */
MUST_CHECK enum status redis_check_policy(struct text url, struct error *err);

#endif
