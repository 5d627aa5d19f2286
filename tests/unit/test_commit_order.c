/*
 * Rule 6 at the port: within a transaction everything is flushed before the offsets are sent, and a
 * transaction is opened only when there is something to write. (Without the flush, librdkafka waits
 * a tenth of a second in every small transaction.)
 */
#include "engine/lane.h"

#include "sim/sim_store.h"
#include "support/estate_kit.h"

#define CALLS_MAX 4096
#define STEP_MS 100

static const char flow_text[] = "flow: order\nversion: 1\nkey: .id\n"
                                "topics: {in: {name: in, key: .id}, out: {name: out}}\n"
                                "start: {topic: in, from: earliest}\ntimeout: 1h\n"
                                "do:\n  - {step: told, emit: out}\n";

/* Calls of the producer, one letter each: begin, produce, flush, offsets, commit, abort. */
struct spy {
    struct broker real; /* Whose producer does the work. */
    struct producer inner;
    char calls[CALLS_MAX];
    uint32_t count;
};

static void note(struct spy *spy, char call)
{
    assert_true(spy->count + 1 < CALLS_MAX);
    /* Many records in a row are one letter. */
    if (call != 'p' || spy->count == 0 || spy->calls[spy->count - 1] != 'p') {
        spy->calls[spy->count++] = call;
    }
}

static enum status spy_begin(void *self, struct error *err)
{
    struct spy *spy = self;

    note(spy, 'b');
    return spy->inner.begin(spy->inner.self, err);
}

static enum status spy_produce(void *self, const struct outgoing *record, struct error *err)
{
    struct spy *spy = self;

    note(spy, 'p');
    return spy->inner.produce(spy->inner.self, record, err);
}

static enum status spy_flush(void *self, struct error *err)
{
    struct spy *spy = self;

    note(spy, 'f');
    return spy->inner.flush(spy->inner.self, err);
}

static enum status spy_offsets(void *self, const struct consumer *member,
                               const struct partition_offset *offsets, uint32_t count,
                               struct error *err)
{
    struct spy *spy = self;

    note(spy, 'o');
    return spy->inner.send_offsets(spy->inner.self, member, offsets, count, err);
}

static enum status spy_commit(void *self, struct error *err)
{
    struct spy *spy = self;

    note(spy, 'c');
    return spy->inner.commit(spy->inner.self, err);
}

static enum status spy_abort(void *self, struct error *err)
{
    struct spy *spy = self;

    note(spy, 'a');
    return spy->inner.abort(spy->inner.self, err);
}

static void spy_close(void *self)
{
    struct spy *spy = self;

    spy->inner.close(spy->inner.self);
}

/* One estate a test, so one spy: the port's functions get the broker's self, which is not ours. */
static struct spy *the_spy;

static enum status spy_open(void *self, struct text transactional_id, struct producer *producer,
                            struct error *err)
{
    struct spy *spy = the_spy;

    (void)self;
    *producer = (struct producer){.self = spy,
                                  .begin = spy_begin,
                                  .produce = spy_produce,
                                  .flush = spy_flush,
                                  .send_offsets = spy_offsets,
                                  .commit = spy_commit,
                                  .abort = spy_abort,
                                  .close = spy_close};
    return spy->real.open_producer(spy->real.self, transactional_id, &spy->inner, err);
}

struct world {
    struct kit kit;
    struct spy spy;
    struct broker port;
    struct sim_store *store;
    struct sleep_place place;
    struct barrier *barrier;
    struct lane *lane;
};

static void open_world(struct world *world)
{
    struct kit *kit = &world->kit;
    const char *topics[] = {kit->names.history, kit->names.snapshot, kit->names.checkpoint,
                            kit->names.dlq, kit->names.alerts};

    *world = (struct world){.lane = NULL};
    kit_open(kit);
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        kit_topic_named(kit, topics[i], KIT_PARTITIONS);
    }
    kit_topic_named(kit, "in", 1);
    kit_topic_named(kit, "out", 1);
    kit_publish(kit, flow_text);
    the_spy = &world->spy;
    world->spy.real = kit->port;
    world->port = kit->port;
    world->port.open_producer = spy_open;
    world->store = sim_store_new(&kit->sim, KIT_PARTITIONS);
    world->place = sim_store_port(world->store, &kit->a);
    assert_int_equal(
        barrier_open(&kit->port, &kit->clock, &kit->settings, &world->barrier, &kit->err),
        STATUS_OK);
    struct lane_options options = {.broker = &world->port,
                                   .place = &world->place,
                                   .clock = &kit->clock,
                                   .barrier = world->barrier,
                                   .settings = &kit->settings,
                                   .seed = 7};
    assert_int_equal(lane_open(&options, &world->lane, &kit->err), STATUS_OK);
}

static void close_world(struct world *world)
{
    lane_close(world->lane);
    barrier_close(world->barrier);
    sim_store_free(world->store);
    kit_close(&world->kit);
}

static void turns(struct world *world, int count)
{
    for (int i = 0; i < count; i++) {
        world->kit.sim.now_ms += STEP_MS;
        assert_int_equal(lane_turn(world->lane, 0, &world->kit.err), STATUS_OK);
    }
}

static void give(struct world *world, int64_t offset)
{
    struct kit *kit = &world->kit;
    struct buffer value = {0};
    struct inbox_record inbox = {.kind = INBOX_MESSAGE,
                                 .route = TEXT("order"),
                                 .flow = TEXT("order"),
                                 .key = TEXT("a"),
                                 .topic = TEXT("in"),
                                 .topic_generation = 1,
                                 .offset = offset,
                                 .value = TEXT("{\"id\":\"a\"}"),
                                 .format = FORMAT_JSON};
    struct outgoing record = {.topic = text_of(kit->names.inbox), .key = TEXT("a")};

    inbox_encode(&inbox, &value);
    record.value = buffer_text(&value);
    assert_int_equal(sim_broker_append(kit->broker, &record, &kit->err), STATUS_OK);
    buffer_release(&value);
}

static void every_transaction_flushes_before_it_sends_offsets(void **state)
{
    struct world world;

    (void)state;
    open_world(&world);
    turns(&world, 30);
    world.spy.count = 0;
    give(&world, 0);
    turns(&world, 30);

    world.spy.calls[world.spy.count] = '\0';
    assert_true(world.spy.count >= 5);
    assert_int_equal(world.spy.count % 5, 0);
    for (uint32_t i = 0; i < world.spy.count; i += 5) {
        assert_memory_equal(world.spy.calls + i, "bpfoc", 5);
    }
    close_world(&world);
}

static void nothing_to_write_opens_no_transaction(void **state)
{
    struct world world;

    (void)state;
    open_world(&world);
    turns(&world, 60);
    world.spy.count = 0;
    turns(&world, 60);
    assert_int_equal(world.spy.count, 0);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transaction_flushes_before_it_sends_offsets),
        cmocka_unit_test(nothing_to_write_opens_no_transaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
