/* links: bench_kit */
/*
 * bench_limit - the raw loop: the saga of the benchmark written by hand on librdkafka. It reads start
 * and reply topics, sends the next command, and commits commands and offsets in one transaction: what
 * baton does, without flow files, JSON, history, state, timers and a router. How much slower baton is
 * than this is what its features cost.
 *
 * All it knows of a saga is in the correlation id, "<key>/<step>"; the payload of a reply goes into the
 * next command. Zombies are fenced by the group's generation alone; it does not find out what became
 * of a commit in doubt: any error ends it.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kit.h"

#define TAKE_MS 200
#define OPEN_MS 30000
#define ID_BYTES_MAX 80

/* One thread: one member of the group, one transactional producer. */
struct loop {
    const struct kit_options *options;
    struct kit_topics topics;
    uint32_t index;
    pthread_t thread;
    rd_kafka_t *consumer;
    rd_kafka_t *producer;
    rd_kafka_topic_t *commands[KIT_SERVICES];
    rd_kafka_topic_t *done;
    rd_kafka_topic_partition_list_t *offsets; /* Of this turn. */
};

static void check(rd_kafka_error_t *error, const char *doing)
{
    if (error != NULL) {
        kit_die("cannot %s: %s", doing, rd_kafka_error_string(error));
    }
}

/* The number after the last '/' of the correlation id: the step that was answered. */
static uint32_t answered_step(const rd_kafka_message_t *reply)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t bytes;
    uint32_t step = 0;
    uint32_t digit = 1;

    if (rd_kafka_message_headers(reply, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, "correlation-id", &value, &bytes) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("a reply without a correlation id");
    }
    for (size_t i = bytes; i > 0 && ((const char *)value)[i - 1] != '/'; i--) {
        step += digit * (uint32_t)(((const char *)value)[i - 1] - '0');
        digit *= 10;
    }
    return step;
}

/* Keys and values are borrowed: the messages are kept until the commit. */
static void decide(struct loop *loop, const rd_kafka_message_t *message, bool is_start)
{
    uint32_t step = is_start ? 0 : answered_step(message) + 1;
    rd_kafka_resp_err_t code;

    if (step >= loop->options->steps) {
        code = rd_kafka_producev(loop->producer, RD_KAFKA_V_RKT(loop->done),
                                 RD_KAFKA_V_KEY(message->key, message->key_len),
                                 RD_KAFKA_V_VALUE(message->payload, message->len), RD_KAFKA_V_END);
    } else {
        char id[ID_BYTES_MAX];
        int bytes = snprintf(id, sizeof id, "%.*s/%u", (int)message->key_len,
                             (const char *)message->key, step);

        if (bytes < 0 || (size_t)bytes >= sizeof id) {
            kit_die("a key of %zu bytes is too long", message->key_len);
        }
        code = rd_kafka_producev(loop->producer,
                                 RD_KAFKA_V_RKT(loop->commands[step % KIT_SERVICES]),
                                 RD_KAFKA_V_KEY(message->key, message->key_len),
                                 RD_KAFKA_V_VALUE(message->payload, message->len),
                                 RD_KAFKA_V_HEADER("correlation-id", id, bytes),
                                 RD_KAFKA_V_HEADER("idempotency-key", id, bytes), RD_KAFKA_V_END);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("cannot produce: %s", rd_kafka_err2str(code));
    }
}

static void note_offset(struct loop *loop, const char *topic, const rd_kafka_message_t *message)
{
    rd_kafka_topic_partition_t *place = rd_kafka_topic_partition_list_find(loop->offsets, topic,
                                                                           message->partition);

    if (place == NULL) {
        place = rd_kafka_topic_partition_list_add(loop->offsets, topic, message->partition);
    }
    place->offset = message->offset + 1;
}

static void commit(struct loop *loop)
{
    rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(loop->consumer);
    rd_kafka_resp_err_t code = rd_kafka_flush(loop->producer, -1);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("cannot flush: %s", rd_kafka_err2str(code));
    }
    check(rd_kafka_send_offsets_to_transaction(loop->producer, loop->offsets, member, -1),
          "send offsets");
    check(rd_kafka_commit_transaction(loop->producer, -1), "commit");
    rd_kafka_consumer_group_metadata_destroy(member);
}

static void turn(struct loop *loop, rd_kafka_message_t **messages, uint32_t count)
{
    loop->offsets = rd_kafka_topic_partition_list_new(8);
    check(rd_kafka_begin_transaction(loop->producer), "begin");
    for (uint32_t i = 0; i < count; i++) {
        const char *topic = rd_kafka_topic_name(messages[i]->rkt);

        decide(loop, messages[i], strcmp(topic, loop->topics.start) == 0);
        /* Messages of one partition come together: only the last of each tells its offset. */
        if (i + 1 == count || messages[i + 1]->rkt != messages[i]->rkt ||
            messages[i + 1]->partition != messages[i]->partition) {
            note_offset(loop, topic, messages[i]);
        }
    }
    commit(loop);
    rd_kafka_topic_partition_list_destroy(loop->offsets);
    for (uint32_t i = 0; i < count; i++) {
        rd_kafka_message_destroy(messages[i]);
    }
}

/* Without a delivery report to wake it, rd_kafka_flush() looks every ten milliseconds. */
static void on_delivery(rd_kafka_t *unused, const rd_kafka_message_t *message, void *none)
{
    (void)unused;
    (void)none;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("a record was not written: %s", rd_kafka_err2str(message->err));
    }
}

static void open_handles(struct loop *loop)
{
    rd_kafka_conf_t *conf = kit_conf(loop->options, KIT_MEMBER);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(2);
    char id[KIT_NAME_BYTES];

    kit_set(conf, "group.id", loop->topics.done); /* One group a run, as its topics are. */
    kit_set(conf, "fetch.wait.max.ms", "50");
    loop->consumer = kit_client(RD_KAFKA_CONSUMER, conf);
    conf = kit_conf(loop->options, KIT_PRODUCER);
    snprintf(id, sizeof id, "%.100s.%u", loop->topics.done, loop->index);
    kit_set(conf, "transactional.id", id);
    kit_set(conf, "transaction.timeout.ms", "10000");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    loop->producer = kit_client(RD_KAFKA_PRODUCER, conf);
    check(rd_kafka_init_transactions(loop->producer, OPEN_MS), "open the producer");
    for (uint32_t i = 0; i < KIT_SERVICES; i++) {
        loop->commands[i] = rd_kafka_topic_new(loop->producer, loop->topics.commands[i], NULL);
    }
    loop->done = rd_kafka_topic_new(loop->producer, loop->topics.done, NULL);
    rd_kafka_topic_partition_list_add(topics, loop->topics.start, RD_KAFKA_PARTITION_UA);
    rd_kafka_topic_partition_list_add(topics, loop->topics.replies, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(loop->consumer, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("cannot subscribe: %s", rd_kafka_err2str(code));
    }
}

static void close_handles(struct loop *loop)
{
    for (uint32_t i = 0; i < KIT_SERVICES; i++) {
        rd_kafka_topic_destroy(loop->commands[i]);
    }
    rd_kafka_topic_destroy(loop->done);
    rd_kafka_destroy(loop->producer);
    rd_kafka_consumer_close(loop->consumer);
    rd_kafka_destroy(loop->consumer);
}

static void *loop_main(void *argument)
{
    struct loop *loop = argument;
    rd_kafka_message_t **messages = calloc(KIT_BATCH_MAX, sizeof *messages);

    if (messages == NULL) {
        kit_die("no memory");
    }
    open_handles(loop);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(loop->consumer);
    while (!kit_is_stopping()) {
        uint32_t count = kit_take(queue, messages, KIT_BATCH_MAX, TAKE_MS);

        if (count > 0) {
            turn(loop, messages, count);
        }
    }
    rd_kafka_queue_destroy(queue);
    close_handles(loop);
    free(messages);
    return NULL;
}

int main(int argument_count, char **arguments)
{
    struct kit_options options;
    struct loop *loops;

    kit_options_read(argument_count, arguments,
                     "bench_limit: the saga of the benchmark, hard-coded on librdkafka", &options);
    loops = calloc(options.lanes, sizeof *loops);
    for (uint32_t i = 0; loops != NULL && i < options.lanes; i++) {
        loops[i].options = &options;
        loops[i].index = i;
        kit_topics_name(options.prefix, &loops[i].topics);
        if (pthread_create(&loops[i].thread, NULL, loop_main, &loops[i]) != 0) {
            kit_die("cannot start a thread");
        }
    }
    for (uint32_t i = 0; loops != NULL && i < options.lanes; i++) {
        pthread_join(loops[i].thread, NULL);
    }
    free(loops);
    return 0;
}
