/*
 * redis_url - "redis://[[user]:password@]host[:port][/database]" taken apart. Percent escapes are
 * decoded; an IPv6 address stands in brackets.
 */
#ifndef BATON_ADAPTER_REDIS_URL_H
#define BATON_ADAPTER_REDIS_URL_H

#include "base/arena.h"
#include "base/status.h"

/* Every text is followed by a NUL byte and lives in the arena. */
struct redis_url {
    struct text host;
    int32_t port;
    struct text user;     /* Empty: none. */
    struct text password; /* data NULL: none. */
    int32_t database;
};

/* STATUS_REJECT: no such URL; the text does not repeat it, since it may hold a password. */
MUST_CHECK enum status redis_url_parse(struct text url, struct arena *arena,
                                       struct redis_url *parts, struct error *err);

#endif
