/* Groups, and what the broker checks, and does not check, of commits. */
#include "sim/fixture.h"

#define SEEN_BYTES 256

static void range_assignment_follows_members_as_they_come_and_go(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct fixture_member other;

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "", &one);
    fixture_settle(&f, &one, NULL);
    assert_int_equal(one.partitions, 4);

    fixture_join(&f, &f.port_b, "", &other);
    fixture_settle(&f, &one, &other);
    assert_int_equal(one.partitions, 2);
    assert_int_equal(other.partitions, 2);
    assert_int_equal(one.first + other.first, 2); /* 0 and 2, in either order. */

    other.port.close(other.port.self);
    fixture_settle(&f, &one, NULL);
    assert_int_equal(one.partitions, 4);
    assert_int_equal(one.lost, 0);
    fixture_release(&f);
}

static void a_member_that_does_not_poll_loses_its_partitions(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct fixture_member other;
    struct partition_offset offset = fixture_offset(0, 1);

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "", &one);
    fixture_join(&f, &f.port_b, "", &other);
    fixture_settle(&f, &one, &other);

    fixture_settle(&f, &other, NULL);
    assert_int_equal(other.partitions, 4);
    assert_int_equal(one.port.commit(one.port.self, &offset, 1, &f.err), STATUS_FENCED);
    fixture_poll(&f, &one);
    assert_int_equal(one.lost, 1);
    fixture_release(&f);
}

static void a_static_member_comes_back_without_a_rebalance(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct fixture_member other;
    struct fixture_member again;
    struct record records[4];
    uint32_t count;

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "s1", &one);
    fixture_join(&f, &f.port_b, "s2", &other);
    fixture_settle(&f, &one, &other);

    fixture_join(&f, &f.port_a, "s1", &again);
    fixture_poll(&f, &again);
    assert_int_equal(again.partitions, one.partitions);
    assert_int_equal(again.first, one.first);
    fixture_poll(&f, &other);
    assert_int_equal(other.revoked, 0);
    /* Two of one name: the former self is told so. */
    assert_int_equal(one.port.poll(one.port.self, 0, records, 4, &count, &f.err), STATUS_FATAL);
    fixture_release(&f);
}

static void a_transaction_may_commit_backwards_and_for_others(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct fixture_member other;
    struct producer producer;
    struct partition_offset offset;

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "", &one);
    fixture_join(&f, &f.port_b, "", &other);
    fixture_settle(&f, &one, &other);
    for (int64_t at = 5; at >= 3; at -= 2) {
        producer = fixture_open(&f, &f.port_a, "t");
        offset = fixture_offset(other.first, at);
        assert_int_equal(producer.send_offsets(producer.self, &one.port, &offset, 1, &f.err),
                         STATUS_OK);
        assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);
        assert_int_equal(sim_broker_committed(f.broker, FIXTURE_GROUP, FIXTURE_IN, other.first),
                         at);
    }
    fixture_release(&f);
}

static void a_removed_member_is_fenced_only_by_its_offsets(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct fixture_member other;
    struct producer producer;
    struct partition_offset offset = fixture_offset(0, 1);
    char seen[SEEN_BYTES];

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "", &one);
    fixture_join(&f, &f.port_b, "", &other);
    fixture_settle(&f, &one, &other);
    fixture_settle(&f, &other, NULL);

    producer = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &producer, "with");
    assert_int_equal(producer.flush(producer.self, &f.err), STATUS_OK);
    assert_int_equal(producer.send_offsets(producer.self, &one.port, &offset, 1, &f.err),
                     STATUS_FENCED);
    producer.close(producer.self);

    producer = fixture_open(&f, &f.port_a, "t");
    fixture_produce(&f, &producer, "without");
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);
    fixture_read(&f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "without");
    fixture_release(&f);
}

static void a_member_that_forgot_its_generation_is_not_checked(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct fixture_member other;
    struct producer producer;

    (void)state;
    fixture_init(&f);
    f.sim.faulty = true;
    f.sim.permille[SIM_CHECK_LOST] = 1000;
    fixture_join(&f, &f.port_a, "", &one);
    fixture_join(&f, &f.port_b, "", &other);
    fixture_settle(&f, &one, &other);
    fixture_settle(&f, &other, NULL);

    producer = fixture_open(&f, &f.port_a, "t");
    one.commits_when_lost = &producer;
    fixture_poll(&f, &one);
    assert_int_equal(one.lost, 1);
    assert_int_equal(one.lost_status, STATUS_OK);
    fixture_release(&f);
}

static void offsets_of_a_transaction_show_with_its_commit(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct producer producer;
    struct partition_offset offset = fixture_offset(0, 2);

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "", &one);
    fixture_settle(&f, &one, NULL);
    producer = fixture_open(&f, &f.port_a, "t");
    assert_int_equal(producer.send_offsets(producer.self, &one.port, &offset, 1, &f.err),
                     STATUS_OK);
    assert_int_equal(fixture_committed(&f, COMMITTED_LAST, STATUS_OK), OFFSET_NONE);
    fixture_committed(&f, COMMITTED_STABLE, STATUS_RETRY);

    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);
    assert_int_equal(fixture_committed(&f, COMMITTED_STABLE, STATUS_OK), 2);
    fixture_release(&f);
}

static void a_plain_commit_after_a_pending_one_wins(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct producer producer;
    struct partition_offset pending = fixture_offset(0, 2);
    struct partition_offset plain = fixture_offset(0, 9);

    (void)state;
    fixture_init(&f);
    fixture_join(&f, &f.port_a, "", &one);
    fixture_settle(&f, &one, NULL);
    producer = fixture_open(&f, &f.port_a, "t");
    assert_int_equal(producer.send_offsets(producer.self, &one.port, &pending, 1, &f.err),
                     STATUS_OK);
    assert_int_equal(one.port.commit(one.port.self, &plain, 1, &f.err), STATUS_OK);
    assert_int_equal(producer.commit(producer.self, &f.err), STATUS_OK);

    assert_int_equal(fixture_committed(&f, COMMITTED_LAST, STATUS_OK), 9);
    fixture_release(&f);
}

static void a_position_that_does_not_exist_is_told_once_and_paused(void **state)
{
    struct fixture f;
    struct fixture_member one;
    struct record records[4];
    uint32_t count;

    (void)state;
    fixture_init(&f);
    fixture_put(&f, "in", 0, "1");
    fixture_put(&f, "in", 0, "2");
    fixture_join(&f, &f.port_a, "", &one);
    assert_int_equal(f.port_a.delete_records(f.port_a.self, FIXTURE_IN, 0, 1, &f.err), STATUS_OK);
    assert_int_equal(one.port.poll(one.port.self, 0, records, 4, &count, &f.err), STATUS_REJECT);
    assert_int_equal(fixture_poll(&f, &one), 0);
    assert_int_equal(one.port.start(one.port.self, FIXTURE_IN, 0, 1, &f.err), STATUS_OK);
    assert_int_equal(fixture_poll(&f, &one), 1);
    fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_assignment_follows_members_as_they_come_and_go),
        cmocka_unit_test(a_member_that_does_not_poll_loses_its_partitions),
        cmocka_unit_test(a_static_member_comes_back_without_a_rebalance),
        cmocka_unit_test(a_transaction_may_commit_backwards_and_for_others),
        cmocka_unit_test(a_removed_member_is_fenced_only_by_its_offsets),
        cmocka_unit_test(a_member_that_forgot_its_generation_is_not_checked),
        cmocka_unit_test(offsets_of_a_transaction_show_with_its_commit),
        cmocka_unit_test(a_plain_commit_after_a_pending_one_wins),
        cmocka_unit_test(a_position_that_does_not_exist_is_told_once_and_paused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
