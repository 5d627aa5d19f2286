/* links: bench_kit */
/*
 * bench_participant - the services of the benchmark: answers every command on three topics with
 * success, keyed alike, echoing the correlation id. Reads committed commands only, as a service must;
 * it drops no repeats, because the benchmark counts them at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kit.h"

#define TAKE_MS 100
#define KEY_BYTES_MAX 64

static void answer(rd_kafka_t *producer, rd_kafka_topic_t *replies,
                   const struct kit_options *options, const rd_kafka_message_t *command)
{
    char payload[KIT_PAYLOAD_BYTES_MAX];
    char key[KEY_BYTES_MAX + 1];
    rd_kafka_headers_t *headers;
    const void *correlation;
    size_t bytes;
    rd_kafka_resp_err_t code;

    if (command->key_len == 0 || command->key_len > KEY_BYTES_MAX ||
        rd_kafka_message_headers(command, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, "correlation-id", &correlation, &bytes) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("a command without key or correlation id");
    }
    memcpy(key, command->key, command->key_len);
    key[command->key_len] = '\0';
    kit_payload(payload, options->payload_bytes, key, (uint64_t)command->offset);
    do {
        code = rd_kafka_producev(
            producer, RD_KAFKA_V_RKT(replies), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(command->key, command->key_len),
            RD_KAFKA_V_VALUE(payload, options->payload_bytes),
            RD_KAFKA_V_HEADER("correlation-id", correlation, (ssize_t)bytes), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_poll(producer, 10);
        }
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("cannot answer: %s", rd_kafka_err2str(code));
    }
}

static void serve(rd_kafka_t *reader, rd_kafka_t *producer, rd_kafka_topic_t *replies,
                  const struct kit_options *options)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(reader);
    rd_kafka_message_t **messages = calloc(KIT_BATCH_MAX, sizeof *messages);

    if (messages == NULL) {
        kit_die("no memory");
    }
    while (!kit_is_stopping()) {
        uint32_t count = kit_take(queue, messages, KIT_BATCH_MAX, TAKE_MS);

        for (uint32_t i = 0; i < count; i++) {
            answer(producer, replies, options, messages[i]);
            rd_kafka_message_destroy(messages[i]);
        }
        rd_kafka_poll(producer, 0);
    }
    free(messages);
    rd_kafka_queue_destroy(queue);
}

int main(int argument_count, char **arguments)
{
    const char *commands[KIT_SERVICES];
    struct kit_options options;
    struct kit_topics topics;
    rd_kafka_topic_t *replies;
    rd_kafka_t *producer;
    rd_kafka_t *reader;

    kit_options_read(argument_count, arguments,
                     "bench_participant: answers the commands of three services", &options);
    kit_topics_name(options.prefix, &topics);
    for (uint32_t i = 0; i < KIT_SERVICES; i++) {
        commands[i] = topics.commands[i];
    }
    rd_kafka_conf_t *conf = kit_conf(&options, KIT_READER);
    kit_set(conf, "group.id", "bench.participant"); /* Asked for by assign; nothing is committed. */
    reader = kit_client(RD_KAFKA_CONSUMER, conf);
    producer = kit_client(RD_KAFKA_PRODUCER, kit_conf(&options, KIT_PRODUCER));
    replies = rd_kafka_topic_new(producer, topics.replies, NULL);
    kit_assign_ends(reader, &options, commands, KIT_SERVICES);
    printf("ready\n");
    fflush(stdout);
    serve(reader, producer, replies, &options);
    rd_kafka_flush(producer, 5000);
    rd_kafka_topic_destroy(replies);
    rd_kafka_destroy(producer);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return 0;
}
