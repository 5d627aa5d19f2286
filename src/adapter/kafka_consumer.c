/*
 * A member of a group. librdkafka assigns and fetches; which partitions are fetched, and from
 * where, is decided by start() and pause() alone, and whatever arrives of a partition that is not
 * started is dropped.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "adapter/kafka_batch.h"
#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"
#include "adapter/kafka_places.h"
#include "adapter/real_clock.h"
#include "base/log.h"

#define LEAVE_MS 3000
#define LEAVE_LOOK_MS 20

struct kafka_consumer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct rebalance rebalance;
    struct kafka_places places;
    uint64_t epoch; /* Counts rebalances. */
    struct kafka_batch batch;
};

static void on_assign(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(0);
    struct partition_offset *offsets;

    /* It is ours, and nothing is fetched of it yet; see kafka_places.h. */
    (void)rd_kafka_assign(consumer->rk, nothing); /* Fails only on a dead handle: poll() tells. */
    rd_kafka_topic_partition_list_destroy(nothing);
    kafka_places_take(&consumer->places, list);
    offsets = kafka_places_offsets(&consumer->places);
    consumer->rebalance.assigned(consumer->rebalance.self, offsets, consumer->places.count);
    free(offsets);
}

static void on_revoke(struct kafka_consumer *consumer)
{
    struct partition_offset *offsets = kafka_places_offsets(&consumer->places);

    consumer->rebalance.revoked(consumer->rebalance.self, offsets, consumer->places.count,
                                rd_kafka_assignment_lost(consumer->rk) != 0);
    free(offsets);
    kafka_places_forget(&consumer->places);
    (void)rd_kafka_assign(consumer->rk, NULL);
}

static void on_rebalance(rd_kafka_t *unused, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct kafka_consumer *consumer = opaque;

    (void)unused;
    consumer->epoch++;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assign(consumer, list);
    } else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        on_revoke(consumer);
    } else {
        log_event(LOG_WARN, "kafka_rebalance_failed", "error=\"%s\"", rd_kafka_err2str(code));
        on_revoke(consumer);
    }
    if (consumer->queue != NULL) {
        /* Give control back at once: the time is better spent on taking over. */
        rd_kafka_queue_yield(consumer->queue);
    }
}

static enum status start(void *self, struct text topic, int32_t partition, int64_t offset,
                         struct error *err)
{
    struct kafka_consumer *consumer = self;
    struct kafka_place *place = kafka_places_find_text(&consumer->places, topic, partition);

    if (place == NULL || offset < 0) {
        return fail(err, STATUS_REJECT,
                    "topic '%.*s' partition %" PRId32 ": cannot start at %" PRId64 ": %s",
                    TEXT_ARG(topic), partition, offset,
                    place == NULL ? "not assigned" : "no offset");
    }
    kafka_places_start(&consumer->places, place, offset);
    return STATUS_OK;
}

static enum status pause_port(void *self, struct text topic, int32_t partition, struct error *err)
{
    struct kafka_consumer *consumer = self;
    struct kafka_place *place = kafka_places_find_text(&consumer->places, topic, partition);

    if (place == NULL) {
        return fail(err, STATUS_REJECT,
                    "topic '%.*s' partition %" PRId32 ": cannot pause: not assigned",
                    TEXT_ARG(topic), partition);
    }
    kafka_places_pause(&consumer->places, place);
    return STATUS_OK;
}

/* The member cannot go on, as when another one has taken its static id. The client says so once in
 * the stream, which a rebalance may hide, so it is asked as well. */
static enum status tell_fatal(const struct kafka_consumer *consumer, struct error *err)
{
    char words[256];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(consumer->rk, words, sizeof(words));

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return STATUS_OK;
    }
    return fail(err, kafka_status(code) == STATUS_FENCED ? STATUS_FENCED : STATUS_FATAL,
                "cannot stay in the group: %s", words);
}

/* An error in the stream: of a partition, or of the client. */
static enum status take_error(struct kafka_consumer *consumer, const rd_kafka_message_t *message,
                              struct error *err)
{
    struct kafka_place *place = message->rkt == NULL
                                    ? NULL
                                    : kafka_places_find(&consumer->places,
                                                        rd_kafka_topic_name(message->rkt),
                                                        message->partition);
    enum status status = kafka_status(message->err);

    if (place != NULL && !place->started) {
        return STATUS_OK;
    }
    if (place != NULL && message->offset >= 0 && message->offset < place->from) {
        return STATUS_OK; /* Said of a position before the start. */
    }
    if (place != NULL && status == STATUS_REJECT) {
        if (message->offset > place->from) {
            place->from = message->offset;
        }
        kafka_places_pause(&consumer->places, place);
        place->lost = message->err;
        consumer->places.lost = true;
        return STATUS_OK;
    }
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) {
        return tell_fatal(consumer, err);
    }
    if (status == STATUS_FATAL || message->err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        return kafka_fail(message->err, rd_kafka_message_errstr(message), "poll", err);
    }
    /* The client mends the rest by itself, or goes on as well as it can. */
    log_event(LOG_WARN, "kafka_consumer", "error=\"%s\"", rd_kafka_message_errstr(message));
    return STATUS_OK;
}

static enum status give_out(struct kafka_consumer *consumer, struct record *records,
                            uint32_t *count, struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < consumer->batch.count; i++) {
        const rd_kafka_message_t *message = consumer->batch.messages[i];
        struct kafka_place *place;

        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            status = status == STATUS_OK ? take_error(consumer, message, err) : status;
            continue;
        }
        place = kafka_places_find(&consumer->places, rd_kafka_topic_name(message->rkt),
                                  message->partition);
        if (place != NULL && place->started && message->offset >= place->from) {
            place->from = message->offset + 1;
            kafka_batch_record(&consumer->batch, message, &records[(*count)++]);
        }
    }
    return status;
}

static enum status poll_port(void *self, int64_t wait_ms, struct record *records, uint32_t capacity,
                             uint32_t *count, struct error *err)
{
    struct kafka_consumer *consumer = self;
    uint64_t epoch = consumer->epoch;
    enum status status;

    *count = 0;
    kafka_batch_clear(&consumer->batch);
    status = tell_fatal(consumer, err);
    if (status == STATUS_OK) {
        status = kafka_places_tell_lost(&consumer->places, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = kafka_places_apply(&consumer->places, consumer->rk, err);
    if (status != STATUS_OK) {
        return status;
    }
    kafka_batch_take(&consumer->batch, consumer->queue, wait_ms, capacity);
    if (consumer->epoch != epoch) {
        /* Whatever was taken came before the rebalance, since nothing starts inside of it, and is
         * of partitions that are gone. */
        kafka_batch_clear(&consumer->batch);
    }
    status = give_out(consumer, records, count, err);
    if (status == STATUS_OK && *count == 0) {
        status = kafka_places_tell_lost(&consumer->places, err);
    }
    return status;
}

static enum status commit(void *self, const struct partition_offset *offsets, uint32_t count,
                          struct error *err)
{
    struct kafka_consumer *consumer = self;
    rd_kafka_topic_partition_list_t *list = kafka_offset_list(offsets, count);
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer->rk, list, 0);

    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        code = list->elems[i].err;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK
                                              : kafka_fail(code, NULL, "commit offsets", err);
}

static void close_port(void *self)
{
    struct kafka_consumer *consumer = self;

    if (consumer == NULL) {
        return;
    }
    kafka_batch_release(&consumer->batch);
    if (consumer->queue != NULL) {
        rd_kafka_queue_destroy(consumer->queue);
        consumer->queue = NULL;
        (void)rd_kafka_consumer_close(consumer->rk); /* Calls `revoked`. */
    }
    if (consumer->rk != NULL) {
        rd_kafka_destroy(consumer->rk);
    }
    kafka_places_forget(&consumer->places);
    free(consumer);
}

/* The client lets a static member leave when it gives up its subscription, and not when it closes. It
 * leaves in the background, once what was assigned is gone; then it has no name in the group. */
static void leave_port(void *self)
{
    struct kafka_consumer *consumer = self;
    int64_t until_ms = real_clock_monotonic_ms() + LEAVE_MS;
    bool is_member = rd_kafka_unsubscribe(consumer->rk) == RD_KAFKA_RESP_ERR_NO_ERROR;

    while (is_member && real_clock_monotonic_ms() < until_ms) {
        char *name;

        kafka_batch_clear(&consumer->batch);
        kafka_batch_take(&consumer->batch, consumer->queue, LEAVE_LOOK_MS, 1);
        name = rd_kafka_memberid(consumer->rk);
        is_member = name != NULL && name[0] != '\0';
        rd_kafka_mem_free(consumer->rk, name);
    }
    if (is_member) {
        log_event(LOG_WARN, "kafka_leave_unknown", "text=\"the group may wait for the session\"");
    }
    close_port(consumer);
}

rd_kafka_consumer_group_metadata_t *kafka_consumer_membership(const struct consumer *consumer)
{
    const struct kafka_consumer *member = consumer->self;

    return rd_kafka_consumer_group_metadata(member->rk);
}

/* The client tells here that a topic is gone, or has fewer partitions than before. One of the same
 * name may come at once, and the client would go on in it at the old position: the records before
 * that would be lost. What was fetched of it is dropped, and poll() tells. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_consumer *consumer = opaque;

    log_event(LOG_WARN, "kafka_client", "client=%s facility=ERROR text=\"%s\"", rd_kafka_name(rk),
              reason);
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
        code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        kafka_places_gone(&consumer->places, reason, (rd_kafka_resp_err_t)code);
    }
}

static enum status make_handle(struct kafka_broker *broker, const struct consumer_options *options,
                               struct kafka_consumer *consumer, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_options_conf(&broker->options, KAFKA_CONSUMER, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = kafka_conf_set_text(conf, "group.id", options->group, err);
    if (status == STATUS_OK && options->static_id.bytes > 0) {
        status = kafka_conf_set_text(conf, "group.instance.id", options->static_id, err);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return kafka_handle_new(RD_KAFKA_CONSUMER, conf, &consumer->rk, err);
}

static enum status subscribe(struct kafka_consumer *consumer,
                             const struct consumer_options *options, struct error *err)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(
        (int)options->topic_count);
    rd_kafka_resp_err_t code;

    for (uint32_t i = 0; i < options->topic_count; i++) {
        char *name = text_dup(options->topics[i]);

        rd_kafka_topic_partition_list_add(topics, name, RD_KAFKA_PARTITION_UA);
        free(name);
    }
    (void)rd_kafka_poll_set_consumer(consumer->rk);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->rk);
    code = rd_kafka_subscribe(consumer->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK
                                              : kafka_fail(code, NULL, "subscribe", err);
}

enum status kafka_consumer_open(void *self, const struct consumer_options *options,
                                struct consumer *port, struct error *err)
{
    struct kafka_consumer *consumer = calloc(1, sizeof(*consumer));
    enum status status;

    CHECK(consumer != NULL);
    consumer->rebalance = options->rebalance;
    status = make_handle(self, options, consumer, err);
    if (status == STATUS_OK) {
        status = subscribe(consumer, options, err);
    }
    if (status != STATUS_OK) {
        close_port(consumer);
        return fail_in(err, status, "group '%.*s'", TEXT_ARG(options->group));
    }
    *port = (struct consumer){.self = consumer,
                              .poll = poll_port,
                              .start = start,
                              .pause = pause_port,
                              .commit = commit,
                              .close = close_port,
                              .leave = leave_port};
    return STATUS_OK;
}
