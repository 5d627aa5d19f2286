/*
 * kit - what the programs of the benchmark share: options, topics, librdkafka handles and payloads.
 *
 * The raw loop and baton are measured on the same topics, with the same participant, the same load
 * and the same properties of the client; the properties stand here. Errors end the program with a
 * message: these are tools, run by ops/bench, which reports what they say.
 */
#ifndef BATON_BENCH_KIT_H
#define BATON_BENCH_KIT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#define KIT_SERVICES 3
#define KIT_NAME_BYTES 128
#define KIT_BATCH_MAX 5000 /* Records of a turn, as baton takes them. */
#define KIT_PAYLOAD_BYTES_MAX 4096

struct kit_options {
    const char *brokers;
    const char *prefix; /* Of all topics: "<prefix>start", "<prefix>one.commands", ... */
    uint32_t steps;
    uint32_t lanes;
    uint32_t partitions; /* Of each topic. */
    uint32_t payload_bytes;
    uint64_t sagas;
    uint64_t first;     /* Number of the first saga; they are "s-<number>". */
    uint64_t in_flight; /* At most so many sagas are open; 0: all at once. */
    double rate;        /* Sagas a second; 0: as fast as possible. */
    double deadline_s;  /* Give up when nothing has ended for so long. */
    bool start_only;    /* Do not wait for their ends. */
};

/* Read the command line; prints and ends on --help and on what it does not know. `purpose` is what
 * the program is for. */
void kit_options_read(int count, char **arguments, const char *purpose,
                      struct kit_options *options);

struct kit_topics {
    char start[KIT_NAME_BYTES];
    char commands[KIT_SERVICES][KIT_NAME_BYTES];
    char replies[KIT_NAME_BYTES];
    char done[KIT_NAME_BYTES];
};

void kit_topics_name(const char *prefix, struct kit_topics *topics);

enum kit_role {
    KIT_MEMBER,   /* Reads as a member of a group; set group.id. */
    KIT_READER,   /* Reads what it is assigned. */
    KIT_PRODUCER, /* Idempotent; set transactional.id for more. */
};

/* The configuration of a handle; it belongs to the caller until kit_client(). */
rd_kafka_conf_t *kit_conf(const struct kit_options *options, enum kit_role role);
void kit_set(rd_kafka_conf_t *conf, const char *name, const char *value);
/* Make the handle; takes `conf`. */
rd_kafka_t *kit_client(rd_kafka_type_t type, rd_kafka_conf_t *conf);

/* Assign every partition of `topics`, from its end as it is now: whatever is written after the call
 * is read. */
void kit_assign_ends(rd_kafka_t *reader, const struct kit_options *options,
                     const char *const *topics, uint32_t topic_count);

/* Wait up to `wait_ms` for one message, then take what else is there, `capacity` in all. Errors in
 * the stream are destroyed, those that end a handle end the program. */
uint32_t kit_take(rd_kafka_queue_t *queue, rd_kafka_message_t **messages, uint32_t capacity,
                  int wait_ms);

/* Write an object of `bytes` bytes with this key: {"id":"...","ok":true,"note":"<hex digits>"}. The
 * digits differ from key to key, so that compression finds what it finds in real records. */
void kit_payload(char *data, uint32_t bytes, const char *key, uint64_t seed);

int64_t kit_now_us(void);   /* Monotonic. */
bool kit_is_stopping(void); /* After SIGTERM or SIGINT; kit_options_read() sees to it. */

/* Print "<program>: <words>" and end with exit code 3. */
_Noreturn void kit_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
