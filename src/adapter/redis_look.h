/*
 * redis_look - the sleeping runs in Redis, looked at and never changed. One link for all partitions,
 * for one thread. The keys are told in redis_scripts.h.
 */
#ifndef BATON_ADAPTER_REDIS_LOOK_H
#define BATON_ADAPTER_REDIS_LOOK_H

#include "base/status.h"
#include "engine/sleep_look.h"

struct redis_look;

/* Connects when needed. STATUS_REJECT: the URL is wrong. End it with redis_look_close(). */
MUST_CHECK enum status redis_look_open(struct text url, struct text app, struct redis_look **look,
                                       struct error *err);
/* Valid until redis_look_close(). */
struct sleep_look redis_look_port(struct redis_look *look);
void redis_look_close(struct redis_look *look); /* Accepts NULL. */

#endif
