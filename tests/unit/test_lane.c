/* A lane at work on a simulated estate: what it does where several of its parts meet. */
#include "engine/lane.h"

#include "codec/command.h"
#include "support/lane_kit.h"

static const char flow_text[] = "flow: order\nversion: 1\nkey: .id\n"
                                "topics:\n"
                                "  in: {name: in, key: .id}\n"
                                "  go: {name: go, key: .id}\n"
                                "  out: {name: out}\n"
                                "start: {topic: in, from: earliest}\nremember: 1h\n"
                                "do:\n"
                                "  - step: first\n    emit: out\n    value: {n: 1}\n"
                                "  - step: listens\n    if: .listens\n    listen: go\n"
                                "  - step: rests\n    if: .rests\n    wait: 8s\n"
                                "  - step: naps\n    if: .naps\n    wait: 25s\n"
                                "  - step: grows\n    if: .big != null\n"
                                "    set: {more: [\"${ .big }\", \"${ .big }\", \"${ .big }\"]}\n"
                                "  - step: last\n    emit: out\n    value: {n: 2}\n";

static void a_run_goes_through_in_one_turn(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 0, flow_text);
    run_for(&world, 3000);
    assert_true(lane_is_ready(world.lane));
    give(&world, "in", "A", "{\"id\":\"A\"}");
    turn(&world);
    assert_int_equal(count_of(&world, "out", NULL), 2);
    assert_int_equal(count_of(&world, world.kit.names.history, NULL), 1);
    assert_int_equal(committed(&world), 1);
    close_world(&world);
}

static void commands_keep_their_headers_when_the_next_event_follows_at_once(void **state)
{
    struct world world;
    int64_t offset = 0;
    struct record record;

    (void)state;
    open_world(&world, 0, flow_text);
    run_for(&world, 3000);
    /* When: a start and what it listens for come in one batch. */
    give(&world, "in", "A", "{\"id\":\"A\",\"listens\":true}");
    give(&world, "go", "A", "{\"id\":\"A\"}");
    turn(&world);
    /* Then: the command of the first event still names its instance. */
    for (int i = 0; i < 2; i++) {
        bool found = false;
        assert_true(sim_broker_read(world.kit.broker, TEXT("out"), 0, &offset, &record));
        for (uint32_t h = 0; h < record.header_count; h++) {
            found = found || (text_is(record.headers[h].name, "baton-instance") &&
                              text_is(record.headers[h].value, "order:A"));
        }
        assert_true(found);
    }
    close_world(&world);
}

static void a_timer_that_is_due_soon_after_falling_asleep_fires_in_time(void **state)
{
    struct world world;
    struct record last;
    int64_t started_ms;

    (void)state;
    open_world(&world, 0, flow_text);
    run_for(&world, 3000);
    /* Given: the store has just been asked for what is due, when the first run fell asleep. */
    give(&world, "in", "A", "{\"id\":\"A\",\"rests\":true}");
    run_for(&world, 4000);
    give(&world, "in", "B", "{\"id\":\"B\",\"rests\":true}");
    started_ms = world.kit.sim.now_ms;
    /* When: the second falls asleep and is due before the store is asked again. */
    run_for(&world, 9000);
    /* Then: it fired in time. */
    assert_int_equal(count_of(&world, "out", &last), 4);
    assert_true(last.timestamp_ms >= started_ms + 8000);
    assert_true(last.timestamp_ms <= started_ms + 8000 + 5 * STEP_MS);
    assert_true(count_of(&world, world.kit.names.snapshot, NULL) >= 2);
    close_world(&world);
}

static void a_run_that_is_forgotten_while_its_record_is_taken_still_gets_it(void **state)
{
    struct world world;
    int waited = 0;

    (void)state;
    open_world(&world, 0, flow_text);
    run_for(&world, 3000);
    /* Given: a run is idle, its snapshot is committed and on its way to the store. */
    give(&world, "in", "A", "{\"id\":\"A\",\"listens\":true}");
    turn(&world);
    sim_store_slow(world.store, 900);
    while (count_of(&world, world.kit.names.snapshot, NULL) == 0) {
        turn(&world);
        assert_true(++waited < 100);
    }
    turn(&world);
    /* When: what it waits for comes together with a record that makes the lane ask the store. */
    give(&world, "in", "B", "{\"id\":\"B\"}");
    give(&world, "go", "A", "{\"id\":\"A\"}");
    run_for(&world, 3000);
    /* Then: it was not taken for one that nobody knows. */
    assert_int_equal(count_of(&world, "out", NULL), 4);
    assert_int_equal(count_everywhere(&world, world.kit.names.alerts), 0);
    close_world(&world);
}

static void a_timer_fires_in_time_although_its_run_is_just_falling_asleep(void **state)
{
    struct world world;
    struct record last;
    int64_t started_ms;
    int waited = 0;

    (void)state;
    open_world(&world, 0, flow_text);
    /* Given: some runs sleep, and the store is asked for what is due in the next minute. */
    run_for(&world, 3000);
    give(&world, "in", "A", "{\"id\":\"A\",\"naps\":true}");
    give(&world, "in", "B", "{\"id\":\"B\",\"naps\":true}");
    started_ms = world.kit.sim.now_ms;
    run_for(&world, 19300);
    assert_int_equal(count_of(&world, world.kit.names.snapshot, NULL), 2);
    /* When: one of them is woken by a message, and its next snapshot is on its way when the timers
     * of both are due, so that waking the other takes in the store's answer. */
    give(&world, "go", "A", "{\"id\":\"A\",\"n\":1}");
    while (count_of(&world, world.kit.names.snapshot, NULL) == 2) {
        turn(&world);
        assert_true(++waited < 100);
    }
    sim_store_slow(world.store, 900);
    run_for(&world, started_ms + 26000 - world.kit.sim.now_ms);
    /* Then: both fired in time. */
    assert_int_equal(count_of(&world, "out", &last), 4);
    assert_true(last.timestamp_ms <= started_ms + 25000 + 5 * STEP_MS);
    close_world(&world);
}

static void a_batch_that_takes_too_long_is_halved_and_does_not_grow_at_once(void **state)
{
    const int records = 5 * BATCH_RECORDS_MAX / 2;
    struct world world;
    char payload[32];
    char key[16];

    (void)state;
    open_world(&world, 0, flow_text);
    run_for(&world, 3000);
    /* Given: a full batch takes more than half of the session, half of one takes less. */
    world.event_costs_us = 700;
    for (int i = 0; i < records; i++) {
        snprintf(key, sizeof key, "K%d", i);
        snprintf(payload, sizeof payload, "{\"id\":\"%s\"}", key);
        give(&world, "in", key, payload);
    }
    /* When: they are taken. */
    for (int i = 0; i < 12; i++) {
        turn(&world);
    }
    /* Then: one batch was in vain, not every other. */
    assert_int_equal(committed(&world), records);
    assert_int_equal(lane_stats(world.lane)->aborts, 1);
    close_world(&world);
}

static void a_dead_letter_moves_the_position_when_the_pass_finds_nothing(void **state)
{
    struct world world;
    struct outgoing garbage = {.key = TEXT("x"), .value = TEXT("no inbox record")};

    (void)state;
    open_world(&world, 0, flow_text);
    run_for(&world, 3000);
    /* Given: a run sleeps, but the store does not answer, so that each pass looks again. */
    sim_store_gone(world.store, INT64_MAX);
    give(&world, "in", "A", "{\"id\":\"A\",\"listens\":true}");
    run_for(&world, 12000);
    assert_int_equal(committed(&world), 1);
    /* When: a record that nobody can read comes just when a pass is due. */
    for (int i = 0; i < 12; i++) {
        garbage.topic = text_of(world.kit.names.inbox);
        assert_int_equal(sim_broker_append(world.kit.broker, &garbage, &world.kit.err), STATUS_OK);
        turn(&world);
        /* Then: its dead letter and its position are committed together. */
        assert_int_equal(committed(&world), 2 + i);
        assert_int_equal(count_everywhere(&world, world.kit.names.dlq), 1 + i);
    }
    close_world(&world);
}

static void a_timer_whose_history_is_refused_stops_the_partition(void **state)
{
    struct world world;
    char payload[2200];
    char big[2001];

    (void)state;
    open_world(&world, 6500, flow_text);
    run_for(&world, 3000);
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    snprintf(payload, sizeof payload, "{\"id\":\"A\",\"rests\":true,\"big\":\"%s\"}", big);
    give(&world, "in", "A", payload);
    run_for(&world, 2000);
    assert_int_equal(count_of(&world, world.kit.names.history, NULL), 1);
    /* When: the timer leads to a state whose record the topic does not take. */
    run_for(&world, 10000);
    /* Then: nothing of it is committed, and nothing further. */
    assert_int_equal(count_of(&world, world.kit.names.history, NULL), 1);
    assert_int_equal(count_of(&world, "out", NULL), 1);
    assert_int_equal(count_everywhere(&world, world.kit.names.dlq), 0);
    give(&world, "in", "B", "{\"id\":\"B\"}");
    run_for(&world, 2000);
    assert_int_equal(committed(&world), 1);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_goes_through_in_one_turn),
        cmocka_unit_test(commands_keep_their_headers_when_the_next_event_follows_at_once),
        cmocka_unit_test(a_timer_that_is_due_soon_after_falling_asleep_fires_in_time),
        cmocka_unit_test(a_run_that_is_forgotten_while_its_record_is_taken_still_gets_it),
        cmocka_unit_test(a_timer_fires_in_time_although_its_run_is_just_falling_asleep),
        cmocka_unit_test(a_batch_that_takes_too_long_is_halved_and_does_not_grow_at_once),
        cmocka_unit_test(a_dead_letter_moves_the_position_when_the_pass_finds_nothing),
        cmocka_unit_test(a_timer_whose_history_is_refused_stops_the_partition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
