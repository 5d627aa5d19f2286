/* links: baton_engine */
#include "engine/partition.h"

#include <string.h>

#include "support/unit.h"

#define NOW_MS INT64_C(1700000000000)
#define UNTIL_SECOND UINT32_C(1700000100)

/* A run in memory that changed with the history record at `offset`. */
static struct resident *dirty_run(struct partition *partition, const char *name, int64_t offset)
{
    struct resident *resident = partition_resident(partition, text_of(name));

    if (resident->instance == NULL) {
        resident->instance = instance_new(TEXT("order"), text_of(name + strlen("order:")));
    }
    partition_mark_dirty(partition, resident, offset, NOW_MS);
    if (offset >= partition->history_next) {
        partition->history_next = offset + 1;
    }
    return resident;
}

static void a_name_has_one_resident(void **state)
{
    struct partition *partition = partition_new(3);
    char name[] = "order:1";

    (void)state;
    assert_null(partition_find(partition, TEXT("order:1")));
    struct resident *resident = partition_resident(partition, text_of(name));
    name[6] = '2'; /* The name is its own. */
    assert_ptr_equal(partition_find(partition, TEXT("order:1")), resident);
    assert_ptr_equal(partition_resident(partition, TEXT("order:1")), resident);
    assert_null(partition_find(partition, TEXT("order:2")));
    partition_free(partition);
    partition_free(NULL);
}

static void the_checkpoint_is_the_first_change_that_memory_needs(void **state)
{
    struct partition *partition = partition_new(0);

    (void)state;
    struct resident *first = dirty_run(partition, "order:1", 10);
    struct resident *second = dirty_run(partition, "order:2", 12);
    dirty_run(partition, "order:1", 15); /* Keeps its first change. */
    assert_int_equal(partition_checkpoint(partition), 10);
    partition_mark_clean(partition, first);
    assert_int_equal(partition_checkpoint(partition), 12);
    dirty_run(partition, "order:1", 20);
    partition_mark_clean(partition, second);
    assert_int_equal(partition_checkpoint(partition), 20);
    partition_mark_clean(partition, first);
    partition_mark_clean(partition, first); /* Again: nothing. */
    assert_int_equal(partition_checkpoint(partition), 21);
    partition_free(partition);
}

static void an_end_holds_the_checkpoint_back_until_it_is_written(void **state)
{
    struct partition *partition = partition_new(0);

    (void)state;
    partition_ended(partition, dirty_run(partition, "order:1", 10), UNTIL_SECOND);
    dirty_run(partition, "order:2", 12);
    assert_int_equal(partition->pending_count, 1);
    assert_int_equal(partition_checkpoint(partition), 10);
    partition_free(partition);
}

static void a_run_that_never_slept_is_gone_when_it_ends(void **state)
{
    struct partition *partition = partition_new(0);
    struct resident *resident = dirty_run(partition, "order:1", 10);

    (void)state;
    wake_heap_set(&partition->wakes, &resident->wake, NOW_MS);
    partition_ended(partition, resident, UNTIL_SECOND);
    assert_null(partition_find(partition, TEXT("order:1")));
    assert_null(wake_heap_first(&partition->wakes));
    assert_true(ended_has(&partition->ended, TEXT("order:1"), NOW_MS));
    assert_null(partition->dirty.first);
    assert_null(partition->idle.first);
    partition_free(partition);
}

static void a_run_that_slept_stands_for_its_tombstone_when_it_ends(void **state)
{
    struct partition *partition = partition_new(0);
    struct resident *resident = dirty_run(partition, "order:1", 10);

    (void)state;
    resident->has_snapshot = true;
    wake_heap_set(&partition->wakes, &resident->wake, NOW_MS);
    partition_ended(partition, resident, UNTIL_SECOND);
    assert_ptr_equal(partition_find(partition, TEXT("order:1")), resident);
    assert_null(resident->instance);
    assert_null(wake_heap_first(&partition->wakes));
    assert_int_equal(partition->dirty.first->first_offset, 10);
    partition_free(partition);
}

static void a_new_life_may_end_while_the_old_tombstone_is_applied(void **state)
{
    struct partition *partition = partition_new(0);
    struct resident *resident = dirty_run(partition, "order:1", 10);

    (void)state;
    /* Given: the run has slept and ended, its tombstone is committed and with the store. */
    resident->has_snapshot = true;
    partition_ended(partition, resident, UNTIL_SECOND);
    partition_mark_clean(partition, resident);
    resident->has_snapshot = false;
    resident->is_saving = true;
    /* When: a new run of the key begins and ends before the store has answered. */
    assert_ptr_equal(dirty_run(partition, "order:1", 20), resident);
    partition_ended(partition, resident, UNTIL_SECOND);
    /* Then: what the pending apply names is still there. */
    assert_ptr_equal(partition_find(partition, TEXT("order:1")), resident);
    assert_int_equal(partition->dirty.first->first_offset, 20);
    partition_free(partition);
}

static void the_idle_list_is_in_the_order_of_the_last_change(void **state)
{
    struct partition *partition = partition_new(0);

    (void)state;
    struct resident *one = dirty_run(partition, "order:1", 1);
    struct resident *two = dirty_run(partition, "order:2", 2);
    struct resident *three = dirty_run(partition, "order:3", 3);
    partition_touch_idle(partition, one, NOW_MS + 5);
    assert_ptr_equal(partition->idle.first, two);
    assert_ptr_equal(two->idle.next, three);
    assert_ptr_equal(three->idle.next, one);
    assert_ptr_equal(partition->idle.last, one);
    partition_evict(partition, three);
    assert_ptr_equal(two->idle.next, one);
    assert_ptr_equal(one->idle.previous, two);
    partition_free(partition);
}

static void forgetting_keeps_number_store_and_distrust_alone(void **state)
{
    struct partition *partition = partition_new(7);
    int store = 0;

    (void)state;
    partition->store.self = &store;
    partition->distrusts_store = true;
    partition->state = PARTITION_READY;
    partition->next_offset = 99;
    partition->snapshot_next = 5;
    partition->is_apply_due = true;
    partition_watermark(partition, TEXT("w/order/orders#1/0"))->next = 12;
    partition_ended(partition, dirty_run(partition, "order:1", 10), UNTIL_SECOND);
    dirty_run(partition, "order:2", 11);
    partition_forget(partition);
    assert_int_equal(partition->number, 7);
    assert_int_equal(partition->state, PARTITION_TAKING);
    assert_ptr_equal(partition->store.self, &store);
    assert_true(partition->distrusts_store);
    assert_int_equal(partition->next_offset, OFFSET_NONE);
    assert_int_equal(partition->snapshot_next, 0);
    assert_false(partition->is_apply_due);
    assert_int_equal(partition->residents.count, 0);
    assert_int_equal(partition->watermarks.count, 0);
    assert_int_equal(partition->pending_count, 0);
    assert_false(ended_has(&partition->ended, TEXT("order:1"), NOW_MS));
    assert_int_equal(partition_checkpoint(partition), 0);
    partition_free(partition);
}

static void a_watermark_is_made_once(void **state)
{
    struct partition *partition = partition_new(0);
    char key[] = "w/order/orders#1/0";

    (void)state;
    struct watermark *mark = partition_watermark(partition, text_of(key));
    mark->next = 5;
    key[0] = 'x';
    assert_ptr_equal(partition_watermark(partition, TEXT("w/order/orders#1/0")), mark);
    assert_int_equal(partition_watermark(partition, TEXT("w/order/orders#1/1"))->next, 0);
    partition_free(partition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_one_resident),
        cmocka_unit_test(the_checkpoint_is_the_first_change_that_memory_needs),
        cmocka_unit_test(an_end_holds_the_checkpoint_back_until_it_is_written),
        cmocka_unit_test(a_run_that_never_slept_is_gone_when_it_ends),
        cmocka_unit_test(a_run_that_slept_stands_for_its_tombstone_when_it_ends),
        cmocka_unit_test(a_new_life_may_end_while_the_old_tombstone_is_applied),
        cmocka_unit_test(the_idle_list_is_in_the_order_of_the_last_change),
        cmocka_unit_test(forgetting_keeps_number_store_and_distrust_alone),
        cmocka_unit_test(a_watermark_is_made_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
