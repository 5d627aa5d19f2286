/* What the transactional producer promises, on a real cluster (DESIGN.md section 5, rules 1, 3
 * to 6). */
#include "adapter_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static struct partition_offset offset_of(struct text topic, int64_t offset, const char *metadata)
{
    struct partition_offset place = {.topic = topic, .partition = 0, .offset = offset};

    (void)snprintf(place.metadata, sizeof(place.metadata), "%s", metadata);
    return place;
}

static enum status read_committed(struct cluster *cluster, struct text group, struct text topic,
                                  enum committed_read read, struct partition_offset *place)
{
    struct error err = {0};

    *place = (struct partition_offset){.topic = topic, .partition = 0, .offset = 77};
    return cluster->port.committed(cluster->port.self, group, place, 1, read, &err);
}

/* A commit is answered before the coordinator of the group has its marker: for some milliseconds
 * the offset is pending. */
static struct partition_offset await_stable(struct cluster *cluster, struct text group,
                                            struct text topic)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct partition_offset place;

    while (read_committed(cluster, group, topic, COMMITTED_STABLE, &place) != STATUS_OK) {
        assert_true(real_clock_monotonic_ms() < deadline_ms);
    }
    return place;
}

/* Begin, produce one record and send the offset; not committed. */
static void open_transaction(struct producer *producer, struct member *member, struct text topic,
                             int64_t offset)
{
    struct outgoing record = record_of(topic, 0, "k", "open");
    struct partition_offset place = offset_of(topic, offset, "open");
    struct error err = {0};

    assert_status(producer->begin(producer->self, &err), STATUS_OK, &err);
    assert_status(producer->produce(producer->self, &record, &err), STATUS_OK, &err);
    assert_status(producer->flush(producer->self, &err), STATUS_OK, &err);
    assert_status(producer->send_offsets(producer->self, &member->port, &place, 1, &err), STATUS_OK,
                  &err);
}

static void committed_offset_and_metadata_are_read_back(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "txn", 1);
    struct text group = fresh_name("group");
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct outgoing record = record_of(topic, 0, "k", "v");
    struct partition_offset place = offset_of(topic, 5, "owner batch 7 checkpoint 3");
    struct partition_offset found;
    struct member member;
    struct error err = {0};
    int64_t offset = -1;

    member_open(cluster, &member, group, topic, NULL);
    member_await(&member, NULL, 1);
    found = await_stable(cluster, group, topic);
    assert_int_equal(found.offset, OFFSET_NONE);

    record.offset = &offset;
    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
    assert_status(producer.flush(producer.self, &err), STATUS_OK, &err);
    assert_int_equal(offset, 0);
    assert_status(producer.send_offsets(producer.self, &member.port, &place, 1, &err), STATUS_OK,
                  &err);
    assert_status(producer.commit(producer.self, &err), STATUS_OK, &err);

    found = await_stable(cluster, group, topic);
    assert_int_equal(found.offset, 5);
    assert_string_equal(found.metadata, "owner batch 7 checkpoint 3");
    producer.close(producer.self);
    member.port.close(member.port.self);
}

static void a_commit_by_the_group_claims_with_metadata(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "claim", 1);
    struct text group = fresh_name("group");
    struct partition_offset place = offset_of(topic, 3, "mine");
    struct partition_offset found;
    struct member member;
    struct error err = {0};

    member_open(cluster, &member, group, topic, NULL);
    member_await(&member, NULL, 1);
    assert_status(member.port.commit(member.port.self, &place, 1, &err), STATUS_OK, &err);

    found = await_stable(cluster, group, topic);
    assert_int_equal(found.offset, 3);
    assert_string_equal(found.metadata, "mine");
    member.port.close(member.port.self);
}

static void stable_read_waits_for_an_open_transaction_which_its_id_ends(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "stable", 1);
    struct text group = fresh_name("group");
    struct text id = fresh_name("id");
    struct producer dead = producer_make(cluster, id);
    struct producer heir;
    struct partition_offset first = offset_of(topic, 1, "first");
    struct partition_offset found;
    struct member member;
    struct error err = {0};
    int64_t begin_ms;

    member_open(cluster, &member, group, topic, NULL);
    member_await(&member, NULL, 1);
    assert_status(member.port.commit(member.port.self, &first, 1, &err), STATUS_OK, &err);
    open_transaction(&dead, &member, topic, 9);

    begin_ms = real_clock_monotonic_ms();
    assert_int_equal(read_committed(cluster, group, topic, COMMITTED_STABLE, &found), STATUS_RETRY);
    assert_true(real_clock_monotonic_ms() - begin_ms < 2000);
    assert_int_equal(read_committed(cluster, group, topic, COMMITTED_LAST, &found), STATUS_OK);
    assert_int_equal(found.offset, 1);

    /* Opening the dead one's id aborts what it left open. */
    heir = producer_make(cluster, id);
    found = await_stable(cluster, group, topic);
    assert_int_equal(found.offset, 1);
    assert_string_equal(found.metadata, "first");
    assert_status(dead.commit(dead.self, &err), STATUS_FENCED, &err);
    heir.close(heir.self);
    dead.close(dead.self);
    member.port.close(member.port.self);
}

static void offsets_of_a_former_member_are_fenced(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "zombie", 1);
    struct text group = fresh_name("group");
    struct text name = text_of("the-name");
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct partition_offset place = offset_of(topic, 4, "zombie");
    struct outgoing record = record_of(topic, 0, "k", "zombie");
    struct partition_offset found;
    struct member zombie;
    struct member heir;
    struct error err = {0};

    member_open(cluster, &zombie, group, topic, name.data);
    member_await(&zombie, NULL, 1);
    /* The same static id elsewhere: the broker gives it the place of the first. */
    member_open(cluster, &heir, group, topic, name.data);
    member_await(&heir, NULL, 1);

    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
    assert_status(producer.flush(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.send_offsets(producer.self, &zombie.port, &place, 1, &err),
                  STATUS_FENCED, &err);
    producer.close(producer.self);

    assert_int_equal(read_committed(cluster, group, topic, COMMITTED_LAST, &found), STATUS_OK);
    assert_int_equal(found.offset, OFFSET_NONE);
    zombie.port.close(zombie.port.self);
    heir.port.close(heir.port.self);
}

static void a_transaction_cannot_be_without_an_offset(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "no-offset", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct partition_offset place = offset_of(topic, OFFSET_NONE, "");
    struct member member;
    struct error err = {0};

    member_open(cluster, &member, fresh_name("group"), topic, NULL);
    member_await(&member, NULL, 1);
    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.send_offsets(producer.self, &member.port, &place, 1, &err),
                  STATUS_REJECT, &err);
    assert_status(producer.abort(producer.self, &err), STATUS_OK, &err);
    producer.close(producer.self);
    member.port.close(member.port.self);
}

static void oversize_is_refused_and_the_transaction_stays_good(void **state)
{
    struct cluster *cluster = *state;
    static const struct topic_config small = {"max.message.bytes", "3000000"};
    struct text topic = topic_make_with(cluster, "oversize", 1, &small, 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct outgoing record = record_of(topic, 0, "k", "small");
    struct outgoing elsewhere = record_of(fresh_name("nowhere"), 0, "k", "v");
    struct outgoing beyond = record_of(topic, 1, "k", "v");
    char *large = malloc(3000000);
    struct error err = {0};
    int64_t offset = -1;

    assert_non_null(large);
    memset(large, 'x', 3000000);
    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    record.value = (struct text){large, 3000000};
    assert_status(producer.produce(producer.self, &record, &err), STATUS_REJECT, &err);
    assert_non_null(strstr(err.text, "max.message.bytes"));
    assert_status(producer.produce(producer.self, &elsewhere, &err), STATUS_REJECT, &err);
    assert_non_null(strstr(err.text, "does not exist"));
    assert_status(producer.produce(producer.self, &beyond, &err), STATUS_REJECT, &err);

    record.value = (struct text){large, 2999000};
    record.offset = &offset;
    assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
    assert_status(producer.flush(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.commit(producer.self, &err), STATUS_OK, &err);
    assert_int_equal(offset, 0);
    free(large);
    producer.close(producer.self);
}

/* Noise that lz4 cannot make smaller. */
static void fill_noise(char *bytes, size_t count)
{
    uint64_t seed = 1;

    for (size_t i = 0; i < count; i++) {
        seed = hash64((struct text){(const char *)&seed, sizeof(seed)}, i);
        bytes[i] = (char)seed;
    }
}

static void requests_shrink_to_the_smallest_topic(void **state)
{
    struct cluster *cluster = *state;
    static const struct topic_config small = {"max.message.bytes", "5000"};
    struct text topic = topic_make_with(cluster, "small", 1, &small, 1);
    struct text id = fresh_name("id");
    struct producer producer = producer_make(cluster, id);
    static char noise[1000];
    struct outgoing record = record_of(topic, 0, "k", "");
    struct error err = {0};

    fill_noise(noise, sizeof(noise));
    record.value = (struct text){noise, sizeof(noise)};
    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.produce(producer.self, &record, &err), STATUS_ABORT, &err);
    producer.close(producer.self);

    /* Opened anew, as after any ABORT, forty records of 1,000 bytes fit through 5,000. */
    producer = producer_make(cluster, id);
    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    for (int i = 0; i < 40; i++) {
        assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
    }
    assert_status(producer.flush(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.commit(producer.self, &err), STATUS_OK, &err);
    producer.close(producer.self);
}

static void an_aborted_transaction_leaves_the_producer_good(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "abort", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct outgoing record = record_of(topic, 0, "k", "aborted");
    struct error err = {0};

    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
    assert_status(producer.abort(producer.self, &err), STATUS_OK, &err);
    commit_records(&producer, topic, 0, 1);
    producer.close(producer.self);
}

static void keys_land_where_java_clients_put_them(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "murmur2", 7);
    struct text group = fresh_name("group");
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct record records[64];
    char keys[40][16];
    struct member member;
    struct error err = {0};
    uint32_t seen = 0;
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;

    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    for (int i = 0; i < 40; i++) {
        struct outgoing record;

        (void)snprintf(keys[i], sizeof(keys[i]), "order-%d", i * 37);
        record = record_of(topic, PARTITION_BY_KEY, keys[i], "v");
        assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
    }
    assert_status(producer.flush(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.commit(producer.self, &err), STATUS_OK, &err);

    member_open(cluster, &member, group, topic, NULL);
    member_await(&member, NULL, 7);
    for (int32_t p = 0; p < 7; p++) {
        assert_status(member.port.start(member.port.self, topic, p, 0, &err), STATUS_OK, &err);
    }
    while (seen < 40 && real_clock_monotonic_ms() < deadline_ms) {
        uint32_t count = 0;

        assert_status(member.port.poll(member.port.self, 200, records, 64, &count, &err), STATUS_OK,
                      &err);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(records[i].partition, kafka_partition(records[i].key, 7));
        }
        seen += count;
    }
    assert_int_equal(seen, 40);
    producer.close(producer.self);
    member.port.close(member.port.self);
}

static void keys_values_and_headers_keep_null_apart_from_empty(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "shapes", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct record_header headers[] = {
        {TEXT("full"), TEXT("a\0b")}, {TEXT("empty"), TEXT("")}, {TEXT("null"), {NULL, 0}}};
    struct outgoing tombstone = record_of(topic, 0, "k", NULL);
    struct outgoing blank = {.topic = topic, .key = {NULL, 0}, .value = TEXT("")};
    struct member member;
    struct record records[4];
    struct error err = {0};
    uint32_t count = 0;

    blank.headers = headers;
    blank.header_count = 3;
    assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
    tombstone.value = (struct text){NULL, 0};
    assert_status(producer.produce(producer.self, &tombstone, &err), STATUS_OK, &err);
    assert_status(producer.produce(producer.self, &blank, &err), STATUS_OK, &err);
    assert_status(producer.flush(producer.self, &err), STATUS_OK, &err);
    assert_status(producer.commit(producer.self, &err), STATUS_OK, &err);

    member_open(cluster, &member, fresh_name("group"), topic, NULL);
    member_await(&member, NULL, 1);
    assert_status(member.port.start(member.port.self, topic, 0, 0, &err), STATUS_OK, &err);
    for (int64_t end_ms = real_clock_monotonic_ms() + DEADLINE_MS;
         count < 2 && real_clock_monotonic_ms() < end_ms;) {
        assert_status(member.port.poll(member.port.self, 500, records, 4, &count, &err), STATUS_OK,
                      &err);
    }
    assert_int_equal(count, 2);
    assert_true(text_is(records[0].key, "k"));
    assert_null(records[0].value.data);
    assert_int_equal(records[0].header_count, 0);
    assert_null(records[1].key.data);
    assert_non_null(records[1].value.data);
    assert_int_equal(records[1].value.bytes, 0);
    assert_int_equal(records[1].header_count, 3);
    assert_true(text_equal(records[1].headers[0].value, TEXT("a\0b")));
    assert_non_null(records[1].headers[1].value.data);
    assert_int_equal(records[1].headers[1].value.bytes, 0);
    assert_null(records[1].headers[2].value.data);
    producer.close(producer.self);
    member.port.close(member.port.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_offset_and_metadata_are_read_back),
        cmocka_unit_test(a_commit_by_the_group_claims_with_metadata),
        cmocka_unit_test(stable_read_waits_for_an_open_transaction_which_its_id_ends),
        cmocka_unit_test(offsets_of_a_former_member_are_fenced),
        cmocka_unit_test(a_transaction_cannot_be_without_an_offset),
        cmocka_unit_test(oversize_is_refused_and_the_transaction_stays_good),
        cmocka_unit_test(requests_shrink_to_the_smallest_topic),
        cmocka_unit_test(an_aborted_transaction_leaves_the_producer_good),
        cmocka_unit_test(keys_land_where_java_clients_put_them),
        cmocka_unit_test(keys_values_and_headers_keep_null_apart_from_empty),
    };

    return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
