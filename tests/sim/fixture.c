#include "sim/fixture.h"

#include <stdio.h>
#include <string.h>

void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    sim_init(&f->sim, 7, FIXTURE_START_MS);
    f->broker = sim_broker_new(&f->sim);
    sim_broker_create(f->broker, &(struct sim_topic_options){.name = "in", .partitions = 4});
    sim_broker_create(
        f->broker, &(struct sim_topic_options){
                       .name = "out", .partitions = 1, .compact = true, .message_bytes_max = 1000});
    sim_process_init(&f->a, &f->sim, "a");
    sim_process_init(&f->b, &f->sim, "b");
    f->port_a = sim_broker_port(f->broker, &f->a);
    f->port_b = sim_broker_port(f->broker, &f->b);
}

void fixture_release(struct fixture *f)
{
    sim_broker_free(f->broker);
}

void fixture_put(struct fixture *f, const char *topic, int32_t partition, const char *value)
{
    struct outgoing record = {
        .topic = text_of(topic), .partition = partition, .value = text_of(value)};

    assert_int_equal(sim_broker_append(f->broker, &record, &f->err), STATUS_OK);
}

void fixture_read(struct fixture *f, const char *topic, int32_t partition, char *out, size_t bytes)
{
    struct record record;
    int64_t offset = 0;

    out[0] = '\0';
    while (sim_broker_read(f->broker, text_of(topic), partition, &offset, &record)) {
        size_t used = strlen(out);

        snprintf(out + used, bytes - used, "%s%.*s", used == 0 ? "" : " ", TEXT_ARG(record.value));
    }
}

static void on_assigned(void *self, const struct partition_offset *partitions, uint32_t count)
{
    struct fixture_member *member = self;

    member->assigned++;
    member->partitions = count;
    member->first = count == 0 ? -1 : partitions[0].partition;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(member->port.start(member->port.self, partitions[i].topic,
                                            partitions[i].partition, 0, NULL),
                         STATUS_OK);
    }
}

static void on_revoked(void *self, const struct partition_offset *partitions, uint32_t count,
                       bool lost)
{
    struct fixture_member *member = self;

    (void)partitions;
    (void)count;
    member->revoked++;
    member->lost += lost;
    member->partitions = 0;
    if (lost && member->commits_when_lost != NULL) {
        struct partition_offset offset = fixture_offset(0, 1);
        struct producer *producer = member->commits_when_lost;

        member->lost_status = producer->send_offsets(producer->self, &member->port, &offset, 1,
                                                     NULL);
    }
}

void fixture_join(struct fixture *f, const struct broker *port, const char *static_id,
                  struct fixture_member *member)
{
    static const struct text topics[] = {{"in", 2}};
    struct consumer_options options = {.group = FIXTURE_GROUP,
                                       .topics = topics,
                                       .topic_count = 1,
                                       .static_id = text_of(static_id),
                                       .rebalance = {member, on_assigned, on_revoked}};

    *member = (struct fixture_member){.first = -1};
    assert_int_equal(port->open_consumer(port->self, &options, &member->port, &f->err), STATUS_OK);
}

uint32_t fixture_poll(struct fixture *f, struct fixture_member *member)
{
    struct record records[16];
    uint32_t count = 0;

    assert_int_equal(member->port.poll(member->port.self, 0, records, 16, &count, &f->err),
                     STATUS_OK);
    return count;
}

void fixture_settle(struct fixture *f, struct fixture_member *one, struct fixture_member *other)
{
    for (uint32_t i = 0; i < 10; i++) {
        f->sim.now_ms += 1000;
        fixture_poll(f, one);
        if (other != NULL) {
            fixture_poll(f, other);
        }
    }
}

struct producer fixture_open(struct fixture *f, const struct broker *port, const char *id)
{
    struct producer producer;

    assert_int_equal(port->open_producer(port->self, text_of(id), &producer, &f->err), STATUS_OK);
    assert_int_equal(producer.begin(producer.self, &f->err), STATUS_OK);
    return producer;
}

void fixture_produce(struct fixture *f, struct producer *producer, const char *value)
{
    struct outgoing record = {.topic = FIXTURE_OUT, .key = text_of(value), .value = text_of(value)};

    assert_int_equal(producer->produce(producer->self, &record, &f->err), STATUS_OK);
}

struct partition_offset fixture_offset(int32_t partition, int64_t offset)
{
    return (struct partition_offset){
        .topic = FIXTURE_IN, .partition = partition, .offset = offset, .metadata = "m"};
}

int64_t fixture_committed(struct fixture *f, enum committed_read read, enum status expected)
{
    struct partition_offset offset = fixture_offset(0, 0);

    assert_int_equal(f->port_a.committed(f->port_a.self, FIXTURE_GROUP, &offset, 1, read, &f->err),
                     expected);
    return offset.offset;
}
