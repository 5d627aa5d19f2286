/* Ranges of many partitions read at once, on a real cluster. */
#include "adapter_support.h"

#include "adapter/kafka_scan.h"
#include "engine/fsck_estate.h"

#define PARTITIONS 3

struct seen {
    uint32_t counts[PARTITIONS];
    int64_t last[PARTITIONS];
    bool is_sorted;
};

static void see(void *self, const struct record *record)
{
    struct seen *seen = self;

    assert_in_range(record->partition, 0, PARTITIONS - 1);
    seen->is_sorted = seen->is_sorted && record->offset > seen->last[record->partition];
    seen->last[record->partition] = record->offset;
    seen->counts[record->partition]++;
}

static struct seen scan(struct cluster *cluster, const struct scan_range *ranges, uint32_t count)
{
    struct seen seen = {.last = {-1, -1, -1}, .is_sorted = true};
    struct error err = {0};

    assert_status(kafka_scan(cluster->handle, ranges, count, &seen, see, &err), STATUS_OK, &err);
    assert_true(seen.is_sorted);
    return seen;
}

static void ranges_of_many_partitions_are_read_to_their_ends(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "scan", PARTITIONS);
    struct producer producer = producer_make(cluster, fresh_name("id"));

    commit_records(&producer, topic, 0, 8);
    commit_records(&producer, topic, 1, 5);
    /* To the end, markers included; in the middle; nothing there. */
    struct seen seen = scan(
        cluster, (struct scan_range[]){{topic, 0, 0, 9}, {topic, 1, 1, 3}, {topic, 2, 0, 0}},
        PARTITIONS);
    assert_int_equal(seen.counts[0], 8);
    assert_int_equal(seen.counts[1], 2);
    assert_int_equal(seen.counts[2], 0);
    /* The same handle again, from elsewhere: nothing of the reading before comes. */
    seen = scan(cluster, (struct scan_range[]){{topic, 0, 6, 9}, {topic, 1, 0, 6}}, 2);
    assert_int_equal(seen.counts[0], 2);
    assert_int_equal(seen.counts[1], 5);
    producer.close(producer.self);
}

/* The inbox is cut off once a minute, also below somebody who reads it. */
static void what_was_cut_off_is_passed_over(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "cut", PARTITIONS);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct error err = {0};

    for (int32_t i = 0; i < PARTITIONS; i++) {
        commit_records(&producer, topic, i, 8);
    }
    producer.close(producer.self);
    assert_status(cluster->port.delete_records(cluster->port.self, topic, 1, 6, &err), STATUS_OK,
                  &err);
    assert_status(cluster->port.delete_records(cluster->port.self, topic, 2, 6, &err), STATUS_OK,
                  &err);
    struct seen seen = scan(
        cluster, (struct scan_range[]){{topic, 0, 0, 9}, {topic, 1, 0, 9}, {topic, 2, 0, 4}},
        PARTITIONS);
    assert_int_equal(seen.counts[0], 8);
    assert_int_equal(seen.counts[1], 2);
    assert_int_equal(seen.counts[2], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_many_partitions_are_read_to_their_ends),
        cmocka_unit_test(what_was_cut_off_is_passed_over),
    };

    return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
