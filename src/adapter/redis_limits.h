/*
 * redis_limits - the limiter of engine/limiter.h, kept in Redis for all workers of an app. A link of
 * its own for one lane: what is asked here does not wait behind sleeping runs. Use it from the
 * lane's thread only.
 */
#ifndef BATON_ADAPTER_REDIS_LIMITS_H
#define BATON_ADAPTER_REDIS_LIMITS_H

#include "engine/limiter.h"

struct redis_limits;

/* STATUS_REJECT: the URL is wrong. Connects when needed. */
MUST_CHECK enum status redis_limits_open(struct text url, struct text app,
                                         struct redis_limits **limits, struct error *err);
/* Valid until redis_limits_close(). */
struct limiter redis_limits_port(struct redis_limits *limits);
void redis_limits_close(struct redis_limits *limits); /* Accepts NULL. */

/* For tests: count by this clock and not by the server's. 0: the server's. */
void redis_limits_set_time(struct redis_limits *limits, int64_t now_ms);

#endif
