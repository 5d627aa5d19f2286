#include "sim/worker.h"

#include <stdio.h>

#define BARRIER_STEPS 4 /* Of the barrier a round, as in the program. */
#define DOWN_MS_MAX 8000
#define DRAIN_MS 50

void worker_init(struct worker *worker, struct sim *sim, struct sim_broker *broker,
                 struct sim_store *store, const struct settings *settings, uint32_t number)
{
    char name[SIM_NAME_BYTES];

    *worker = (struct worker){.world_broker = broker, .world_store = store, .settings = *settings};
    snprintf(name, sizeof(name), "w%u", number);
    sim_process_init(&worker->process, sim, name);
    if (settings->name.bytes > 0) {
        snprintf(worker->static_name, sizeof(worker->static_name), "%.*s-%u",
                 TEXT_ARG(settings->name), number);
        worker->settings.name = text_of(worker->static_name);
    }
    worker->lane_count = 1;
    worker->start_at_ms = sim->now_ms;
}

/* All memory, and nobody is told. */
static void forget(struct worker *worker)
{
    for (uint32_t i = 0; i < WORKER_LANES_MAX; i++) {
        lane_abandon(worker->lanes[i]);
        worker->lanes[i] = NULL;
    }
    if (worker->router != NULL) {
        router_abandon(worker->router);
        worker->router = NULL;
    }
    barrier_close(worker->barrier);
    worker->barrier = NULL;
    sim_broker_forget(worker->world_broker, &worker->process);
    sim_store_forget(worker->world_store, &worker->process);
    worker->is_up = false;
}

void worker_kill(struct worker *worker)
{
    struct sim *sim = worker->process.sim;

    if (!worker->is_up) {
        return;
    }
    worker->process.crashed = true;
    sim_trace(sim, &worker->process, "is dead");
    if (worker->is_noticed) {
        sim_broker_expire(worker->world_broker, &worker->process);
    }
    forget(worker);
    worker->start_at_ms = sim->now_ms + (worker->down_ms > 0
                                             ? worker->down_ms
                                             : (int64_t)rng_below(&sim->rng, DOWN_MS_MAX));
}

void worker_stop(struct worker *worker, int64_t down_ms)
{
    struct error err;

    if (!worker->is_up || worker->is_turning) {
        return;
    }
    sim_trace(worker->process.sim, &worker->process, "stops");
    worker->is_turning = true; /* Closing calls the ports too, and may stand still in them. */
    for (uint32_t i = 0; i < worker->lane_count; i++) {
        if (worker->lanes[i] != NULL && lane_drain(worker->lanes[i], DRAIN_MS, &err) != STATUS_OK) {
            sim_trace(worker->process.sim, &worker->process, "does not drain: %s", err.text);
        }
        lane_close(worker->lanes[i]);
        worker->lanes[i] = NULL;
    }
    if (worker->router != NULL) {
        router_close(worker->router);
        worker->router = NULL;
    }
    worker->is_turning = false;
    forget(worker);
    worker->start_at_ms = worker->process.sim->now_ms + down_ms;
}

static void start(struct worker *worker)
{
    struct sim_process *process = &worker->process;

    process->crashed = false;
    process->points = 0;
    process->crash_at = worker->starts == 0 ? worker->first_crash_at : 0;
    process->pause_at = 0;
    worker->clock = sim_clock_port(process);
    worker->broker = sim_broker_port(worker->world_broker, process);
    worker->place = sim_store_port(worker->world_store, process);
    for (uint32_t i = 0; i < worker->lane_count; i++) {
        worker->limiters[i] = sim_store_limiter(worker->world_store, process);
    }
    worker->is_up = true;
    worker->starts++;
    sim_trace(process->sim, process, "starts");
}

/* FATAL ends the process, trouble waits for the next round. */
static bool is_alive(struct worker *worker, enum status status, const struct error *err)
{
    if (worker->process.crashed) {
        return false;
    }
    if (status == STATUS_OK) {
        return true;
    }
    worker->trouble = *err;
    sim_trace(worker->process.sim, &worker->process, "%s: %s", status_name(status), err->text);
    return status != STATUS_FATAL;
}

static bool open_parts(struct worker *worker)
{
    struct sim *sim = worker->process.sim;
    struct error err = {{0}};
    enum status status = STATUS_OK;

    if (worker->barrier == NULL) {
        status = barrier_open(&worker->broker, &worker->clock, &worker->settings, &worker->barrier,
                              &err);
    }
    if (status == STATUS_OK && worker->router == NULL) {
        struct router_options options = {.broker = &worker->broker,
                                         .clock = &worker->clock,
                                         .settings = &worker->settings,
                                         .seed = rng_next(&sim->rng)};

        status = router_open(&options, &worker->router, &err);
    }
    for (uint32_t i = 0; i < worker->lane_count && status == STATUS_OK; i++) {
        struct lane_options options = {.broker = &worker->broker,
                                       .place = &worker->place,
                                       .limiter = &worker->limiters[i],
                                       .clock = &worker->clock,
                                       .barrier = worker->barrier,
                                       .settings = &worker->settings,
                                       .index = i,
                                       .seed = rng_next(&sim->rng)};

        if (worker->lanes[i] == NULL) {
            status = lane_open(&options, &worker->lanes[i], &err);
        }
    }
    return is_alive(worker, status, &err);
}

static bool turn_parts(struct worker *worker)
{
    struct sim *sim = worker->process.sim;
    struct error err = {{0}};
    bool alive = true;

    if (worker->barrier != NULL && sim->now_ms >= worker->barrier_at_ms) {
        worker->barrier_at_ms = sim->now_ms + worker->settings.barrier_every_ms / BARRIER_STEPS;
        alive = is_alive(worker, barrier_step(worker->barrier, &err), &err);
    }
    if (alive && worker->router != NULL) {
        alive = is_alive(worker, router_turn(worker->router, 0, &err), &err);
    }
    for (uint32_t i = 0; i < worker->lane_count && alive; i++) {
        if (worker->lanes[i] != NULL) {
            alive = is_alive(worker, lane_turn(worker->lanes[i], 0, &err), &err);
        }
    }
    return alive;
}

void worker_turn(struct worker *worker)
{
    struct sim *sim = worker->process.sim;

    if (worker->is_turning || (!worker->is_up && sim->now_ms < worker->start_at_ms)) {
        return;
    }
    if (!worker->is_up) {
        start(worker);
    }
    worker->is_turning = true;
    if (!open_parts(worker) || !turn_parts(worker)) {
        worker_kill(worker);
    }
    worker->is_turning = false;
}
