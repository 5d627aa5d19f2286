#include "engine/barrier.h"

#include "base/duration.h"
#include "support/router_kit.h"

static const char one[] = KIT_FLOW("one", "1", "earliest");

static void open_with(struct kit *kit, const char *flow)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
    if (flow != NULL) {
        kit_publish(kit, flow);
    }
}

static struct barrier *open_barrier(struct kit *kit)
{
    struct barrier *barrier = NULL;

    assert_int_equal(barrier_open(&kit->port, &kit->clock, &kit->settings, &barrier, &kit->err),
                     STATUS_OK);
    return barrier;
}

static void steps(struct kit *kit, struct barrier *barrier, int count)
{
    for (int i = 0; i < count; i++) {
        kit->sim.now_ms += 250;
        if (barrier_step(barrier, &kit->err) != STATUS_OK) {
            fail_msg("%s", kit->err.text);
        }
    }
}

/* The time of the last round that passed, or 0. */
static int64_t passed_ms(const struct barrier *barrier)
{
    int64_t time_ms = 0;
    int64_t end;

    return barrier_read(barrier, 0, &time_ms, &end) ? time_ms : 0;
}

static void before_a_round_has_passed_there_is_none(void **state)
{
    struct barrier *barrier;
    int64_t time_ms;
    int64_t end;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    barrier = open_barrier(&kit);
    assert_false(barrier_read(barrier, 0, &time_ms, &end));
    barrier_close(barrier);
    kit_close(&kit);
}

static void with_nothing_to_wait_for_it_passes_at_once(void **state)
{
    struct barrier *barrier;
    struct kit kit;

    (void)state;
    open_with(&kit, NULL);
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    assert_true(passed_ms(barrier) > 0);
    barrier_close(barrier);

    kit_publish(&kit, one);
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    assert_true(passed_ms(barrier) > 0);
    barrier_close(barrier);
    kit_close(&kit);
}

static void it_passes_only_after_the_router_committed(void **state)
{
    struct barrier *barrier;
    struct router *router;
    struct kit kit;
    int64_t began_ms;

    (void)state;
    open_with(&kit, one);
    kit_put(&kit, "in", 1, "{\"id\":1}");
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    began_ms = kit.sim.now_ms;
    steps(&kit, barrier, 20);
    assert_int_equal(passed_ms(barrier), 0);

    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);
    assert_int_equal(kit_committed(&kit, "in", 1).offset, 1);
    steps(&kit, barrier, 1);

    assert_int_equal(passed_ms(barrier), began_ms);
    router_close(router);
    barrier_close(barrier);
    kit_close(&kit);
}

static void the_inbox_is_read_after_the_router_has_committed(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct barrier *barrier;
    struct kit kit;
    int64_t time_ms;
    int64_t end;

    (void)state;
    open_with(&kit, one);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    kit_route(&kit);
    steps(&kit, barrier, 1);

    assert_int_equal(kit_inbox(&kit, items), 1);
    for (int32_t i = 0; i < KIT_PARTITIONS; i++) {
        assert_true(barrier_read(barrier, i, &time_ms, &end));
        assert_int_equal(end, i == items[0].partition ? 1 : 0);
    }
    assert_false(barrier_read(barrier, KIT_PARTITIONS, &time_ms, &end));
    barrier_close(barrier);
    kit_close(&kit);
}

static void a_round_begins_once_a_second(void **state)
{
    struct barrier *barrier;
    struct kit kit;
    int64_t first_ms;

    (void)state;
    open_with(&kit, one);
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    first_ms = passed_ms(barrier);
    steps(&kit, barrier, 3);
    assert_int_equal(passed_ms(barrier), first_ms);
    steps(&kit, barrier, 1);
    assert_int_equal(passed_ms(barrier), first_ms + MS_PER_SECOND);
    barrier_close(barrier);
    kit_close(&kit);
}

static void a_marker_at_the_end_is_nothing_to_wait_for(void **state)
{
    struct outgoing record = {.topic = TEXT("in"), .value = TEXT("{\"id\":1}")};
    struct producer producer;
    struct barrier *barrier;
    struct router *router;
    struct kit kit;
    int64_t began_ms;

    (void)state;
    open_with(&kit, one);
    assert_int_equal(kit.port.open_producer(kit.port.self, TEXT("shop"), &producer, &kit.err),
                     STATUS_OK);
    assert_int_equal(producer.begin(producer.self, &kit.err), STATUS_OK);
    assert_int_equal(producer.produce(producer.self, &record, &kit.err), STATUS_OK);
    assert_int_equal(producer.flush(producer.self, &kit.err), STATUS_OK);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);

    /* Open, it may still become a record. */
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    began_ms = kit.sim.now_ms;
    steps(&kit, barrier, 8);
    assert_int_equal(passed_ms(barrier), 0);

    /* Aborted, there are only markers up to the end, which the router never commits past. */
    assert_int_equal(producer.abort(producer.self, &kit.err), STATUS_OK);
    steps(&kit, barrier, 4);
    assert_true(sim_broker_end(kit.broker, TEXT("in"), 0) > kit_committed(&kit, "in", 0).offset);
    assert_true(passed_ms(barrier) >= began_ms);
    began_ms = passed_ms(barrier);
    steps(&kit, barrier, 8);
    assert_true(passed_ms(barrier) > began_ms);
    producer.close(producer.self);
    router_close(router);
    barrier_close(barrier);
    kit_close(&kit);
}

static void flows_that_come_later_are_waited_for_too(void **state)
{
    struct barrier *barrier;
    struct kit kit;
    int64_t first_ms;

    (void)state;
    open_with(&kit, NULL);
    barrier = open_barrier(&kit);
    steps(&kit, barrier, 1);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    kit_publish(&kit, one);
    steps(&kit, barrier, 4);
    first_ms = passed_ms(barrier);
    steps(&kit, barrier, 12);
    assert_int_equal(passed_ms(barrier), first_ms);

    kit_route(&kit);
    steps(&kit, barrier, 4);
    assert_true(passed_ms(barrier) > first_ms);
    barrier_close(barrier);
    kit_close(&kit);
}

static void trouble_with_the_broker_delays_a_round_and_does_not_pass_it(void **state)
{
    struct barrier *barrier;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    barrier = open_barrier(&kit);
    kit.sim.faulty = true;
    kit.sim.permille[SIM_REQUEST_LOST] = 500;
    for (int i = 0; i < 100; i++) {
        enum status status;

        kit.sim.now_ms += 250;
        status = barrier_step(barrier, &kit.err);
        assert_true(status == STATUS_OK || status == STATUS_RETRY);
        assert_int_equal(passed_ms(barrier), 0);
    }
    kit.sim.faulty = false;
    kit_route(&kit);
    steps(&kit, barrier, 2);
    assert_true(passed_ms(barrier) > 0);
    barrier_close(barrier);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_a_round_has_passed_there_is_none),
        cmocka_unit_test(with_nothing_to_wait_for_it_passes_at_once),
        cmocka_unit_test(it_passes_only_after_the_router_committed),
        cmocka_unit_test(the_inbox_is_read_after_the_router_has_committed),
        cmocka_unit_test(a_round_begins_once_a_second),
        cmocka_unit_test(a_marker_at_the_end_is_nothing_to_wait_for),
        cmocka_unit_test(flows_that_come_later_are_waited_for_too),
        cmocka_unit_test(trouble_with_the_broker_delays_a_round_and_does_not_pass_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
