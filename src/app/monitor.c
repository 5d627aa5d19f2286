#include "app/monitor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/process_stats.h"
#include "engine/metrics.h"
#include "http/http_server.h"
#include "json/json.h"

#define THREAD_NAME_BYTES 32

struct beat {
    char name[THREAD_NAME_BYTES];
    atomic_int_fast64_t at_ms; /* Monotonic. */
};

struct monitor {
    struct monitor_options options;
    struct beat *beats;
    struct lane_stats **lanes;
    struct store_stats **stores;
    struct router_stats router;
    struct schema_stats schemas;
    _Atomic(const struct barrier *) barrier; /* NULL: not yet. */
    _Atomic(const struct lag *) lag;
    struct http_server *server;
    atomic_bool is_stopping;
};

static int64_t monotonic_ms(const struct monitor *monitor)
{
    return monitor->options.clock.monotonic_ms(monitor->options.clock.self);
}

struct monitor *monitor_new(const struct monitor_options *options)
{
    struct monitor *monitor = calloc(1, sizeof *monitor);

    CHECK(monitor != NULL);
    monitor->options = *options;
    monitor->beats = calloc((size_t)options->thread_count + 1, sizeof *monitor->beats);
    monitor->lanes = calloc((size_t)options->lane_count + 1, sizeof(struct lane_stats *));
    monitor->stores = calloc((size_t)options->store_count + 1, sizeof(struct store_stats *));
    CHECK(monitor->beats != NULL && monitor->lanes != NULL && monitor->stores != NULL);
    for (uint32_t i = 0; i < options->thread_count; i++) {
        snprintf(monitor->beats[i].name, THREAD_NAME_BYTES, "%s", options->threads[i]);
        atomic_init(&monitor->beats[i].at_ms, monotonic_ms(monitor));
    }
    /* Each apart: written by different threads, they must not share lines of the cache. */
    for (uint32_t i = 0; i < options->lane_count; i++) {
        monitor->lanes[i] = calloc(1, sizeof *monitor->lanes[i]);
        CHECK(monitor->lanes[i] != NULL);
    }
    for (uint32_t i = 0; i < options->store_count; i++) {
        monitor->stores[i] = calloc(1, sizeof *monitor->stores[i]);
        CHECK(monitor->stores[i] != NULL);
    }
    monitor->options.threads = NULL; /* Copied. */
    return monitor;
}

void monitor_free(struct monitor *monitor)
{
    if (monitor == NULL) {
        return;
    }
    monitor_unserve(monitor);
    for (uint32_t i = 0; i < monitor->options.lane_count; i++) {
        lane_stats_release(monitor->lanes[i]);
        free(monitor->lanes[i]);
    }
    for (uint32_t i = 0; i < monitor->options.store_count; i++) {
        free(monitor->stores[i]);
    }
    free(monitor->beats);
    free(monitor->lanes);
    free(monitor->stores);
    free(monitor);
}

struct lane_stats *monitor_lane(struct monitor *monitor, uint32_t index)
{
    CHECK(index < monitor->options.lane_count);
    return monitor->lanes[index];
}

struct store_stats *monitor_store(struct monitor *monitor, uint32_t index)
{
    CHECK(index < monitor->options.store_count);
    return monitor->stores[index];
}

struct router_stats *monitor_router(struct monitor *monitor)
{
    return &monitor->router;
}

struct schema_stats *monitor_schemas(struct monitor *monitor)
{
    return &monitor->schemas;
}

const struct lane_stats *const *monitor_lanes(const struct monitor *monitor)
{
    return (const struct lane_stats *const *)monitor->lanes;
}

void monitor_beat(struct monitor *monitor, uint32_t index)
{
    CHECK(index < monitor->options.thread_count);
    atomic_store_explicit(&monitor->beats[index].at_ms, monotonic_ms(monitor),
                          memory_order_relaxed);
}

void monitor_stopping(struct monitor *monitor)
{
    atomic_store(&monitor->is_stopping, true);
}

/* ---- health ---- */

static int64_t silent_ms(const struct monitor *monitor, uint32_t thread)
{
    int64_t at_ms = atomic_load_explicit(&monitor->beats[thread].at_ms, memory_order_relaxed);

    return monotonic_ms(monitor) - at_ms;
}

bool monitor_is_healthy(const struct monitor *monitor, struct buffer *why)
{
    bool is_healthy = true;

    if (atomic_load(&monitor->is_stopping)) {
        return true; /* How long that may take is bounded elsewhere. */
    }
    for (uint32_t i = 0; i < monitor->options.thread_count; i++) {
        int64_t ms = silent_ms(monitor, i);

        if (ms > monitor->options.silence_max_ms) {
            buffer_addf(why, "thread '%s' has not turned for %lld s\n", monitor->beats[i].name,
                        (long long)(ms / 1000));
            is_healthy = false;
        }
    }
    return is_healthy;
}

/* ---- readiness ---- */

static void miss(struct json *missing, const char *format, ...) PRINTF_LIKE(2, 3);

static void miss(struct json *missing, const char *format, ...)
{
    char text[256];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    json_push(missing, json_text(text_of(text)));
}

static void check_lane(const struct lane_stats *stats, uint32_t index, uint64_t revision,
                       struct json *missing)
{
    uint64_t owned = stat_get(&stats->partitions);
    uint64_t ready = stat_get(&stats->ready);
    uint64_t held = stat_get(&stats->held);
    uint64_t broken = stat_get(&stats->broken);

    if (stat_get(&stats->revision) < revision || revision == 0) {
        miss(missing, "lane %u has read the flows up to revision %llu of %llu", index,
             (unsigned long long)stat_get(&stats->revision), (unsigned long long)revision);
    }
    if (stat_get(&stats->assigned) == 0) {
        miss(missing, "lane %u waits for the group to assign partitions", index);
    } else if (ready + held + broken < owned) {
        miss(missing, "lane %u is taking over %llu of %llu partitions", index,
             (unsigned long long)(owned - ready - held - broken), (unsigned long long)owned);
    }
    if (held > 0) {
        miss(missing, "lane %u holds %llu partitions until Redis, or the flows, are back", index,
             (unsigned long long)held);
    }
    if (broken > 0) {
        miss(missing, "lane %u has %llu partitions that stand still until an operator decides",
             index, (unsigned long long)broken);
    }
}

static void check_router(const struct router_stats *stats, uint64_t revision, struct json *missing)
{
    if (stat_get(&stats->revision) < revision) {
        miss(missing, "the router works with the flows of revision %llu, not yet %llu",
             (unsigned long long)stat_get(&stats->revision), (unsigned long long)revision);
    }
    if (stat_get(&stats->idle) == 0 && stat_get(&stats->assigned) == 0) {
        miss(missing, "the router waits for the group to assign source partitions");
    }
    if (stat_get(&stats->starting) > 0) {
        miss(missing, "the router is finding out where %llu source partitions begin",
             (unsigned long long)stat_get(&stats->starting));
    }
    if (stat_get(&stats->stopped) > 0) {
        miss(missing, "%llu source partitions stand still until an operator decides",
             (unsigned long long)stat_get(&stats->stopped));
    }
}

bool monitor_is_ready(const struct monitor *monitor, struct buffer *out)
{
    struct json *missing = json_array();
    uint64_t revision = stat_get(&monitor->router.revision);

    for (uint32_t i = 0; i < monitor->options.lane_count; i++) {
        uint64_t other = stat_get(&monitor->lanes[i]->revision);
        revision = other > revision ? other : revision;
    }
    if (atomic_load(&monitor->is_stopping)) {
        miss(missing, "the worker is stopping");
    }
    for (uint32_t i = 0; i < monitor->options.lane_count; i++) {
        check_lane(monitor->lanes[i], i, revision, missing);
    }
    check_router(&monitor->router, revision, missing);
    bool is_ready = json_count(missing) == 0;
    json_write(missing, out);
    json_free(missing);
    return is_ready;
}

/* ---- HTTP ---- */

void monitor_render(const struct monitor *monitor, struct buffer *out)
{
    struct process_stats process = process_stats_read();
    struct lag_report lag = {0};
    struct metrics_view view = {.lanes = monitor_lanes(monitor),
                                .lane_count = monitor->options.lane_count,
                                .stores = (const struct store_stats *const *)monitor->stores,
                                .store_count = monitor->options.store_count,
                                .router = &monitor->router,
                                .schemas = &monitor->schemas,
                                .lag = &lag,
                                .process = &process,
                                .barrier_age_ms = -1};
    const struct clock *clock = &monitor->options.clock;
    const struct lag *sampled = atomic_load(&monitor->lag);
    const struct barrier *barrier = atomic_load(&monitor->barrier);
    int64_t time_ms;
    int64_t end;

    if (sampled != NULL) {
        lag_read(sampled, &lag);
    }
    if (barrier != NULL && barrier_read(barrier, 0, &time_ms, &end)) {
        int64_t age_ms = clock->now_ms(clock->self) - time_ms;
        view.barrier_age_ms = age_ms < 0 ? 0 : age_ms;
    }
    for (uint32_t i = 0; i < monitor->options.thread_count; i++) {
        view.threads_alive += silent_ms(monitor, i) <= monitor->options.silence_max_ms;
    }
    metrics_render(&view, out);
    lag_report_release(&lag);
}

static void show_metrics(void *self, struct http_answer *answer)
{
    answer->type = METRICS_TYPE;
    monitor_render(self, answer->body);
}

static void show_health(void *self, struct http_answer *answer)
{
    if (monitor_is_healthy(self, answer->body)) {
        buffer_add_text(answer->body, TEXT("ok\n"));
    } else {
        answer->status = HTTP_UNAVAILABLE;
    }
}

static void show_readiness(void *self, struct http_answer *answer)
{
    struct buffer missing = {0};
    bool is_ready = monitor_is_ready(self, &missing);

    answer->type = "application/json";
    answer->status = is_ready ? HTTP_OK : HTTP_UNAVAILABLE;
    buffer_addf(answer->body, "{\"ready\":%s,\"missing\":%s}\n", is_ready ? "true" : "false",
                buffer_string(&missing));
    buffer_release(&missing);
}

static void show_index(void *self, struct http_answer *answer)
{
    (void)self;
    buffer_add_text(answer->body, TEXT("baton " BATON_VERSION "\n\n"
                                       "/metrics  for Prometheus\n"
                                       "/healthz  200 while the threads turn\n"
                                       "/readyz   200 once assigned and caught up\n"));
}

void monitor_watch(struct monitor *monitor, const struct barrier *barrier, const struct lag *lag)
{
    atomic_store(&monitor->barrier, barrier);
    atomic_store(&monitor->lag, lag);
}

enum status monitor_serve(struct monitor *monitor, struct text address, struct error *err)
{
    static const struct http_route routes[] = {
        {"/", show_index},
        {"/metrics", show_metrics},
        {"/healthz", show_health},
        {"/readyz", show_readiness},
    };
    struct http_options options = {.address = address,
                                   .routes = routes,
                                   .route_count = sizeof routes / sizeof *routes,
                                   .self = monitor};

    enum status status = http_open(&options, &monitor->server, err);
    return status == STATUS_OK ? status : fail_in(err, status, "http");
}

const char *monitor_where(const struct monitor *monitor)
{
    return monitor->server == NULL ? NULL : http_where(monitor->server);
}

void monitor_unserve(struct monitor *monitor)
{
    http_close(monitor->server);
    monitor->server = NULL;
}
