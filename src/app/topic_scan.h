/*
 * topic_scan - reads a partition of a topic of ours from its beginning to its stable end.
 */
#ifndef BATON_APP_TOPIC_SCAN_H
#define BATON_APP_TOPIC_SCAN_H

#include "app/estate.h"

typedef enum status topic_visit(void *self, const struct record *record, struct error *err);

/* Each record to `visit`, until that gives another status than STATUS_OK. `what` is said in front of
 * the progress, which is shown on a terminal. */
MUST_CHECK enum status topic_scan(struct estate *estate, const char *topic, int32_t partition,
                                  const char *what, topic_visit *visit, void *self,
                                  struct error *err);

#endif
