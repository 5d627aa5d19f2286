/* History that was kept for long enough is taken away, and nothing else. */
#include "support/lane_kit.h"

#include <stdio.h>

#define HOUR_MS (60 * 60 * 1000)

static const char short_keep[] = "flow: order\nversion: 1\nkey: .id\nkeep: 1h\n"
                                 "topics:\n"
                                 "  in: {name: in, key: .id}\n"
                                 "  go: {name: go, key: .id}\n"
                                 "start: {topic: in, from: earliest}\nremember: 1m\ntimeout: none\n"
                                 "do:\n"
                                 "  - {step: again, listen: go}\n"
                                 "  - {step: more, if: .again.more, set: {}, then: again}\n";
static const char long_keep[] = "flow: claim\nversion: 1\nkey: .id\nkeep: 3h\n"
                                "topics:\n  in: {name: in, key: .id}\n"
                                "start: {topic: in, from: earliest}\nremember: 1m\ntimeout: 1h\n"
                                "do:\n  - {step: a, set: {}}\n";

static void give_to(struct world *world, const char *flow, const char *topic, const char *key,
                    const char *payload)
{
    world->flow = flow;
    give(world, topic, key, payload);
}

/* A run that takes `count` messages and then ends. */
static void play(struct world *world, const char *key, uint32_t count)
{
    char payload[64];

    snprintf(payload, sizeof payload, "{\"id\":\"%s\",\"more\":true}", key);
    give_to(world, "order", "in", key, payload);
    for (uint32_t i = 1; i < count; i++) {
        give_to(world, "order", "go", key, payload);
    }
    snprintf(payload, sizeof payload, "{\"id\":\"%s\",\"more\":false}", key);
    give_to(world, "order", "go", key, payload);
}

struct seen {
    uint32_t records;
    uint32_t tombstones;
    bool in_order; /* Each tombstone follows the one of the record before, of the same run. */
};

static struct seen look(struct world *world, const char *key)
{
    struct seen seen = {.in_order = true};
    struct record record;
    int64_t offset = 0;

    while (sim_broker_read(world->kit.broker, text_of(world->kit.names.history), 0, &offset,
                           &record)) {
        int64_t seq;
        if (!text_starts(record.key, text_of(key)) ||
            !text_to_int64(text_sub(record.key, record.key.bytes - 12, record.key.bytes), &seq)) {
            continue;
        }
        if (record.value.data != NULL) {
            seen.records++;
        } else {
            seen.tombstones++;
            seen.in_order = seen.in_order && seq == seen.tombstones;
        }
    }
    return seen;
}

/* In steps that a session survives. */
static void let_pass(struct world *world, int64_t ms)
{
    for (int64_t at_ms = 0; at_ms < ms; at_ms += 2000) {
        world->kit.sim.now_ms += 2000 - STEP_MS;
        turn(world);
    }
}

static void an_ended_run_is_taken_away_after_its_keep(void **state)
{
    struct world world;
    struct seen seen;

    (void)state;
    open_world(&world, 0, short_keep);
    run_for(&world, 3000);
    play(&world, "A", 3);
    run_for(&world, 60000);
    let_pass(&world, HOUR_MS - 120000);
    assert_int_equal(look(&world, "order:A").records, 4);
    assert_int_equal(look(&world, "order:A").tombstones, 0);
    let_pass(&world, 300000);
    seen = look(&world, "order:A");
    assert_int_equal(seen.tombstones, 4);
    assert_true(seen.in_order);
    let_pass(&world, 2 * HOUR_MS);
    assert_int_equal(look(&world, "order:A").tombstones, 4); /* Once. */
    close_world(&world);
}

static void an_open_run_keeps_its_history(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 0, short_keep);
    run_for(&world, 3000);
    give_to(&world, "order", "in", "B", "{\"id\":\"B\"}");
    play(&world, "A", 1);
    run_for(&world, 60000);
    let_pass(&world, 2 * HOUR_MS);
    assert_int_equal(look(&world, "order:A").tombstones, 2);
    assert_int_equal(look(&world, "order:B").tombstones, 0);
    close_world(&world);
}

static void flows_that_keep_for_long_do_not_hold_up_the_others(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 0, short_keep);
    kit_publish(&world.kit, long_keep);
    run_for(&world, 3000);
    give_to(&world, "claim", "in", "C", "{\"id\":\"C\"}");
    turn(&world);
    play(&world, "A", 1);
    run_for(&world, 60000);
    let_pass(&world, 2 * HOUR_MS);
    assert_int_equal(look(&world, "order:A").tombstones, 2);
    assert_int_equal(look(&world, "claim:C").records, 1);
    assert_int_equal(look(&world, "claim:C").tombstones, 0);
    let_pass(&world, 2 * HOUR_MS);
    assert_int_equal(look(&world, "claim:C").tombstones, 1);
    close_world(&world);
}

static void what_a_lost_turn_held_is_taken_away_by_the_next_sweep(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 0, short_keep);
    run_for(&world, 3000);
    play(&world, "A", 1);
    run_for(&world, 60000);
    let_pass(&world, HOUR_MS / 2);
    play(&world, "B", 1); /* Too young when A is old enough. */
    run_for(&world, 60000);
    let_pass(&world, HOUR_MS / 2 - 180000);
    assert_int_equal(look(&world, "order:A").tombstones, 0);
    world.stalls = 1;
    let_pass(&world, 300000);
    assert_int_equal(world.stalls, 0);
    assert_int_equal(lane_stats(world.lane)->aborts, 1);
    assert_int_equal(look(&world, "order:A").tombstones, 2);
    assert_int_equal(look(&world, "order:B").tombstones, 0);
    close_world(&world);
}

static void a_long_run_goes_in_parts_and_whole(void **state)
{
    struct world world;
    struct seen seen;

    (void)state;
    open_world(&world, 0, short_keep);
    run_for(&world, 3000);
    play(&world, "L", 2500);
    play(&world, "M", 1);
    run_for(&world, 60000);
    let_pass(&world, 2 * HOUR_MS);
    seen = look(&world, "order:L");
    assert_int_equal(seen.records, 2501);
    assert_int_equal(seen.tombstones, 2501);
    assert_true(seen.in_order);
    assert_int_equal(look(&world, "order:M").tombstones, 2);
    close_world(&world);
}

static void what_was_swept_is_not_swept_again_by_the_next_owner(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 0, short_keep);
    run_for(&world, 3000);
    play(&world, "A", 1);
    run_for(&world, 60000);
    let_pass(&world, 2 * HOUR_MS);
    assert_int_equal(look(&world, "order:A").tombstones, 2);
    reopen_lane(&world);
    run_for(&world, 3000);
    play(&world, "B", 1);
    run_for(&world, 60000);
    let_pass(&world, 2 * HOUR_MS);
    assert_int_equal(look(&world, "order:A").tombstones, 2);
    assert_int_equal(look(&world, "order:B").tombstones, 2);
    close_world(&world);
}

static void what_is_left_after_compaction_can_be_taken_over(void **state)
{
    struct world world;

    (void)state;
    open_world(&world, 0, short_keep);
    run_for(&world, 3000);
    give_to(&world, "order", "in", "B", "{\"id\":\"B\"}");
    play(&world, "A", 3);
    play(&world, "L", 1200);
    run_for(&world, 60000);
    let_pass(&world, HOUR_MS + 120000);
    assert_true(look(&world, "order:L").tombstones > 0);
    for (int i = 0; i < 100; i++) { /* Each time a random part of what there is. */
        sim_broker_compact(world.kit.broker);
    }
    assert_int_equal(look(&world, "order:A").records, 0);
    reopen_lane(&world);
    run_for(&world, 5000);
    assert_true(lane_is_ready(world.lane));
    give_to(&world, "order", "go", "B", "{\"id\":\"B\",\"more\":false}");
    run_for(&world, 60000);
    assert_int_equal(look(&world, "order:B").records, 2);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ended_run_is_taken_away_after_its_keep),
        cmocka_unit_test(an_open_run_keeps_its_history),
        cmocka_unit_test(flows_that_keep_for_long_do_not_hold_up_the_others),
        cmocka_unit_test(what_a_lost_turn_held_is_taken_away_by_the_next_sweep),
        cmocka_unit_test(a_long_run_goes_in_parts_and_whole),
        cmocka_unit_test(what_was_swept_is_not_swept_again_by_the_next_owner),
        cmocka_unit_test(what_is_left_after_compaction_can_be_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
