/* links: baton_base */
#include "support/unit.h"

#include "base/hash.h"

static void murmur2_is_that_of_the_java_client(void **state)
{
    (void)state;
    /* The cases of Kafka's own UtilsTest.testMurmur2. */
    assert_int_equal((int32_t)murmur2(TEXT("21")), -973932308);
    assert_int_equal((int32_t)murmur2(TEXT("foobar")), -790332482);
    assert_int_equal((int32_t)murmur2(TEXT("a-little-bit-long-string")), -985981536);
    assert_int_equal((int32_t)murmur2(TEXT("a-little-bit-longer-string")), -1486304829);
    assert_int_equal((int32_t)murmur2(TEXT("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8")),
                     -58897971);
    assert_int_equal((int32_t)murmur2(TEXT("abc")), 479470107);
}

static void a_partition_is_the_positive_hash_modulo_the_count(void **state)
{
    (void)state;
    assert_int_equal(kafka_partition(TEXT("abc"), 16), 479470107 % 16);
    assert_int_equal(kafka_partition(TEXT("21"), 7), (-973932308 & 0x7FFFFFFF) % 7);
    assert_int_equal(kafka_partition(TEXT("foobar"), 1), 0);
    assert_in_range(kafka_partition(TEXT(""), INT32_MAX), 0, INT32_MAX - 1);
}

/* Jitter and derived ids in the history depend on these values: they may never change. */
static void hash64_is_stable_for_ever(void **state)
{
    (void)state;
    assert_true(hash64(TEXT(""), 0) == UINT64_C(0xEFD01F60BA992926));
    assert_true(hash64(TEXT("order-1"), 0) == UINT64_C(0x491B422E3AF0D9A5));
    assert_true(hash64(TEXT("order-1"), 42) == UINT64_C(0xE82F20814A3F063));
}

static void a_seed_is_no_first_byte(void **state)
{
    (void)state;
    assert_true(hash64(TEXT("\0a"), 1) != hash64(TEXT("\1a"), 0));
    assert_true(hash64(TEXT("a"), 1) != hash64(TEXT("a"), 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(murmur2_is_that_of_the_java_client),
        cmocka_unit_test(a_partition_is_the_positive_hash_modulo_the_count),
        cmocka_unit_test(hash64_is_stable_for_ever),
        cmocka_unit_test(a_seed_is_no_first_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
