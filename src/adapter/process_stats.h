/*
 * process_stats - what the system says of this process. Cheap: a few files of /proc.
 */
#ifndef BATON_ADAPTER_PROCESS_STATS_H
#define BATON_ADAPTER_PROCESS_STATS_H

#include "engine/metrics.h"

/* What cannot be told is 0. */
struct process_stats process_stats_read(void);

#endif
