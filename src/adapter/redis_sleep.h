/*
 * redis_sleep - the sleeping runs of a lane's partitions, kept in Redis.
 *
 * What Redis holds is the fold of committed snapshot records up to a watermark: losing it costs a
 * rebuild, never a run. The keys are told in redis_scripts.h. What a due timer means is not decided
 * here. Use it from the lane's thread only.
 */
#ifndef BATON_ADAPTER_REDIS_SLEEP_H
#define BATON_ADAPTER_REDIS_SLEEP_H

#include "adapter/redis_link.h"
#include "engine/sleep_store.h"

struct redis_place;

/* One link for all partitions of a lane. STATUS_REJECT: the URL is wrong. Connects when needed. */
MUST_CHECK enum status redis_place_open(struct text url, struct text app,
                                        struct redis_place **place, struct error *err);
/* Count into `stats` instead of its own from now on. Borrowed. */
void redis_place_count(struct redis_place *place, struct store_stats *stats);
/* Valid until redis_place_close(); every store must be closed before. */
struct sleep_place redis_place_port(struct redis_place *place);
void redis_place_close(struct redis_place *place); /* Accepts NULL. */

#endif
