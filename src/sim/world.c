#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/check_fsck.h"
#include "sim/checker.h"
#include "sim/estate.h"
#include "sim/worker.h"
#include "sim/workload.h"

#define WORKERS_MAX 4
#define START_MS INT64_C(1760000000000)
#define HALF_MS 35000 /* Of the time with faults, which is at least this and at most twice this. */
#define HEALTHY_MS_MAX (INT64_C(20) * 60 * 1000)
#define COOL_MS 75000 /* Until all that ended is out of memory and store. */
#define SOURCE_PARTITIONS 2
#define CHECK_EVERY 16
#define QUIET_STEPS 10
#define STOPPED_MS_MAX 10000
#define OUTAGE_MS_MAX (INT64_C(16) * 24 * 3600 * 1000)
#define NOTICED_MS 20000

struct world {
    struct sim sim;
    struct sim_broker *broker;
    struct sim_store *store;
    struct sim_services *services;
    struct checker *checker;
    struct check_fsck fsck;
    struct settings settings;
    struct names names;
    struct workload workload;
    struct worker workers[WORKERS_MAX];
    uint32_t worker_count;
    uint32_t depth;       /* Of pauses within one another. */
    uint64_t records;     /* Of runs, that the checker has read. */
    uint32_t quiet_steps; /* Since when there were no more. */
    bool zombies;         /* See world.h. */
    uint64_t sweep_point; /* The only trouble is a crash of the first worker there; 0: all of it. */
    int64_t healed_ms;    /* When the faults stopped. */
    struct world_result *result;
};

static void step(void *self);

/* A process stands still inside a port call: all others go on meanwhile. */
static void pause(void *self, struct sim_process *process, int64_t ms)
{
    struct world *world = self;
    int64_t until_ms = world->sim.now_ms + ms;

    if (world->depth > 0) {
        return; /* One at a time is enough, and keeps the stack short. */
    }
    (void)process;
    world->depth++;
    world->result->pauses++;
    while (world->sim.now_ms < until_ms && checker_fault(world->checker) == NULL) {
        step(world);
    }
    world->depth--;
}

/* ---- what goes wrong ---- */

static void plan_faults(struct world *world)
{
    static const uint32_t most[SIM_FAULT_COUNT] = {
        [SIM_REQUEST_LOST] = 30, [SIM_ANSWER_LOST] = 30, [SIM_FENCED] = 5,
        [SIM_MARKER_LATE] = 400, [SIM_POLL_SHORT] = 500, [SIM_POLL_STALE] = 500,
        [SIM_POLL_MIXED] = 500,  [SIM_POLL_OLD] = 100,   [SIM_JOIN_LATE] = 700,
        [SIM_CHECK_LOST] = 1000, [SIM_IN_FLIGHT] = 800,  [SIM_STORE_SLOW] = 400,
        [SIM_FORGETFUL] = 50};
    struct sim *sim = &world->sim;

    for (int i = 0; i < SIM_FAULT_COUNT; i++) {
        if (rng_chance(&sim->rng, 600)) {
            sim->permille[i] = (uint32_t)rng_below(&sim->rng, most[i] + 1);
        }
    }
    if (world->zombies) {
        sim->permille[SIM_CHECK_LOST] = 1000;
        sim->permille[SIM_POLL_STALE] = 700;
    }
}

/* A crash at a port call to come, and a pause at another. */
static void plan_worker(struct world *world, struct worker *worker)
{
    struct sim *sim = &world->sim;
    struct sim_process *process = &worker->process;

    if (!worker->is_up || worker->is_turning) {
        return;
    }
    if (process->crash_at == 0 && rng_chance(&sim->rng, 12)) {
        process->crash_at = process->points + 1 + rng_below(&sim->rng, 300);
    }
    if (process->pause_at == 0 && rng_chance(&sim->rng, world->zombies ? 30 : 4)) {
        process->pause_at = process->points + 1 + rng_below(&sim->rng, 200);
        process->pause_ms = 500 + (int64_t)rng_below(&sim->rng, 14000);
    }
    if (rng_chance(&sim->rng, 2)) {
        worker_stop(worker, (int64_t)rng_below(&sim->rng, STOPPED_MS_MAX));
    }
    if (rng_chance(&sim->rng, 2)) {
        process->wall_offset_ms = (int64_t)rng_below(&sim->rng, 1001) - 500;
    }
}

static void trouble_store(struct world *world)
{
    struct sim *sim = &world->sim;

    if (rng_chance(&sim->rng, 4)) {
        sim_trace(sim, NULL, "the store is flushed");
        sim_store_flush(world->store);
    }
    if (rng_chance(&sim->rng, 10)) {
        sim_store_save(world->store);
    }
    if (rng_chance(&sim->rng, 4)) {
        sim_trace(sim, NULL, "the store is restored from an older state");
        sim_store_restore(world->store);
    }
    if (rng_chance(&sim->rng, 4)) {
        sim_trace(sim, NULL, "the store is gone for a while");
        sim_store_gone(world->store, sim->now_ms + (int64_t)rng_below(&sim->rng, 15000));
    }
    if (rng_chance(&sim->rng, 3)) {
        sim_trace(sim, NULL, "the store loses a run");
        sim_store_lose_one(world->store);
    }
}

static void trouble(struct world *world)
{
    struct sim *sim = &world->sim;

    for (uint32_t i = 0; i < world->worker_count; i++) {
        plan_worker(world, &world->workers[i]);
    }
    trouble_store(world);
    if (rng_chance(&sim->rng, 5)) {
        sim_broker_rebalance(world->broker, text_of(world->names.exec_group));
    }
    if (rng_chance(&sim->rng, 3)) {
        sim_broker_rebalance(world->broker, text_of(world->names.router_group));
    }
    if (rng_chance(&sim->rng, 10)) {
        sim_broker_compact(world->broker);
    }
    if (rng_chance(&sim->rng, 3)) {
        sim_broker_fence_any(world->broker);
    }
}

/* ---- one step ---- */

/* Every partition has an owner that has taken it over. */
static bool is_settled(const struct world *world)
{
    uint64_t ready = 0;

    for (uint32_t i = 0; i < world->worker_count; i++) {
        const struct worker *worker = &world->workers[i];

        for (uint32_t k = 0; k < WORKER_LANES_MAX; k++) {
            if (worker->lanes[k] != NULL) {
                ready += lane_stats(worker->lanes[k])->ready;
            }
        }
    }
    return ready == (uint64_t)world->settings.partitions;
}

static void check(struct world *world)
{
    checker_read(world->checker);
    if (++world->result->steps % CHECK_EVERY != 0 || world->depth > 0) {
        return;
    }
    checker_store(world->checker);
    checker_look(world->checker);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        const struct worker *worker = &world->workers[i];

        for (uint32_t k = 0; k < WORKER_LANES_MAX; k++) {
            if (worker->lanes[k] != NULL) {
                checker_lane(world->checker, worker->lanes[k]);
            }
        }
    }
    /* A store that was flushed is only noticed at its next call, so not before that. */
    if (world->quiet_steps > QUIET_STEPS && is_settled(world) &&
        world->sim.now_ms > world->healed_ms + NOTICED_MS) {
        checker_asleep(world->checker);
    }
}

static void step(void *self)
{
    struct world *world = self;
    struct sim *sim = &world->sim;
    /* When nothing happens any more only timers are waited for; but members must poll in time. */
    uint64_t most_ms = sim->faulty ? 120 : world->quiet_steps < 2 * QUIET_STEPS ? 200 : 2500;
    uint32_t first = (uint32_t)rng_below(&sim->rng, world->worker_count);

    sim->now_ms += 1 + (int64_t)rng_below(&sim->rng, most_ms);
    sim_broker_tick(world->broker);
    sim_store_tick(world->store);
    workload_step(&world->workload);
    sim_services_step(world->services);
    if (sim->faulty && world->sweep_point == 0) {
        trouble(world);
    }
    for (uint32_t i = 0; i < world->worker_count; i++) {
        struct worker *worker = &world->workers[(first + i) % world->worker_count];
        bool was_up = worker->is_up;

        worker_turn(worker);
        world->result->crashes += was_up && !worker->is_up;
    }
    check(world);
    world->quiet_steps = checker_records(world->checker) == world->records ? world->quiet_steps + 1
                                                                           : 0;
    world->records = checker_records(world->checker);
}

/* ---- a run ---- */

static enum status build(struct world *world, const struct world_options *options,
                         struct error *err)
{
    struct sim *sim = &world->sim;
    enum status status;

    world->settings = settings_default();
    world->settings.history_max = options->seed % 3 == 0 ? 1 : 10000;
    world->settings.partitions = 1 + (int32_t)rng_below(&sim->rng, 4);
    world->settings.batch_records_max = 1 + (uint32_t)rng_below(&sim->rng, 16);
    world->settings.resident_max = 2 + (uint32_t)rng_below(&sim->rng, 40);
    world->settings.session_timeout_ms = SIM_SESSION_MS;
    world->settings.rules_off = options->rules_off;
    if (!world->zombies && rng_chance(&sim->rng, 400)) {
        world->settings.name = TEXT("box");
    }
    names_init(&world->names, world->settings.app);
    world->broker = sim_broker_new(sim);
    world->store = sim_store_new(sim, world->settings.partitions);
    world->services = sim_services_new(sim, world->broker);
    status = estate_deploy_all(world->broker, &world->settings, options->flows, options->flow_count,
                               SOURCE_PARTITIONS, WORKLOAD_COMMAND_BYTES_MAX, err);
    if (status == STATUS_OK) {
        status = workload_services(world->services, sim, options->flows[0], err);
    }
    if (options->rules_off >> 4 & 1U) {
        sim_broker_accept_oversize(world->broker);
    }
    world->checker = checker_new(&(struct checker_options){.sim = sim,
                                                           .broker = world->broker,
                                                           .store = world->store,
                                                           .services = world->services,
                                                           .settings = &world->settings,
                                                           .flows = options->flows,
                                                           .flow_count = options->flow_count});
    world->fsck = (struct check_fsck){sim,   world->broker, world->store,        &world->settings,
                                      world, step,          world->result->fault};
    world->worker_count = 1 + (uint32_t)rng_below(&sim->rng, 3) + world->zombies;
    for (uint32_t i = 0; i < world->worker_count; i++) {
        worker_init(&world->workers[i], sim, world->broker, world->store, &world->settings, i);
        world->workers[i].lane_count = 1 + (uint32_t)rng_below(&sim->rng, 2);
    }
    workload_init(&world->workload, &(struct workload_options){
                                        sim, world->broker, &world->settings, options->flows[0],
                                        options->flow_count > 1 ? options->flows[1] : NULL,
                                        2 + (uint32_t)rng_below(&sim->rng, 9), HALF_MS});
    if (world->sweep_point == 0) {
        plan_faults(world);
    } else {
        world->workers[0].first_crash_at = world->sweep_point;
    }
    return status;
}

/* Whether everything that came in has been taken, and every run has ended. */
static bool is_finished(const struct world *world)
{
    if (!workload_done(&world->workload) || !sim_services_idle(world->services) ||
        checker_open_runs(world->checker) > 0) {
        return false;
    }
    for (int32_t i = 0; i < world->settings.partitions; i++) {
        struct text inbox = text_of(world->names.inbox);

        if (sim_broker_committed(world->broker, text_of(world->names.exec_group), inbox, i) <
            sim_broker_end(world->broker, inbox, i)) {
            return false;
        }
    }
    return true;
}

static void heal(struct world *world)
{
    struct sim *sim = &world->sim;

    sim_trace(sim, NULL, "---- no more faults ----");
    sim->faulty = false;
    world->healed_ms = sim->now_ms;
    sim_store_gone(world->store, 0);
    for (uint32_t i = 0; i < world->worker_count; i++) {
        world->workers[i].process.crash_at = 0;
        world->workers[i].process.pause_at = 0;
    }
}

/* Everything was down for days: tombstones are gone, deadlines are long past. */
static void outage(struct world *world)
{
    struct sim *sim = &world->sim;

    if (!rng_chance(&sim->rng, 120)) {
        return;
    }
    for (uint32_t i = 0; i < world->worker_count; i++) {
        worker_kill(&world->workers[i]);
    }
    checker_read(world->checker);
    sim->now_ms += (int64_t)rng_below(&sim->rng, OUTAGE_MS_MAX);
    if (rng_chance(&sim->rng, 500)) {
        sim_store_restore(world->store);
    }
    sim_trace(sim, NULL, "---- an outage ends ----");
    sim_broker_tick(world->broker);
    checker_read(world->checker);
    sim_broker_compact(world->broker);
    world->healed_ms = sim->now_ms;
}

static void run(struct world *world)
{
    struct sim *sim = &world->sim;
    int64_t until_ms = sim->now_ms + HALF_MS + (int64_t)rng_below(&sim->rng, HALF_MS);

    sim->faulty = true;
    while (sim->now_ms < until_ms && checker_fault(world->checker) == NULL) {
        step(world);
    }
    heal(world);
    check_fsck(&world->fsck, false);
    outage(world);
    until_ms = sim->now_ms + HEALTHY_MS_MAX;
    for (int64_t cool_ms = sim->now_ms + COOL_MS;
         sim->now_ms < cool_ms && checker_fault(world->checker) == NULL; step(world)) {
        /* From the last thing that happened on; what waits for the router is not seen before. */
        cool_ms = is_finished(world) || sim->now_ms >= until_ms ? cool_ms : sim->now_ms + COOL_MS;
    }
    if (checker_fault(world->checker) == NULL) {
        workload_end(&world->workload, world->checker);
        check_fsck(&world->fsck, true);
    }
}

void world_run(const struct world_options *options, struct world_result *result)
{
    struct world *world = calloc(1, sizeof(*world));
    struct error err = {{0}};

    CHECK(world != NULL);
    *result = (struct world_result){.steps = 0};
    world->result = result;
    world->sweep_point = options->sweep_point;
    world->zombies = options->zombies;
    sim_init(&world->sim, options->seed, START_MS);
    world->healed_ms = INT64_MAX / 2;
    world->sim.hooks = (struct sim_hooks){
        .self = world, .pause = pause, .trace_self = options->trace_self, .trace = options->trace};
    if (build(world, options, &err) == STATUS_OK) {
        run(world);
    } else {
        snprintf(result->fault, sizeof(result->fault), "build: %.480s", err.text);
    }
    if (checker_fault(world->checker) != NULL) {
        snprintf(result->fault, sizeof(result->fault), "%s", checker_fault(world->checker));
    }
    result->runs = checker_runs(world->checker);
    result->simulated_ms = world->sim.now_ms - START_MS;
    for (uint32_t i = 0; i < world->worker_count; i++) {
        worker_kill(&world->workers[i]);
    }
    checker_free(world->checker);
    sim_services_free(world->services);
    sim_store_free(world->store);
    sim_broker_free(world->broker);
    free(world);
}
