/*
 * redis_link_parts - what the files of the link know of each other. Nobody else includes it.
 */
#ifndef BATON_ADAPTER_REDIS_LINK_PARTS_H
#define BATON_ADAPTER_REDIS_LINK_PARTS_H

#include <hiredis/hiredis.h>

#include "adapter/redis_link.h"
#include "adapter/redis_url.h"
#include "base/arena.h"
#include "base/log.h"

#define REDIS_SHA_BYTES 40

/* A command that was sent and not answered yet. */
struct sent {
    struct redis_ticket *ticket; /* NULL: forgotten. */
    int64_t sent_ms;
};

struct redis_link {
    struct arena arena; /* Of the URL. */
    struct redis_url url;
    struct redis_link_options options;
    redisContext *context; /* NULL: not connected. */
    bool unsent;           /* The context still holds bytes to write. */
    struct sent *queue;    /* A ring, oldest at `first`. */
    size_t capacity;
    size_t first;
    size_t count;
    int64_t backoff_ms;
    int64_t connect_after_ms;  /* On the monotonic clock. */
    struct log_gate gate;      /* Of what is said at every try. */
    char trouble[128];         /* The last. */
    struct store_stats *stats; /* The caller's, or own_stats. */
    struct store_stats own_stats;
    char shas[REDIS_SCRIPTS][REDIS_SHA_BYTES + 1];
};

/* Connect and greet, unless it is connected, or was tried a moment ago. */
MUST_CHECK enum status redis_link_connect(struct redis_link *link, struct error *err);
/* Put off the next try to connect, longer each time. */
void redis_link_back_off(struct redis_link *link);
/* Close; whatever was on its way is in doubt. */
void redis_link_break(struct redis_link *link, const char *why);
/* Queue a command on a connected link; sent by redis_link_wait(). */
MUST_CHECK enum status redis_link_append(struct redis_link *link, struct redis_ticket *ticket,
                                         const struct redis_command *command, struct error *err);

#endif
