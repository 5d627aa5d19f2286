/* The part of the metrics that is not the lanes': router, Redis, lag, barrier, process. */
#include "engine/metrics.h"
#include "engine/metrics_text.h"

#include <stdio.h>

static void add_router(const struct router_stats *stats, struct buffer *out)
{
    static const struct family records = {
        "baton_router_records_total", "counter",
        "Records of source topics that the router read, by what became of them."};
    static const struct family forwarded = {"baton_router_forwarded_total", "counter",
                                            "Records that the router wrote to the inbox."};
    static const struct family sessions = {"baton_router_sessions_total", "counter",
                                           "Times the router joined its group."};
    static const struct family places = {"baton_router_partitions", "gauge",
                                         "Partitions of source topics, by state."};
    static const struct family batch = {"baton_router_batch_records", "histogram",
                                        "Records of a batch of the router."};
    const struct {
        const char *outcome;
        const atomic_uint_fast64_t *stat;
    } outcomes[] = {
        {"forwarded", &stats->matched},    {"foreign", &stats->foreign},
        {"tombstone", &stats->tombstones}, {"unrouted", &stats->unrouted},
        {"poison", &stats->poison},        {"unkeyed", &stats->unkeyed},
        {"oversize", &stats->oversize},
    };
    uint64_t owned = stat_get(&stats->places);
    uint64_t starting = stat_get(&stats->starting);
    uint64_t stopped = stat_get(&stats->stopped);
    uint64_t held = stat_get(&stats->held);
    struct histogram_sum sum = {{0}, 0};
    struct label state = {"state", TEXT_INIT("reading")};

    metrics_family(out, &records);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        struct label label = {"outcome", text_of(outcomes[i].outcome)};
        metrics_sample(out, records.name, &label, 1, (double)stat_get(outcomes[i].stat));
    }
    metrics_single(out, &forwarded, (double)stat_get(&stats->forwarded));
    metrics_single(out, &sessions, (double)stat_get(&stats->sessions));
    metrics_family(out, &places);
    /* They are not read at one moment. */
    metrics_sample(out, places.name, &state, 1,
                   owned > starting + stopped + held ? (double)(owned - starting - stopped - held)
                                                     : 0);
    state.value = TEXT("waiting");
    metrics_sample(out, places.name, &state, 1, (double)held);
    state.value = TEXT("starting");
    metrics_sample(out, places.name, &state, 1, (double)starting);
    state.value = TEXT("stopped");
    metrics_sample(out, places.name, &state, 1, (double)stopped);
    histogram_sum_add(&sum, &stats->batch_records);
    metrics_family(out, &batch);
    metrics_histogram(out, batch.name, HISTOGRAM_COUNT, &sum, NULL);
}

static void add_schemas(const struct schema_stats *stats, struct buffer *out)
{
    static const struct family asked = {"baton_schema_requests_total", "counter",
                                        "Schemas asked of the registry, by what it answered."};
    static const struct family held = {"baton_schemas", "gauge", "Schemas at hand."};
    struct label label = {"result", TEXT_INIT("ok")};
    uint64_t failed = stat_get(&stats->failed);
    uint64_t unknown = stat_get(&stats->unknown);

    metrics_family(out, &asked);
    metrics_sample(out, asked.name, &label, 1, (double)stat_get(&stats->fetched));
    label.value = TEXT("unknown");
    metrics_sample(out, asked.name, &label, 1, (double)unknown);
    label.value = TEXT("failed");
    metrics_sample(out, asked.name, &label, 1, (double)failed);
    metrics_single(out, &held, (double)stat_get(&stats->held));
}

static void add_stores(const struct metrics_view *view, struct buffer *out)
{
    static const struct family up = {"baton_redis_up", "gauge",
                                     "1 if every lane has a working connection to Redis."};
    static const struct family calls = {"baton_redis_calls_total", "counter",
                                        "Commands sent to Redis; several go in one round trip."};
    static const struct family errors = {"baton_redis_errors_total", "counter",
                                         "Broken connections to Redis and its error replies."};
    static const struct family connects = {"baton_redis_connects_total", "counter",
                                           "Connections made to Redis."};
    uint64_t sums[3] = {0};
    bool is_up = true;

    for (uint32_t i = 0; i < view->store_count; i++) {
        const struct store_stats *stats = view->stores[i];

        is_up = is_up && stat_get(&stats->connected) != 0;
        sums[0] += stat_get(&stats->calls);
        sums[1] += stat_get(&stats->errors);
        sums[2] += stat_get(&stats->connects);
    }
    metrics_single(out, &up, is_up);
    metrics_single(out, &calls, (double)sums[0]);
    metrics_single(out, &errors, (double)sums[1]);
    metrics_single(out, &connects, (double)sums[2]);
}

static void add_lag(const struct lag_report *lag, struct buffer *out)
{
    static const struct family sources = {
        "baton_router_lag_records", "gauge",
        "Records of a source topic that no router has committed yet, of all workers."};
    static const struct family inbox = {
        "baton_inbox_lag_records", "gauge",
        "Records of an inbox partition owned here that are not decided yet."};
    static const struct family services = {
        "baton_service_lag_records", "gauge",
        "Commands that the consumer group of a service has not committed yet."};
    char number[16];

    metrics_family(out, &sources);
    for (uint32_t i = 0; i < lag->topic_count; i++) {
        struct label label = {"topic", text_of(lag->topics[i].name)};
        metrics_sample(out, sources.name, &label, 1, (double)lag->topics[i].records);
    }
    metrics_family(out, &inbox);
    for (uint32_t i = 0; i < lag->partition_count; i++) {
        snprintf(number, sizeof number, "%d", lag->partitions[i].number);
        struct label label = {"partition", text_of(number)};
        metrics_sample(out, inbox.name, &label, 1, (double)lag->partitions[i].records);
    }
    metrics_family(out, &services);
    for (uint32_t i = 0; i < lag->service_count; i++) {
        struct label labels[] = {{"group", text_of(lag->services[i].group)},
                                 {"topic", text_of(lag->services[i].topic)}};
        metrics_sample(out, services.name, labels, 2, (double)lag->services[i].records);
    }
}

static void add_process(const struct process_stats *process, struct buffer *out)
{
    const struct {
        struct family family;
        double value;
    } items[] = {
        {{"process_cpu_seconds_total", "counter", "User and system CPU time of the process."},
         process->cpu_seconds},
        {{"process_start_time_seconds", "gauge", "Start of the process since the Unix epoch."},
         process->start_seconds},
        {{"process_resident_memory_bytes", "gauge", "Resident memory."},
         (double)process->resident_bytes},
        {{"process_virtual_memory_bytes", "gauge", "Virtual memory."},
         (double)process->virtual_bytes},
        {{"process_open_fds", "gauge", "Open file descriptors."}, (double)process->open_fds},
        {{"process_max_fds", "gauge", "The most file descriptors that it may open."},
         (double)process->fds_max},
    };

    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        metrics_single(out, &items[i].family, items[i].value);
    }
}

void metrics_render_around(const struct metrics_view *view, struct buffer *out)
{
    static const struct family barrier = {
        "baton_barrier_age_seconds", "gauge",
        "Age of the last round behind which deadlines may fire; NaN before the first."};

    if (view->router != NULL) {
        add_router(view->router, out);
    }
    if (view->schemas != NULL) {
        add_schemas(view->schemas, out);
    }
    if (view->store_count > 0) {
        add_stores(view, out);
    }
    if (view->lag != NULL && view->lag->is_there) {
        add_lag(view->lag, out);
    }
    metrics_family(out, &barrier);
    if (view->barrier_age_ms < 0) {
        buffer_addf(out, "%s NaN\n", barrier.name);
    } else {
        metrics_sample(out, barrier.name, NULL, 0, (double)view->barrier_age_ms / 1000.0);
    }
    if (view->process != NULL) {
        add_process(view->process, out);
    }
}
