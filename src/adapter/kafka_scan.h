/*
 * kafka_scan - reads ranges of many partitions at once, with one handle, read committed and in no
 * group: for whoever wants all of what is there and does not mind in which order its partitions come.
 */
#ifndef BATON_ADAPTER_KAFKA_SCAN_H
#define BATON_ADAPTER_KAFKA_SCAN_H

#include "adapter/kafka_broker.h"

struct scan_range; /* engine/fsck_estate.h */

/*
 * Give every committed record of the ranges to `visit`, those of a partition in their order. Ranges
 * of one call are of different partitions. What lies below the beginning of a log is passed over.
 *
 * STATUS_RETRY: the cluster cannot be reached, or gives nothing for ten seconds.
 */
MUST_CHECK enum status kafka_scan(struct kafka_broker *broker, const struct scan_range *ranges,
                                  uint32_t count, void *visitor,
                                  void (*visit)(void *visitor, const struct record *record),
                                  struct error *err);

#endif
