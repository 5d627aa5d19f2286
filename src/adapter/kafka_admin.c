#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"

void kafka_question_init(struct kafka_question *question, rd_kafka_t *rk, rd_kafka_admin_op_t kind)
{
    char errstr[256];

    question->rk = rk;
    question->queue = rd_kafka_queue_new(rk);
    question->options = rd_kafka_AdminOptions_new(rk, kind);
    question->answer = NULL;
    CHECK(question->options != NULL);
    CHECK(rd_kafka_AdminOptions_set_request_timeout(question->options, KAFKA_ANSWER_MS, errstr,
                                                    sizeof(errstr)) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

enum status kafka_question_wait(struct kafka_question *question, const char *doing,
                                struct error *err)
{
    rd_kafka_resp_err_t code;

    /* librdkafka gives up after the request timeout; a second more is for its own answer. */
    question->answer = rd_kafka_queue_poll(question->queue, KAFKA_ANSWER_MS + 1000);
    if (question->answer == NULL) {
        return fail(err, STATUS_RETRY, "cannot %s: no answer within %d ms", doing, KAFKA_ANSWER_MS);
    }
    code = rd_kafka_event_error(question->answer);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_fail(code, rd_kafka_event_error_string(question->answer), doing, err);
    }
    return STATUS_OK;
}

void kafka_question_release(struct kafka_question *question)
{
    if (question->answer != NULL) {
        rd_kafka_event_destroy(question->answer);
    }
    rd_kafka_AdminOptions_destroy(question->options);
    rd_kafka_queue_destroy(question->queue);
}

rd_kafka_topic_partition_list_t *kafka_offset_list(const struct partition_offset *offsets,
                                                   uint32_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

    for (uint32_t i = 0; i < count; i++) {
        char *topic = text_dup(offsets[i].topic);
        rd_kafka_topic_partition_t *place = rd_kafka_topic_partition_list_add(list, topic,
                                                                              offsets[i].partition);
        size_t bytes = strnlen(offsets[i].metadata, OFFSET_METADATA_BYTES);

        free(topic);
        place->offset = offsets[i].offset >= 0 ? offsets[i].offset : RD_KAFKA_OFFSET_INVALID;
        if (bytes > 0) {
            place->metadata = malloc(bytes); /* The list frees it. */
            CHECK(place->metadata != NULL);
            memcpy(place->metadata, offsets[i].metadata, bytes);
            place->metadata_size = bytes;
        }
    }
    return list;
}

/* Copy one answered offset to `to`. */
static enum status take_committed(const rd_kafka_topic_partition_t *from,
                                  struct partition_offset *to, struct error *err)
{
    size_t bytes = from->metadata_size;

    if (from->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        char doing[320];

        (void)snprintf(doing, sizeof(doing),
                       "read the committed offset of topic '%s' partition "
                       "%" PRId32,
                       from->topic, from->partition);
        return kafka_fail(from->err, NULL, doing, err);
    }
    to->offset = from->offset >= 0 ? from->offset : OFFSET_NONE;
    if (from->metadata == NULL) {
        bytes = 0;
    } else if (bytes >= OFFSET_METADATA_BYTES) {
        bytes = OFFSET_METADATA_BYTES - 1; /* Longer ones are not ours. */
    }
    if (bytes > 0) {
        memcpy(to->metadata, from->metadata, bytes);
    }
    to->metadata[bytes] = '\0';
    return STATUS_OK;
}

static enum status take_all_committed(const rd_kafka_event_t *answer,
                                      struct partition_offset *offsets, uint32_t count,
                                      struct error *err)
{
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        rd_kafka_event_ListConsumerGroupOffsets_result((rd_kafka_event_t *)answer);
    size_t group_count = 0;
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        result, &group_count);
    const rd_kafka_topic_partition_list_t *list;
    enum status status = STATUS_OK;

    if (group_count != 1) {
        return fail(err, STATUS_RETRY, "cannot read committed offsets: no group in the answer");
    }
    if (rd_kafka_group_result_error(groups[0]) != NULL) {
        const rd_kafka_error_t *cause = rd_kafka_group_result_error(groups[0]);

        return kafka_fail(rd_kafka_error_code(cause), rd_kafka_error_string(cause),
                          "read committed offsets", err);
    }
    list = rd_kafka_group_result_partitions(groups[0]);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        char *topic = text_dup(offsets[i].topic);
        const rd_kafka_topic_partition_t *found = list == NULL
                                                      ? NULL
                                                      : rd_kafka_topic_partition_list_find(
                                                            (rd_kafka_topic_partition_list_t *)list,
                                                            topic, offsets[i].partition);

        free(topic);
        status = found != NULL
                     ? take_committed(found, &offsets[i], err)
                     : fail(err, STATUS_RETRY,
                            "cannot read committed offsets: the answer lacks topic '%.*s' "
                            "partition %" PRId32,
                            TEXT_ARG(offsets[i].topic), offsets[i].partition);
    }
    return status;
}

enum status kafka_admin_committed(void *self, struct text group, struct partition_offset *offsets,
                                  uint32_t count, enum committed_read read, struct error *err)
{
    struct kafka_broker *broker = self;
    struct kafka_question question;
    rd_kafka_ListConsumerGroupOffsets_t *request;
    rd_kafka_topic_partition_list_t *list;
    char *group_string;
    enum status status;

    if (count == 0) {
        return STATUS_OK;
    }
    group_string = text_dup(group);
    list = kafka_offset_list(offsets, count);
    request = rd_kafka_ListConsumerGroupOffsets_new(group_string, list);
    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    /* The client's own call of this name waits while a commit is pending; this one tells. */
    status = kafka_end(rd_kafka_AdminOptions_set_require_stable_offsets(question.options,
                                                                        read == COMMITTED_STABLE),
                       "ask for stable offsets", err);
    if (status == STATUS_OK) {
        rd_kafka_ListConsumerGroupOffsets(question.rk, &request, 1, question.options,
                                          question.queue);
        status = kafka_question_wait(&question, "read committed offsets", err);
    }
    if (status == STATUS_OK) {
        status = take_all_committed(question.answer, offsets, count, err);
    }
    kafka_question_release(&question);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    if (status != STATUS_OK) {
        (void)fail_in(err, status, "group '%s'", group_string);
    }
    free(group_string);
    return status;
}

enum status kafka_admin_ends(void *self, struct text topic, int32_t partition,
                             struct log_ends *ends, struct error *err)
{
    struct kafka_broker *broker = self;
    char *topic_string = text_dup(topic);
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        broker->admin, topic_string, partition, &ends->low, &ends->stable, KAFKA_ANSWER_MS);

    /* Asked later, so that it is not below the other. */
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = rd_kafka_query_watermark_offsets(broker->admin_uncommitted, topic_string, partition,
                                                &ends->low, &ends->high, KAFKA_ANSWER_MS);
    }
    free(topic_string);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        enum status status = kafka_fail(code, NULL, "read the ends", err);

        return fail_in(err, status, "topic '%.*s' partition %" PRId32, TEXT_ARG(topic), partition);
    }
    return STATUS_OK;
}

enum status kafka_admin_offset_at(void *self, struct text topic, int32_t partition, int64_t time_ms,
                                  int64_t *offset, struct error *err)
{
    struct kafka_broker *broker = self;
    struct partition_offset asked = {.topic = topic, .partition = partition, .offset = time_ms};
    rd_kafka_topic_partition_list_t *list = kafka_offset_list(&asked, 1);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(broker->admin, list, KAFKA_ANSWER_MS);
    struct log_ends ends = {0};

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = list->elems[0].err;
    }
    *offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        enum status status = kafka_fail(code, NULL, "look up the offset of a time", err);

        return fail_in(err, status, "topic '%.*s' partition %" PRId32, TEXT_ARG(topic), partition);
    }
    if (*offset < 0) { /* Nothing is as young as that. */
        enum status status = kafka_admin_ends(self, topic, partition, &ends, err);

        *offset = ends.stable;
        return status;
    }
    return STATUS_OK;
}

enum status kafka_admin_delete_records(void *self, struct text topic, int32_t partition,
                                       int64_t before, struct error *err)
{
    struct kafka_broker *broker = self;
    struct partition_offset asked = {.topic = topic, .partition = partition, .offset = before};
    rd_kafka_topic_partition_list_t *list = kafka_offset_list(&asked, 1);
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    struct kafka_question question;
    enum status status;

    kafka_question_init(&question, broker->admin, RD_KAFKA_ADMIN_OP_DELETERECORDS);
    rd_kafka_DeleteRecords(question.rk, &request, 1, question.options, question.queue);
    status = kafka_question_wait(&question, "delete records", err);
    if (status == STATUS_OK) {
        const rd_kafka_topic_partition_list_t *done = rd_kafka_DeleteRecords_result_offsets(
            rd_kafka_event_DeleteRecords_result(question.answer));

        if (done->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            status = kafka_fail(done->elems[0].err, NULL, "delete records", err);
        }
    }
    kafka_question_release(&question);
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
    return status == STATUS_OK ? status
                               : fail_in(err, status, "topic '%.*s' partition %" PRId32,
                                         TEXT_ARG(topic), partition);
}
