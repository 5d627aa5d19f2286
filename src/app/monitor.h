/*
 * monitor - what a process shows of itself by HTTP: /metrics, /healthz, /readyz. It owns the
 * counters, so that they outlive the lanes and routers that are opened and closed; its own thread
 * only reads them and never waits for the others.
 */
#ifndef BATON_APP_MONITOR_H
#define BATON_APP_MONITOR_H

#include "engine/barrier.h"
#include "engine/clock.h"
#include "engine/lag.h"
#include "engine/stats.h"

struct monitor;

struct monitor_options {
    struct clock clock;
    const char *const *threads; /* Their names, for people: "lane 0", "router"; copied. */
    uint32_t thread_count;
    uint32_t lane_count;
    uint32_t store_count;   /* Links to Redis; 0: there is none to show. */
    int64_t silence_max_ms; /* A thread that has not turned for so long is taken for stuck. */
};

struct monitor *monitor_new(const struct monitor_options *options);
/* After whatever counts is closed. Stops serving. Accepts NULL. */
void monitor_free(struct monitor *monitor);

/* The counters, to be given to whoever counts. */
struct lane_stats *monitor_lane(struct monitor *monitor, uint32_t index);
struct store_stats *monitor_store(struct monitor *monitor, uint32_t index);
struct router_stats *monitor_router(struct monitor *monitor);
struct schema_stats *monitor_schemas(struct monitor *monitor);
/* All lanes, for lag_open(). */
const struct lane_stats *const *monitor_lanes(const struct monitor *monitor);

/* The loop of thread `index` (of options.threads) turns. From that thread. */
void monitor_beat(struct monitor *monitor, uint32_t index);
/* From here on not ready, and threads that end are missed by nobody. */
void monitor_stopping(struct monitor *monitor);

/* Serve on `address` (http_server.h). STATUS_REJECT: no such address form. STATUS_FATAL: it cannot be
 * listened on. */
MUST_CHECK enum status monitor_serve(struct monitor *monitor, struct text address,
                                     struct error *err);
/* Show these as well from now on; each may be NULL. Borrowed until monitor_unserve(). */
void monitor_watch(struct monitor *monitor, const struct barrier *barrier, const struct lag *lag);
const char *monitor_where(const struct monitor *monitor); /* "127.0.0.1:9464"; NULL: not serving. */
void monitor_unserve(struct monitor *monitor);

/* What /readyz says: true, or false and in `missing` (a JSON array of texts) why. */
bool monitor_is_ready(const struct monitor *monitor, struct buffer *missing);
/* What /healthz says: true, or false and in `why` which thread does not turn. */
bool monitor_is_healthy(const struct monitor *monitor, struct buffer *why);
void monitor_render(const struct monitor *monitor, struct buffer *out);

#endif
