#include "app/worker_threads.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "adapter/redis_sleep.h"
#include "app/command.h"
#include "app/fault.h"
#include "app/random_seed.h"
#include "engine/barrier.h"
#include "engine/lane.h"
#include "engine/router.h"

#define TURN_WAIT_MS 200  /* How soon a thread that waits notices that it is to stop. */
#define RETRY_WAIT_MS 200 /* After trouble with the broker, so that logs stay readable. */
#define BARRIER_WAIT_MS 250
#define DRAIN_MS 10000

struct worker {
    const struct config *config;
    const struct estate *estate;
    struct clock clock;
    struct barrier *barrier;
    uint64_t seed;
    atomic_bool is_stopping;
    atomic_int code; /* Exit code of the first thread that failed. */
};

struct lane_thread {
    struct worker *worker;
    uint32_t index;
    pthread_t thread;
};

static void wait_ms(int64_t ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (nanosleep(&span, &span) != 0 && errno == EINTR) {
    }
}

/* As `top -H` shows it; the threads of the Kafka client are named after the one that made them. */
static void name_thread(const char *role, int index)
{
    char name[16];

    (void)snprintf(name, sizeof name, index < 0 ? "%s" : "%s-%d", role, index);
    (void)pthread_setname_np(pthread_self(), name);
}

static void stop_all(struct worker *worker, const char *who, const struct error *err)
{
    int none = EXIT_DONE;

    log_event(LOG_ERROR, "fatal", "thread=%s reason=\"%s\"", who, err->text);
    atomic_compare_exchange_strong(&worker->code, &none, EXIT_UNREACHABLE);
    atomic_store(&worker->is_stopping, true);
    kill(getpid(), SIGTERM);
}

/* Trouble is told when it begins and when it is over, not at every try. */
static void tell_trouble(const char *who, enum status status, bool *is_troubled,
                         const struct error *err)
{
    if (status == STATUS_RETRY && !*is_troubled) {
        log_event(LOG_WARN, "trouble", "thread=%s reason=\"%s\"", who, err->text);
    } else if (status == STATUS_OK && *is_troubled) {
        log_event(LOG_INFO, "trouble-over", "thread=%s", who);
    }
    *is_troubled = status == STATUS_RETRY;
}

static enum status lane_loop(struct worker *worker, struct lane *lane, struct error *err)
{
    enum status status = STATUS_OK;
    bool is_troubled = false;

    while (!atomic_load(&worker->is_stopping) && status != STATUS_FATAL) {
        status = lane_turn(lane, TURN_WAIT_MS, err);
        tell_trouble("lane", status, &is_troubled, err);
        if (status == STATUS_RETRY) {
            wait_ms(RETRY_WAIT_MS);
        }
    }
    if (status != STATUS_FATAL && lane_drain(lane, DRAIN_MS, err) != STATUS_OK) {
        log_event(LOG_WARN, "drain", "reason=\"%s\"", err->text);
    }
    return status;
}

static void *lane_main(void *argument)
{
    struct lane_thread *self = argument;
    struct worker *worker = self->worker;
    struct redis_place *place = NULL;
    struct lane *lane = NULL;
    struct error err;
    enum status status = redis_place_open(worker->config->redis_url, worker->config->settings.app,
                                          &place, &err);

    name_thread("lane", (int)self->index);
    if (status == STATUS_OK) {
        struct sleep_place port = redis_place_port(place);
        struct lane_options options = {.broker = &worker->estate->broker,
                                       .place = &port,
                                       .clock = &worker->clock,
                                       .barrier = worker->barrier,
                                       .settings = &worker->config->settings,
                                       .index = self->index,
                                       .seed = worker->seed,
                                       .fault = fault_hook()};
        status = lane_open(&options, &lane, &err);
        while (status == STATUS_RETRY && !atomic_load(&worker->is_stopping)) {
            log_event(LOG_WARN, "trouble", "thread=lane reason=\"%s\"", err.text);
            wait_ms(RETRY_WAIT_MS);
            status = lane_open(&options, &lane, &err);
        }
        if (status == STATUS_OK) {
            status = lane_loop(worker, lane, &err);
        }
        lane_close(lane);
    }
    if (status != STATUS_OK && status != STATUS_RETRY) {
        stop_all(worker, "lane", &err);
    }
    redis_place_close(place);
    return NULL;
}

static void *router_main(void *argument)
{
    struct worker *worker = argument;
    struct router_options options = {.broker = &worker->estate->broker,
                                     .clock = &worker->clock,
                                     .settings = &worker->config->settings,
                                     .seed = worker->seed,
                                     .fault = fault_hook()};
    struct router *router = NULL;
    struct error err;
    bool is_troubled = false;
    enum status status = STATUS_OK;

    name_thread("router", -1);
    while (!atomic_load(&worker->is_stopping) && (status == STATUS_OK || status == STATUS_RETRY)) {
        status = router == NULL ? router_open(&options, &router, &err)
                                : router_turn(router, TURN_WAIT_MS, &err);
        tell_trouble("router", status, &is_troubled, &err);
        if (status == STATUS_RETRY) {
            wait_ms(RETRY_WAIT_MS);
        }
    }
    if (status != STATUS_OK && status != STATUS_RETRY) {
        stop_all(worker, "router", &err);
    }
    router_close(router);
    return NULL;
}

static void *barrier_main(void *argument)
{
    struct worker *worker = argument;
    struct error err;
    bool is_troubled = false;

    name_thread("barrier", -1);
    while (!atomic_load(&worker->is_stopping)) {
        enum status status = barrier_step(worker->barrier, &err);
        tell_trouble("barrier", status, &is_troubled, &err);
        wait_ms(BARRIER_WAIT_MS);
    }
    return NULL;
}

int worker_check_store(const struct config *config)
{
    struct error err;
    enum status status = redis_check_policy(config->redis_url, &err);

    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton: redis '%.*s': %s\n", TEXT_ARG(config->redis_url), err.text);
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
}

static void run_threads(struct worker *worker, const sigset_t *signals)
{
    uint32_t count = worker->config->lanes;
    struct lane_thread *lanes = calloc(count, sizeof *lanes);
    pthread_t router;
    pthread_t barrier;
    int number;

    CHECK(lanes != NULL);
    CHECK(pthread_create(&barrier, NULL, barrier_main, worker) == 0);
    CHECK(pthread_create(&router, NULL, router_main, worker) == 0);
    for (uint32_t i = 0; i < count; i++) {
        lanes[i] = (struct lane_thread){.worker = worker, .index = i};
        CHECK(pthread_create(&lanes[i].thread, NULL, lane_main, &lanes[i]) == 0);
    }
    sigwait(signals, &number);
    log_event(LOG_INFO, "stopping", "signal=%d", number);
    atomic_store(&worker->is_stopping, true);
    pthread_join(router, NULL);
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(lanes[i].thread, NULL);
    }
    pthread_join(barrier, NULL);
    free(lanes);
}

int worker_threads_run(const struct config *config, const struct estate *estate)
{
    struct worker worker = {
        .config = config, .estate = estate, .clock = real_clock(), .seed = random_seed()};
    struct error err;
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (barrier_open(&estate->broker, &worker.clock, &config->settings, &worker.barrier, &err) !=
        STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return EXIT_UNREACHABLE;
    }
    log_event(LOG_INFO, "worker-up", "app=%.*s name=%.*s lanes=%u partitions=%d",
              TEXT_ARG(config->settings.app), TEXT_ARG(config->settings.name), config->lanes,
              config->settings.partitions);
    run_threads(&worker, &signals);
    barrier_close(worker.barrier);
    log_event(LOG_INFO, "worker-down", "app=%.*s", TEXT_ARG(config->settings.app));
    return atomic_load(&worker.code);
}
