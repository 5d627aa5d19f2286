#include <stdlib.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"

static enum status judge(rd_kafka_event_t *answer, struct error *err)
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result(answer), &count);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
            status = kafka_fail(code, rd_kafka_topic_result_error_string(results[i]), "delete it",
                                err);
            (void)fail_in(err, status, "topic '%s'", rd_kafka_topic_result_name(results[i]));
        }
    }
    return status;
}

enum status kafka_topics_delete(struct kafka_broker *broker, const struct text *names,
                                uint32_t count, struct error *err)
{
    rd_kafka_DeleteTopic_t **topics = calloc((size_t)count + 1, sizeof(rd_kafka_DeleteTopic_t *));
    struct kafka_question question;
    enum status status;

    CHECK(topics != NULL);
    for (uint32_t i = 0; i < count; i++) {
        char *name = text_dup(names[i]);

        topics[i] = rd_kafka_DeleteTopic_new(name);
        free(name);
    }
    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(question.rk, topics, count, question.options, question.queue);
    status = kafka_question_wait(&question, "delete topics", err);
    if (status == STATUS_OK) {
        status = judge(question.answer, err);
    }
    kafka_question_release(&question);
    rd_kafka_DeleteTopic_destroy_array(topics, count);
    free(topics);
    return status;
}
