#include "adapter/kafka_broker.h"

#include <stdlib.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"
#include "adapter/kafka_pool.h"

enum status kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **rk,
                             struct error *err)
{
    char errstr[512];

    *rk = rd_kafka_new(type, conf, errstr, sizeof(errstr));
    if (*rk == NULL) {
        rd_kafka_conf_destroy(conf); /* rd_kafka_new() takes it only when it succeeds. */
        return fail(err, STATUS_FATAL, "cannot make a kafka client: %s", errstr);
    }
    return STATUS_OK;
}

/*
 * A consumer, since the client asks for ends with the isolation of the handle. It joins no group but
 * has the name of one: librdkafka (2.8.0 at least) looks for a new coordinator through the handle's
 * own group when a group's offsets cannot be read, and follows a null pointer if there is none.
 */
static enum status open_admin(struct kafka_broker *broker, const char *isolation, rd_kafka_t **rk,
                              struct error *err)
{
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_options_conf(&broker->options, KAFKA_ADMIN, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = kafka_conf_set(conf, "isolation.level", isolation, err);
    if (status == STATUS_OK) {
        status = kafka_conf_set_text(conf, "group.id", broker->options.reader_group, err);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    status = kafka_handle_new(RD_KAFKA_CONSUMER, conf, rk, err);
    /* Properties that do not go together; nobody has asked a broker yet. */
    return status == STATUS_FATAL && rd_kafka_last_error() == RD_KAFKA_RESP_ERR__INVALID_ARG
               ? STATUS_REJECT
               : status;
}

enum status kafka_broker_open(const struct kafka_options *options, struct kafka_broker **out,
                              struct error *err)
{
    struct kafka_broker *broker;
    enum status status;

    *out = NULL;
    status = kafka_options_check(options, err);
    if (status != STATUS_OK) {
        return status;
    }
    broker = calloc(1, sizeof(*broker));
    CHECK(broker != NULL);
    kafka_options_copy(&broker->arena, options, &broker->options);
    atomic_init(&broker->batch_bytes, KAFKA_BATCH_BYTES_MAX);
    status = open_admin(broker, "read_committed", &broker->admin, err);
    if (status == STATUS_OK) {
        status = open_admin(broker, "read_uncommitted", &broker->admin_uncommitted, err);
    }
    broker->readers = kafka_pool_new(&broker->options);
    if (status != STATUS_OK) {
        kafka_broker_close(broker);
        return status;
    }
    *out = broker;
    return STATUS_OK;
}

struct broker kafka_broker_port(struct kafka_broker *broker)
{
    return (struct broker){
        .self = broker,
        .open_consumer = kafka_consumer_open,
        .open_producer = kafka_producer_open,
        .open_forwarder = kafka_forwarder_open,
        .open_reader = kafka_reader_open,
        .committed = kafka_admin_committed,
        .ends = kafka_admin_ends,
        .offset_at = kafka_admin_offset_at,
        .topic = kafka_topics_info,
        .delete_records = kafka_admin_delete_records,
    };
}

enum status kafka_broker_reach(struct kafka_broker *broker, int64_t wait_ms, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(broker->admin, 0, NULL, &metadata, (int)wait_ms);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
        return STATUS_OK;
    }
    (void)kafka_fail(code, NULL, "be reached", err);
    return STATUS_RETRY;
}

void kafka_broker_close(struct kafka_broker *broker)
{
    if (broker == NULL) {
        return;
    }
    kafka_pool_free(broker->readers);
    if (broker->admin != NULL) {
        rd_kafka_destroy(broker->admin);
    }
    if (broker->admin_uncommitted != NULL) {
        rd_kafka_destroy(broker->admin_uncommitted);
    }
    arena_release(&broker->arena);
    free(broker);
}
