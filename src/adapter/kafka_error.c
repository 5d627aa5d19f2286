#include "adapter/kafka_error.h"

struct meaning {
    rd_kafka_resp_err_t code;
    enum status status;
};

/* A table and not a switch: librdkafka has some 200 codes and most of them are trouble that may
 * pass, which is what a code that is not listed means. */
static const struct meaning meanings[] = {
    /* Somebody else has our place. */
    {RD_KAFKA_RESP_ERR__FENCED, STATUS_FENCED},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, STATUS_FENCED},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, STATUS_FENCED},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, STATUS_FENCED},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, STATUS_FENCED},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, STATUS_FENCED},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, STATUS_FENCED},
    /* What was asked is at fault. */
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, STATUS_REJECT},
#if RD_KAFKA_VERSION >= 0x020100ff
    {RD_KAFKA_RESP_ERR__LOG_TRUNCATION, STATUS_REJECT},
#endif
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, STATUS_REJECT},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, STATUS_REJECT},
    /* Nothing that waiting, or opening a new handle, could change. */
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, STATUS_FATAL},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, STATUS_FATAL},
};

enum status kafka_status(rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code) {
            return meanings[i].status;
        }
    }
    return STATUS_RETRY;
}

static enum status in_transaction(rd_kafka_resp_err_t code)
{
    enum status status = kafka_status(code);

    return status == STATUS_FENCED || status == STATUS_FATAL ? status : STATUS_ABORT;
}

enum status kafka_fail(rd_kafka_resp_err_t code, const char *words, const char *doing,
                       struct error *err)
{
    return fail(err, kafka_status(code), "cannot %s: %s", doing,
                words != NULL ? words : rd_kafka_err2str(code));
}

enum status kafka_fail_in_transaction(rd_kafka_resp_err_t code, const char *words,
                                      const char *doing, struct error *err)
{
    return fail(err, in_transaction(code), "cannot %s: %s", doing,
                words != NULL ? words : rd_kafka_err2str(code));
}

enum status kafka_end(rd_kafka_error_t *cause, const char *doing, struct error *err)
{
    enum status status;

    if (cause == NULL) {
        return STATUS_OK;
    }
    status = kafka_fail(rd_kafka_error_code(cause), rd_kafka_error_string(cause), doing, err);
    rd_kafka_error_destroy(cause);
    return status;
}

enum status kafka_end_in_transaction(rd_kafka_error_t *cause, const char *doing, struct error *err)
{
    enum status status;

    if (cause == NULL) {
        return STATUS_OK;
    }
    status = kafka_fail_in_transaction(rd_kafka_error_code(cause), rd_kafka_error_string(cause),
                                       doing, err);
    rd_kafka_error_destroy(cause);
    return status;
}
