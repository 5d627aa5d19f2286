/* A run may go on for ever: after 1,000, 10,000 and 100,000 transitions its state, its live history, what a
 * new owner folds and what a transition writes are the same. Counted, not timed. */
#include "support/lane_kit.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/records.h"
#include "core/fold.h"
#include "engine/lane_state.h"
#include "engine/takeover_state.h"

#define MOST 500
#define PER_TURN 20
#define NEVER_RESTS_MS 2000

static const char loop[] = "flow: order\nversion: 1\nkey: .id\nkeep: 1h\n"
                           "topics:\n"
                           "  in: {name: in, key: .id}\n"
                           "  go: {name: go, key: .id}\n"
                           "start: {topic: in, from: earliest}\nremember: 1m\ntimeout: none\n"
                           "do:\n"
                           "  - {step: again, listen: go}\n"
                           "  - {step: count, set: {n: '${ (.n // 0) + 1 }'}, then: again}\n";

struct counted {
    int64_t transitions;
    int64_t live;       /* Records of the run that compaction would leave. */
    int64_t most_live;  /* At any time so far. */
    size_t state_bytes; /* Of the run, as a snapshot writes it. */
    int64_t folded;     /* By the owner that took over here. */
    size_t residents;   /* Runs in memory, */
    size_t cuts;        /* and long ones that are known. */
    size_t delta_most;  /* Bytes of the largest change since the last count. */
    int64_t checkpoint_keys;
};

struct reading {
    int64_t history_at;
    int64_t records;
    struct map live; /* The keys of what compaction would leave. */
    int64_t most_live;
    size_t delta_most;
};

static void forget(struct reading *reading)
{
    size_t cursor = 0;
    struct text name;
    void *key;

    while (map_next(&reading->live, &cursor, &name, &key)) {
        free(key);
    }
    map_release(&reading->live);
}

static void read_on(struct world *world, struct reading *reading)
{
    struct arena arena = {0};
    struct history_record history;
    struct record record;
    struct error err;

    while (sim_broker_read(world->kit.broker, text_of(world->kit.names.history), 0,
                           &reading->history_at, &record)) {
        if (record.value.data == NULL) {
            char *key = map_remove(&reading->live, record.key);
            assert_non_null(key); /* Of a record that was there. */
            free(key);
            continue;
        }
        char *key = text_dup(record.key);
        map_put(&reading->live, (struct text){key, record.key.bytes}, key);
        reading->records++;
        assert_int_equal(history_decode(record.value, &arena, &history, &err), STATUS_OK);
        if (history.delta.bytes > reading->delta_most && history.seq > 1) {
            reading->delta_most = history.delta.bytes;
        }
        arena_reset(&arena);
    }
    arena_release(&arena);
    if ((int64_t)reading->live.count > reading->most_live) {
        reading->most_live = (int64_t)reading->live.count;
    }
}

static int64_t keys_of(struct world *world, const char *topic)
{
    struct map keys = {0};
    struct arena arena = {0};
    struct record record;
    int64_t offset = 0;

    while (sim_broker_read(world->kit.broker, text_of(topic), 0, &offset, &record)) {
        if (map_get(&keys, record.key) == NULL) {
            map_put(&keys, arena_text(&arena, record.key), world);
        }
    }
    int64_t count = (int64_t)keys.count;
    map_release(&keys);
    arena_release(&arena);
    return count;
}

/* Its owner dies; how much the next one folds. */
static int64_t take_over(struct world *world)
{
    int64_t folded = 0;

    reopen_lane(world);
    for (int i = 0; i < 1000; i++) {
        const struct partition *partition = world->lane->partitions[0];
        if (partition != NULL && partition->takeover != NULL) {
            folded = (int64_t)partition->takeover->folded;
        }
        if (lane_is_ready(world->lane) && partition != NULL) {
            return folded;
        }
        turn(world);
    }
    fail_msg("the next owner does not get ready");
    return 0;
}

static struct counted count(struct world *world, struct reading *reading)
{
    struct counted counted = {.transitions = reading->records};
    const struct partition *partition = world->lane->partitions[0];
    const struct resident *resident = partition_find(partition, TEXT("order:A"));
    struct buffer state = {0};

    read_on(world, reading);
    counted.live = (int64_t)reading->live.count;
    counted.most_live = reading->most_live;
    counted.delta_most = reading->delta_most;
    reading->delta_most = 0;
    assert_non_null(resident);
    instance_canonical(resident->instance, &state);
    counted.state_bytes = state.bytes;
    buffer_release(&state);
    counted.residents = partition->residents.count;
    counted.cuts = partition->cuts.count;
    counted.checkpoint_keys = keys_of(world, world->kit.names.checkpoint);
    counted.folded = take_over(world);
    return counted;
}

static struct counted go_to(struct world *world, struct reading *reading, int64_t transitions)
{
    while (reading->records < transitions) {
        for (int i = 0; i < PER_TURN; i++) {
            give(world, "go", "A", "{\"id\":\"A\",\"what\":\"an order line\"}");
        }
        turn(world);
        read_on(world, reading);
        if (reading->records % 1000 < PER_TURN) {
            sim_broker_compact(world->kit.broker); /* A random part of what can go. */
        }
    }
    return count(world, reading);
}

static void print_one(const struct counted *counted)
{
    printf("%11lld %8lld %10lld %11zu %12lld %14zu %16lld\n", (long long)counted->transitions,
           (long long)counted->live, (long long)counted->most_live, counted->state_bytes,
           (long long)counted->folded, counted->delta_most, (long long)counted->checkpoint_keys);
}

static void a_run_of_100000_transitions_costs_what_one_of_1000_does(void **state)
{
    static const int64_t at[] = {1000, 10000, 100000};
    struct counted counted[3];
    struct reading reading = {0};
    struct world world;

    (void)state;
    open_world(&world, 0, loop);
    world.kit.settings.history_max = MOST;
    world.kit.settings.checkpoint_max_ms = NEVER_RESTS_MS;
    reopen_lane(&world);
    run_for(&world, 3000);
    give(&world, "in", "A", "{\"id\":\"A\"}");
    turn(&world);
    printf("transitions     live  most live state bytes folded after largest delta checkpoint "
           "keys\n");
    for (int i = 0; i < 3; i++) {
        counted[i] = go_to(&world, &reading, at[i]);
        print_one(&counted[i]);
    }
    /* A snapshot comes every 2 s, looked for once a second; what came since the last two stays. */
    const int64_t since = 2 * (NEVER_RESTS_MS + 1000) / STEP_MS * PER_TURN;
    for (int i = 0; i < 3; i++) {
        assert_true(counted[i].transitions >= at[i]);
        assert_in_range(counted[i].most_live, MOST, MOST + MOST / 10 + since);
        assert_in_range(counted[i].folded, 1, since);
        assert_int_equal(counted[i].residents, 1);
        assert_true(counted[i].cuts <= 1);
        /* The checkpoint, a watermark of each source, how far it is cut; the janitor's of two `keep`. */
        assert_in_range(counted[i].checkpoint_keys, 4, 6);
        /* Numbers get longer by two digits, and stand in a few places. */
        assert_in_range(counted[i].state_bytes, counted[0].state_bytes,
                        counted[0].state_bytes + 40);
        assert_true(counted[i].delta_most <= counted[0].delta_most);
    }
    forget(&reading);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_of_100000_transitions_costs_what_one_of_1000_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
