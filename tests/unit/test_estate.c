/* Cases that designs of this kind often get wrong, each from the source topic to the outcome. */
#include "support/worker_kit.h"

#define HOUR_MS INT64_C(3600000)

/* A flow that asks the service, may listen, and tells the outcome. */
#define FLOW(name, version, more, steps)                                                           \
    "flow: " name "\nversion: " version "\nkey: .id\nstart: {topic: in, from: earliest}\n"         \
    "timeout: 2d\n" more                                                                           \
    "topics: {in: {name: in, key: .id}, go: {name: go, key: .id}, out: {name: out}}\n"             \
    "services: {work: {commands: work.commands, replies: work.replies, success: "                  \
    ".ok}}\ndo:\n" steps
#define WORK(timeout)                                                                              \
    "  - {step: work, request: work, type: Work, value: {id: \"${ .id }\"}, timeout: " timeout     \
    ", retry: 1}\n"
#define LISTEN "  - {step: waits, listen: go, timeout: 1d}\n"
#define OUT(words) "  - {step: ended, emit: out, value: {how: \"" words "\"}}\n"
#define ON_FAILURE(words) "onFailure:\n  - {step: failed, emit: out, value: {how: \"" words "\"}}\n"

static void assert_outcome(struct crew *crew, const char *instance, uint32_t count, const char *how)
{
    char wanted[64];
    char value[64] = "";

    snprintf(wanted, sizeof(wanted), "{\"how\":\"%s\"}", how);
    assert_int_equal(crew_count_of(crew, "out", instance, value, sizeof(value)), count);
    assert_string_equal(value, wanted);
}

/* A key whose instances of both flows have one partition. */
static void shared_key(int number, char key[16])
{
    char one[24];
    char two[24];
    int found = 0;

    for (int i = 0; found <= number; i++) {
        snprintf(key, 16, "K%d", i);
        snprintf(one, sizeof(one), "one:%s", key);
        snprintf(two, sizeof(two), "two:%s", key);
        found += kafka_partition(text_of(one), KIT_PARTITIONS) ==
                 kafka_partition(text_of(two), KIT_PARTITIONS);
    }
}

static void two_flows_on_a_topic_share_a_partition_and_get_each_record_once(void **state)
{
    enum { KEYS = 24 };
    struct crew crew;
    char instance[24];
    char key[16];

    (void)state;
    crew_open(&crew, FLOW("one", "1", "", WORK("10m") OUT("one")));
    kit_publish(&crew.kit, FLOW("two", "1", "", LISTEN OUT("two")));
    crew_start(&crew, 0);
    crew_run(&crew, 3000);
    /* When: both take every record, and their owner dies in between. */
    for (int i = 0; i < KEYS; i++) {
        shared_key(i, key);
        crew_put(&crew, "in", key);
        if (i == KEYS / 2) {
            crew_run(&crew, 400);
            crew_kill(&crew, 0);
            crew_start(&crew, 1);
        }
    }
    crew_await(&crew, "out", KEYS, 60000);
    for (int i = 0; i < KEYS; i++) {
        shared_key(i, key);
        crew_put(&crew, "go", key);
    }
    crew_await(&crew, "out", 2 * KEYS, 60000);
    crew_run(&crew, 5000);
    /* Then: each flow has run once for each key. */
    for (int i = 0; i < KEYS; i++) {
        shared_key(i, key);
        snprintf(instance, sizeof(instance), "one:%s", key);
        assert_outcome(&crew, instance, 1, "one");
        snprintf(instance, sizeof(instance), "two:%s", key);
        assert_outcome(&crew, instance, 1, "two");
    }
    assert_int_equal(crew_count(&crew, "out"), 2 * KEYS);
    crew_close(&crew);
}

static uint32_t deeds_of(struct crew *crew, const char *instance, uint32_t *commands)
{
    const struct sim_deed *deed;
    uint32_t count = 0;

    *commands = 0;
    for (size_t i = 0; (deed = sim_services_deed(crew->services, i)) != NULL; i++) {
        if (text_is(deed->instance, instance)) {
            assert_true(deed->done);
            *commands += deed->commands;
            count++;
        }
    }
    return count;
}

static void a_key_runs_again_once_it_is_forgotten_and_services_do_the_work_anew(void **state)
{
    struct crew crew;
    uint32_t commands;

    (void)state;
    crew_open(&crew, FLOW("order", "1", "remember: 10s\n", WORK("10m") OUT("done")));
    crew_start(&crew, 0);
    crew_put(&crew, "in", "A");
    crew_await(&crew, "out", 1, 10000);
    /* When: it comes again while it is remembered. */
    crew_put(&crew, "in", "A");
    crew_run(&crew, 5000);
    /* Then: it does not run again. */
    assert_outcome(&crew, "order:A", 1, "done");
    assert_int_equal(deeds_of(&crew, "order:A", &commands), 1);
    /* When: it comes after that. */
    crew_run(&crew, 20000);
    crew_put(&crew, "in", "A");
    crew_await(&crew, "out", 2, 10000);
    crew_run(&crew, 5000);
    /* Then: that is another run, its idempotency keys are its own, and the service that knows the
     * former one's does the work again. */
    assert_outcome(&crew, "order:A", 2, "done");
    assert_int_equal(deeds_of(&crew, "order:A", &commands), 2);
    assert_int_equal(commands, 2);
    crew_close(&crew);
}

static void a_run_that_slept_and_woke_is_taken_over_before_its_checkpoint(void **state)
{
    struct crew crew;

    (void)state;
    crew_open(&crew,
              FLOW("order", "1", "",
                   LISTEN "  - {step: more, listen: go, timeout: 1d}\n" WORK("10m") OUT("done")));
    crew_start(&crew, 0);
    crew_put(&crew, "in", "A");
    crew_run(&crew, 20000);
    assert_true(crew_count(&crew, crew.kit.names.snapshot) == 1);
    /* When: it wakes, and its owner dies before it sleeps again. */
    crew_put(&crew, "go", "A");
    crew_await(&crew, crew.kit.names.history, 2, 5000);
    crew_run(&crew, 1000);
    assert_true(crew_count(&crew, crew.kit.names.snapshot) == 1);
    crew_kill(&crew, 0);
    crew_start(&crew, 1);
    crew_run(&crew, 15000);
    /* Then: the new owner has it where it woke: one message goes on, not two. */
    assert_int_equal(crew_count(&crew, "work.commands"), 0);
    crew_put(&crew, "go", "A");
    crew_await(&crew, "out", 1, 20000);
    crew_run(&crew, 5000);
    assert_outcome(&crew, "order:A", 1, "done");
    assert_int_equal(crew_count(&crew, "work.commands"), 1);
    crew_close(&crew);
}

/* The owner is gone, work waits for the next one, which is to die at a call to come; 0: it lives. */
static void open_with_work(struct crew *crew, uint64_t point)
{
    char key[16];

    crew_open(crew, FLOW("order", "1", "", WORK("10m") OUT("done")));
    crew_start(crew, 0);
    crew_run(crew, 4000);
    crew_kill(crew, 0);
    for (int i = 0; i < 4; i++) {
        snprintf(key, sizeof(key), "K%d", i);
        crew_put(crew, "in", key);
    }
    crew_start(crew, 1);
    crew->workers[1].first_crash_at = point;
}

/* Gives whether a transaction was open when the new owner died; all must be well in any case. */
static bool die_at(uint64_t point)
{
    struct crew crew;
    bool was_open;

    open_with_work(&crew, point);
    for (int i = 0; i < 150 && !crew.workers[1].process.crashed; i++) {
        crew_turn(&crew);
    }
    assert_true(crew.workers[1].process.crashed);
    was_open = sim_broker_open_transactions(crew.kit.broker) > 0;
    crew_kill(&crew, 1);
    crew_start(&crew, 2);
    crew_await(&crew, "out", 4, 60000);
    crew_run(&crew, 3000);
    assert_int_equal(crew_count(&crew, "out"), 4);
    assert_int_equal(crew_count(&crew, "work.commands"), 4);
    crew_close(&crew);
    return was_open;
}

static void a_new_owner_that_dies_in_its_first_transaction_leaves_nothing_undone(void **state)
{
    struct crew crew;
    uint64_t last;
    uint32_t open = 0;

    (void)state;
    /* Given: how many calls it makes until its first transaction is through. */
    open_with_work(&crew, 0);
    crew_await(&crew, "work.commands", 1, 20000);
    last = crew.workers[1].process.points;
    crew_close(&crew);
    /* When: it dies at one of them, the next one ends what it began and every saga goes through. */
    for (uint64_t point = last - 20; point <= last; point++) {
        open += die_at(point);
    }
    assert_true(open >= 3);
}

static void replies_that_were_in_time_beat_their_deadlines_after_an_hour(void **state)
{
    enum { ORDERS = 60 };
    struct crew crew;
    char instance[24];
    char key[16];

    (void)state;
    crew_open(&crew, FLOW("order", "1", "", WORK("5m") OUT("done") ON_FAILURE("late")));
    crew.kit.settings.batch_records_max = 4; /* Many turns, so that deadlines could come between. */
    crew_start(&crew, 0);
    for (int i = 0; i < ORDERS; i++) {
        snprintf(key, sizeof(key), "K%d", i);
        crew_put(&crew, "in", key);
    }
    for (int i = 0; i < 300 && crew_count(&crew, "work.commands") < ORDERS; i++) {
        crew.kit.sim.now_ms += KIT_STEP_MS;
        worker_turn(&crew.workers[0]);
    }
    assert_int_equal(crew_count(&crew, "work.commands"), ORDERS);
    /* When: every worker is gone, the services answer at once, and an hour passes. */
    crew_kill(&crew, 0);
    for (int i = 0; i < 100; i++) {
        crew_turn(&crew);
    }
    assert_int_equal(crew_count(&crew, "work.replies"), ORDERS);
    crew.kit.sim.now_ms += HOUR_MS;
    crew_start(&crew, 1);
    crew_await(&crew, "out", ORDERS, 120000);
    crew_run(&crew, 5000);
    /* Then: none has run into its deadline of five minutes. */
    for (int i = 0; i < ORDERS; i++) {
        snprintf(instance, sizeof(instance), "order:K%d", i);
        assert_outcome(&crew, instance, 1, "done");
    }
    crew_close(&crew);
}

static void a_deadline_without_a_reply_fires_after_the_hour(void **state)
{
    struct crew crew;

    (void)state;
    crew_open(&crew,
              FLOW("order", "1", "",
                   "  - {step: waits, listen: go, timeout: 5m}\n" OUT("done") ON_FAILURE("late")));
    crew_start(&crew, 0);
    crew_put(&crew, "in", "A");
    crew_run(&crew, 10000);
    crew_kill(&crew, 0);
    crew.kit.sim.now_ms += HOUR_MS;
    crew_start(&crew, 1);
    crew_await(&crew, "out", 1, 60000);
    assert_outcome(&crew, "order:A", 1, "late");
    crew_close(&crew);
}

static void old_runs_keep_their_version_in_a_rolling_start(void **state)
{
    static const char first[] = FLOW("order", "1", "", LISTEN OUT("first"));
    static const char second[] = FLOW("order", "2", "", LISTEN OUT("second"));
    static const char other[] = FLOW("order", "2", "", LISTEN OUT("other"));
    struct crew crew;

    (void)state;
    crew_open(&crew, first);
    crew_start(&crew, 0);
    crew_put(&crew, "in", "A");
    crew_run(&crew, 5000);
    /* When: another worker brings a second version, and one more starts with the first file. */
    kit_publish(&crew.kit, second);
    crew_start(&crew, 1);
    crew_run(&crew, 5000);
    crew_put(&crew, "in", "B");
    crew_run(&crew, 3000);
    kit_publish(&crew.kit, first);
    crew_start(&crew, 2);
    crew_run(&crew, 10000);
    crew_put(&crew, "in", "C");
    crew_run(&crew, 3000);
    /* And: somebody has another file of the second version. */
    assert_int_equal(kit_publish_all(&crew.kit, other, NULL, NULL), STATUS_REJECT);
    kit_assert_says(&crew.kit, "version 2");
    /* Then: each run ends by the version that it began with, whichever worker has it. */
    crew_put(&crew, "go", "A");
    crew_put(&crew, "go", "B");
    crew_put(&crew, "go", "C");
    crew_await(&crew, "out", 3, 30000);
    assert_outcome(&crew, "order:A", 1, "first");
    assert_outcome(&crew, "order:B", 1, "second");
    assert_outcome(&crew, "order:C", 1, "second");
    crew_close(&crew);
}

static void put_many(struct crew *crew, const char *life, int count)
{
    char key[16];

    for (int i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%s%d", life, i);
        crew_put(crew, "in", key);
    }
}

static void a_source_topic_that_is_made_anew_loses_and_repeats_no_start(void **state)
{
    struct crew crew;

    (void)state;
    crew_open(&crew, FLOW("order", "1", "", OUT("done")));
    crew_start(&crew, 0);
    put_many(&crew, "A", 20);
    crew_await(&crew, "out", 20, 20000);
    /* When: it is deleted and made anew, and holds at once more than was read of the old one. */
    sim_broker_recreate(crew.kit.broker, "in");
    put_many(&crew, "B", 50);
    crew_await(&crew, "out", 70, 30000);
    /* And: again, with less; and again while no router runs, with more. */
    sim_broker_recreate(crew.kit.broker, "in");
    put_many(&crew, "C", 5);
    crew_await(&crew, "out", 75, 30000);
    crew_kill(&crew, 0);
    sim_broker_recreate(crew.kit.broker, "in");
    put_many(&crew, "D", 60);
    crew_start(&crew, 1);
    crew_await(&crew, "out", 135, 60000);
    crew_run(&crew, 20000);
    /* Then: all of them have run once. */
    assert_int_equal(crew_count(&crew, "out"), 135);
    assert_int_equal(crew_count(&crew, crew.kit.names.history), 135);
    crew_close(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_flows_on_a_topic_share_a_partition_and_get_each_record_once),
        cmocka_unit_test(a_key_runs_again_once_it_is_forgotten_and_services_do_the_work_anew),
        cmocka_unit_test(a_run_that_slept_and_woke_is_taken_over_before_its_checkpoint),
        cmocka_unit_test(a_new_owner_that_dies_in_its_first_transaction_leaves_nothing_undone),
        cmocka_unit_test(replies_that_were_in_time_beat_their_deadlines_after_an_hour),
        cmocka_unit_test(a_deadline_without_a_reply_fires_after_the_hour),
        cmocka_unit_test(old_runs_keep_their_version_in_a_rolling_start),
        cmocka_unit_test(a_source_topic_that_is_made_anew_loses_and_repeats_no_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
