/* The limiter in Redis, and that the simulated one keeps the same rules (engine/limiter.h). */
#include "adapter_support.h"

#include <stdio.h>
#include <string.h>

#include "adapter/redis_limits.h"
#include "base/rng.h"
#include "sim/sim_limits.h"

#define BATCH_MAX 6
#define ROUNDS 1500
#define T0 INT64_C(1767225600000)

struct pair {
    struct redis_limits *redis;
    struct limiter real;
    struct sim sim;
    struct sim_process process;
    struct sim_limits *simulated;
    struct limiter other;
};

static void pair_make(struct pair *pair)
{
    struct error err = {0};

    *pair = (struct pair){0};
    assert_status(redis_limits_open(redis_url(), fresh_name("limits"), &pair->redis, &err),
                  STATUS_OK, &err);
    pair->real = redis_limits_port(pair->redis);
    sim_init(&pair->sim, 1, T0);
    pair->sim.call_costs_permille = 0; /* Both count by the same clock. */
    sim_process_init(&pair->process, &pair->sim, "p");
    pair->simulated = sim_limits_new(&pair->sim);
    pair->other = sim_limits_port(pair->simulated, &pair->process);
}

static void pair_close(struct pair *pair)
{
    redis_limits_close(pair->redis);
    sim_limits_free(pair->simulated);
}

static void ask_of(const struct limiter *limiter, const struct limit_question *questions,
                   uint32_t count, struct limit_answer *answers)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct error err = {0};
    bool done = false;

    assert_status(limiter->ask(limiter->self, questions, count, &err), STATUS_OK, &err);
    while (!done) {
        assert_status(limiter->answers(limiter->self, &done, answers, count, &err), STATUS_OK,
                      &err);
        assert_true(real_clock_monotonic_ms() < deadline_ms);
    }
}

static struct limit_answer ask_one(struct pair *pair, const struct limits *limits, const char *id)
{
    struct limit_question question = {.service = TEXT("pay"),
                                      .limits = limits,
                                      .id = text_of(id),
                                      .lease_ms = 60000,
                                      .patience_ms = 60000};
    struct limit_answer answer;

    ask_of(&pair->real, &question, 1, &answer);
    return answer;
}

static void tell_one(struct pair *pair, const struct limits *limits, const char *id,
                     enum limit_outcome outcome)
{
    struct limit_report report = {
        .service = TEXT("pay"), .limits = limits, .id = text_of(id), .outcome = outcome};
    struct error err = {0};

    assert_status(pair->real.tell(pair->real.self, &report, 1, &err), STATUS_OK, &err);
}

static void asking_twice_gives_the_same_grant(void **state)
{
    const struct limits limits = {.concurrency = 1};
    struct pair pair;

    (void)state;
    pair_make(&pair);
    assert_int_equal(ask_one(&pair, &limits, "a").verdict, LIMIT_GRANTED);
    assert_int_equal(ask_one(&pair, &limits, "a").verdict, LIMIT_GRANTED);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_QUEUED);
    tell_one(&pair, &limits, "a", LIMIT_SUCCESS);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_GRANTED);
    pair_close(&pair);
}

static void who_waits_longer_goes_first(void **state)
{
    const struct limits limits = {.concurrency = 1};
    struct pair pair;

    (void)state;
    pair_make(&pair);
    redis_limits_set_time(pair.redis, T0);
    assert_int_equal(ask_one(&pair, &limits, "a").verdict, LIMIT_GRANTED);
    redis_limits_set_time(pair.redis, T0 + 1);
    assert_int_equal(ask_one(&pair, &limits, "z").verdict, LIMIT_QUEUED);
    redis_limits_set_time(pair.redis, T0 + 2);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_QUEUED);
    tell_one(&pair, &limits, "a", LIMIT_UNKNOWN);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_QUEUED);
    assert_int_equal(ask_one(&pair, &limits, "z").verdict, LIMIT_GRANTED);
    pair_close(&pair);
}

static void a_lost_permit_is_free_when_its_lease_ends(void **state)
{
    const struct limits limits = {.concurrency = 1};
    struct pair pair;

    (void)state;
    pair_make(&pair);
    redis_limits_set_time(pair.redis, T0);
    assert_int_equal(ask_one(&pair, &limits, "a").verdict, LIMIT_GRANTED);
    redis_limits_set_time(pair.redis, T0 + 59999);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_QUEUED);
    redis_limits_set_time(pair.redis, T0 + 60000);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_GRANTED);
    pair_close(&pair);
}

static void no_token_is_reserved_beyond_the_patience_of_who_asks(void **state)
{
    const struct limits limits = {.rate_count = 1, .rate_per_ms = 50000, .rate_burst = 1};
    struct pair pair;

    (void)state;
    pair_make(&pair);
    redis_limits_set_time(pair.redis, T0);
    assert_int_equal(ask_one(&pair, &limits, "a").verdict, LIMIT_GRANTED);
    struct limit_answer next = ask_one(&pair, &limits, "b");
    assert_int_equal(next.verdict, LIMIT_RESERVED);
    assert_int_equal(next.wait_ms, 50000);
    assert_int_equal(ask_one(&pair, &limits, "c").verdict, LIMIT_QUEUED); /* 100 s away. */
    redis_limits_set_time(pair.redis, T0 + 50000);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_GRANTED);
    next = ask_one(&pair, &limits, "c");
    assert_int_equal(next.verdict, LIMIT_RESERVED);
    assert_int_equal(next.wait_ms, 50000);
    pair_close(&pair);
}

static void a_breaker_opens_tries_and_closes(void **state)
{
    const struct limits limits = {.breaker_failures = 2,
                                  .breaker_within_ms = 10000,
                                  .breaker_open_ms = 5000,
                                  .breaker_probes = 1};
    struct pair pair;

    (void)state;
    pair_make(&pair);
    redis_limits_set_time(pair.redis, T0);
    assert_int_equal(ask_one(&pair, &limits, "a").verdict, LIMIT_GRANTED);
    assert_int_equal(ask_one(&pair, &limits, "b").verdict, LIMIT_GRANTED);
    tell_one(&pair, &limits, "a", LIMIT_FAILURE);
    assert_int_equal(ask_one(&pair, &limits, "c").breaker, BREAKER_CLOSED);
    tell_one(&pair, &limits, "b", LIMIT_FAILURE);
    struct limit_answer open = ask_one(&pair, &limits, "d");
    assert_int_equal(open.verdict, LIMIT_REFUSED);
    assert_int_equal(open.wait_ms, 5000);
    assert_int_equal(open.breaker, BREAKER_OPEN);
    redis_limits_set_time(pair.redis, T0 + 5000);
    assert_int_equal(ask_one(&pair, &limits, "e").verdict, LIMIT_GRANTED); /* The probe, */
    assert_int_equal(ask_one(&pair, &limits, "f").verdict, LIMIT_REFUSED); /* and no second. */
    tell_one(&pair, &limits, "e", LIMIT_FAILURE);
    assert_int_equal(ask_one(&pair, &limits, "f").breaker, BREAKER_OPEN);
    redis_limits_set_time(pair.redis, T0 + 10000);
    assert_int_equal(ask_one(&pair, &limits, "g").breaker, BREAKER_PROBING);
    tell_one(&pair, &limits, "g", LIMIT_SUCCESS);
    assert_int_equal(ask_one(&pair, &limits, "h").breaker, BREAKER_CLOSED);
    pair_close(&pair);
}

static void compare_round(struct pair *pair, const struct limits *limits, struct rng *rng,
                          uint32_t round)
{
    struct limit_question questions[BATCH_MAX] = {0};
    struct limit_answer real[BATCH_MAX];
    struct limit_answer other[BATCH_MAX];
    struct limit_report report = {.service = TEXT("pay"), .limits = limits};
    char ids[BATCH_MAX][16];
    uint32_t count = 1 + (uint32_t)rng_below(rng, BATCH_MAX);
    struct error err = {0};

    pair->sim.now_ms += (int64_t)rng_below(rng, 900);
    redis_limits_set_time(pair->redis, pair->sim.now_ms);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t id = rng_below(rng, 30) + round / 40 * 10;

        (void)snprintf(ids[i], sizeof(ids[i]), "%04u", (unsigned)id);
        questions[i] = (struct limit_question){
            .service = TEXT("pay"),
            .limits = limits,
            .id = text_of(ids[i]),
            .key = id % 3 == 0   ? TEXT("")
                   : id % 3 == 1 ? TEXT("one")
                                 : TEXT("two"),
            .lease_ms = 500 + (int64_t)rng_below(rng, 9000),
            .patience_ms = id % 7 == 0 ? -1 : (int64_t)rng_below(rng, 5000),
        };
    }
    ask_of(&pair->real, questions, count, real);
    ask_of(&pair->other, questions, count, other);
    for (uint32_t i = 0; i < count; i++) {
        if (real[i].verdict != other[i].verdict || real[i].wait_ms != other[i].wait_ms) {
            fail_msg("round %u, %s: %d in %lld ms, simulated %d in %lld ms", round, ids[i],
                     (int)real[i].verdict, (long long)real[i].wait_ms, (int)other[i].verdict,
                     (long long)other[i].wait_ms);
        }
    }
    assert_int_equal(real[0].breaker, other[count - 1].breaker);
    if (rng_below(rng, 3) > 0) {
        report.id = text_of(ids[0]);
        report.outcome = (enum limit_outcome)rng_below(rng, 3);
        assert_status(pair->real.tell(pair->real.self, &report, 1, &err), STATUS_OK, &err);
        assert_status(pair->other.tell(pair->other.self, &report, 1, &err), STATUS_OK, &err);
    }
}

static void the_simulated_limiter_says_what_redis_says(void **state)
{
    static const struct limits all[] = {
        {.concurrency = 3},
        {.rate_count = 2, .rate_per_ms = 1000, .rate_burst = 3},
        {.breaker_failures = 3,
         .breaker_within_ms = 8000,
         .breaker_open_ms = 2000,
         .breaker_probes = 2},
        {.concurrency = 4,
         .rate_count = 4,
         .rate_per_ms = 1000,
         .rate_burst = 4,
         .breaker_failures = 4,
         .breaker_within_ms = 8000,
         .breaker_open_ms = 3000,
         .breaker_probes = 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct rng rng = {17 + i};
        struct pair pair;

        pair_make(&pair);
        for (uint32_t round = 0; round < ROUNDS; round++) {
            compare_round(&pair, &all[i], &rng, round);
        }
        pair_close(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asking_twice_gives_the_same_grant),
        cmocka_unit_test(who_waits_longer_goes_first),
        cmocka_unit_test(a_lost_permit_is_free_when_its_lease_ends),
        cmocka_unit_test(no_token_is_reserved_beyond_the_patience_of_who_asks),
        cmocka_unit_test(a_breaker_opens_tries_and_closes),
        cmocka_unit_test(the_simulated_limiter_says_what_redis_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
