#include "app/worker_threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adapter/real_clock.h"
#include "adapter/redis_limits.h"
#include "adapter/redis_sleep.h"
#include "app/command.h"
#include "app/fault.h"
#include "app/random_seed.h"
#include "app/schemas.h"
#include "app/stop.h"
#include "engine/lane.h"
#include "engine/router.h"

#define TURN_WAIT_MS 200  /* How soon a thread that waits notices that it is to stop. */
#define RETRY_WAIT_MS 200 /* After trouble with the broker, so that logs stay readable. */
#define BARRIER_WAIT_MS 250
#define LAG_EVERY_MS 5000
#define LEAVE_MS 5000 /* Of the time for stopping: what is kept for leaving the groups. */

struct worker {
    const struct config *config;
    const struct estate *estate;
    struct clock clock;
    struct monitor *monitor;
    struct schema_registry *registry;
    struct barrier *barrier;
    struct lag *lag; /* NULL: nobody looks. */
    struct stop *stop;
    uint64_t seed;
    atomic_int code; /* Exit code of the first thread that failed. */
};

struct worker_thread {
    struct worker *worker;
    uint32_t index;   /* Of the lane; of the thread to the monitor. */
    const char *name; /* At most 15 bytes. */
    void *(*run)(void *self);
    pthread_t thread;
};

static void wait_ms(int64_t ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&span, &span) != 0 && errno == EINTR) {
    }
}

/* For `top -H` and ops/bench; the client names its threads after the one that makes them. */
static void *begin_thread(void *argument)
{
    struct worker_thread *self = argument;

    (void)pthread_setname_np(pthread_self(), self->name);
    return self->run(self);
}

static void stop_all(struct worker *worker, const char *who, const struct error *err)
{
    int none = EXIT_DONE;

    log_event(LOG_ERROR, "fatal", "thread=%s reason=\"%s\"", who, err->text);
    atomic_compare_exchange_strong(&worker->code, &none, EXIT_UNREACHABLE);
    stop_now(worker->stop);
}

/* Trouble is told when it begins and when it is over, not at every try; and of what comes and goes
 * all the time, not every coming and going. */
struct trouble {
    const char *who;
    struct log_gate gate;
    bool is_there;
};

static void tell_trouble(struct trouble *trouble, enum status status, const struct error *err)
{
    if (status == STATUS_RETRY && !trouble->is_there) {
        log_again(&trouble->gate, LOG_WARN, "trouble", "thread=%s reason=\"%s\"", trouble->who,
                  err->text);
    } else if (status == STATUS_OK && trouble->is_there) {
        log_again(&trouble->gate, LOG_INFO, "trouble-over", "thread=%s", trouble->who);
    }
    trouble->is_there = status == STATUS_RETRY;
}

static void drain(struct worker *worker, struct lane *lane, uint32_t index)
{
    int64_t span_ms = worker->config->stop_ms - LEAVE_MS;
    int64_t begun_ms = real_clock_monotonic_ms();
    struct error err;

    /* With little time, half of it. */
    span_ms = span_ms > worker->config->stop_ms / 2 ? span_ms : worker->config->stop_ms / 2;
    if (lane_drain(lane, span_ms, &err) != STATUS_OK) {
        log_event(LOG_WARN, "drain", "lane=%u reason=\"%s\"", index, err.text);
    } else {
        log_event(LOG_INFO, "lane-drained", "lane=%u took-ms=%lld", index,
                  (long long)(real_clock_monotonic_ms() - begun_ms));
    }
}

static enum status lane_loop(struct worker_thread *self, struct lane *lane, struct error *err)
{
    struct worker *worker = self->worker;
    struct trouble trouble = {.who = self->name};
    enum status status = STATUS_OK;

    while (!stop_is_wanted(worker->stop) && status != STATUS_FATAL) {
        monitor_beat(worker->monitor, self->index);
        status = lane_turn(lane, TURN_WAIT_MS, err);
        tell_trouble(&trouble, status, err);
        if (status == STATUS_RETRY) {
            wait_ms(RETRY_WAIT_MS);
        }
    }
    if (status != STATUS_FATAL) {
        drain(worker, lane, self->index);
    }
    return status;
}

/* The group may not be reachable yet: tried until it is, or the worker is to stop. */
static enum status open_lane(struct worker_thread *self, const struct lane_options *options,
                             struct lane **lane, struct error *err)
{
    struct worker *worker = self->worker;
    struct trouble trouble = {.who = self->name};
    enum status status = lane_open(options, lane, err);

    while (status == STATUS_RETRY && !stop_is_wanted(worker->stop)) {
        monitor_beat(worker->monitor, self->index);
        tell_trouble(&trouble, status, err);
        wait_ms(RETRY_WAIT_MS);
        status = lane_open(options, lane, err);
    }
    return status;
}

static void *lane_main(void *argument)
{
    struct worker_thread *self = argument;
    struct worker *worker = self->worker;
    struct redis_place *place = NULL;
    struct redis_limits *limits = NULL;
    struct lane *lane = NULL;
    struct error err;
    enum status status = redis_place_open(worker->config->redis_url, worker->config->settings.app,
                                          &place, &err);

    if (status == STATUS_OK) {
        status = redis_limits_open(worker->config->redis_url, worker->config->settings.app, &limits,
                                   &err);
    }
    if (status == STATUS_OK) {
        redis_place_count(place, monitor_store(worker->monitor, self->index));
        struct sleep_place port = redis_place_port(place);
        struct limiter limiter = redis_limits_port(limits);
        struct avro_port avro = schema_registry_port(worker->registry);
        struct lane_options options = {.broker = &worker->estate->broker,
                                       .avro = &avro,
                                       .place = &port,
                                       .limiter = &limiter,
                                       .clock = &worker->clock,
                                       .barrier = worker->barrier,
                                       .settings = &worker->config->settings,
                                       .index = self->index,
                                       .seed = worker->seed,
                                       .stats = monitor_lane(worker->monitor, self->index),
                                       .fault = fault_hook()};
        status = open_lane(self, &options, &lane, &err);
        if (status == STATUS_OK) {
            status = lane_loop(self, lane, &err);
        }
        if (worker->config->leaves) {
            lane_leave(lane);
        } else {
            lane_close(lane);
        }
    }
    if (status != STATUS_OK && status != STATUS_RETRY) {
        stop_all(worker, self->name, &err);
    }
    redis_limits_close(limits);
    redis_place_close(place);
    stop_thread_over(worker->stop);
    return NULL;
}

static void *router_main(void *argument)
{
    struct worker_thread *self = argument;
    struct worker *worker = self->worker;
    struct avro_port avro = schema_registry_port(worker->registry);
    struct router_options options = {.broker = &worker->estate->broker,
                                     .avro = &avro,
                                     .clock = &worker->clock,
                                     .settings = &worker->config->settings,
                                     .seed = worker->seed,
                                     .stats = monitor_router(worker->monitor),
                                     .fault = fault_hook()};
    struct trouble trouble = {.who = self->name};
    struct router *router = NULL;
    struct error err;
    enum status status = STATUS_OK;

    while (!stop_is_wanted(worker->stop) && (status == STATUS_OK || status == STATUS_RETRY)) {
        monitor_beat(worker->monitor, self->index);
        status = router == NULL ? router_open(&options, &router, &err)
                                : router_turn(router, TURN_WAIT_MS, &err);
        tell_trouble(&trouble, status, &err);
        if (status == STATUS_RETRY) {
            wait_ms(RETRY_WAIT_MS);
        }
    }
    if (status != STATUS_OK && status != STATUS_RETRY) {
        stop_all(worker, self->name, &err);
    }
    router_close(router);
    stop_thread_over(worker->stop);
    return NULL;
}

static void *barrier_main(void *argument)
{
    struct worker_thread *self = argument;
    struct worker *worker = self->worker;
    struct trouble trouble = {.who = self->name};
    struct error err;

    while (!stop_is_wanted(worker->stop)) {
        monitor_beat(worker->monitor, self->index);
        tell_trouble(&trouble, barrier_step(worker->barrier, &err), &err);
        wait_ms(BARRIER_WAIT_MS);
    }
    stop_thread_over(worker->stop);
    return NULL;
}

/* For people alone: what it cannot find out is asked again later. */
static void *lag_main(void *argument)
{
    struct worker_thread *self = argument;
    struct worker *worker = self->worker;
    struct trouble trouble = {.who = self->name};
    int64_t next_ms = 0;
    struct error err;

    while (!stop_is_wanted(worker->stop)) {
        monitor_beat(worker->monitor, self->index);
        if (worker->lag != NULL && real_clock_monotonic_ms() >= next_ms) {
            tell_trouble(&trouble, lag_sample(worker->lag, &err), &err);
            next_ms = real_clock_monotonic_ms() + LAG_EVERY_MS;
        }
        wait_ms(TURN_WAIT_MS);
    }
    stop_thread_over(worker->stop);
    return NULL;
}

/* ---- the worker ---- */

#define OTHER_THREADS 3

static void run_threads(struct worker *worker, const char *const *names)
{
    static void *(*const others[OTHER_THREADS])(void *) = {router_main, barrier_main, lag_main};
    uint32_t lanes = worker->config->lanes;
    uint32_t count = lanes + OTHER_THREADS;
    struct worker_thread *threads = calloc(count, sizeof *threads);

    CHECK(threads != NULL);
    stop_begin(worker->stop, count);
    for (uint32_t i = 0; i < count; i++) {
        threads[i] = (struct worker_thread){.worker = worker,
                                            .index = i,
                                            .name = names[i],
                                            .run = i < lanes ? lane_main : others[i - lanes]};
        CHECK(pthread_create(&threads[i].thread, NULL, begin_thread, &threads[i]) == 0);
    }
    stop_await_signal(worker->stop);
    monitor_stopping(worker->monitor);
    stop_await_threads(worker->stop, worker->config->stop_ms);
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(threads[i].thread, NULL);
    }
    free(threads);
}

/* What needs the cluster before the threads do. Gives an exit code. */
static int open_worker(struct worker *worker)
{
    const struct config *config = worker->config;
    struct error err;
    enum status status = schemas_open(config, monitor_schemas(worker->monitor), &worker->registry,
                                      &err);

    if (status != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return EXIT_USAGE;
    }
    status = barrier_open(&worker->estate->broker, &worker->clock, &config->settings,
                          &worker->barrier, &err);

    if (status == STATUS_OK && config->http.bytes > 0) {
        struct lag_options options = {.broker = &worker->estate->broker,
                                      .settings = &config->settings,
                                      .lanes = monitor_lanes(worker->monitor),
                                      .lane_count = config->lanes};
        status = lag_open(&options, &worker->lag, &err);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return EXIT_UNREACHABLE;
    }
    monitor_watch(worker->monitor, worker->barrier, worker->lag);
    return EXIT_DONE;
}

static const char **name_threads(const struct config *config)
{
    const char **names = arena_array(config->arena, config->lanes + OTHER_THREADS, sizeof *names);

    for (uint32_t i = 0; i < config->lanes; i++) {
        names[i] = arena_printf(config->arena, "lane-%u", i).data;
    }
    names[config->lanes] = "router";
    names[config->lanes + 1] = "barrier";
    names[config->lanes + 2] = "lag";
    return names;
}

struct monitor *worker_monitor_open(const struct config *config)
{
    struct monitor_options options = {.clock = real_clock(),
                                      .threads = name_threads(config),
                                      .thread_count = config->lanes + OTHER_THREADS,
                                      .lane_count = config->lanes,
                                      .store_count = config->lanes,
                                      .silence_max_ms = config_poll_interval_ms(config)};
    struct monitor *monitor = monitor_new(&options);
    struct error err;

    if (config->http.bytes == 0) {
        return monitor;
    }
    if (monitor_serve(monitor, config->http, &err) != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        monitor_free(monitor);
        return NULL;
    }
    log_event(LOG_INFO, "http-up", "address=%s", monitor_where(monitor));
    return monitor;
}

int worker_threads_run(const struct config *config, const struct estate *estate,
                       struct monitor *monitor)
{
    struct worker worker = {.config = config,
                            .estate = estate,
                            .clock = real_clock(),
                            .monitor = monitor,
                            .stop = stop_new(),
                            .seed = random_seed()};
    int code = open_worker(&worker);

    if (code == EXIT_DONE) {
        log_event(LOG_INFO, "worker-up", "app=%.*s name=%.*s lanes=%u partitions=%d",
                  TEXT_ARG(config->settings.app), TEXT_ARG(config->settings.name), config->lanes,
                  config->settings.partitions);
        run_threads(&worker, name_threads(config));
        code = atomic_load(&worker.code);
    }
    monitor_unserve(monitor);
    lag_close(worker.lag);
    barrier_close(worker.barrier);
    schema_registry_close(worker.registry);
    if (code == EXIT_DONE) {
        log_event(LOG_INFO, "worker-down", "app=%.*s", TEXT_ARG(config->settings.app));
    }
    stop_free(worker.stop);
    return code;
}
