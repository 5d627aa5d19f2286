/* The history of a run that goes on for long is folded away, and nothing that is needed. */
#include "support/lane_kit.h"

#include <stdio.h>

#include "engine/lane_state.h"

#define MOST 100
#define IDLE_MS 1000
#define NEVER_RESTS_MS 5000

static const char loop[] = "flow: order\nversion: 1\nkey: .id\nkeep: 1h\n"
                           "topics:\n"
                           "  in: {name: in, key: .id}\n"
                           "  go: {name: go, key: .id}\n"
                           "start: {topic: in, from: earliest}\nremember: 1m\ntimeout: none\n"
                           "do:\n"
                           "  - {step: again, listen: go}\n"
                           "  - {step: more, if: .again.more, set: {}, then: again}\n";

static void open_short(struct world *world)
{
    open_world(world, 0, loop);
    world->kit.settings.history_max = MOST;
    world->kit.settings.checkpoint_idle_ms = IDLE_MS;
    world->kit.settings.checkpoint_max_ms = NEVER_RESTS_MS;
    reopen_lane(world);
    run_for(world, 3000);
}

static void go(struct world *world, bool more)
{
    give(world, "go", "A", more ? "{\"id\":\"A\",\"more\":true}" : "{\"id\":\"A\",\"more\":false}");
}

/* So many messages in each of so many turns: the run changes in every one of them. */
static void keep_busy(struct world *world, uint32_t turns, uint32_t each)
{
    for (uint32_t i = 0; i < turns; i++) {
        for (uint32_t k = 0; k < each; k++) {
            go(world, true);
        }
        turn(world);
    }
}

struct seen {
    int64_t records;    /* All that were ever written, */
    int64_t tombstones; /* and what was taken away. */
    int64_t live;
    bool in_order; /* Each tombstone follows the one of the record before. */
    bool is_told;  /* And says that its record was folded away. */
};

static void keep_key(struct map *keys, struct arena *arena, struct text key)
{
    if (map_get(keys, key) == NULL) {
        map_put(keys, arena_text(arena, key), keys);
    }
}

static struct seen look(struct world *world)
{
    struct seen seen = {.in_order = true, .is_told = true};
    struct record record;
    struct map keys = {0};
    struct arena arena = {0};
    int64_t offset = 0;
    int64_t last = 0;

    while (sim_broker_read(world->kit.broker, text_of(world->kit.names.history), 0, &offset,
                           &record)) {
        int64_t seq;
        assert_true(
            text_to_int64(text_sub(record.key, record.key.bytes - 12, record.key.bytes), &seq));
        if (record.value.data != NULL) {
            seen.records++;
            keep_key(&keys, &arena, record.key);
            continue;
        }
        assert_non_null(map_remove(&keys, record.key)); /* Of a record that was there. */
        seen.tombstones++;
        seen.in_order = seen.in_order && seq == last + 1;
        seen.is_told = seen.is_told && record.header_count == 1 &&
                       text_is(record.headers[0].name, FOLDED_HEADER);
        last = seq;
    }
    seen.live = (int64_t)keys.count;
    map_release(&keys);
    arena_release(&arena);
    return seen;
}

static struct partition *partition_of(const struct world *world)
{
    return world->lane->partitions[0];
}

/* ---- the rules ---- */

static void a_run_that_changes_in_every_turn_gets_its_snapshot(void **state)
{
    struct world world;

    (void)state;
    open_short(&world);
    give(&world, "in", "A", "{\"id\":\"A\"}");
    keep_busy(&world, 10, 1);
    assert_int_equal(count_of(&world, world.kit.names.snapshot, NULL), 0);
    keep_busy(&world, 200, 1);
    uint32_t snapshots = count_of(&world, world.kit.names.snapshot, NULL);
    assert_in_range(snapshots, 3, 5); /* 21 s. */
    close_world(&world);
}

static void old_records_of_a_long_run_go_and_the_newest_stay(void **state)
{
    struct world world;
    struct seen seen;

    (void)state;
    open_short(&world);
    give(&world, "in", "A", "{\"id\":\"A\"}");
    keep_busy(&world, MOST / 2, 1);
    run_for(&world, 20000);
    assert_int_equal(look(&world).tombstones, 0);
    keep_busy(&world, 500, 1);
    run_for(&world, 20000);
    seen = look(&world);
    assert_int_equal(seen.records, 551);
    assert_in_range(seen.live, MOST, MOST + MOST / 10);
    assert_true(seen.in_order);
    assert_true(seen.is_told);
    close_world(&world);
}

/* Another run, which sleeps, has its beginning from long ago still. */
static void short_runs_keep_all(void **state)
{
    struct world world;

    (void)state;
    open_short(&world);
    give(&world, "in", "B", "{\"id\":\"B\"}");
    give(&world, "in", "A", "{\"id\":\"A\"}");
    keep_busy(&world, 500, 1);
    run_for(&world, 20000);
    struct record record;
    int64_t offset = 0;
    while (
        sim_broker_read(world.kit.broker, text_of(world.kit.names.history), 0, &offset, &record)) {
        assert_true(record.value.data != NULL || text_starts(record.key, TEXT("order:A/")));
    }
    close_world(&world);
}

/* The offset of each record of A, by seq; and whether all that went in the last turn lay below `behind`. */
static bool went_below(struct world *world, int64_t *at, int64_t *offset, int64_t behind)
{
    struct record record;
    bool is_below = true;

    while (
        sim_broker_read(world->kit.broker, text_of(world->kit.names.history), 0, offset, &record)) {
        int64_t seq;
        if (text_starts(record.key, TEXT("order:A/")) &&
            text_to_int64(text_sub(record.key, record.key.bytes - 12, record.key.bytes), &seq)) {
            at[seq] = record.value.data == NULL ? at[seq] : record.offset;
            is_below = is_below && (record.value.data != NULL || at[seq] < behind);
        }
    }
    return is_below;
}

/* Nothing goes that a new owner would have to fold. The other run is written at other times, so the
 * checkpoint is not where the snapshot of this one is. */
static void only_what_lies_below_the_checkpoint_goes(void **state)
{
    int64_t at[1000];
    struct world world;
    int64_t offset = 0;
    int64_t folded;

    (void)state;
    open_short(&world);
    world.kit.settings.history_max = 5; /* So that what stays for people does not hide it. */
    give(&world, "in", "A", "{\"id\":\"A\"}");
    for (int i = 0; i < 600; i++) {
        int64_t behind = partition_of(&world)->checkpoint;
        if (i == 25) {
            give(&world, "in", "B", "{\"id\":\"B\"}");
        } else if (i > 25) {
            give(&world, "go", "B", "{\"id\":\"B\",\"more\":true}");
        }
        keep_busy(&world, 1, 1);
        assert_true(went_below(&world, at, &offset, behind));
    }
    folded = shorten_upto(partition_of(&world), TEXT("order:A"),
                          partition_find(partition_of(&world), TEXT("order:A"))->instance->run);
    assert_in_range(folded, 400, 600);
    close_world(&world);
}

static void the_next_owner_goes_on_where_the_last_one_was(void **state)
{
    struct world world;
    struct seen seen;

    (void)state;
    open_short(&world);
    give(&world, "in", "A", "{\"id\":\"A\"}");
    keep_busy(&world, 60, 60);
    for (int i = 0; i < 5; i++) { /* Within a job of some thousand tombstones. */
        keep_busy(&world, 3, 20);
        reopen_lane(&world);
        keep_busy(&world, 60, 1);
    }
    run_for(&world, 30000);
    seen = look(&world);
    assert_in_range(seen.live, MOST, MOST + MOST / 10);
    assert_true(seen.in_order); /* None twice. */
    close_world(&world);
}

static void what_is_left_after_compaction_can_be_taken_over(void **state)
{
    struct world world;

    (void)state;
    open_short(&world);
    give(&world, "in", "A", "{\"id\":\"A\"}");
    for (int i = 0; i < 8; i++) {
        keep_busy(&world, 100, 2);
        for (int k = 0; k < 20; k++) { /* Each time a random part of what there is. */
            sim_broker_compact(world.kit.broker);
        }
        reopen_lane(&world);
        run_for(&world, 3000);
        assert_true(lane_is_ready(world.lane));
    }
    go(&world, false);
    run_for(&world, 20000);
    assert_int_equal(partition_of(&world)->residents.count, 0);
    assert_int_equal(partition_of(&world)->state, PARTITION_READY);
    close_world(&world);
}

/* In steps that a session survives. */
static void let_pass(struct world *world, int64_t ms)
{
    for (int64_t at_ms = 0; at_ms < ms; at_ms += 2000) {
        world->kit.sim.now_ms += 2000 - STEP_MS;
        turn(world);
    }
}

static void the_rest_goes_when_the_run_ended_long_ago(void **state)
{
    for (int has_new_owner = 0; has_new_owner < 2; has_new_owner++) {
        struct world world;
        struct record record;
        int64_t offset = 0;
        int64_t last = 0;
        uint32_t told = 0;

        (void)state;
        open_short(&world);
        give(&world, "in", "A", "{\"id\":\"A\"}");
        keep_busy(&world, 400, 1);
        go(&world, false);
        run_for(&world, 20000);
        int64_t folded = look(&world).tombstones;
        assert_true(folded > 0);
        if (has_new_owner == 1) {
            reopen_lane(&world);
            run_for(&world, 3000);
        }
        let_pass(&world, 70 * 60 * 1000);
        assert_int_equal(look(&world).tombstones, 402);
        assert_true(look(&world).in_order);
        assert_int_equal(partition_of(&world)->cuts.count, 0);
        while (sim_broker_read(world.kit.broker, text_of(world.kit.names.checkpoint), 0, &offset,
                               &record)) {
            if (shorten_is_key(record.key)) {
                last = record.value.data == NULL ? 0 : 1;
                told++;
            }
        }
        assert_true(told > 1);
        assert_int_equal(last, 0);
        close_world(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_changes_in_every_turn_gets_its_snapshot),
        cmocka_unit_test(old_records_of_a_long_run_go_and_the_newest_stay),
        cmocka_unit_test(short_runs_keep_all),
        cmocka_unit_test(only_what_lies_below_the_checkpoint_goes),
        cmocka_unit_test(the_next_owner_goes_on_where_the_last_one_was),
        cmocka_unit_test(what_is_left_after_compaction_can_be_taken_over),
        cmocka_unit_test(the_rest_goes_when_the_run_ended_long_ago),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
