/* links: baton_engine */
#include "engine/wake_heap.h"

#include <string.h>

#include "base/rng.h"
#include "support/unit.h"

#define WAKES 300

static void make(struct wake *wakes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        wakes[i] = (struct wake){.place = WAKE_OUTSIDE};
    }
}

static int64_t earliest(const struct wake *wakes, uint32_t count)
{
    int64_t at_ms = WAKE_NEVER;

    for (uint32_t i = 0; i < count; i++) {
        if (wakes[i].place != WAKE_OUTSIDE && wakes[i].at_ms < at_ms) {
            at_ms = wakes[i].at_ms;
        }
    }
    return at_ms;
}

static void an_empty_heap_has_no_first(void **state)
{
    struct wake_heap heap = {0};
    struct wake wake = {.place = WAKE_OUTSIDE};

    (void)state;
    assert_null(wake_heap_first(&heap));
    wake_heap_set(&heap, &wake, WAKE_NEVER); /* Taking out what is outside does nothing. */
    assert_null(wake_heap_first(&heap));
    wake_heap_release(&heap);
}

static void the_first_is_the_earliest_whatever_moves(void **state)
{
    struct wake_heap heap = {0};
    struct wake wakes[WAKES];
    struct rng rng = {11};

    (void)state;
    make(wakes, WAKES);
    for (uint32_t round = 0; round < 20 * WAKES; round++) {
        struct wake *wake = &wakes[rng_below(&rng, WAKES)];
        int64_t at_ms = rng_below(&rng, 3) == 0 ? WAKE_NEVER : (int64_t)rng_below(&rng, 100);

        wake_heap_set(&heap, wake, at_ms);
        assert_int_equal(wake->place == WAKE_OUTSIDE, at_ms == WAKE_NEVER);
        const struct wake *first = wake_heap_first(&heap);
        assert_int_equal(first == NULL ? WAKE_NEVER : first->at_ms, earliest(wakes, WAKES));
    }
    wake_heap_release(&heap);
}

static void each_comes_out_once_and_in_order(void **state)
{
    struct wake_heap heap = {0};
    struct wake wakes[WAKES];
    struct rng rng = {12};
    int64_t before_ms = -1;
    uint32_t count = 0;

    (void)state;
    make(wakes, WAKES);
    for (uint32_t i = 0; i < WAKES; i++) {
        wake_heap_set(&heap, &wakes[i], (int64_t)rng_below(&rng, WAKES / 2));
        wake_heap_set(&heap, &wakes[i], (int64_t)rng_below(&rng, WAKES / 2)); /* One entry each. */
    }
    for (struct wake *wake; (wake = wake_heap_first(&heap)) != NULL; count++) {
        assert_true(wake->at_ms >= before_ms);
        before_ms = wake->at_ms;
        wake_heap_set(&heap, wake, WAKE_NEVER);
    }
    assert_int_equal(count, WAKES);
    wake_heap_release(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_has_no_first),
        cmocka_unit_test(the_first_is_the_earliest_whatever_moves),
        cmocka_unit_test(each_comes_out_once_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
