/* links: baton_base */
#include "support/unit.h"

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"

static void memory_is_zeroed_and_aligned(void **state)
{
    struct arena arena = {.chunk = NULL};

    (void)state;
    for (size_t bytes = 0; bytes < 3000; bytes += 7) {
        unsigned char *memory = arena_alloc(&arena, bytes);

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < bytes; i++) {
            assert_int_equal(memory[i], 0);
        }
        memset(memory, 0xFF, bytes);
    }
    arena_release(&arena);
}

static void memory_is_zeroed_again_after_a_reset(void **state)
{
    struct arena arena = {.chunk = NULL};
    unsigned char *first = arena_alloc(&arena, 100);
    unsigned char *again;

    (void)state;
    memset(first, 0xFF, 100);
    (void)arena_alloc(&arena, 1000000); /* More than any chunk is by itself. */
    arena_reset(&arena);
    again = arena_array(&arena, 10, 10);
    assert_ptr_equal(again, first); /* The first chunk was kept. */
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(again[i], 0);
    }
    arena_release(&arena);
}

static void copies_are_terminated_and_do_not_move(void **state)
{
    struct arena arena = {.chunk = NULL};
    struct text texts[500];

    (void)state;
    for (int i = 0; i < 500; i++) {
        texts[i] = arena_printf(&arena, "step %d", i);
        assert_int_equal(texts[i].data[texts[i].bytes], '\0');
        (void)arena_text(&arena, texts[i]);
    }
    assert_true(text_is(texts[0], "step 0"));
    assert_true(text_is(texts[499], "step 499"));
    assert_true(text_is(arena_text(&arena, (struct text){NULL, 0}), ""));
    arena_release(&arena);
}

static void parts_are_joined_with_their_nuls(void **state)
{
    struct arena arena = {.chunk = NULL};
    const struct text parts[] = {TEXT("a\0b"), {NULL, 0}, TEXT("/"), TEXT("c")};
    struct text joined = arena_join(&arena, parts, 4);

    (void)state;
    assert_int_equal(joined.bytes, 5);
    assert_memory_equal(joined.data, "a\0b/c", 6);
    arena_release(&arena);
}

/* What one turn needed is there for the next, and given back by and by when nothing needs it. */
static void memory_of_a_reset_is_used_again_and_given_back(void **state)
{
    struct arena arena = {.chunk = NULL};
    size_t last;

    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 100; i++) {
            memset(arena_alloc(&arena, 50000), 0xAA, 50000);
        }
        assert_null(arena.spare);
        arena_reset(&arena);
        assert_non_null(arena.spare);
    }
    last = arena.spare_bytes;
    assert_true(last >= 4000000);
    for (int turn = 0; turn < 40; turn++) {
        arena_reset(&arena);
        assert_true(arena.spare_bytes <= last / 2 || last == 0);
        last = arena.spare_bytes;
    }
    assert_null(arena.spare);
    arena_release(&arena);
}

static void an_empty_arena_can_be_reset_and_released(void **state)
{
    struct arena arena = {.chunk = NULL};

    (void)state;
    arena_reset(&arena);
    arena_release(&arena);
    arena_release(NULL);
    assert_null(arena.chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(memory_is_zeroed_again_after_a_reset),
        cmocka_unit_test(copies_are_terminated_and_do_not_move),
        cmocka_unit_test(parts_are_joined_with_their_nuls),
        cmocka_unit_test(memory_of_a_reset_is_used_again_and_given_back),
        cmocka_unit_test(an_empty_arena_can_be_reset_and_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
