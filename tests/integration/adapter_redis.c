/* What the store of sleeping runs promises, on a real Redis (DESIGN.md section 6). */
#include "adapter_support.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A command of the test's own, as "DEL %s". The reply's number, or its length. */
static long long redis(const char *format, const char *key)
{
    char host[64] = {0};
    int port = 0;
    long long number;
    redisContext *context;
    redisReply *reply;

    assert_int_equal(sscanf(redis_url().data, "redis://%63[^:]:%d", host, &port), 2);
    context = redisConnect(host, port);
    assert_non_null(context);
    assert_int_equal(context->err, 0);
    reply = redisCommand(context, format, key);
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    number = reply->type == REDIS_REPLY_INTEGER ? reply->integer : (long long)reply->elements;
    freeReplyObject(reply);
    redisFree(context);
    return number;
}

/* a: two timers and a stack of two; b: one timer; c: nothing but a state. */
static const struct sleep_timer timers_a[] = {{{"retry/pay/7-1", 13}, 5000},
                                              {{"timeout/pay/7-1", 15}, 9000}};
static const struct sleep_timer timers_b[] = {{{"wait/nap/7-2", 12}, 4000}};
static const struct text stack_a[] = {{"undo\0one", 8}, {"undo two", 8}};
static const struct sleep_op three[] = {
    {.name = {"order:a 1", 9},
     .state = {"state\0of a", 10},
     .timers = timers_a,
     .timer_count = 2,
     .stack = stack_a,
     .stack_count = 2},
    {.name = {"order:b", 7}, .state = {"", 0}, .timers = timers_b, .timer_count = 1},
    {.name = {"order:c", 7}, .state = {"3:not a count", 13}},
};

static void what_was_applied_is_loaded_byte_for_byte(void **state)
{
    const struct text names[] = {TEXT("order:a 1"), TEXT("nobody"), TEXT("order:b"),
                                 TEXT("order:c")};
    struct sleep_run runs[4];
    struct sleep_stamp stamp;
    struct error err = {0};
    struct bed bed;

    (void)state;
    bed_make(&bed, redis_url());
    assert_false(bed_stamp(&bed).present);
    bed_reset(&bed, GENERATION);
    stamp = bed_stamp(&bed);
    assert_true(stamp.present);
    assert_int_equal(stamp.watermark, 0);
    assert_true(stamp.applied_ms > 0); /* Of now: a new generation is not an old one. */

    assert_int_equal(bed_apply(&bed, 0, 42, three, 3), STATUS_OK);
    stamp = bed_stamp(&bed);
    assert_int_equal(stamp.format, SLEEP_FORMAT);
    assert_string_equal(stamp.topic_id, "topic-id");
    assert_true(stamp.generation == GENERATION);
    assert_int_equal(stamp.watermark, 42);
    assert_int_equal(stamp.applied_ms, 1000);
    assert_int_equal(stamp.run_count, 3);
    assert_int_equal(stamp.run_count_seen, 3);
    assert_int_equal(stamp.timer_count, 3);
    assert_int_equal(stamp.timer_count_seen, 3);

    assert_status(bed.store.load(bed.store.self, GENERATION, 42, names, 4, runs, &err), STATUS_OK,
                  &err);
    assert_true(text_equal(runs[0].state, TEXT("state\0of a")));
    assert_int_equal(runs[0].stack_count, 2);
    assert_true(text_equal(runs[0].stack[0], TEXT("undo\0one")));
    assert_true(text_equal(runs[0].stack[1], TEXT("undo two")));
    assert_null(runs[1].state.data);
    assert_non_null(runs[2].state.data);
    assert_int_equal(runs[2].state.bytes, 0);
    assert_int_equal(runs[2].stack_count, 0);
    assert_true(text_equal(runs[3].state, TEXT("3:not a count")));
    bed_close(&bed);
}

static void a_run_is_replaced_whole_and_goes_whole(void **state)
{
    static const struct sleep_timer later[] = {{{"retry/pay/7-1", 13}, 7000}};
    const struct sleep_op changes[] = {
        {.name = three[0].name, .state = {"new", 3}, .timers = later, .timer_count = 1},
        {.name = three[1].name},
        {.name = {"never there", 11}},
    };
    struct sleep_run runs[2];
    struct sleep_due due[8];
    struct sleep_stamp stamp;
    struct error err = {0};
    struct bed bed;
    uint32_t count = 0;

    (void)state;
    bed_make(&bed, redis_url());
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 1, three, 3), STATUS_OK);
    assert_int_equal(bed_apply(&bed, 1, 2, changes, 3), STATUS_OK);
    stamp = bed_stamp(&bed);
    assert_int_equal(stamp.run_count, 2);
    assert_int_equal(stamp.run_count_seen, 2);
    assert_int_equal(stamp.timer_count, 1);
    assert_int_equal(stamp.timer_count_seen, 1);
    assert_status(bed.store.load(bed.store.self, GENERATION, 2, &three[0].name, 1, runs, &err),
                  STATUS_OK, &err);
    assert_true(text_is(runs[0].state, "new"));
    assert_int_equal(runs[0].stack_count, 0);
    assert_status(bed.store.due(bed.store.self, GENERATION, 2, 99999, due, 8, &count, &err),
                  STATUS_OK, &err);
    assert_int_equal(count, 1);
    assert_int_equal(due[0].due_ms, 7000);
    bed_close(&bed);
}

static void due_timers_come_oldest_first_and_stay_armed(void **state)
{
    struct sleep_due due[2];
    struct error err = {0};
    struct bed bed;
    uint32_t count = 0;

    (void)state;
    bed_make(&bed, redis_url());
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 1, three, 3), STATUS_OK);
    assert_status(bed.store.due(bed.store.self, GENERATION, 1, 3999, due, 2, &count, &err),
                  STATUS_OK, &err);
    assert_int_equal(count, 0);
    for (int again = 0; again < 2; again++) {
        assert_status(bed.store.due(bed.store.self, GENERATION, 1, 9000, due, 2, &count, &err),
                      STATUS_OK, &err);
        assert_int_equal(count, 2);
        assert_int_equal(due[0].due_ms, 4000);
        assert_true(text_is(due[0].name, "order:b"));
        assert_true(text_is(due[0].id, "wait/nap/7-2"));
        assert_int_equal(due[1].due_ms, 5000);
        assert_true(text_is(due[1].name, "order:a 1"));
        assert_true(text_is(due[1].id, "retry/pay/7-1"));
    }
    bed_close(&bed);
}

static void an_apply_elsewhere_changes_nothing(void **state)
{
    struct sleep_stamp stamp;
    struct error err = {0};
    struct bed bed;
    bool done = false;

    (void)state;
    bed_make(&bed, redis_url());
    assert_int_equal(bed_apply(&bed, 0, 1, three, 3), STATUS_STALE); /* Nothing there at all. */
    assert_false(bed_stamp(&bed).present);
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 5, 9, three, 3), STATUS_STALE);
    assert_status(bed.store.apply(bed.store.self, GENERATION + 1, 0, 9, 1, three, 3, &err),
                  STATUS_OK, &err); /* Of another generation, of one bit in 64. */
    assert_status(bed.store.settle(bed.store.self, DEADLINE_MS, &done, &err), STATUS_STALE, &err);
    stamp = bed_stamp(&bed);
    assert_int_equal(stamp.watermark, 0);
    assert_int_equal(stamp.run_count_seen, 0);
    assert_int_equal(stamp.timer_count_seen, 0);
    bed_close(&bed);
}

static void repeating_an_apply_is_harmless(void **state)
{
    struct bed bed;

    (void)state;
    bed_make(&bed, redis_url());
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 7, three, 3), STATUS_OK);
    assert_int_equal(bed_apply(&bed, 0, 7, three, 3), STATUS_OK); /* It stands at 7. */
    assert_int_equal(bed_stamp(&bed).watermark, 7);
    assert_int_equal(bed_stamp(&bed).run_count, 3);
    assert_int_equal(bed_stamp(&bed).timer_count_seen, 3);
    assert_int_equal(bed_apply(&bed, 7, 8, NULL, 0), STATUS_OK);
    assert_int_equal(bed_apply(&bed, 0, 7, three, 3), STATUS_STALE);
    bed_close(&bed);
}

/* What is lost is noticed at the next reading call, whatever it is. */
static void assert_loss_is_noticed(const char *command, const char *key_format)
{
    const struct text name = TEXT("order:c");
    struct sleep_run run;
    struct sleep_due due;
    struct error err = {0};
    struct bed bed;
    char key[160];
    uint32_t count = 0;

    bed_make(&bed, redis_url());
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 1, three, 3), STATUS_OK);
    (void)snprintf(key, sizeof(key), key_format, bed.app, (long long)GENERATION);
    assert_true(redis(command, key) > 0);
    assert_status(bed.store.load(bed.store.self, GENERATION, 1, &name, 1, &run, &err), STATUS_STALE,
                  &err);
    assert_status(bed.store.due(bed.store.self, GENERATION, 1, 99999, &due, 1, &count, &err),
                  STATUS_STALE, &err);
    bed_close(&bed);
}

static void a_flush_is_noticed(void **state)
{
    (void)state;
    assert_loss_is_noticed("DEL %s", "{%s:0}:meta");
}

static void a_lost_run_is_noticed(void **state)
{
    (void)state;
    assert_loss_is_noticed("HDEL %s order:b", "{%s:0}:%lld:i");
    assert_loss_is_noticed("DEL %s", "{%s:0}:%lld:i");
}

static void a_lost_timer_is_noticed(void **state)
{
    (void)state;
    assert_loss_is_noticed("ZREMRANGEBYRANK %s 0 0", "{%s:0}:%lld:t");
    assert_loss_is_noticed("DEL %s", "{%s:0}:%lld:t");
}

static void keys_of_somebody_else_are_stale_and_not_an_end(void **state)
{
    const struct text name = TEXT("order:c");
    struct sleep_run run;
    struct error err = {0};
    struct bed bed;
    char key[160];

    (void)state;
    bed_make(&bed, redis_url());
    (void)snprintf(key, sizeof(key), "{%s:0}:meta", bed.app);
    (void)redis("SET %s hello", key);
    assert_false(bed_stamp(&bed).present);
    assert_status(bed.store.load(bed.store.self, GENERATION, 1, &name, 1, &run, &err), STATUS_STALE,
                  &err);
    assert_int_equal(bed_apply(&bed, 0, 1, three, 3), STATUS_STALE);
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 1, three, 3), STATUS_OK);
    bed_close(&bed);
}

static void a_new_generation_is_empty_and_the_old_one_is_removed_bit_by_bit(void **state)
{
    enum { RUNS = 1300 };
    static char names[RUNS][16];
    static struct sleep_op ops[RUNS];
    int64_t next = GENERATION + 1;
    struct error err = {0};
    struct bed bed;
    char pattern[160];
    int64_t at = 0;
    bool done = false;

    (void)state;
    for (int i = 0; i < RUNS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "order:%d", i);
        ops[i] = (struct sleep_op){
            .name = text_of(names[i]), .state = TEXT("state"), .stack = stack_a, .stack_count = 1};
    }
    bed_make(&bed, redis_url());
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 1, ops, RUNS), STATUS_OK);
    (void)snprintf(pattern, sizeof(pattern), "{%s:0}:%lld:*", bed.app, (long long)GENERATION);
    assert_true(redis("KEYS %s", pattern) == RUNS + 1);

    bed_reset(&bed, next);
    bed_reset(&bed, next); /* Harmless as well. */
    assert_int_equal(bed_stamp(&bed).watermark, 0);
    assert_int_equal(bed_stamp(&bed).run_count_seen, 0);
    for (; redis("KEYS %s", pattern) > 0; at++) {
        assert_true(at < 20);
        assert_status(bed.store.apply(bed.store.self, next, at, at + 1, 1, three, 3, &err),
                      STATUS_OK, &err);
        assert_status(bed.store.settle(bed.store.self, DEADLINE_MS, &done, &err), STATUS_OK, &err);
        (void)bed_stamp(&bed); /* Answers come in order: what followed the apply is done, too. */
    }
    assert_true(at > 1); /* Not all at once. */
    assert_int_equal(bed_stamp(&bed).run_count_seen, 3);
    assert_status(bed.store.reset(bed.store.self, next, TEXT("t"), &err), STATUS_STALE, &err);
    bed_close(&bed);
}

static void names_and_answers_do_not_mix_between_partitions(void **state)
{
    struct sleep_store other;
    struct sleep_place port;
    struct sleep_run run;
    struct error err = {0};
    struct bed bed;
    bool done = false;

    (void)state;
    bed_make(&bed, redis_url());
    port = redis_place_port(bed.place);
    assert_status(port.open(port.self, 1, &other, &err), STATUS_OK, &err);
    bed_reset(&bed, GENERATION);
    assert_status(other.reset(other.self, 5, TEXT(""), &err), STATUS_OK, &err);
    /* Two answers are on their way on one link; they are fetched in the other order. */
    assert_status(bed.store.apply(bed.store.self, GENERATION, 0, 3, 1, three, 3, &err), STATUS_OK,
                  &err);
    assert_status(other.apply(other.self, 5, 1, 2, 1, NULL, 0, &err), STATUS_OK, &err);
    assert_status(other.load(other.self, 5, 0, &three[0].name, 1, &run, &err), STATUS_OK, &err);
    assert_null(run.state.data);
    assert_status(other.settle(other.self, DEADLINE_MS, &done, &err), STATUS_STALE, &err);
    assert_status(bed.store.settle(bed.store.self, 0, &done, &err), STATUS_OK, &err);
    assert_true(done);
    assert_int_equal(bed_stamp(&bed).watermark, 3);
    other.close(other.self);
    bed_close(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_applied_is_loaded_byte_for_byte),
        cmocka_unit_test(a_run_is_replaced_whole_and_goes_whole),
        cmocka_unit_test(due_timers_come_oldest_first_and_stay_armed),
        cmocka_unit_test(an_apply_elsewhere_changes_nothing),
        cmocka_unit_test(repeating_an_apply_is_harmless),
        cmocka_unit_test(a_flush_is_noticed),
        cmocka_unit_test(a_lost_run_is_noticed),
        cmocka_unit_test(a_lost_timer_is_noticed),
        cmocka_unit_test(keys_of_somebody_else_are_stale_and_not_an_end),
        cmocka_unit_test(a_new_generation_is_empty_and_the_old_one_is_removed_bit_by_bit),
        cmocka_unit_test(names_and_answers_do_not_mix_between_partitions),
    };

    if (redis_url().bytes == 0) {
        (void)fprintf(stderr, "REDIS_URL is not set\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
