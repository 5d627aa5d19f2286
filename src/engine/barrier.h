/*
 * barrier - keeps deadlines from beating replies that were in time (DESIGN.md section 5). One a
 * process: reads the ends of the source topics, waits until the router group has committed past
 * them, then reads the ends of the inbox. A lane that has consumed its partition to there may fire
 * deadlines due up to the time at which the round began.
 */
#ifndef BATON_ENGINE_BARRIER_H
#define BATON_ENGINE_BARRIER_H

#include "engine/broker.h"
#include "engine/clock.h"
#include "engine/flow_registry.h"
#include "engine/settings.h"

struct barrier;

/* Borrows all. The barrier keeps a registry of its own. */
MUST_CHECK enum status barrier_open(const struct broker *broker, const struct clock *clock,
                                    const struct settings *settings, struct barrier **barrier,
                                    struct error *err);
/* One bounded step; call about four times a second, from one thread. */
MUST_CHECK enum status barrier_step(struct barrier *barrier, struct error *err);
void barrier_close(struct barrier *barrier); /* Accepts NULL. */

/* The last round that passed: deadlines due up to *time_ms may fire once *inbox_end of `partition`
 * is consumed. False: none yet. May be called from any thread. */
bool barrier_read(const struct barrier *barrier, int32_t partition, int64_t *time_ms,
                  int64_t *inbox_end);

#endif
