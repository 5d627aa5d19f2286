#include "app/dev_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "engine/lane_state.h"
#include "sim/estate.h"

#define SESSION_MS (INT64_C(1) << 50) /* Time jumps, and nobody is gone because of that. */
#define REMEMBER_MAX 100000
#define DEEDS_MAX 100000
#define DOWN_MS 1000
#define WARM_UP_MS 10000   /* Before the time at which the run begins, */
#define WARM_UP_STEP_MS 50 /* in steps of. */
#define CRASH_WITHIN_POINTS 60
#define TRIM_FROM_RECORDS 20000

/* ---- what the world is told ---- */

static void note(void *self, const struct sim_command *command, const char *what)
{
    struct dev_world *world = self;

    dev_print_note(world->printer, world->sim.now_ms, command->instance, command->service, what);
}

/* The checkpoint travels with the offsets of the inbox. */
static void committed(void *self, const struct sim_commit *commit)
{
    struct dev_world *world = self;
    struct metadata metadata;

    if (text_is(commit->group, world->names.exec_group) &&
        metadata_parse(commit->metadata, &metadata) && metadata.checkpoint > world->history_floor) {
        world->history_floor = metadata.checkpoint;
    }
}

/* ---- making it ---- */

static bool is_first_of_topic(const struct dev_world *world, uint32_t flow, uint32_t service)
{
    struct text commands = world->flows[flow]->services[service].commands;

    for (uint32_t i = 0; i <= flow; i++) {
        uint32_t most = i == flow ? service : world->flows[i]->service_count;

        for (uint32_t k = 0; k < most; k++) {
            if (text_equal(world->flows[i]->services[k].commands, commands)) {
                return false;
            }
        }
    }
    return true;
}

/* One reader a command topic; which request a command is of is told by its step. */
static enum status add_service(struct dev_world *world, const struct service *service,
                               struct error *err)
{
    const struct sim_service_options options = {
        .name = service->name.data,
        .commands = service->commands.data,
        .replies = service->replies.data,
        .by_header = service->by_header,
        .correlation = service->by_header ? service->correlation_header.data : NULL,
        .format = service->format,
        .headers = service->headers,
        .header_count = service->header_count,
        .refuses_anew = true,
        .decide = dev_calls_decide,
        .decide_self = &world->calls};

    return sim_services_add(world->services, &options, err);
}

static enum status add_services(struct dev_world *world, struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < world->flow_count && status == STATUS_OK; i++) {
        const struct flow *flow = world->flows[i];

        for (uint32_t k = 0; k < flow->service_count && status == STATUS_OK; k++) {
            if (flow->services[k].replies.bytes > 0 && is_first_of_topic(world, i, k)) {
                status = add_service(world, &flow->services[k], err);
            }
        }
    }
    return status;
}

static enum status deploy(struct dev_world *world, const struct dev_world_options *options,
                          struct error *err)
{
    struct sim_process deployer;
    struct broker port;
    struct publish_request request = {.settings = &world->settings,
                                      .definitions = options->definitions,
                                      .count = options->flow_count,
                                      .seed = options->seed};
    int32_t partitions = 0;
    enum status status;

    for (uint32_t i = 0; i < options->flow_count; i++) {
        estate_create(world->broker, &world->settings, options->flows[i], 1, 0);
    }
    if (options->is_mirror) {
        return STATUS_OK;
    }
    sim_process_init(&deployer, &world->sim, "deployer");
    port = sim_broker_port(world->broker, &deployer);
    status = publish_flows(&port, &request, &partitions, err);
    sim_broker_forget(world->broker, &deployer);
    return status;
}

/* ---- a turn ---- */

/* Permits are asked for in turns in which nothing else happens. */
static int64_t permit_due_ms(const struct dev_world *world)
{
    const struct lane *lane = world->worker.lanes[0];
    bool is_limited = false;

    for (uint32_t i = 0; i < world->flow_count; i++) {
        is_limited = is_limited || world->flows[i]->is_limited;
    }
    return lane == NULL || !is_limited ? INT64_MAX : lane_permit_due_ms(lane);
}

bool dev_world_step(struct dev_world *world)
{
    uint64_t before = sim_broker_activity(world->broker);

    sim_broker_tick(world->broker);
    sim_store_tick(world->store);
    sim_services_step(world->services);
    if (!world->is_mirror) {
        worker_turn(&world->worker);
    }
    return watch_read(&world->watch) || sim_broker_activity(world->broker) != before ||
           permit_due_ms(world) <= world->sim.now_ms;
}

void dev_world_kill(struct dev_world *world)
{
    struct sim_process *process = &world->worker.process;

    if (world->worker.is_up && process->crash_at == 0) {
        dev_print_note(world->printer, world->sim.now_ms, TEXT(""), TEXT(""),
                       "the worker is killed, and comes back after a second");
        process->crash_at = process->points + 1 + rng_below(&world->sim.rng, CRASH_WITHIN_POINTS);
    }
}

/* ---- how far it is ---- */

/* True if the router reads the topic. */
static bool is_source(const struct dev_world *world, struct text topic)
{
    return sim_broker_committed(world->broker, text_of(world->names.router_group), topic, 0) !=
           OFFSET_NONE;
}

/* A flow may send to a topic that it reads: behind the last record there is the marker of that
 * transaction, past which the router never commits. */
static int64_t waiting_in(const struct dev_world *world, struct text topic)
{
    int64_t at = sim_broker_committed(world->broker, text_of(world->names.router_group), topic, 0);
    struct record record;

    at = at == OFFSET_NONE ? 0 : at;
    return sim_broker_read(world->broker, topic, 0, &at, &record)
               ? sim_broker_end(world->broker, topic, 0) - at + 1
               : 0;
}

int64_t dev_world_waiting(const struct dev_world *world)
{
    int64_t waiting = 0;

    for (uint32_t i = 0; i < world->flow_count; i++) {
        const struct flow *flow = world->flows[i];

        for (uint32_t k = 0; k < flow->start_count; k++) {
            waiting += waiting_in(world, flow->topics[flow->starts[k].topic].name);
        }
        for (uint32_t k = 0; k < flow->awaited_count; k++) {
            waiting += waiting_in(world, flow->topics[flow->awaited[k]->topic].name);
        }
        for (uint32_t k = 0; k < flow->service_count; k++) {
            if (is_source(world, flow->services[k].replies)) {
                waiting += waiting_in(world, flow->services[k].replies);
            }
        }
    }
    return waiting;
}

bool dev_world_is_up(const struct dev_world *world)
{
    const struct lane *lane = world->worker.lanes[0];

    return lane != NULL && lane_stats(lane)->ready == (uint64_t)world->settings.partitions;
}

/* Records that the lane is still to be given: behind the last one there may be markers of transactions,
 * past which it never commits. */
static bool is_inbox_read(const struct dev_world *world)
{
    struct text inbox = text_of(world->names.inbox);
    int64_t at = sim_broker_committed(world->broker, text_of(world->names.exec_group), inbox, 0);
    struct record record;

    at = at == OFFSET_NONE ? 0 : at;
    return !sim_broker_read(world->broker, inbox, 0, &at, &record);
}

bool dev_world_is_settled(const struct dev_world *world)
{
    return dev_world_is_up(world) && dev_world_waiting(world) == 0 && is_inbox_read(world);
}

int64_t dev_world_due_ms(const struct dev_world *world)
{
    int64_t answer_ms = sim_services_due_ms(world->services);
    int64_t timer_ms = watch_due_ms(&world->watch);
    int64_t permit_ms = permit_due_ms(world);

    timer_ms = permit_ms < timer_ms ? permit_ms : timer_ms;
    return answer_ms < timer_ms ? answer_ms : timer_ms;
}

/* ---- begin and end ---- */

/* The worker is up when the run begins, so that what it needs for that shows in no times. */
static void warm_up(struct dev_world *world, int64_t until_ms)
{
    while (!dev_world_is_up(world) && world->sim.now_ms < until_ms) {
        (void)dev_world_step(world);
        world->sim.now_ms += WARM_UP_STEP_MS;
    }
    world->sim.now_ms = until_ms;
}

enum status dev_world_open(struct dev_world *world, const struct dev_world_options *options,
                           struct dev_calls *calls, struct error *err)
{
    struct sim_watch hooks = {.self = world, .committed = committed};
    enum status status;

    *world = (struct dev_world){.printer = options->printer,
                                .flows = options->flows,
                                .flow_count = options->flow_count,
                                .calls = *calls,
                                .is_mirror = options->is_mirror,
                                .kept_most = TRIM_FROM_RECORDS};
    *calls = (struct dev_calls){.count = 0};
    sim_init(&world->sim, options->seed, options->now_ms - WARM_UP_MS);
    world->sim.call_costs_permille = 0;
    world->calls.sim = &world->sim;
    world->calls.rng.state = options->seed;
    world->calls.self = world;
    world->calls.note = note;
    world->settings = settings_default();
    world->settings.name = TEXT("dev");
    if (options->app.bytes > 0) {
        world->settings.app = options->app;
    }
    world->settings.partitions = 1;
    world->settings.session_timeout_ms = SESSION_MS;
    world->settings.remember_max = REMEMBER_MAX;
    if (options->is_exact) {
        world->settings.barrier_every_ms = 0;
    }
    names_init(&world->names, world->settings.app);
    world->broker = sim_broker_new(&world->sim);
    sim_broker_set_session(world->broker, SESSION_MS);
    sim_broker_watch(world->broker, hooks);
    world->store = sim_store_new(&world->sim, world->settings.partitions);
    world->services = sim_services_new(&world->sim, world->broker);
    sim_services_limit(world->services, DEEDS_MAX);
    worker_init(&world->worker, &world->sim, world->broker, world->store, &world->settings, 0);
    world->worker.is_noticed = true;
    world->worker.down_ms = DOWN_MS;
    watch_init(&world->watch, world->printer, world->broker, &world->settings);
    for (uint32_t i = 0; i < world->flow_count; i++) {
        watch_alerts_in(&world->watch, world->flows[i]->alerts);
    }
    status = deploy(world, options, err);
    if (status == STATUS_OK) {
        status = add_services(world, err);
    }
    if (status == STATUS_OK && !options->is_mirror) {
        warm_up(world, options->now_ms);
    }
    world->sim.now_ms = options->now_ms;
    return status;
}

void dev_world_close(struct dev_world *world)
{
    if (world->broker == NULL) {
        return;
    }
    worker_kill(&world->worker);
    watch_release(&world->watch);
    sim_services_free(world->services);
    sim_store_free(world->store);
    sim_broker_free(world->broker);
    dev_calls_release(&world->calls);
}

/* ---- memory ---- */

/* What the router or a service has read, or nobody reads. */
static void trim_topic(struct dev_world *world, struct text topic)
{
    int64_t upto = sim_services_position(world->services, topic, 0);

    if (is_source(world, topic)) {
        upto = sim_broker_committed(world->broker, text_of(world->names.router_group), topic, 0);
    } else if (upto == 0) {
        upto = sim_broker_end(world->broker, topic, 0);
    }
    sim_broker_cut(world->broker, topic, 0, upto);
}

void dev_world_trim(struct dev_world *world)
{
    struct text inbox = text_of(world->names.inbox);

    if (sim_broker_records(world->broker) < TRIM_FROM_RECORDS) {
        return;
    }
    watch_cut(&world->watch);
    for (uint32_t i = 0; i < world->flow_count; i++) {
        const struct flow *flow = world->flows[i];

        for (uint32_t k = 0; k < flow->topic_count; k++) {
            trim_topic(world, flow->topics[k].name);
        }
        for (uint32_t k = 0; k < flow->service_count; k++) {
            trim_topic(world, flow->services[k].commands);
            trim_topic(world, flow->services[k].replies);
        }
    }
    sim_broker_cut(world->broker, inbox, 0,
                   sim_broker_committed(world->broker, text_of(world->names.exec_group), inbox, 0));
    sim_broker_cut(world->broker, text_of(world->names.history), 0, world->history_floor);
    /* Snapshots and checkpoints are compacted when they have doubled, which keeps the cost in bounds. */
    if (sim_broker_records(world->broker) > 2 * world->kept_most) {
        sim_broker_compact(world->broker);
        world->kept_most = sim_broker_records(world->broker);
        world->kept_most = world->kept_most < TRIM_FROM_RECORDS ? TRIM_FROM_RECORDS
                                                                : world->kept_most;
    }
}
