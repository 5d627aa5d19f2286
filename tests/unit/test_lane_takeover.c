/* A lane takes partitions over that another one had claimed, which lives on with others. */
#include "engine/lane.h"

#include "engine/lane_state.h"
#include "sim/sim_store.h"
#include "support/estate_kit.h"

#define STEP_MS 100
#define OWNER "other-0"

struct world {
    struct kit kit;
    struct broker port; /* As the former owner sees it. */
    struct sim_store *store;
    struct sleep_place place;
    struct barrier *barrier;
    struct lane *lane;
    struct producer dead;  /* Has died with a transaction open in the history. */
    struct producer owner; /* Claimed the partitions after it, and lost them. */
    bool has_owner;
    uint32_t openings;
};

static void nothing_changes(void *self, const struct partition_offset *partitions, uint32_t count)
{
    (void)self;
    (void)partitions;
    (void)count;
}

static void nothing_is_taken(void *self, const struct partition_offset *partitions, uint32_t count,
                             bool lost)
{
    (void)lost;
    nothing_changes(self, partitions, count);
}

/* The positions of all partitions say that the other one has committed them. */
static void commit_as_owner(struct world *world)
{
    struct kit *kit = &world->kit;
    struct text inbox = text_of(kit->names.inbox);
    struct consumer_options options = {
        .group = text_of(kit->names.exec_group),
        .topics = &inbox,
        .topic_count = 1,
        .rebalance = {.assigned = nothing_changes, .revoked = nothing_is_taken}};
    struct consumer member;
    struct record record;
    uint32_t count;

    assert_int_equal(world->port.open_consumer(world->port.self, &options, &member, &kit->err),
                     STATUS_OK);
    assert_int_equal(member.poll(member.self, 0, &record, 1, &count, &kit->err), STATUS_OK);
    for (int32_t i = 0; i < KIT_PARTITIONS; i++) {
        struct partition_offset position = {.topic = inbox, .partition = i, .offset = 0};
        metadata_format(position.metadata, OWNER, "1", 0);
        assert_int_equal(member.commit(member.self, &position, 1, &kit->err), STATUS_OK);
    }
    member.close(member.self);
}

static void die_in_a_transaction(struct world *world)
{
    struct kit *kit = &world->kit;
    struct outgoing record = {.topic = text_of(kit->names.history),
                              .key = TEXT("order:1"),
                              .value = TEXT("never committed")};

    assert_int_equal(
        world->port.open_producer(world->port.self, TEXT("dead-0"), &world->dead, &kit->err),
        STATUS_OK);
    assert_int_equal(world->dead.begin(world->dead.self, &kit->err), STATUS_OK);
    for (record.partition = 0; record.partition < KIT_PARTITIONS; record.partition++) {
        assert_int_equal(world->dead.produce(world->dead.self, &record, &kit->err), STATUS_OK);
    }
    assert_int_equal(world->dead.flush(world->dead.self, &kit->err), STATUS_OK);
}

/* One transaction after another; when it was fenced it opens its producer again. */
static void owner_goes_on(struct world *world)
{
    struct kit *kit = &world->kit;
    struct producer *owner = &world->owner;
    struct outgoing record = {.topic = text_of(kit->names.alerts), .value = TEXT("alert")};

    if (world->has_owner) {
        enum status status = owner->begin(owner->self, &kit->err);
        if (status == STATUS_OK) {
            status = owner->produce(owner->self, &record, &kit->err);
        }
        if (status == STATUS_OK) {
            status = owner->flush(owner->self, &kit->err);
        }
        if (status == STATUS_OK && owner->commit(owner->self, &kit->err) == STATUS_OK) {
            return;
        }
        owner->close(owner->self);
    }
    assert_int_equal(world->port.open_producer(world->port.self, TEXT(OWNER), owner, &kit->err),
                     STATUS_OK);
    world->has_owner = true;
    world->openings++;
}

static void open_world(struct world *world)
{
    struct kit *kit = &world->kit;

    *world = (struct world){.openings = 0};
    kit_open(kit);
    kit_topic_named(kit, kit->names.history, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.snapshot, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.checkpoint, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.dlq, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.alerts, KIT_PARTITIONS);
    world->port = sim_broker_port(kit->broker, &kit->b);
    world->store = sim_store_new(&kit->sim, KIT_PARTITIONS);
    world->place = sim_store_port(world->store, &kit->a);
    assert_int_equal(
        barrier_open(&kit->port, &kit->clock, &kit->settings, &world->barrier, &kit->err),
        STATUS_OK);
    commit_as_owner(world);
    die_in_a_transaction(world);
    owner_goes_on(world);
    struct lane_options options = {.broker = &kit->port,
                                   .place = &world->place,
                                   .clock = &kit->clock,
                                   .barrier = world->barrier,
                                   .settings = &kit->settings,
                                   .seed = 5};
    assert_int_equal(lane_open(&options, &world->lane, &kit->err), STATUS_OK);
}

static void close_world(struct world *world)
{
    lane_close(world->lane);
    barrier_close(world->barrier);
    world->owner.close(world->owner.self);
    world->dead.close(world->dead.self);
    sim_store_free(world->store);
    kit_close(&world->kit);
}

static void run_for(struct world *world, int64_t ms)
{
    struct kit *kit = &world->kit;

    for (int64_t at_ms = 0; at_ms < ms; at_ms += STEP_MS) {
        enum status status = lane_turn(world->lane, 0, &kit->err);
        if (status != STATUS_OK && status != STATUS_RETRY) {
            fail_msg("%s: %s", status_name(status), kit->err.text);
        }
        kit->sim.now_ms += STEP_MS;
        owner_goes_on(world);
    }
}

static void a_living_owner_is_not_fenced_again_and_again_for_what_another_left_open(void **state)
{
    struct world world;

    (void)state;
    open_world(&world);
    run_for(&world, SIM_TRANSACTION_MS - 1000);
    assert_false(lane_is_ready(world.lane));
    assert_int_equal(world.openings, 2); /* One fencing, for all four partitions. */
    run_for(&world, 5000);
    assert_true(lane_is_ready(world.lane)); /* The transaction has timed out. */
    close_world(&world);
}

static void a_broker_that_does_not_know_its_topics_yet_is_asked_again(void **state)
{
    struct world world;

    (void)state;
    open_world(&world);
    world.kit.sim.faulty = true;
    world.kit.sim.permille[SIM_FORGETFUL] = 1000;
    run_for(&world, SIM_TRANSACTION_MS + 2000);
    assert_false(lane_is_ready(world.lane));
    world.kit.sim.permille[SIM_FORGETFUL] = 0;
    run_for(&world, 5000);
    assert_true(lane_is_ready(world.lane));
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_living_owner_is_not_fenced_again_and_again_for_what_another_left_open),
        cmocka_unit_test(a_broker_that_does_not_know_its_topics_yet_is_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
