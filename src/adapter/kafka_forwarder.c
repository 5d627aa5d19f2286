/*
 * The router's producer: idempotent, no transactions, no gaps. A delivery that fails ends the
 * session, because a later record that is written would hide the lost one behind its watermark.
 */
#include <stdlib.h>

#include "adapter/kafka_sender.h"

static enum status send_record(void *self, const struct outgoing *record, struct error *err)
{
    struct kafka_sender *sender = self;

    if (sender->failed) {
        return fail(err, STATUS_ABORT, "%s", sender->failure.text);
    }
    return kafka_sender_send(sender, record, 0, err);
}

static enum status flush(void *self, struct error *err)
{
    return kafka_sender_flush(self, KAFKA_OPEN_MS, err);
}

static void close_forwarder(void *self)
{
    if (self != NULL) {
        kafka_sender_close(self);
        free(self);
    }
}

enum status kafka_forwarder_open(void *self, struct forwarder *port, struct error *err)
{
    struct kafka_broker *broker = self;
    struct kafka_sender *sender;
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_options_conf(&broker->options, KAFKA_FORWARDER, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    sender = calloc(1, sizeof(*sender));
    CHECK(sender != NULL);
    status = kafka_sender_open(sender, broker, conf, err);
    if (status != STATUS_OK) {
        close_forwarder(sender);
        return status;
    }
    *port = (struct forwarder){
        .self = sender, .send = send_record, .flush = flush, .close = close_forwarder};
    return STATUS_OK;
}
