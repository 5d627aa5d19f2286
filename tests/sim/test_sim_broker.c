/* The simulated broker behaves as Kafka does where the engine's rules depend on it. */
#include "sim/fixture.h"

#define SEEN_BYTES 256

static void uncommitted_and_aborted_records_are_not_seen(void **state)
{
    struct fixture f;
    struct producer producer;
    char seen[SEEN_BYTES];

    (void)state;
    fixture_init(&f);
    producer = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &producer, "1");
    assert_int_equal(producer.flush(producer.self, &f.err), STATUS_OK);
    fixture_put(&f, "out", 0, "2");
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "");

    assert_int_equal(producer.abort(producer.self, &f.err), STATUS_OK);
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "2");

    assert_int_equal(producer.begin(producer.self, &f.err), STATUS_OK);
    fixture_produce(&f, &producer, "3");
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "2 3");
    /* 1, 2, the abort marker, 3, the commit marker. */
    assert_int_equal(sim_broker_end(f.broker, FIXTURE_OUT, 0), 5);
    fixture_release(&f);
}

static void a_second_producer_of_the_same_id_fences_the_first(void **state)
{
    struct fixture f;
    struct producer first;
    struct producer second;
    char seen[SEEN_BYTES];

    (void)state;
    fixture_init(&f);
    first = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &first, "1");
    assert_int_equal(first.flush(first.self, &f.err), STATUS_OK);

    second = fixture_open(&f, &f.port_b, "t");
    assert_int_equal(first.commit(first.self, &f.err), STATUS_FENCED);
    fixture_produce(&f, &second, "2");
    assert_int_equal(second.commit(second.self, &f.err), STATUS_OK);
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "2");
    fixture_release(&f);
}

static void an_open_transaction_times_out_and_its_producer_is_fenced(void **state)
{
    struct fixture f;
    struct producer producer;

    (void)state;
    fixture_init(&f);
    producer = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &producer, "1");
    assert_int_equal(producer.flush(producer.self, &f.err), STATUS_OK);
    assert_int_equal(sim_broker_open_transactions(f.broker), 1);

    f.sim.now_ms += SIM_TRANSACTION_MS + 1;
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_FENCED);
    assert_int_equal(sim_broker_open_transactions(f.broker), 0);
    fixture_release(&f);
}

static void late_markers_hide_what_is_committed(void **state)
{
    struct fixture f;
    struct producer producer;
    struct log_ends ends;
    char seen[SEEN_BYTES];

    (void)state;
    fixture_init(&f);
    f.sim.faulty = true;
    f.sim.permille[SIM_MARKER_LATE] = 1000;
    producer = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &producer, "1");
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);
    assert_int_equal(f.port_b.ends(f.port_b.self, FIXTURE_OUT, 0, &ends, &f.err), STATUS_OK);
    assert_int_equal(ends.stable, 0);
    assert_int_equal(ends.high, 1);

    f.sim.now_ms += 5000;
    sim_broker_tick(f.broker);
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "1");
    fixture_release(&f);
}

static void a_lost_answer_to_a_commit_leaves_it_done(void **state)
{
    struct fixture f;
    struct producer producer;
    char seen[SEEN_BYTES];

    (void)state;
    fixture_init(&f);
    producer = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &producer, "1");
    assert_int_equal(producer.flush(producer.self, &f.err), STATUS_OK);
    f.sim.faulty = true;
    f.sim.permille[SIM_ANSWER_LOST] = 1000;
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_ABORT);
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "1");
    assert_int_equal(producer.begin(producer.self, &f.err), STATUS_ABORT);
    fixture_release(&f);
}

static void an_oversize_record_is_refused_or_spoils_two_transactions(void **state)
{
    static const char large[2000] = {'x'};
    struct outgoing record = {.topic = FIXTURE_OUT, .value = {large, sizeof(large)}};
    struct fixture f;
    struct producer producer;

    (void)state;
    fixture_init(&f);
    producer = fixture_open(&f, &f.port_a, "t");
    assert_int_equal(producer.produce(producer.self, &record, &f.err), STATUS_REJECT);
    fixture_produce(&f, &producer, "1");
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);

    sim_broker_accept_oversize(f.broker);
    assert_int_equal(producer.begin(producer.self, &f.err), STATUS_OK);
    assert_int_equal(producer.produce(producer.self, &record, &f.err), STATUS_OK);
    assert_int_equal(producer.flush(producer.self, &f.err), STATUS_ABORT);
    assert_int_equal(producer.abort(producer.self, &f.err), STATUS_OK);
    assert_int_equal(producer.begin(producer.self, &f.err), STATUS_OK);
    fixture_produce(&f, &producer, "2");
    assert_int_equal(producer.flush(producer.self, &f.err), STATUS_ABORT);
    fixture_release(&f);
}

static void compaction_keeps_the_newest_of_each_key(void **state)
{
    struct fixture f;
    struct outgoing record = {.topic = FIXTURE_OUT, .key = TEXT("k")};
    struct producer producer;
    char seen[SEEN_BYTES];

    (void)state;
    fixture_init(&f);
    for (int i = 0; i < 3; i++) {
        producer = fixture_open(&f, &f.port_a, "t");
        fixture_produce(&f, &producer, "a");
        fixture_produce(&f, &producer, i == 2 ? "c" : "b");
        assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);
    }
    assert_int_equal(sim_broker_append(f.broker, &record, &f.err), STATUS_OK);
    f.sim.now_ms += INT64_C(8) * 24 * 3600 * 1000;
    /* Each run of the cleaner goes on to a place of its own choice. */
    for (int i = 0; i < 60; i++) {
        sim_broker_compact(f.broker);
    }
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "b a c");
    assert_int_equal(sim_broker_end(f.broker, FIXTURE_OUT, 0), 10);
    fixture_release(&f);
}

static void a_forwarder_that_dies_may_still_be_heard_in_order(void **state)
{
    struct fixture f;
    struct forwarder forwarder;
    struct outgoing record = {.topic = FIXTURE_IN, .partition = 1};
    struct record got;
    int64_t offset = 0;
    int last = 0;

    (void)state;
    fixture_init(&f);
    f.sim.faulty = true;
    f.sim.permille[SIM_IN_FLIGHT] = 1000;
    assert_int_equal(f.port_a.open_forwarder(f.port_a.self, &forwarder, &f.err), STATUS_OK);
    for (int i = 1; i <= 9; i++) {
        char value = (char)('0' + i);

        record.value = (struct text){&value, 1};
        assert_int_equal(forwarder.send(forwarder.self, &record, &f.err), STATUS_OK);
    }
    sim_broker_forget(f.broker, &f.a);
    f.sim.now_ms += 10000;
    sim_broker_tick(f.broker);
    while (sim_broker_read(f.broker, FIXTURE_IN, 1, &offset, &got)) {
        assert_int_equal(got.value.data[0], '0' + ++last);
    }
    assert_true(last > 0);
    fixture_release(&f);
}

static void a_crash_happens_on_either_side_of_a_commit(void **state)
{
    (void)state;
    for (uint64_t point = 1; point <= 2; point++) {
        struct fixture f;
        struct producer producer;
        char seen[SEEN_BYTES];

        fixture_init(&f);
        producer = fixture_open(&f, &f.port_a, "t");
        fixture_produce(&f, &producer, "1");
        assert_int_equal(producer.flush(producer.self, &f.err), STATUS_OK);
        f.a.crash_at = f.a.points + point;
        assert_int_equal(producer.commit(producer.self, &f.err), STATUS_FATAL);
        assert_int_equal(producer.abort(producer.self, &f.err), STATUS_FATAL);
        fixture_read(&f, "out", 0, seen, sizeof(seen));
        assert_string_equal(seen, point == 1 ? "" : "1");
        sim_broker_forget(f.broker, &f.a);
        fixture_release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uncommitted_and_aborted_records_are_not_seen),
        cmocka_unit_test(a_second_producer_of_the_same_id_fences_the_first),
        cmocka_unit_test(an_open_transaction_times_out_and_its_producer_is_fenced),
        cmocka_unit_test(late_markers_hide_what_is_committed),
        cmocka_unit_test(a_lost_answer_to_a_commit_leaves_it_done),
        cmocka_unit_test(an_oversize_record_is_refused_or_spoils_two_transactions),
        cmocka_unit_test(compaction_keeps_the_newest_of_each_key),
        cmocka_unit_test(a_forwarder_that_dies_may_still_be_heard_in_order),
        cmocka_unit_test(a_crash_happens_on_either_side_of_a_commit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
