/*
 * metrics - a worker's numbers as Prometheus text (exposition format 0.0.4). Pure: it reads the
 * counters that it is pointed to and writes into a buffer. docs/metrics.md tells what each means.
 */
#ifndef BATON_ENGINE_METRICS_H
#define BATON_ENGINE_METRICS_H

#include "base/buffer.h"
#include "engine/lag.h"
#include "engine/stats.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Of the process; the adapter reads it from the system. */
struct process_stats {
    double cpu_seconds;
    double start_seconds; /* Since the Unix epoch. */
    int64_t resident_bytes;
    int64_t virtual_bytes;
    int64_t open_fds;
    int64_t fds_max;
};

/* What there is to be shown. All borrowed; what is NULL, or counted 0, is left out. */
struct metrics_view {
    const struct lane_stats *const *lanes;
    uint32_t lane_count;
    const struct store_stats *const *stores;
    uint32_t store_count;
    const struct router_stats *router;
    const struct schema_stats *schemas;
    const struct lag_report *lag;
    const struct process_stats *process;
    int64_t barrier_age_ms; /* Below 0: no round has passed yet. */
    uint32_t threads_alive; /* Whose loop turns. */
};

/* Append the whole text. */
void metrics_render(const struct metrics_view *view, struct buffer *out);
/* Its part that is not the lanes'. */
void metrics_render_around(const struct metrics_view *view, struct buffer *out);

#endif
