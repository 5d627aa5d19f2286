/* links: bench_kit */
/*
 * bench_load - starts sagas and sees them end. As fast as possible, with a bound on how many are open,
 * or at a rate. It prints one JSON object: how many ended, how long that took from the first start to
 * the last end, and the times from the production of a start to its end being seen, in milliseconds.
 * Exit code 1 if some saga did not end, or one ended twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kit.h"

#define TAKE_MS 100
#define KEY_BYTES 24
#define US_PER_SECOND 1000000

struct load {
    const struct kit_options *options;
    rd_kafka_t *producer;
    rd_kafka_topic_t *start;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t **messages;
    int64_t *times_us; /* By saga: when it was started, then how long it took, less than 0 once. */
    uint64_t sent;
    uint64_t ended;
    uint64_t repeated;
    int64_t begun_us;
    int64_t last_us; /* The last end. */
};

static void send_one(struct load *load)
{
    char payload[KIT_PAYLOAD_BYTES_MAX];
    char key[KEY_BYTES];
    uint64_t number = load->options->first + load->sent;
    int bytes = snprintf(key, sizeof key, "s-%08" PRIu64, number);
    rd_kafka_resp_err_t code;

    kit_payload(payload, load->options->payload_bytes, key, number);
    do {
        load->times_us[load->sent] = kit_now_us();
        code = rd_kafka_producev(
            load->producer, RD_KAFKA_V_RKT(load->start), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
            RD_KAFKA_V_KEY(key, (size_t)bytes),
            RD_KAFKA_V_VALUE(payload, load->options->payload_bytes), RD_KAFKA_V_END);
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            rd_kafka_poll(load->producer, 10);
        }
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("cannot start a saga: %s", rd_kafka_err2str(code));
    }
    load->sent++;
}

static void note_end(struct load *load, const rd_kafka_message_t *message, int64_t now_us)
{
    char key[KEY_BYTES] = {0};
    uint64_t number;

    if (message->key_len < 3 || message->key_len >= sizeof key) {
        kit_die("an end without the key of a saga");
    }
    memcpy(key, message->key, message->key_len);
    number = strtoull(key + 2, NULL, 10);
    if (number < load->options->first || number - load->options->first >= load->sent) {
        return; /* Of another load. */
    }
    int64_t *time_us = &load->times_us[number - load->options->first];
    if (*time_us < 0) {
        load->repeated++;
        return;
    }
    *time_us = -(now_us - *time_us) - 1;
    load->ended++;
    load->last_us = now_us;
}

static void see_ends(struct load *load, int wait_ms)
{
    uint32_t count = kit_take(load->queue, load->messages, KIT_BATCH_MAX, wait_ms);
    int64_t now_us = kit_now_us();

    for (uint32_t i = 0; i < count; i++) {
        note_end(load, load->messages[i], now_us);
        rd_kafka_message_destroy(load->messages[i]);
    }
}

static bool may_send(const struct load *load)
{
    uint64_t most = load->options->in_flight;

    return load->sent < load->options->sagas && (most == 0 || load->sent - load->ended < most);
}

static void drive(struct load *load)
{
    const struct kit_options *options = load->options;
    int64_t give_up_us = (int64_t)(options->deadline_s * US_PER_SECOND);

    load->begun_us = kit_now_us();
    load->last_us = load->begun_us;
    while (load->ended < options->sagas && !kit_is_stopping()) {
        int64_t now_us = kit_now_us();
        int wait_ms = TAKE_MS;

        if (options->rate > 0 && load->sent < options->sagas) {
            int64_t due_us = load->begun_us +
                             (int64_t)((double)load->sent * US_PER_SECOND / options->rate);

            wait_ms = now_us >= due_us ? 0 : (int)((due_us - now_us + 999) / 1000);
            if (now_us >= due_us) {
                send_one(load);
            }
        } else {
            for (uint32_t i = 0; i < KIT_BATCH_MAX && may_send(load); i++) {
                send_one(load);
            }
            wait_ms = may_send(load) ? 0 : TAKE_MS;
        }
        rd_kafka_poll(load->producer, 0);
        see_ends(load, wait_ms);
        if (now_us - load->last_us > give_up_us) {
            break;
        }
    }
}

/* Start all; true if every start was acknowledged. */
static bool start_all(struct load *load)
{
    int wait_ms = (int)(load->options->deadline_s * 1000);

    while (load->sent < load->options->sagas && !kit_is_stopping()) {
        send_one(load);
        rd_kafka_poll(load->producer, 0);
    }
    return rd_kafka_flush(load->producer, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           load->sent == load->options->sagas;
}

static int compare_times(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return a < b ? -1 : a > b;
}

/* The q-th of the sorted times of ended sagas, in milliseconds. */
static double quantile(const struct load *load, double q)
{
    uint64_t at = (uint64_t)(q * (double)load->ended);

    at = at >= load->ended ? load->ended - 1 : at;
    return load->ended == 0 ? 0 : (double)load->times_us[at] / 1000;
}

static void print(struct load *load)
{
    uint64_t kept = 0;
    double seconds = (double)(load->last_us - load->begun_us) / US_PER_SECOND;

    for (uint64_t i = 0; i < load->sent; i++) {
        if (load->times_us[i] < 0) {
            load->times_us[kept++] = -(load->times_us[i] + 1);
        }
    }
    qsort(load->times_us, kept, sizeof *load->times_us, compare_times);
    printf("{\"sagas\": %" PRIu64 ", \"ended\": %" PRIu64 ", \"repeated\": %" PRIu64
           ", \"seconds\": %.3f, \"sagas_per_second\": %.1f, \"p50_ms\": %.2f, \"p90_ms\": %.2f, "
           "\"p99_ms\": %.2f, \"max_ms\": %.2f}\n",
           load->options->sagas, load->ended, load->repeated, seconds,
           seconds > 0 ? (double)load->ended / seconds : 0, quantile(load, 0.5),
           quantile(load, 0.9), quantile(load, 0.99), quantile(load, 1));
}

int main(int argument_count, char **arguments)
{
    struct kit_options options;
    struct kit_topics topics;
    struct load load = {.options = &options};

    kit_options_read(argument_count, arguments, "bench_load: starts sagas and sees them end",
                     &options);
    kit_topics_name(options.prefix, &topics);
    load.times_us = calloc(options.sagas + 1, sizeof *load.times_us);
    load.messages = calloc(KIT_BATCH_MAX, sizeof *load.messages);
    if (load.times_us == NULL || load.messages == NULL) {
        kit_die("no memory");
    }
    rd_kafka_conf_t *conf = kit_conf(&options, KIT_READER);
    kit_set(conf, "group.id", "bench.load"); /* Asked for by assign; nothing is committed. */
    rd_kafka_t *reader = kit_client(RD_KAFKA_CONSUMER, conf);
    const char *done = topics.done;
    kit_assign_ends(reader, &options, &done, 1);
    load.queue = rd_kafka_queue_get_consumer(reader);
    load.producer = kit_client(RD_KAFKA_PRODUCER, kit_conf(&options, KIT_PRODUCER));
    load.start = rd_kafka_topic_new(load.producer, topics.start, NULL);
    bool is_done;
    if (options.start_only) {
        is_done = start_all(&load);
        printf("{\"sagas\": %" PRIu64 ", \"started\": %" PRIu64 "}\n", options.sagas, load.sent);
    } else {
        drive(&load);
        print(&load);
        is_done = load.ended == options.sagas && load.repeated == 0;
    }
    rd_kafka_topic_destroy(load.start);
    rd_kafka_destroy(load.producer);
    rd_kafka_queue_destroy(load.queue);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    free(load.messages);
    free(load.times_us);
    return is_done ? 0 : 1;
}
