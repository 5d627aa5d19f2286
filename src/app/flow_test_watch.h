/*
 * flow_test_watch - waits until a file changes beside those that were read (inotify).
 */
#ifndef BATON_APP_FLOW_TEST_WATCH_H
#define BATON_APP_FLOW_TEST_WATCH_H

#include <stdbool.h>

#include "base/status.h"
#include "base/text.h"

struct flow_test_watch;

/* Blocks SIGINT and SIGTERM: they end the waiting. STATUS_FATAL: the system gives no more watches. */
MUST_CHECK enum status flow_test_watch_open(struct flow_test_watch **watch, struct error *err);
void flow_test_watch_close(struct flow_test_watch *watch); /* Accepts NULL. */
/* Watch the folder of this file, or this folder. Twice is once. `watch` may be NULL. */
void flow_test_watch_add(struct flow_test_watch *watch, struct text path);
/* Wait for a change, and until it is quiet again. False: a signal came. */
bool flow_test_watch_await(struct flow_test_watch *watch);

#endif
