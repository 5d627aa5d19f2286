/*
 * lane_kit - a lane at work on a simulated estate, turn by turn.
 */
#ifndef BATON_TESTS_SUPPORT_LANE_KIT_H
#define BATON_TESTS_SUPPORT_LANE_KIT_H

#include "base/limits.h"
#include "engine/lane.h"
#include "sim/sim_store.h"
#include "support/estate_kit.h"

#define STEP_MS 100

struct world {
    struct kit kit;
    int64_t event_costs_us; /* Time that a record takes to be decided. */
    uint64_t events_paid;
    uint32_t stalls; /* So many transactions take too long to be committed. */
    struct sim_store *store;
    struct sleep_place place;
    struct barrier *barrier;
    struct lane *lane;
    const struct avro_port *avro; /* For the lanes opened from now on; NULL: none. */
    const char *flow;             /* Whose messages are given. */
    int64_t source_next;
};

static inline void create(struct kit *kit, const char *name, int32_t bytes_max, bool compact)
{
    sim_broker_create(kit->broker, &(struct sim_topic_options){.name = name,
                                                               .partitions = KIT_PARTITIONS,
                                                               .message_bytes_max = bytes_max,
                                                               .compact = compact});
}

/* Called at the named points of a turn: lets the time pass that deciding has taken. */
static inline void pay(void *self, const char *point)
{
    struct world *world = self;

    if (world->event_costs_us > 0 && strcmp(point, "after-decide") == 0) {
        uint64_t events = lane_stats(world->lane)->outcomes[OUTCOME_APPLIED];
        world->kit.sim.now_ms += (int64_t)(events - world->events_paid) * world->event_costs_us /
                                 1000;
        world->events_paid = events;
    }
    if (world->stalls > 0 && strcmp(point, "after-flush") == 0) {
        world->kit.sim.now_ms += world->kit.settings.session_timeout_ms / 2 + 1;
        world->stalls--;
    }
}

static inline void open_lane(struct world *world)
{
    struct kit *kit = &world->kit;
    struct lane_options options = {.broker = &kit->port,
                                   .place = &world->place,
                                   .clock = &kit->clock,
                                   .avro = world->avro,
                                   .barrier = world->barrier,
                                   .settings = &kit->settings,
                                   .seed = 5,
                                   .fault_self = world,
                                   .fault = pay};
    assert_int_equal(lane_open(&options, &world->lane, &kit->err), STATUS_OK);
}

static inline void open_world(struct world *world, int32_t history_bytes_max, const char *flow_text)
{
    struct kit *kit = &world->kit;

    *world = (struct world){.flow = "order"};
    kit_open(kit);
    create(kit, kit->names.history, history_bytes_max, true);
    create(kit, kit->names.snapshot, 0, true);
    create(kit, kit->names.checkpoint, 0, true);
    create(kit, kit->names.dlq, 8 << 20, false);
    create(kit, kit->names.alerts, 0, false);
    kit_topic_named(kit, "in", 1);
    kit_topic_named(kit, "go", 1);
    kit_topic_named(kit, "out", 1);
    kit_publish(kit, flow_text);
    world->store = sim_store_new(&kit->sim, KIT_PARTITIONS);
    world->place = sim_store_port(world->store, &kit->a);
    assert_int_equal(
        barrier_open(&kit->port, &kit->clock, &kit->settings, &world->barrier, &kit->err),
        STATUS_OK);
    open_lane(world);
}

/* Another owner takes over. */
static inline void reopen_lane(struct world *world)
{
    lane_close(world->lane);
    open_lane(world);
}

static inline void close_world(struct world *world)
{
    lane_close(world->lane);
    barrier_close(world->barrier);
    sim_store_free(world->store);
    kit_close(&world->kit);
}

static inline void turn(struct world *world)
{
    struct kit *kit = &world->kit;
    enum status status;

    kit->sim.now_ms += STEP_MS;
    status = lane_turn(world->lane, 0, &kit->err);
    if (status != STATUS_OK && status != STATUS_RETRY) {
        fail_msg("%s: %s", status_name(status), kit->err.text);
    }
}

static inline void run_for(struct world *world, int64_t ms)
{
    for (int64_t at_ms = 0; at_ms < ms; at_ms += STEP_MS) {
        turn(world);
    }
}

/* As the router forwards it; all runs are in partition 0. */
static inline void give(struct world *world, const char *topic, const char *key,
                        const char *payload)
{
    struct kit *kit = &world->kit;
    struct buffer value = {0};
    struct inbox_record inbox = {.kind = INBOX_MESSAGE,
                                 .route = text_of(world->flow),
                                 .flow = text_of(world->flow),
                                 .key = text_of(key),
                                 .topic = text_of(topic),
                                 .topic_generation = 1,
                                 .offset = world->source_next++,
                                 .timestamp_ms = kit->sim.now_ms,
                                 .value = text_of(payload),
                                 .format = FORMAT_JSON};
    struct outgoing record = {.topic = text_of(kit->names.inbox), .key = text_of(key)};

    inbox_encode(&inbox, &value);
    record.value = buffer_text(&value);
    assert_int_equal(sim_broker_append(kit->broker, &record, &kit->err), STATUS_OK);
    buffer_release(&value);
}

/* The records of a topic's partition 0; *last is the last of them. */
static inline uint32_t count_of(struct world *world, const char *topic, struct record *last)
{
    struct record record;
    int64_t offset = 0;
    uint32_t count = 0;

    while (sim_broker_read(world->kit.broker, text_of(topic), 0, &offset, &record)) {
        count++;
        if (last != NULL) {
            *last = record;
        }
    }
    return count;
}

static inline uint32_t count_everywhere(struct world *world, const char *topic)
{
    uint32_t count = 0;

    for (int32_t i = 0; i < KIT_PARTITIONS; i++) {
        struct record record;
        int64_t offset = 0;
        while (sim_broker_read(world->kit.broker, text_of(topic), i, &offset, &record)) {
            count++;
        }
    }
    return count;
}

static inline int64_t committed(struct world *world)
{
    struct kit *kit = &world->kit;

    return sim_broker_committed(kit->broker, text_of(kit->names.exec_group),
                                text_of(kit->names.inbox), 0);
}

#endif
