/* links: baton_base */
#include "support/unit.h"

#include "base/rng.h"

static void numbers_are_splitmix64(void **state)
{
    struct rng rng = {.state = 1234567};

    (void)state;
    /* The vector of Rosetta Code's SplitMix64 task, made with Vigna's reference. */
    assert_true(rng_next(&rng) == UINT64_C(6457827717110365317));
    assert_true(rng_next(&rng) == UINT64_C(3203168211198807973));
    assert_true(rng_next(&rng) == UINT64_C(9817491932198370423));
    assert_true(rng_next(&rng) == UINT64_C(4593380528125082431));
    assert_true(rng_next(&rng) == UINT64_C(16408922859458223821));
}

static void below_stays_below_and_reaches_all(void **state)
{
    struct rng rng = {.state = 1};
    unsigned counts[7] = {0};

    (void)state;
    for (int i = 0; i < 7000; i++) {
        uint64_t value = rng_below(&rng, 7);

        assert_true(value < 7);
        counts[value]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_in_range(counts[i], 800, 1200);
    }
    assert_int_equal(rng_below(&rng, 1), 0);
    assert_true(rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

static void chance_is_in_permille(void **state)
{
    struct rng rng = {.state = 2};
    int hits = 0;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        hits += rng_chance(&rng, 250);
        assert_false(rng_chance(&rng, 0));
        assert_true(rng_chance(&rng, 1000));
    }
    assert_in_range(hits, 2300, 2700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_splitmix64),
        cmocka_unit_test(below_stays_below_and_reaches_all),
        cmocka_unit_test(chance_is_in_permille),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
