#include "bench/kit.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ERRSTR_BYTES 512
#define LOOK_UP_MS 20000
#define LOOK_AGAIN_MS 50

/* Set by the signal handler alone. */
static volatile sig_atomic_t is_stopping;

static const char usage[] =
    "  --brokers HOST:PORT  (127.0.0.1:9092)\n"
    "  --prefix TEXT        of the topics start, one|two|three.commands, replies, done (bench.)\n"
    "  --steps N            requests of a saga (3)\n"
    "  --lanes N            threads of the raw loop (1)\n"
    "  --partitions N       of each topic (4)\n"
    "  --payload BYTES      of every record (300)\n"
    "  --sagas N            of the load (100000)\n"
    "  --first N            number of its first saga (0)\n"
    "  --in-flight N        open at once at most; 0: no bound (20000)\n"
    "  --rate N             sagas a second; 0: as fast as possible (0)\n"
    "  --deadline SECONDS   give up when nothing has ended for so long (60)\n"
    "  --start-only         do not wait for the ends of the sagas\n";

void kit_die(const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "bench: ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    exit(3);
}

static void on_signal(int unused)
{
    (void)unused;
    is_stopping = 1;
}

bool kit_is_stopping(void)
{
    return is_stopping != 0;
}

static uint64_t read_number(const char *option, const char *value, uint64_t max)
{
    char *end;
    unsigned long long number;

    errno = 0;
    number = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || number > max) {
        fprintf(stderr, "bench: --%s '%s': a number up to %llu is wanted\n", option, value,
                (unsigned long long)max);
        exit(2);
    }
    return number;
}

static double read_real(const char *option, const char *value)
{
    char *end;
    double number = strtod(value, &end);

    if (end == value || *end != '\0' || !(number >= 0)) {
        fprintf(stderr, "bench: --%s '%s': a number is wanted\n", option, value);
        exit(2);
    }
    return number;
}

static void read_one(int letter, const char *name, struct kit_options *options)
{
    switch (letter) {
    case 'b':
        options->brokers = optarg;
        break;
    case 'x':
        options->prefix = optarg;
        break;
    case 's':
        options->steps = (uint32_t)read_number(name, optarg, 100);
        break;
    case 'l':
        options->lanes = (uint32_t)read_number(name, optarg, 64);
        break;
    case 'p':
        options->partitions = (uint32_t)read_number(name, optarg, 1000);
        break;
    case 'y':
        options->payload_bytes = (uint32_t)read_number(name, optarg, KIT_PAYLOAD_BYTES_MAX);
        break;
    case 'n':
        options->sagas = read_number(name, optarg, 100000000);
        break;
    case 'f':
        options->first = read_number(name, optarg, 100000000);
        break;
    case 'i':
        options->in_flight = read_number(name, optarg, 100000000);
        break;
    case 'r':
        options->rate = read_real(name, optarg);
        break;
    case 'd':
        options->deadline_s = read_real(name, optarg);
        break;
    case 'o':
        options->start_only = true;
        break;
    default:
        exit(2); /* getopt has said why. */
    }
}

void kit_options_read(int count, char **arguments, const char *purpose, struct kit_options *options)
{
    static const struct option known[] = {
        {"brokers", 1, NULL, 'b'},    {"prefix", 1, NULL, 'x'},
        {"steps", 1, NULL, 's'},      {"lanes", 1, NULL, 'l'},
        {"partitions", 1, NULL, 'p'}, {"payload", 1, NULL, 'y'},
        {"sagas", 1, NULL, 'n'},      {"first", 1, NULL, 'f'},
        {"in-flight", 1, NULL, 'i'},  {"rate", 1, NULL, 'r'},
        {"deadline", 1, NULL, 'd'},   {"start-only", 0, NULL, 'o'},
        {"help", 0, NULL, 'h'},       {NULL, 0, NULL, 0}};
    struct sigaction action = {.sa_handler = on_signal};
    int letter;
    int index = 0;

    *options = (struct kit_options){.brokers = "127.0.0.1:9092",
                                    .prefix = "bench.",
                                    .steps = KIT_SERVICES,
                                    .lanes = 1,
                                    .partitions = 4,
                                    .payload_bytes = 300,
                                    .sagas = 100000,
                                    .in_flight = 20000,
                                    .deadline_s = 60};
    while ((letter = getopt_long(count, arguments, "", known, &index)) != -1) {
        if (letter == 'h') {
            printf("%s\n\n%s", purpose, usage);
            exit(0);
        }
        read_one(letter, known[index].name, options);
    }
    if (optind != count || options->steps == 0 || options->lanes == 0 || options->partitions == 0 ||
        options->payload_bytes < 64) {
        fprintf(stderr, "bench: options alone, counts above 0 and payloads of 64 bytes or more\n");
        exit(2);
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void name_one(char *out, const char *prefix, const char *rest)
{
    if (snprintf(out, KIT_NAME_BYTES, "%s%s", prefix, rest) >= KIT_NAME_BYTES) {
        kit_die("the prefix '%s' is too long", prefix);
    }
}

void kit_topics_name(const char *prefix, struct kit_topics *topics)
{
    static const char *const services[KIT_SERVICES] = {"one.commands", "two.commands",
                                                       "three.commands"};

    name_one(topics->start, prefix, "start");
    for (uint32_t i = 0; i < KIT_SERVICES; i++) {
        name_one(topics->commands[i], prefix, services[i]);
    }
    name_one(topics->replies, prefix, "replies");
    name_one(topics->done, prefix, "done");
}

void kit_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char errstr[ERRSTR_BYTES];

    if (rd_kafka_conf_set(conf, name, value, errstr, sizeof errstr) != RD_KAFKA_CONF_OK) {
        kit_die("%s", errstr);
    }
}

/* As baton has them (src/adapter/kafka_options.c), where they bear on speed. */
rd_kafka_conf_t *kit_conf(const struct kit_options *options, enum kit_role role)
{
    static const char *const reading[][2] = {{"isolation.level", "read_committed"},
                                             {"enable.auto.commit", "false"},
                                             {"auto.offset.reset", "earliest"},
                                             {"queued.min.messages", "10000"},
                                             {"fetch.error.backoff.ms", "50"}};
    static const char *const writing[][2] = {{"enable.idempotence", "true"},
                                             {"acks", "all"},
                                             {"linger.ms", "0"},
                                             {"compression.type", "lz4"},
                                             {"partitioner", "murmur2_random"},
                                             {"retry.backoff.ms", "2"},
                                             {"queue.buffering.max.messages", "500000"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char errstr[ERRSTR_BYTES];

    kit_set(conf, "bootstrap.servers", options->brokers);
    kit_set(conf, "socket.nagle.disable", "true");
    if (role == KIT_PRODUCER) {
        for (size_t i = 0; i < sizeof writing / sizeof writing[0]; i++) {
            kit_set(conf, writing[i][0], writing[i][1]);
        }
        return conf;
    }
    for (size_t i = 0; i < sizeof reading / sizeof reading[0]; i++) {
        kit_set(conf, reading[i][0], reading[i][1]);
    }
    /* Unknown to the oldest library, which does without. */
    (void)rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", errstr, sizeof errstr);
    return conf;
}

rd_kafka_t *kit_client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char errstr[ERRSTR_BYTES];
    rd_kafka_t *client = rd_kafka_new(type, conf, errstr, sizeof errstr);

    if (client == NULL) {
        kit_die("%s", errstr);
    }
    if (type == RD_KAFKA_CONSUMER) {
        rd_kafka_poll_set_consumer(client);
    }
    return client;
}

/* The end of a partition, whose leader may just be elected: the topics are new. */
static int64_t find_end(rd_kafka_t *reader, const char *topic, int32_t partition)
{
    int64_t give_up_us = kit_now_us() + (int64_t)LOOK_UP_MS * 1000;
    rd_kafka_resp_err_t code;
    int64_t low;
    int64_t end;

    do {
        code = rd_kafka_query_watermark_offsets(reader, topic, partition, &low, &end, LOOK_UP_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_poll(reader, LOOK_AGAIN_MS);
        }
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && kit_now_us() < give_up_us);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("topic '%s' partition %d: %s", topic, partition, rd_kafka_err2str(code));
    }
    return end;
}

void kit_assign_ends(rd_kafka_t *reader, const struct kit_options *options,
                     const char *const *topics, uint32_t topic_count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(
        (int)(topic_count * options->partitions));
    rd_kafka_resp_err_t code;

    for (uint32_t i = 0; i < topic_count; i++) {
        for (int32_t p = 0; p < (int32_t)options->partitions; p++) {
            int64_t end = find_end(reader, topics[i], p);
            rd_kafka_topic_partition_list_add(list, topics[i], p)->offset = end;
        }
    }
    code = rd_kafka_assign(reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        kit_die("cannot assign: %s", rd_kafka_err2str(code));
    }
}

uint32_t kit_take(rd_kafka_queue_t *queue, rd_kafka_message_t **messages, uint32_t capacity,
                  int wait_ms)
{
    ssize_t count = rd_kafka_consume_batch_queue(queue, wait_ms, messages, 1);
    uint32_t kept = 0;

    /* A batch call waits its whole time unless the batch fills, so the wait is for one alone. */
    if (count == 1 && capacity > 1) {
        ssize_t more = rd_kafka_consume_batch_queue(queue, 0, messages + 1, capacity - 1);
        count += more > 0 ? more : 0;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (messages[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            messages[kept++] = messages[i];
            continue;
        }
        if (messages[i]->err == RD_KAFKA_RESP_ERR__FATAL) {
            kit_die("%s", rd_kafka_message_errstr(messages[i]));
        }
        rd_kafka_message_destroy(messages[i]);
    }
    return kept;
}

void kit_payload(char *data, uint32_t bytes, const char *key, uint64_t seed)
{
    static const char digits[] = "0123456789abcdef";
    int head = snprintf(data, bytes, "{\"id\":\"%s\",\"ok\":true,\"note\":\"", key);
    uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
    uint32_t at = (uint32_t)head;

    if (head < 0 || at + 2 > bytes) {
        kit_die("a payload of %u bytes is too short for the key '%s'", bytes, key);
    }
    for (; at < bytes - 2; at++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data[at] = digits[state >> 60];
    }
    data[at] = '"';
    data[at + 1] = '}';
}

int64_t kit_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
