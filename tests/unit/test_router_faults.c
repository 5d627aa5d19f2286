/* Whatever fails: per route and source partition the inbox is in order and has no gaps, as far as a
 * reader that drops what is below its watermark can tell. */
#include "support/router_kit.h"

#define RECORDS 60
#define SOURCE_PARTITIONS 2
#define SEEDS 150

static const char one[] = KIT_FLOW("one", "1", "earliest");
static const char two[] = KIT_FLOW("two", "1", "earliest");

struct pair {
    struct router *routers[2];
    struct sim_process *processes[2];
    struct broker ports[2];
};

static void open_pair(struct kit *kit, struct pair *pair)
{
    kit_open(kit);
    kit_topic_named(kit, "in", SOURCE_PARTITIONS);
    assert_int_equal(kit_publish_all(kit, one, two, NULL), STATUS_OK);
    *pair = (struct pair){.processes = {&kit->a, &kit->b},
                          .ports = {kit->port, sim_broker_port(kit->broker, &kit->b)}};
}

/* A crash as the program would have one: memory is gone, nobody is told. */
static void crash(struct kit *kit, struct pair *pair, int which)
{
    router_abandon(pair->routers[which]);
    pair->routers[which] = NULL;
    sim_broker_forget(kit->broker, pair->processes[which]);
    pair->processes[which]->crashed = false;
    pair->processes[which]->crash_at = 0;
    pair->ports[which] = sim_broker_port(kit->broker, pair->processes[which]);
}

static void turn(struct kit *kit, struct pair *pair, int which)
{
    struct router_options options = {
        .broker = &pair->ports[which], .clock = &kit->clock, .settings = &kit->settings, .seed = 1};
    enum status status;

    if (pair->routers[which] == NULL) {
        status = router_open(&options, &pair->routers[which], &kit->err);
        if (status != STATUS_OK) {
            pair->routers[which] = NULL;
        }
    } else {
        status = router_turn(pair->routers[which], 0, &kit->err);
    }
    if (pair->processes[which]->crashed) {
        crash(kit, pair, which);
        return;
    }
    if (status != STATUS_OK && status != STATUS_RETRY) {
        fail_msg("%s: %s", status_name(status), kit->err.text);
    }
}

/* What a lane takes, which has one watermark for a route, a source partition and an inbox partition:
 * every record once. */
static void assert_exact(struct kit *kit, const char *flow, uint64_t seed)
{
    bool seen[SOURCE_PARTITIONS][RECORDS] = {{false}};
    int64_t next[KIT_PARTITIONS][SOURCE_PARTITIONS] = {{0}};
    uint32_t count = 0;

    for (int32_t i = 0; i < KIT_PARTITIONS; i++) {
        struct record record;
        int64_t offset = 0;

        while (sim_broker_read(kit->broker, text_of(kit->names.inbox), i, &offset, &record)) {
            struct inbox_record inbox;

            assert_int_equal(inbox_decode(record.value, &kit->arena, &inbox, &kit->err), STATUS_OK);
            if (!text_is(inbox.flow, flow) || inbox.offset < next[i][inbox.partition]) {
                continue;
            }
            next[i][inbox.partition] = inbox.offset + 1;
            if (seen[inbox.partition][inbox.offset]) {
                fail_msg("seed %llu: %s got %d/%lld twice", (unsigned long long)seed, flow,
                         inbox.partition, (long long)inbox.offset);
            }
            seen[inbox.partition][inbox.offset] = true;
            count++;
        }
    }
    if (count != SOURCE_PARTITIONS * RECORDS) {
        fail_msg("seed %llu: %s got %u of %d", (unsigned long long)seed, flow, count,
                 SOURCE_PARTITIONS * RECORDS);
    }
}

static void run(uint64_t seed)
{
    struct pair pair;
    struct kit kit;
    int put = 0;

    open_pair(&kit, &pair);
    kit.sim.rng.state = seed;
    kit.sim.faulty = true;
    kit.sim.permille[SIM_REQUEST_LOST] = 60;
    kit.sim.permille[SIM_ANSWER_LOST] = 30;
    kit.sim.permille[SIM_POLL_SHORT] = 200;
    kit.sim.permille[SIM_POLL_STALE] = 300;
    kit.sim.permille[SIM_POLL_MIXED] = 500;
    kit.sim.permille[SIM_JOIN_LATE] = 300;
    kit.sim.permille[SIM_IN_FLIGHT] = 500;
    for (int i = 0; i < 600; i++) {
        kit.sim.now_ms += (int64_t)rng_below(&kit.sim.rng, 400);
        if (put < RECORDS && rng_chance(&kit.sim.rng, 300)) {
            for (int32_t k = 0; k < SOURCE_PARTITIONS; k++) {
                kit_put(&kit, "in", k, arena_printf(&kit.arena, "{\"id\":%d}", put * 7 + k).data);
            }
            put++;
        }
        if (rng_chance(&kit.sim.rng, 20)) {
            struct sim_process *process = pair.processes[rng_below(&kit.sim.rng, 2)];

            process->crash_at = process->points + 1 + rng_below(&kit.sim.rng, 20);
        }
        if (rng_chance(&kit.sim.rng, 60)) {
            sim_broker_rebalance(kit.broker, text_of(kit.names.router_group));
        }
        if (rng_chance(&kit.sim.rng, 5)) {
            kit.sim.now_ms += 8000; /* Both are thrown out of the group. */
        }
        turn(&kit, &pair, (int)rng_below(&kit.sim.rng, 2));
    }
    kit.sim.faulty = false;
    for (int i = 0; i < 2; i++) {
        pair.processes[i]->crash_at = 0;
    }
    for (; put < RECORDS; put++) {
        for (int32_t k = 0; k < SOURCE_PARTITIONS; k++) {
            kit_put(&kit, "in", k, arena_printf(&kit.arena, "{\"id\":%d}", put * 7 + k).data);
        }
    }
    for (int i = 0; i < 200; i++) {
        kit.sim.now_ms += 250;
        turn(&kit, &pair, i % 2);
    }
    assert_exact(&kit, "one", seed);
    assert_exact(&kit, "two", seed);
    for (int32_t k = 0; k < SOURCE_PARTITIONS; k++) {
        assert_int_equal(
            sim_broker_committed(kit.broker, text_of(kit.names.router_group), TEXT("in"), k),
            RECORDS);
    }
    router_close(pair.routers[0]);
    router_close(pair.routers[1]);
    kit_close(&kit);
}

static void every_record_arrives_in_order_without_gaps(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
    }
}

/* The process ends at a named point: what was sent is sent again. */
static void stop_at(void *self, const char *point)
{
    struct kit *kit = self;

    if (strcmp(kit->err.text, point) == 0) {
        kit->a.crashed = true;
    }
}

static void a_crash_at_any_point_loses_nothing(void **state)
{
    static const char *const points[] = {"router-after-send", "router-after-flush",
                                         "router-before-commit"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        struct router_options options = {.fault = stop_at};
        struct kit_inbox items[KIT_INBOX_MAX];
        struct router *router;
        struct error ignored;
        struct kit kit;

        kit_open(&kit);
        kit_topic_named(&kit, "in", 1);
        kit_publish(&kit, one);
        options.broker = &kit.port;
        options.clock = &kit.clock;
        options.settings = &kit.settings;
        options.fault_self = &kit;
        assert_int_equal(router_open(&options, &router, &kit.err), STATUS_OK);
        kit_turns(&kit, router, KIT_SETTLE);
        kit_put(&kit, "in", 0, "{\"id\":1}");
        snprintf(kit.err.text, sizeof(kit.err.text), "%s", points[i]);
        for (int k = 0; k < KIT_SETTLE && !kit.a.crashed; k++) {
            kit.sim.now_ms += 250;
            (void)!router_turn(router, 0, &ignored);
        }
        assert_true(kit.a.crashed);
        router_abandon(router);
        sim_broker_forget(kit.broker, &kit.a);
        kit.a.crashed = false;
        assert_int_equal(
            sim_broker_committed(kit.broker, text_of(kit.names.router_group), TEXT("in"), 0), 0);
        kit.sim.now_ms += 10000;
        kit.port = sim_broker_port(kit.broker, &kit.a);
        kit_route(&kit);

        assert_in_range(kit_inbox(&kit, items), 1, 2);
        assert_int_equal(kit_committed(&kit, "in", 0).offset, 1);
        kit_close(&kit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_arrives_in_order_without_gaps),
        cmocka_unit_test(a_crash_at_any_point_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
