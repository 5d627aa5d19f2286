#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_topics.h"
#include "base/log.h"

/* What Kafka takes where nothing else is set, and where we may not ask. */
#define MESSAGE_BYTES_DEFAULT 1048588

#if RD_KAFKA_VERSION >= 0x020300ff
/* The id tells a topic from one of the same name that was there before it. */
static enum status read_topic_id(struct kafka_broker *broker, const char *topic, char id[48],
                                 struct error *err)
{
    rd_kafka_TopicCollection_t *names = rd_kafka_TopicCollection_of_topic_names(&topic, 1);
    struct kafka_question question;
    enum status status;

    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    rd_kafka_DescribeTopics(question.rk, names, question.options, question.queue);
    status = kafka_question_wait(&question, "describe the topic", err);
    if (status == STATUS_OK) {
        size_t count = 0;
        const rd_kafka_TopicDescription_t **found = rd_kafka_DescribeTopics_result_topics(
            rd_kafka_event_DescribeTopics_result(question.answer), &count);

        if (count == 1 && rd_kafka_TopicDescription_topic_id(found[0]) != NULL) {
            (void)snprintf(id, 48, "%s",
                           rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(found[0])));
        }
    }
    kafka_question_release(&question);
    rd_kafka_TopicCollection_destroy(names);
    return status;
}
#else
static enum status read_topic_id(struct kafka_broker *broker, const char *topic, char id[48],
                                 struct error *err)
{
    (void)broker;
    (void)topic;
    (void)err;
    id[0] = '\0';
    return STATUS_OK;
}
#endif

static void take_shape(const rd_kafka_metadata_topic_t *topic, struct kafka_topic_shape *shape)
{
    shape->exists = true;
    shape->partition_count = topic->partition_cnt;
    shape->replication = INT32_MAX;
    shape->led = topic->partition_cnt > 0;
    for (int i = 0; i < topic->partition_cnt; i++) {
        const rd_kafka_metadata_partition_t *partition = &topic->partitions[i];

        if (partition->replica_cnt < shape->replication) {
            shape->replication = partition->replica_cnt;
        }
        shape->led = shape->led && partition->leader >= 0;
    }
}

enum status kafka_topic_shape(struct kafka_broker *broker, const char *topic,
                              struct kafka_topic_shape *shape, struct error *err)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(broker->admin, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code;

    *shape = (struct kafka_topic_shape){0};
    if (handle == NULL) {
        return fail(err, STATUS_REJECT, "topic '%s': not a name of a topic", topic);
    }
    code = rd_kafka_metadata(broker->admin, 0, handle, &metadata, KAFKA_ANSWER_MS);
    rd_kafka_topic_destroy(handle);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        shape->broker_count = metadata->broker_cnt;
        if (metadata->topic_cnt != 1) {
            code = RD_KAFKA_RESP_ERR__TIMED_OUT;
        } else {
            code = metadata->topics[0].err;
        }
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            take_shape(&metadata->topics[0], shape);
        }
        rd_kafka_metadata_destroy(metadata);
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        return STATUS_OK;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        enum status status = kafka_fail(code, NULL, "read its metadata", err);

        return fail_in(err, status, "topic '%s'", topic);
    }
    return STATUS_OK;
}

enum status kafka_broker_topics(struct kafka_broker *broker, struct arena *arena,
                                struct text **names, uint32_t *count, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(broker->admin, 1, NULL, &metadata,
                                                 KAFKA_ANSWER_MS);

    *count = 0;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)kafka_fail(code, NULL, "list the topics", err);
        return STATUS_RETRY;
    }
    *names = arena_array(arena, (size_t)metadata->topic_cnt + 1, sizeof(**names));
    for (int i = 0; i < metadata->topic_cnt; i++) {
        if (metadata->topics[i].err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            (*names)[(*count)++] = arena_text(arena, text_of(metadata->topics[i].topic));
        }
    }
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

/* Ask for the configuration; on OK the entries live as long as the question. */
static enum status ask_configs(struct kafka_question *question, const char *topic,
                               const rd_kafka_ConfigEntry_t ***entries, size_t *count,
                               struct error *err)
{
    rd_kafka_ConfigResource_t *asked = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    const rd_kafka_ConfigResource_t **found;
    size_t found_count = 0;
    enum status status;

    rd_kafka_DescribeConfigs(question->rk, &asked, 1, question->options, question->queue);
    status = kafka_question_wait(question, "read its configuration", err);
    rd_kafka_ConfigResource_destroy(asked);
    if (status != STATUS_OK) {
        return status;
    }
    found = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(question->answer), &found_count);
    if (found_count != 1) {
        return fail(err, STATUS_RETRY, "cannot read its configuration: an empty answer");
    }
    if (rd_kafka_ConfigResource_error(found[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_fail(rd_kafka_ConfigResource_error(found[0]),
                          rd_kafka_ConfigResource_error_string(found[0]), "read its configuration",
                          err);
    }
    *entries = rd_kafka_ConfigResource_configs(found[0], count);
    return STATUS_OK;
}

static const char *value_of(const rd_kafka_ConfigEntry_t **entries, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0) {
            return rd_kafka_ConfigEntry_value(entries[i]);
        }
    }
    return NULL;
}

static enum status read_message_bytes_max(struct kafka_broker *broker, const char *topic,
                                          int32_t *bytes_max, struct error *err)
{
    const rd_kafka_ConfigEntry_t **entries = NULL;
    struct kafka_question question;
    size_t count = 0;
    int64_t number;
    enum status status;

    *bytes_max = MESSAGE_BYTES_DEFAULT;
    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    status = ask_configs(&question, topic, &entries, &count, err);
    if (status == STATUS_OK) {
        const char *value = value_of(entries, count, "max.message.bytes");

        if (value != NULL && text_to_int64(text_of(value), &number) && number > 0 &&
            number <= INT32_MAX) {
            *bytes_max = (int32_t)number;
        }
    }
    kafka_question_release(&question);
    return status;
}

enum status kafka_topics_info(void *self, struct text topic, struct topic_info *info,
                              struct error *err)
{
    struct kafka_broker *broker = self;
    struct kafka_topic_shape shape;
    struct error why = {0};
    char *name;
    enum status status;

    *info = (struct topic_info){0};
    if (topic.bytes == 0 || memchr(topic.data, '\0', topic.bytes) != NULL) {
        return fail(err, STATUS_REJECT, "topic '%.*s': not a name of a topic", TEXT_ARG(topic));
    }
    name = text_dup(topic);
    status = kafka_topic_shape(broker, name, &shape, err);
    if (status == STATUS_OK && shape.exists) {
        status = read_topic_id(broker, name, info->id, err);
    }
    if (status == STATUS_OK && shape.exists) {
        info->exists = true;
        info->partition_count = shape.partition_count;
        status = read_message_bytes_max(broker, name, &info->message_bytes_max, &why);
        if (status == STATUS_REJECT || status == STATUS_FATAL) {
            /* A right that services' topics often do not give; the size can be assumed. */
            log_event(LOG_WARN, "kafka_topic_size_unknown", "topic=%s assumed=%d error=\"%s\"",
                      name, MESSAGE_BYTES_DEFAULT, why.text);
            status = STATUS_OK;
        } else if (status != STATUS_OK) {
            (void)fail(err, status, "topic '%s': %s", name, why.text);
        }
    }
    free(name);
    return status;
}

enum status kafka_topic_compare(struct kafka_broker *broker, const char *topic,
                                const struct topic_config *wanted, uint32_t wanted_count,
                                struct error *err)
{
    const rd_kafka_ConfigEntry_t **entries = NULL;
    struct kafka_question question;
    size_t count = 0;
    enum status status;

    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    status = ask_configs(&question, topic, &entries, &count, err);
    if (status != STATUS_OK) {
        (void)fail_in(err, status, "topic '%s'", topic);
    }
    for (uint32_t i = 0; i < wanted_count && status == STATUS_OK; i++) {
        const char *found = value_of(entries, count, wanted[i].name);

        if (found == NULL || strcmp(found, wanted[i].value) != 0) {
            status = fail(err, STATUS_REJECT, "topic '%s': '%s' is '%s' but must be '%s'", topic,
                          wanted[i].name, found != NULL ? found : "(unset)", wanted[i].value);
        }
    }
    kafka_question_release(&question);
    return status;
}
