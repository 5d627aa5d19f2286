#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_topics.h"
#include "adapter/real_clock.h"

#define LEADERS_WAIT_MS 20000
#define LEADERS_POLL_MS 20

/* What is wanted of one topic, on this cluster. Lives in `arena`. */
struct wish {
    const char *name;
    int32_t partitions;
    int32_t replication;
    struct topic_config *configs;
    uint32_t config_count;
};

/* More in-sync replicas than replicas would refuse every record. */
static void lower_min_insync(struct arena *arena, struct wish *wish, int32_t replication)
{
    for (uint32_t i = 0; i < wish->config_count; i++) {
        int64_t least;

        if (strcmp(wish->configs[i].name, "min.insync.replicas") == 0 &&
            text_to_int64(text_of(wish->configs[i].value), &least) && least > replication) {
            wish->configs[i].value = arena_printf(arena, "%" PRId32, replication).data;
        }
    }
}

static void make_wish(struct arena *arena, const struct topic_spec *spec, struct wish *wish)
{
    wish->name = arena_text(arena, spec->name).data;
    wish->partitions = spec->partitions;
    wish->replication = spec->replication;
    wish->config_count = spec->config_count;
    wish->configs = arena_array(arena, spec->config_count, sizeof(*wish->configs));
    for (uint32_t i = 0; i < spec->config_count; i++) {
        wish->configs[i] = spec->configs[i];
    }
}

static rd_kafka_NewTopic_t *new_topic(const struct wish *wish, struct error *err)
{
    char errstr[256];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(wish->name, wish->partitions,
                                                       wish->replication, errstr, sizeof(errstr));

    if (topic == NULL) {
        (void)fail(err, STATUS_REJECT, "topic '%s': %s", wish->name, errstr);
        return NULL;
    }
    for (uint32_t i = 0; i < wish->config_count; i++) {
        CHECK(rd_kafka_NewTopic_set_config(topic, wish->configs[i].name, wish->configs[i].value) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return topic;
}

static enum status create(struct kafka_broker *broker, const struct wish *wish, struct error *err)
{
    struct kafka_question question;
    rd_kafka_NewTopic_t *topic = new_topic(wish, err);
    enum status status;

    if (topic == NULL) {
        return STATUS_REJECT;
    }
    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(question.rk, &topic, 1, question.options, question.queue);
    status = kafka_question_wait(&question, "create it", err);
    if (status == STATUS_OK) {
        size_t count = 0;
        const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
            rd_kafka_event_CreateTopics_result(question.answer), &count);
        rd_kafka_resp_err_t code = count == 1 ? rd_kafka_topic_result_error(results[0])
                                              : RD_KAFKA_RESP_ERR__TIMED_OUT;

        /* Another process was quicker: what it made is compared like any other. */
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            status = kafka_fail(code,
                                count == 1 ? rd_kafka_topic_result_error_string(results[0]) : NULL,
                                "create it", err);
        }
    }
    kafka_question_release(&question);
    rd_kafka_NewTopic_destroy(topic);
    return status == STATUS_OK ? status : fail_in(err, status, "topic '%s'", wish->name);
}

/* Until every partition has a leader; a topic that was just created has none for a moment. */
static enum status await_leaders(struct kafka_broker *broker, const char *topic,
                                 struct kafka_topic_shape *shape, struct error *err)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + LEADERS_WAIT_MS;
    enum status status = kafka_topic_shape(broker, topic, shape, err);

    while (status == STATUS_OK && !shape->led) {
        if (real_clock_monotonic_ms() > deadline_ms) {
            return fail(err, STATUS_RETRY, "topic '%s': a partition has no leader", topic);
        }
        (void)poll(NULL, 0, LEADERS_POLL_MS);
        status = kafka_topic_shape(broker, topic, shape, err);
    }
    return status;
}

static void fit_to_cluster(struct arena *arena, struct wish *wish, int32_t broker_count)
{
    if (broker_count > 0 && wish->replication > broker_count) {
        wish->replication = broker_count;
    }
    lower_min_insync(arena, wish, wish->replication);
}

/* `thin`: NULL, or names of topics with fewer copies than wanted are added to it. */
static enum status ensure(struct kafka_broker *broker, struct arena *arena,
                          const struct topic_spec *spec, struct buffer *thin, struct error *err)
{
    struct kafka_topic_shape shape;
    struct wish wish;
    enum status status;

    make_wish(arena, spec, &wish);
    status = kafka_topic_shape(broker, wish.name, &shape, err);
    if (status == STATUS_OK && !shape.exists) {
        fit_to_cluster(arena, &wish, shape.broker_count);
        status = create(broker, &wish, err);
    }
    if (status == STATUS_OK) {
        status = await_leaders(broker, wish.name, &shape, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (shape.partition_count != wish.partitions) {
        return fail(err, STATUS_REJECT,
                    "topic '%s': 'partitions' is '%" PRId32 "' but must be '%" PRId32 "'",
                    wish.name, shape.partition_count, wish.partitions);
    }
    if (thin != NULL && shape.replication < spec->replication) {
        buffer_addf(thin, "%s%s", thin->bytes == 0 ? "" : ",", wish.name);
    }
    lower_min_insync(arena, &wish, shape.replication);
    return kafka_topic_compare(broker, wish.name, wish.configs, wish.config_count, err);
}

enum status kafka_topics_ensure(struct kafka_broker *broker, const struct topic_spec *specs,
                                uint32_t count, struct buffer *thin, struct error *err)
{
    struct arena arena = {0};
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = ensure(broker, &arena, &specs[i], thin, err);
    }
    arena_release(&arena);
    return status;
}
