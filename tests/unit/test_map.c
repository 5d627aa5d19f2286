/* links: baton_base */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/rng.h"

#define KEYS 64

static void put_get_replace_remove(void **state)
{
    struct map map = {.slots = NULL};
    int one = 1;
    int two = 2;

    (void)state;
    assert_null(map_get(&map, TEXT("a")));
    assert_null(map_remove(&map, TEXT("a")));
    assert_null(map_put(&map, TEXT("a"), &one));
    assert_ptr_equal(map_put(&map, TEXT("a"), &two), &one);
    assert_int_equal(map.count, 1);
    assert_ptr_equal(map_get(&map, TEXT("a")), &two);
    assert_null(map_get(&map, TEXT("")));
    assert_ptr_equal(map_remove(&map, TEXT("a")), &two);
    assert_null(map_get(&map, TEXT("a")));
    assert_int_equal(map.count, 0);
    map_release(&map);
    map_release(NULL);
}

static void replacing_replaces_the_key_too(void **state)
{
    struct map map = {.slots = NULL};
    char old_key[] = "order";
    struct text key;
    size_t cursor = 0;
    int value = 1;
    void *found;

    (void)state;
    map_put(&map, text_of(old_key), &value);
    map_put(&map, TEXT("order"), &value);
    memset(old_key, 'x', 5); /* The first key may be gone now. */
    assert_ptr_equal(map_get(&map, TEXT("order")), &value);
    assert_true(map_next(&map, &cursor, &key, &found));
    assert_true(text_is(key, "order"));
    assert_false(map_next(&map, &cursor, &key, &found));
    map_release(&map);
}

/* Against a plain array as the model: puts and removes of few keys, so that probe chains are long
 * and holes are closed in every way. */
static void agrees_with_a_model_under_random_changes(void **state)
{
    static char names[KEYS][8];
    struct map map = {.slots = NULL};
    void *model[KEYS] = {NULL};
    struct rng rng = {.state = 7};
    int values[2];

    (void)state;
    for (int i = 0; i < KEYS; i++) {
        snprintf(names[i], sizeof(names[i]), "k%d", i);
    }
    for (int round = 0; round < 20000; round++) {
        size_t i = (size_t)rng_below(&rng, KEYS);
        void *value = &values[rng_below(&rng, 2)];
        struct text key = text_of(names[i]);
        size_t count = 0;

        if (rng_chance(&rng, 500)) {
            assert_ptr_equal(map_put(&map, key, value), model[i]);
            model[i] = value;
        } else {
            assert_ptr_equal(map_remove(&map, key), model[i]);
            model[i] = NULL;
        }
        for (size_t k = 0; k < KEYS; k++) {
            assert_ptr_equal(map_get(&map, text_of(names[k])), model[k]);
            count += model[k] != NULL;
        }
        assert_int_equal(map.count, count);
    }
    map_release(&map);
}

static void a_walk_sees_every_entry_once(void **state)
{
    static char names[1000][8];
    struct map map = {.slots = NULL};
    static bool seen[1000];
    size_t cursor = 0;
    size_t count = 0;
    struct text key;
    void *value;

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof(names[i]), "%zu", i);
        map_put(&map, text_of(names[i]), &seen[i]);
    }
    while (map_next(&map, &cursor, &key, &value)) {
        bool *flag = value;

        assert_false(*flag);
        *flag = true;
        count++;
    }
    assert_int_equal(count, 1000);
    map_clear(&map);
    assert_null(map_get(&map, TEXT("5")));
    cursor = 0;
    assert_false(map_next(&map, &cursor, &key, &value));
    map_release(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_get_replace_remove),
        cmocka_unit_test(replacing_replaces_the_key_too),
        cmocka_unit_test(agrees_with_a_model_under_random_changes),
        cmocka_unit_test(a_walk_sees_every_entry_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
