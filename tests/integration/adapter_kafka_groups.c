/* What a member of a group promises, on a real cluster: nothing is fetched that was not started,
 * rebalances are told, a lost position is never jumped over. */
#include "adapter_support.h"

#include <string.h>

static struct member *first_owner(struct member *a, struct member *b, int32_t partition)
{
    for (uint32_t i = 0; i < a->owned_count; i++) {
        if (a->owned[i].partition == partition) {
            return a;
        }
    }
    return b;
}

static void fill(struct cluster *cluster, struct text topic, int32_t partitions, uint32_t count)
{
    struct producer producer = producer_make(cluster, fresh_name("filler"));

    for (int32_t p = 0; p < partitions; p++) {
        commit_records(&producer, topic, p, count);
    }
    producer.close(producer.self);
}

static void an_assignment_gives_nothing_until_it_is_started(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "paused", 3);
    struct record records[16];
    struct member member;
    struct error err = {0};
    uint32_t count = 0;

    fill(cluster, topic, 3, 8);
    member_open(cluster, &member, fresh_name("group"), topic, NULL);
    member_await(&member, NULL, 3); /* Fails if a record comes. */
    for (int i = 0; i < 10; i++) {
        assert_status(member.port.poll(member.port.self, 20, records, 16, &count, &err), STATUS_OK,
                      &err);
        assert_int_equal(count, 0);
    }
    member.port.close(member.port.self);
    assert_int_equal(member.revoked_calls, 1);
    assert_false(member.lost);
}

/* The offsets of records 0 to 7 and their marker are 0 to 8. Each round starts elsewhere, right
 * after a record or none was read, and the first record must be the one that was asked for. */
static void a_start_takes_effect_at_once_and_exactly(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "start", 1);
    struct member member;
    struct error err = {0};

    fill(cluster, topic, 1, 8);
    for (int round = 0; round < 2; round++) {
        member_open(cluster, &member, fresh_name("group"), topic, NULL);
        member_await(&member, NULL, 1);
        for (int64_t i = 0; i < 24; i++) {
            int64_t from = (i * 5 + round) % 8;
            int64_t offsets[8] = {0};
            uint32_t wanted = 1 + (uint32_t)(i % (8 - from));

            if (i % 3 == 2) {
                assert_status(member.port.pause(member.port.self, topic, 0, &err), STATUS_OK, &err);
            }
            assert_status(member.port.start(member.port.self, topic, 0, from, &err), STATUS_OK,
                          &err);
            assert_int_equal(member_read(&member, offsets, wanted), wanted);
            for (uint32_t k = 0; k < wanted; k++) {
                assert_int_equal(offsets[k], from + k);
            }
        }
        member.port.close(member.port.self);
    }
}

static void what_a_pause_overtakes_is_dropped(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "pause", 2);
    struct record records[16];
    struct member member;
    struct error err = {0};
    int64_t offsets[8];
    uint32_t count = 0;

    fill(cluster, topic, 2, 8);
    member_open(cluster, &member, fresh_name("group"), topic, NULL);
    member_await(&member, NULL, 2);
    assert_status(member.port.start(member.port.self, topic, 0, 0, &err), STATUS_OK, &err);
    assert_int_equal(member_read(&member, offsets, 2), 2); /* Six more wait in the client. */
    assert_status(member.port.pause(member.port.self, topic, 0, &err), STATUS_OK, &err);
    for (int i = 0; i < 5; i++) {
        assert_status(member.port.poll(member.port.self, 20, records, 16, &count, &err), STATUS_OK,
                      &err);
        assert_int_equal(count, 0);
    }
    assert_status(member.port.start(member.port.self, topic, 0, 2, &err), STATUS_OK, &err);
    assert_int_equal(member_read(&member, offsets, 6), 6);
    assert_int_equal(offsets[0], 2);
    assert_int_equal(offsets[5], 7);
    member.port.close(member.port.self);
}

struct starter {
    struct member member; /* First: the callbacks of the support get it. */
    struct text topic;
};

static void start_inside(void *self, const struct partition_offset *partitions, uint32_t count)
{
    struct starter *starter = self;
    struct error err = {0};

    starter->member.owned_count = count;
    for (uint32_t i = 0; i < count; i++) {
        assert_status(starter->member.port.start(starter->member.port.self, starter->topic,
                                                 partitions[i].partition, 3, &err),
                      STATUS_OK, &err);
    }
}

static void revoke_inside(void *self, const struct partition_offset *partitions, uint32_t count,
                          bool lost)
{
    struct starter *starter = self;

    (void)partitions;
    (void)count;
    (void)lost;
    starter->member.owned_count = 0;
}

static void a_start_inside_of_the_callback_counts(void **state)
{
    struct cluster *cluster = *state;
    struct starter starter = {.topic = topic_make(cluster, "inside", 1)};
    struct consumer_options options = {
        .group = fresh_name("group"),
        .topics = &starter.topic,
        .topic_count = 1,
        .rebalance = {.self = &starter, .assigned = start_inside, .revoked = revoke_inside},
    };
    int64_t offsets[5] = {0};
    struct error err = {0};

    fill(cluster, starter.topic, 1, 8);
    assert_status(
        cluster->port.open_consumer(cluster->port.self, &options, &starter.member.port, &err),
        STATUS_OK, &err);
    assert_int_equal(member_read(&starter.member, offsets, 5), 5);
    assert_int_equal(offsets[0], 3);
    assert_int_equal(offsets[4], 7);
    starter.member.port.close(starter.member.port.self);
}

static void two_members_share_and_the_leaver_gives_back(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "share", 4);
    struct text group = fresh_name("group");
    struct partition_offset place = {.topic = topic, .partition = 0, .offset = 1};
    struct member a;
    struct member b;
    struct member *other;
    struct error err = {0};

    member_open(cluster, &a, group, topic, NULL);
    member_await(&a, NULL, 4);
    member_open(cluster, &b, group, topic, NULL);
    member_await(&b, &a, 2);
    member_await(&a, &b, 2);
    assert_int_equal(a.revoked_calls, 1);
    assert_false(a.lost);

    /* Kafka takes offsets from any member of the generation: that a member commits only what it
     * owns is the engine's to check (rule 2). */
    other = first_owner(&a, &b, 0) == &a ? &b : &a;
    assert_status(other->port.commit(other->port.self, &place, 1, &err), STATUS_OK, &err);

    b.port.close(b.port.self);
    assert_int_equal(b.revoked_calls, 1);
    member_await(&a, NULL, 4);
    a.port.close(a.port.self);
}

static void a_static_member_comes_back_without_a_rebalance(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "static", 4);
    struct text group = fresh_name("group");
    struct member a;
    struct member b;

    member_open(cluster, &a, group, topic, "one");
    member_await(&a, NULL, 4);
    member_open(cluster, &b, group, topic, "two");
    member_await(&b, &a, 2);
    member_await(&a, &b, 2);

    b.port.close(b.port.self);
    member_open(cluster, &b, group, topic, "two");
    member_await(&b, &a, 2);
    assert_int_equal(a.owned_count, 2);
    assert_int_equal(a.revoked_calls, 1); /* When b came first. */
    b.port.close(b.port.self);
    a.port.close(a.port.self);
}

static void a_second_process_of_one_name_fences_the_first(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "fence", 1);
    struct text group = fresh_name("group");
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct partition_offset place = {.topic = topic, .partition = 0, .offset = 1};
    struct record record;
    struct member a;
    struct member b;
    struct error err = {0};
    enum status status = STATUS_OK;
    uint32_t count;

    member_open(cluster, &a, group, topic, "same");
    member_await(&a, NULL, 1);
    member_open(cluster, &b, group, topic, "same");
    member_await(&b, NULL, 1);
    assert_status(a.port.commit(a.port.self, &place, 1, &err), STATUS_FENCED, &err);
    while (status == STATUS_OK && real_clock_monotonic_ms() < deadline_ms) {
        status = a.port.poll(a.port.self, 100, &record, 1, &count, &err);
    }
    assert_status(status, STATUS_FENCED, &err);
    a.port.close(a.port.self);
    b.port.close(b.port.self);
}

static void a_position_that_is_gone_is_told_and_not_jumped_over(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "lost", 2);
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct record records[16];
    struct member member;
    struct error err = {0};
    enum status status = STATUS_OK;
    int64_t offsets[4];
    uint32_t count = 0;

    fill(cluster, topic, 2, 8);
    assert_status(cluster->port.delete_records(cluster->port.self, topic, 0, 5, &err), STATUS_OK,
                  &err);
    member_open(cluster, &member, fresh_name("group"), topic, NULL);
    member_await(&member, NULL, 2);
    assert_status(member.port.start(member.port.self, topic, 0, 2, &err), STATUS_OK, &err);
    while (status == STATUS_OK && real_clock_monotonic_ms() < deadline_ms) {
        status = member.port.poll(member.port.self, 100, records, 16, &count, &err);
        assert_int_equal(count, 0);
    }
    assert_status(status, STATUS_REJECT, &err);
    assert_non_null(strstr(err.text, topic.data));
    assert_non_null(strstr(err.text, "partition 0: position 2 "));

    /* It is paused, the others go on; a start elsewhere is the operator's decision. */
    assert_status(member.port.start(member.port.self, topic, 1, 0, &err), STATUS_OK, &err);
    assert_int_equal(member_read(&member, offsets, 4), 4);
    assert_status(member.port.pause(member.port.self, topic, 1, &err), STATUS_OK, &err);
    assert_status(member.port.start(member.port.self, topic, 0, 5, &err), STATUS_OK, &err);
    assert_int_equal(member_read(&member, offsets, 3), 3);
    assert_int_equal(offsets[0], 5);
    member.port.close(member.port.self);
}

static void only_what_is_assigned_can_be_started(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "foreign", 1);
    struct member member;
    struct error err = {0};

    member_open(cluster, &member, fresh_name("group"), topic, NULL);
    assert_status(member.port.start(member.port.self, topic, 0, 0, &err), STATUS_REJECT, &err);
    assert_status(member.port.pause(member.port.self, topic, 0, &err), STATUS_REJECT, &err);
    member_await(&member, NULL, 1);
    assert_status(member.port.start(member.port.self, topic, 1, 0, &err), STATUS_REJECT, &err);
    assert_status(member.port.start(member.port.self, topic, 0, OFFSET_NONE, &err), STATUS_REJECT,
                  &err);
    member.port.close(member.port.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assignment_gives_nothing_until_it_is_started),
        cmocka_unit_test(a_start_takes_effect_at_once_and_exactly),
        cmocka_unit_test(what_a_pause_overtakes_is_dropped),
        cmocka_unit_test(a_start_inside_of_the_callback_counts),
        cmocka_unit_test(two_members_share_and_the_leaver_gives_back),
        cmocka_unit_test(a_static_member_comes_back_without_a_rebalance),
        cmocka_unit_test(a_second_process_of_one_name_fences_the_first),
        cmocka_unit_test(a_position_that_is_gone_is_told_and_not_jumped_over),
        cmocka_unit_test(only_what_is_assigned_can_be_started),
    };

    return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
