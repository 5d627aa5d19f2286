/*
 * What threads of a worker share without a lock of their caller: the barrier's last round and the
 * counters. Built with ThreadSanitizer by ops/test. librdkafka makes its threads in a way that this
 * sanitizer cannot follow, so the simulated broker stands in.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "crypto/digest.h"
#include "engine/barrier.h"
#include "engine/metrics.h"
#include "engine/tally.h"
#include "support/router_kit.h"

#define ROUNDS 2000

static const char one[] = KIT_FLOW("one", "1", "earliest");

struct watch {
    const struct barrier *barrier;
    atomic_bool is_over;
    bool went_back;
};

/* As a lane does it, while another thread steps. */
static void *watch_barrier(void *argument)
{
    struct watch *watch = argument;
    int64_t last_ms = 0;

    while (!atomic_load(&watch->is_over)) {
        int64_t time_ms;
        int64_t end;
        if (barrier_read(watch->barrier, 0, &time_ms, &end)) {
            watch->went_back = watch->went_back || time_ms < last_ms;
            last_ms = time_ms;
        }
    }
    return NULL;
}

static void rounds_are_read_whole_while_the_barrier_steps(void **state)
{
    struct barrier *barrier = NULL;
    struct watch watch = {0};
    pthread_t thread;
    struct kit kit;

    (void)state;
    kit_open(&kit);
    kit_topic_named(&kit, "in", 2);
    kit_publish(&kit, one);
    assert_int_equal(barrier_open(&kit.port, &kit.clock, &kit.settings, &barrier, &kit.err),
                     STATUS_OK);
    watch.barrier = barrier;
    assert_int_equal(pthread_create(&thread, NULL, watch_barrier, &watch), 0);
    for (int i = 0; i < ROUNDS; i++) {
        kit.sim.now_ms += 250;
        assert_int_equal(barrier_step(barrier, &kit.err), STATUS_OK);
    }
    atomic_store(&watch.is_over, true);
    pthread_join(thread, NULL);
    assert_false(watch.went_back);
    barrier_close(barrier);
    kit_close(&kit);
}

static void *digest_some(void *argument)
{
    unsigned char *digest = argument;

    for (int i = 0; i < 100; i++) {
        digest_sha256(TEXT("abc"), digest);
    }
    return NULL;
}

static void lanes_may_digest_at_the_same_time(void **state)
{
    unsigned char digests[4][DIGEST_BYTES];
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, digest_some, digests[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_memory_equal(digests[i], digests[0], DIGEST_BYTES);
    }
}

/* As the HTTP server reads what a lane counts. */
struct scrape {
    const struct lane_stats *stats;
    atomic_bool is_over;
    uint32_t renders;
};

static void *scrape_often(void *argument)
{
    struct scrape *scrape = argument;
    struct buffer out = {0};

    while (!atomic_load(&scrape->is_over) || scrape->renders == 0) {
        struct metrics_view view = {.lanes = &scrape->stats, .lane_count = 1, .barrier_age_ms = -1};
        buffer_clear(&out);
        metrics_render(&view, &out);
        scrape->renders++;
    }
    buffer_release(&out);
    return NULL;
}

static void counters_are_read_while_they_rise_and_names_come(void **state)
{
    struct lane_stats stats = {0};
    struct scrape scrape = {.stats = &stats};
    struct tally tally = {0};
    pthread_t thread;
    char name[32];

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, scrape_often, &scrape), 0);
    for (int i = 0; i < ROUNDS * 10; i++) {
        snprintf(name, sizeof name, "kind-%d", i / 100);
        tally_alert(&stats, name);
        tally_outcome(&tally, OUTCOME_APPLIED);
        tally_fired(&tally, TIMER_ATTEMPT, i);
        tally_publish(&tally, &stats);
        tally_commit(&stats, i % 50, 1);
    }
    atomic_store(&scrape.is_over, true);
    pthread_join(thread, NULL);
    assert_int_equal(stat_get(&stats.outcomes[OUTCOME_APPLIED]), ROUNDS * 10);
    assert_int_equal(stat_get(&stat_row(&stats.alerts, TEXT("kind-0"))->values[0]), 100);
    lane_stats_release(&stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_are_read_whole_while_the_barrier_steps),
        cmocka_unit_test(lanes_may_digest_at_the_same_time),
        cmocka_unit_test(counters_are_read_while_they_rise_and_names_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
