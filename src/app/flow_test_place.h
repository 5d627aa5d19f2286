/*
 * flow_test_place - a place on a real Kafka and Redis for one case: topics of its own under a drawn name, a worker
 * that is a process of its own, and what these hold, mirrored into the broker of a dev_world, so that the
 * services, the facts and the story are made as without servers. All of it is removed at the end.
 */
#ifndef BATON_APP_FLOW_TEST_PLACE_H
#define BATON_APP_FLOW_TEST_PLACE_H

#include "app/config.h"
#include "app/flow_test_run.h"

struct flow_test_place;

/* Before the first one: can the servers be reached? Gives an exit code; what is wrong is printed. */
int flow_test_place_check(const struct config *config);
/*
 * Make topics, publish the flows, start the worker, and wait until it has its partition. `config` says
 * where; it is borrowed, like `flows`.
 *
 * STATUS_OK:    *place is set; end it with flow_test_place_close().
 * STATUS_RETRY: a server cannot be reached; err says which.
 * other:        err says what is wrong.
 */
MUST_CHECK enum status flow_test_place_open(const struct config *config,
                                            const struct flow_test_flows *flows,
                                            struct flow_test_place **place, struct error *err);
/* Name of the engine's topics there, and what stands before those of the flows. Borrowed. */
struct text flow_test_place_app(const struct flow_test_place *place);
struct text flow_test_place_prefix(const struct flow_test_place *place);
/* The flows as they run there, their topics under other names. Borrowed. */
const struct flow_test_flows *flow_test_place_flows(const struct flow_test_place *place);
/* From now on what `world` sends goes there. */
void flow_test_place_connect(struct flow_test_place *place, struct dev_world *world);
/* Take in what is new. False: nothing was. On trouble (the worker has ended, Kafka does not answer) *ok
 * becomes false; err says why. */
bool flow_test_place_step(struct flow_test_place *place, bool *ok, struct error *err);
/* Stop the worker, remove all. What cannot be removed is told on standard error. Accepts NULL. */
void flow_test_place_close(struct flow_test_place *place);

#endif
