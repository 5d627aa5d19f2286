/*
 * flow_test_mirror - copies what stands in topics of a real Kafka, of one partition each, into the broker in memory,
 * as it comes. A record of the history is held back until all that it says was sent has come as well: the
 * markers of one transaction show in one topic before they do in another.
 */
#ifndef BATON_APP_FLOW_TEST_MIRROR_H
#define BATON_APP_FLOW_TEST_MIRROR_H

#include "engine/settings.h"
#include "sim/sim_broker.h"

struct flow_test_mirror;

/* Of history, alerts and dead letters. Borrows all. */
struct flow_test_mirror *flow_test_mirror_new(const struct broker *real, struct sim_broker *copy,
                                              const struct names *names);
/* Of this topic of a flow's own for alerts (empty: it has none), which come as the others do; call it first. */
void flow_test_mirror_alerts(struct flow_test_mirror *mirror, struct text topic);
/* And of this topic; once is enough. */
void flow_test_mirror_topic(struct flow_test_mirror *mirror, struct text topic);
/* Copy what is new. STATUS_RETRY: Kafka does not answer now. */
MUST_CHECK enum status flow_test_mirror_step(struct flow_test_mirror *mirror, bool *any,
                                             struct error *err);
void flow_test_mirror_free(struct flow_test_mirror *mirror); /* Accepts NULL. */

#endif
