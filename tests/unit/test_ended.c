/* links: baton_engine */
#include "engine/ended.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/rng.h"
#include "support/unit.h"

#define NOW_SECOND UINT32_C(1700000000)
#define NOW_MS ((int64_t)NOW_SECOND * 1000)
#define NAMES 5000

static struct text name_of(uint32_t number, char out[32])
{
    return (struct text){out, (size_t)snprintf(out, 32, "order:k-%u", number)};
}

static struct ended_entry entry_of(uint32_t number, uint32_t until_second)
{
    struct ended_entry entry = {.end_second = until_second};
    char name[32];

    ended_hash(name_of(number, name), entry.name_hash);
    return entry;
}

static bool has(const struct ended *ended, uint32_t number, int64_t now_ms)
{
    char name[32];

    return ended_has(ended, name_of(number, name), now_ms);
}

static void the_hash_is_the_same_on_every_host(void **state)
{
    /* Two rounds of FNV-1a with the finalizer of MurmurHash3, lowest byte first, worked out apart
     * from this program: what the checkpoint topic holds must be found again. */
    static const unsigned char expected[ENDED_HASH_BYTES] = {0x09, 0x7f, 0x01, 0x39, 0xc1, 0x73,
                                                             0xbc, 0x35, 0x53, 0xd1, 0xa3, 0x4f};
    unsigned char hash[ENDED_HASH_BYTES];

    (void)state;
    ended_hash(TEXT("order:A-1"), hash);
    assert_memory_equal(hash, expected, ENDED_HASH_BYTES);
}

static void a_key_is_remembered_up_to_its_second(void **state)
{
    struct ended ended = {0};
    struct ended_entry entry = entry_of(1, NOW_SECOND);

    (void)state;
    assert_false(has(&ended, 1, 0));
    ended_add(&ended, entry.name_hash, NOW_SECOND);
    assert_true(has(&ended, 1, NOW_MS - 1));
    assert_false(has(&ended, 1, NOW_MS));
    assert_false(has(&ended, 2, 0));
    ended_release(&ended);
}

static void the_later_of_two_ends_wins(void **state)
{
    struct ended ended = {0};
    struct ended_entry entry = entry_of(1, 0);

    (void)state;
    ended_add(&ended, entry.name_hash, NOW_SECOND + 5);
    ended_add(&ended, entry.name_hash, NOW_SECOND);
    assert_true(has(&ended, 1, NOW_MS));
    ended_release(&ended);
}

static void many_keys_survive_growth_and_the_removal_of_others(void **state)
{
    struct ended ended = {0};
    struct rng rng = {7};
    bool kept[NAMES];

    (void)state;
    for (uint32_t i = 0; i < NAMES; i++) {
        ended_add(&ended, entry_of(i, 0).name_hash, NOW_SECOND);
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        kept[i] = rng_below(&rng, 2) == 0;
        if (!kept[i]) {
            ended_forget(&ended, entry_of(i, 0).name_hash, NOW_SECOND);
        }
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        assert_int_equal(has(&ended, i, NOW_MS - 1), kept[i]);
    }
    ended_release(&ended);
}

static void what_is_forgotten_takes_no_place_for_ever(void **state)
{
    struct ended ended = {0};

    (void)state;
    for (uint32_t i = 0; i < 100 * NAMES; i++) {
        struct ended_entry entry = entry_of(i, NOW_SECOND);

        ended_add(&ended, entry.name_hash, NOW_SECOND);
        ended_forget(&ended, entry.name_hash, NOW_SECOND);
    }
    assert_int_equal(ended.used, 0);
    assert_true(ended.capacity <= 64);
    ended_release(&ended);
}

static void forgetting_leaves_a_later_end_alone(void **state)
{
    struct ended ended = {0};
    struct ended_entry entry = entry_of(1, 0);

    (void)state;
    ended_forget(&ended, entry.name_hash, NOW_SECOND); /* Of an empty table, too. */
    ended_add(&ended, entry.name_hash, NOW_SECOND + 5);
    ended_forget(&ended, entry.name_hash, NOW_SECOND);
    assert_true(has(&ended, 1, NOW_MS));
    ended_release(&ended);
}

static void a_dropped_chunk_takes_its_keys_along(void **state)
{
    struct ended ended = {0};
    struct ended_entry first[2] = {entry_of(1, NOW_SECOND), entry_of(2, NOW_SECOND)};
    struct ended_entry second[1] = {entry_of(2, NOW_SECOND + 60)};

    (void)state;
    ended_add_chunk(&ended, 10, 1, first, 2);
    ended_add_chunk(&ended, 11, 1, second, 1);
    assert_int_equal(ended.entry_count, 3);
    ended_drop_chunk(&ended, 10, 1);
    ended_drop_chunk(&ended, 10, 1);
    ended_drop_chunk(&ended, 99, 9);
    assert_int_equal(ended.entry_count, 1);
    assert_false(has(&ended, 1, NOW_MS - 1));
    assert_true(has(&ended, 2, NOW_MS));
    ended_release(&ended);
}

static void a_chunk_that_is_read_again_replaces_itself(void **state)
{
    struct ended ended = {0};
    struct ended_entry old[2] = {entry_of(1, NOW_SECOND), entry_of(2, NOW_SECOND)};
    struct ended_entry new[1] = {entry_of(2, NOW_SECOND)};

    (void)state;
    ended_add_chunk(&ended, 10, 1, old, 2);
    ended_add_chunk(&ended, 10, 1, new, 1);
    assert_int_equal(ended.chunk_count, 1);
    assert_int_equal(ended.entry_count, 1);
    assert_false(has(&ended, 1, NOW_MS - 1));
    assert_true(has(&ended, 2, NOW_MS - 1));
    ended_release(&ended);
}

static void a_chunk_of_damaged_entries_does_no_harm(void **state)
{
    struct ended ended = {0};
    struct ended_entry never[1] = {entry_of(1, 0)};

    (void)state;
    ended_add_chunk(&ended, 10, 1, never, 1);
    assert_false(has(&ended, 1, 0));
    ended_drop_chunk(&ended, 10, 1);
    ended_add_chunk(&ended, 10, 2, NULL, 0);
    assert_int_equal(ended.entry_count, 0);
    assert_int_equal(ended.used, 0);
    ended_release(&ended);
}

static void chunks_of_one_minute_never_share_a_number(void **state)
{
    struct ended ended = {0};
    struct ended_entry entry[1] = {entry_of(1, NOW_SECOND)};

    (void)state;
    assert_int_equal(ended_number(&ended, 10, 500), 500);
    ended_add_chunk(&ended, 10, 500, entry, 1);
    ended_add_chunk(&ended, 11, 900, entry, 1);
    assert_int_equal(ended_number(&ended, 10, 500), 501);
    assert_int_equal(ended_number(&ended, 10, 499), 501);
    assert_int_equal(ended_number(&ended, 10, 700), 700);
    assert_int_equal(ended_number(&ended, 12, 500), 500);
    ended_release(&ended);
}

static void all_chunks_whose_minute_is_over_are_due(void **state)
{
    struct ended ended = {0};
    struct ended_entry entry[1] = {entry_of(1, NOW_SECOND)};
    struct ended_chunk due[8];

    (void)state;
    assert_int_equal(ended_due(&ended, NOW_MS, 10, due, 8), 0);
    for (int64_t minute = 5; minute >= 1; minute--) {
        ended_add_chunk(&ended, minute, 7, entry, 1);
    }
    assert_int_equal(ended_due(&ended, 2 * MS_PER_MINUTE - 1, 10, due, 8), 0);
    assert_int_equal(ended_due(&ended, 2 * MS_PER_MINUTE, 10, due, 8), 1);
    assert_int_equal(due[0].minute, 1);
    assert_int_equal(ended_due(&ended, 4 * MS_PER_MINUTE, 10, due, 8), 3);
    assert_int_equal(ended_due(&ended, 4 * MS_PER_MINUTE, 10, due, 2), 2);
    ended_release(&ended);
}

static void above_the_bound_the_oldest_minute_goes_early(void **state)
{
    struct ended ended = {0};
    struct ended_entry entries[4] = {entry_of(1, NOW_SECOND), entry_of(2, NOW_SECOND),
                                     entry_of(3, NOW_SECOND), entry_of(4, NOW_SECOND)};
    struct ended_chunk due[8];

    (void)state;
    ended_add_chunk(&ended, 20, 1, entries, 4);
    ended_add_chunk(&ended, 10, 1, entries, 2);
    ended_add_chunk(&ended, 10, 2, entries, 2);
    assert_int_equal(ended_due(&ended, 0, 8, due, 8), 0);
    assert_int_equal(ended_due(&ended, 0, 7, due, 8), 1);
    assert_int_equal(due[0].minute, 10);
    assert_int_equal(ended_due(&ended, 0, 5, due, 8), 2);
    assert_int_equal(ended_due(&ended, 0, 0, due, 8), 2);
    assert_int_equal(due[1].minute, 10);
    ended_release(&ended);
}

static void keys_outside_of_chunks_do_not_count_against_the_bound(void **state)
{
    struct ended ended = {0};
    struct ended_entry entry[1] = {entry_of(0, NOW_SECOND)};
    struct ended_chunk due[1];

    (void)state;
    for (uint32_t i = 0; i < NAMES; i++) {
        ended_add(&ended, entry_of(i, 0).name_hash, NOW_SECOND);
    }
    ended_add_chunk(&ended, 10, 1, entry, 1);
    assert_int_equal(ended.entry_count, 1);
    assert_int_equal(ended_due(&ended, 0, 1, due, 1), 0);
    ended_release(&ended);
}

/* Whoever takes over a partition reads all of its chunks: each must be found without looking at the
 * others. */
static void taking_over_many_chunks_looks_at_few_of_them(void **state)
{
    struct ended ended = {0};
    const uint32_t count = 40000;

    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        struct ended_entry entry = entry_of(i, NOW_SECOND + i);

        ended_add_chunk(&ended, NOW_SECOND / 60 + i / 7, i, &entry, 1);
    }
    assert_int_equal(ended.chunk_count, count);
    for (uint32_t i = 0; i < count; i += 2) {
        ended_drop_chunk(&ended, NOW_SECOND / 60 + i / 7, i);
    }
    assert_int_equal(ended.chunk_count, count / 2);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(has(&ended, i, NOW_MS - 1000), i % 2);
    }
    assert_true(ended.probes < UINT64_C(16) * count);
    ended_release(&ended);
}

/* Chunks come, come again and go in any order: what is there is what a plain list says. */
static void chunks_are_found_after_any_order_of_coming_and_going(void **state)
{
    struct rng rng = {11};
    bool is_there[64] = {false};
    struct ended ended = {0};

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint32_t i = (uint32_t)rng_below(&rng, 64);
        struct ended_entry entry = entry_of(i, NOW_SECOND);
        uint32_t there = 0;

        is_there[i] = rng_below(&rng, 2) == 0;
        if (is_there[i]) {
            ended_add_chunk(&ended, i / 8, i, &entry, 1);
        } else {
            ended_drop_chunk(&ended, i / 8, i);
        }
        for (uint32_t k = 0; k < 64; k++) {
            there += is_there[k];
        }
        assert_int_equal(ended.chunk_count, there);
        assert_int_equal(ended.entry_count, there);
        assert_int_equal(has(&ended, i, NOW_MS - 1000), is_there[i]);
    }
    ended_release(&ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_the_same_on_every_host),
        cmocka_unit_test(a_key_is_remembered_up_to_its_second),
        cmocka_unit_test(the_later_of_two_ends_wins),
        cmocka_unit_test(many_keys_survive_growth_and_the_removal_of_others),
        cmocka_unit_test(what_is_forgotten_takes_no_place_for_ever),
        cmocka_unit_test(forgetting_leaves_a_later_end_alone),
        cmocka_unit_test(a_dropped_chunk_takes_its_keys_along),
        cmocka_unit_test(a_chunk_that_is_read_again_replaces_itself),
        cmocka_unit_test(a_chunk_of_damaged_entries_does_no_harm),
        cmocka_unit_test(chunks_of_one_minute_never_share_a_number),
        cmocka_unit_test(taking_over_many_chunks_looks_at_few_of_them),
        cmocka_unit_test(chunks_are_found_after_any_order_of_coming_and_going),
        cmocka_unit_test(all_chunks_whose_minute_is_over_are_due),
        cmocka_unit_test(above_the_bound_the_oldest_minute_goes_early),
        cmocka_unit_test(keys_outside_of_chunks_do_not_count_against_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
