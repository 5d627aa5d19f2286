/*
 * takeover - how a lane comes to own a partition (DESIGN.md section 5): stable offset, claim, ends,
 * the store brought to the snapshots' end, checkpoint topic, history folded, fetching resumed. Done
 * in bounded steps, so that the member keeps polling however long it takes.
 */
#ifndef BATON_ENGINE_TAKEOVER_H
#define BATON_ENGINE_TAKEOVER_H

#include "base/status.h"

struct lane;
struct partition;
struct takeover;

struct takeover *takeover_new(void);
void takeover_free(struct takeover *takeover); /* Accepts NULL. */

/*
 * One step.
 *
 * STATUS_OK:     progress, or it is done (the partition is READY then).
 * STATUS_RETRY:  something outside did not answer or is not there yet; call again later.
 * STATUS_REJECT: what was read contradicts itself; the partition is to be broken off.
 */
MUST_CHECK enum status takeover_step(struct lane *lane, struct partition *partition,
                                     struct error *err);

#endif
