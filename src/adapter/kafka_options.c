#include "adapter/kafka_options.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_threads.h"
#include "base/log.h"

#define ALL (KAFKA_ADMIN | KAFKA_CONSUMER | KAFKA_READER | KAFKA_PRODUCER | KAFKA_FORWARDER)
#define READS (KAFKA_ADMIN | KAFKA_CONSUMER | KAFKA_READER)
#define WRITES (KAFKA_PRODUCER | KAFKA_FORWARDER)
#define NEWER 64 /* Not known to the oldest librdkafka that we take. */
#define ERRSTR_BYTES 512

struct setting {
    int roles;
    const char *name;
    const char *value;
};

/* The user may set these otherwise. Times are milliseconds. */
static const struct setting defaults[] = {
    {ALL, "client.id", "baton"},
    {ALL, "socket.nagle.disable", "true"},
    {ALL, "socket.keepalive.enable", "true"},
    {ALL, "log.connection.close", "false"},
    /* How long a source topic that was deleted and made anew may go unnoticed; and a leader that a
     * partition did not have when its broker had just come back. */
    {ALL, "topic.metadata.refresh.interval.ms", "5000"},
    /* A request that was lost is asked again before a session or a transaction runs out. */
    {ALL, "socket.timeout.ms", "10000"},
    {ALL, "reconnect.backoff.max.ms", "1000"},
    /* Its last words to the broker cost a second whenever a handle is closed. */
    {ALL | NEWER, "enable.metrics.push", "false"},
    {KAFKA_CONSUMER, "session.timeout.ms", "6000"},
    /* A member learns of a rebalance by its heartbeat, and until all have learned nobody works. */
    {KAFKA_CONSUMER, "heartbeat.interval.ms", "500"},
    {KAFKA_CONSUMER, "max.poll.interval.ms", "60000"},
    {KAFKA_CONSUMER, "queued.min.messages", "10000"},
    /* A fetch that waits at the broker for more holds back a partition that was just started. */
    {KAFKA_CONSUMER, "fetch.wait.max.ms", "50"},
    {KAFKA_READER, "fetch.wait.max.ms", "10"},
    {KAFKA_READER, "fetch.message.max.bytes", "4194304"},
    {READS, "queued.max.messages.kbytes", "65536"},
    {READS, "fetch.error.backoff.ms", "50"},
    /* Without it a reader that empties the full queue quickly stops for a second. */
    {READS | NEWER, "fetch.queue.backoff.ms", "10"},
    {WRITES, "linger.ms", "0"},
    {WRITES, "compression.type", "lz4"},
    /* Adding partitions to a transaction is answered "still busy" now and then; the default of
     * 100 ms would be the length of a turn. */
    {WRITES, "retry.backoff.ms", "2"},
    {WRITES | NEWER, "retry.backoff.max.ms", "100"},
    {WRITES, "max.in.flight.requests.per.connection", "5"},
    {WRITES, "message.max.bytes", "16777216"},
    {WRITES, "queue.buffering.max.messages", "500000"},
    {KAFKA_PRODUCER, "transaction.timeout.ms", "10000"},
};

/* The guarantees rest on these. */
static const struct setting fixed[] = {
    {READS, "isolation.level", "read_committed"},
    {READS, "enable.auto.commit", "false"},
    {READS, "enable.auto.offset.store", "false"},
    {READS, "auto.offset.reset", "error"},
    {READS, "allow.auto.create.topics", "false"},
    {KAFKA_CONSUMER, "partition.assignment.strategy", "range"},
    {KAFKA_CONSUMER | NEWER, "group.protocol", "classic"},
    {KAFKA_CONSUMER, "enable.partition.eof", "false"},
    {KAFKA_READER, "enable.partition.eof", "true"},
    {WRITES, "enable.idempotence", "true"},
    {WRITES, "acks", "all"},
    {WRITES, "partitioner", "murmur2_random"},
    {WRITES, "delivery.report.only.error", "false"},
    {KAFKA_FORWARDER, "enable.gapless.guarantee", "true"},
    {KAFKA_FORWARDER, "message.timeout.ms", "0"},
};

/* Not the user's to set, unless to the value that it has anyway. */
struct refusal {
    const char *name;
    const char *unless; /* NULL: whatever the value. */
    const char *why;
};

static const struct refusal refusals[] = {
    {"enable.idempotence", "true", "without it a record can be written twice"},
    {"acks", "all", "a record that is not replicated can be lost"},
    {"request.required.acks", "all", "a record that is not replicated can be lost"},
    {"enable.gapless.guarantee", "true", "a gap makes later records look like repeats"},
    {"message.timeout.ms", NULL, "a record that is given up leaves a gap"},
    {"delivery.timeout.ms", NULL, "a record that is given up leaves a gap"},
    {"partitioner", "murmur2_random", "equal keys must land where Java clients put them"},
    {"delivery.report.only.error", "false", "offsets of written records are needed"},
    {"transactional.id", NULL, "it is derived from name and lane"},
    {"isolation.level", "read_committed", "uncommitted records must not be seen"},
    {"group.id", NULL, "it is derived from app"},
    {"group.instance.id", NULL, "it is derived from name and lane"},
    {"group.protocol", "classic", "rebalances are handled for the classic protocol"},
    {"group.remote.assignor", NULL, "rebalances are handled for the classic protocol"},
    {"partition.assignment.strategy", "range", "rebalances are handled as eager range ones"},
    {"enable.auto.commit", "false", "offsets are committed with what they stand for"},
    {"auto.commit.enable", "false", "offsets are committed with what they stand for"},
    {"enable.auto.offset.store", "false", "offsets are committed with what they stand for"},
    {"auto.offset.reset", "error", "a lost position must not be jumped over"},
    {"offset.store.method", "broker", "offsets are committed with what they stand for"},
    {"enable.partition.eof", NULL, "it is set where it is needed"},
    {"allow.auto.create.topics", "false", "a mistyped topic must not come to be"},
    {"test.mock.num.brokers", NULL, "the mock cluster keeps no offsets of transactions"},
};

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *words)
{
    /* Syslog's levels: 4 is a warning, 5 and above inform. What librdkafka calls an error is one
     * that it mends by itself or that a call returns as well, so it is a warning here. Warnings
     * about the configuration would come with every handle. */
    enum log_level ours = level <= 4 && strcmp(facility, "CONFWARN") != 0 ? LOG_WARN : LOG_DEBUG;

    log_event(ours, "kafka_client", "client=%s facility=%s text=\"%s\"", rd_kafka_name(rk),
              facility, words);
}

static struct kafka_properties copy_properties(struct arena *arena,
                                               const struct kafka_properties *from)
{
    struct kafka_property *items = arena_array(arena, from->count, sizeof(*items));

    for (uint32_t i = 0; i < from->count; i++) {
        items[i].name = arena_text(arena, from->items[i].name);
        items[i].value = arena_text(arena, from->items[i].value);
    }
    return (struct kafka_properties){.items = items, .count = from->count};
}

void kafka_options_copy(struct arena *arena, const struct kafka_options *from,
                        struct kafka_options *to)
{
    to->common = copy_properties(arena, &from->common);
    to->consumer = copy_properties(arena, &from->consumer);
    to->producer = copy_properties(arena, &from->producer);
    to->reader_group = arena_text(arena, from->reader_group.bytes > 0 ? from->reader_group
                                                                      : TEXT("baton.reader"));
}

static bool is_allowed(const struct refusal *rule, struct text value)
{
    bool all = strcmp(rule->name, "acks") == 0 || strcmp(rule->name, "request.required.acks") == 0;

    return (rule->unless != NULL && text_is(value, rule->unless)) || (all && text_is(value, "-1"));
}

static enum status check_refusals(const struct kafka_properties *properties, struct error *err)
{
    for (uint32_t i = 0; i < properties->count; i++) {
        const struct kafka_property *property = &properties->items[i];

        for (size_t r = 0; r < sizeof(refusals) / sizeof(refusals[0]); r++) {
            if (!text_is(property->name, refusals[r].name) ||
                is_allowed(&refusals[r], property->value)) {
                continue;
            }
            return fail(err, STATUS_REJECT, "kafka property '%s' cannot be set%s%s: %s",
                        refusals[r].name, refusals[r].unless != NULL ? " to other than " : "",
                        refusals[r].unless != NULL ? refusals[r].unless : "", refusals[r].why);
        }
    }
    return STATUS_OK;
}

/* Give one property to librdkafka. UNKNOWN is for the caller to judge. */
static rd_kafka_conf_res_t set(rd_kafka_conf_t *conf, struct text name, struct text value,
                               char errstr[ERRSTR_BYTES])
{
    char *name_string = text_dup(name);
    char *value_string = text_dup(value);
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name_string, value_string, errstr,
                                                   ERRSTR_BYTES);

    free(name_string);
    free(value_string);
    return result;
}

static enum status set_users(rd_kafka_conf_t *conf, const struct kafka_properties *properties,
                             struct error *err)
{
    char errstr[ERRSTR_BYTES];

    for (uint32_t i = 0; i < properties->count; i++) {
        const struct kafka_property *property = &properties->items[i];

        if (memchr(property->name.data, '\0', property->name.bytes) != NULL ||
            memchr(property->value.data, '\0', property->value.bytes) != NULL) {
            return fail(err, STATUS_REJECT, "kafka property '%.*s' holds a NUL byte",
                        TEXT_ARG(property->name));
        }
        if (set(conf, property->name, property->value, errstr) != RD_KAFKA_CONF_OK) {
            /* The words of librdkafka name property and value range. */
            return fail(err, STATUS_REJECT, "kafka property '%.*s': %s", TEXT_ARG(property->name),
                        errstr);
        }
    }
    return STATUS_OK;
}

static enum status set_ours(rd_kafka_conf_t *conf, const struct setting *settings, size_t count,
                            enum kafka_role role, struct error *err)
{
    char errstr[ERRSTR_BYTES];

    for (size_t i = 0; i < count; i++) {
        rd_kafka_conf_res_t result;

        if ((settings[i].roles & (int)role) == 0) {
            continue;
        }
        result = rd_kafka_conf_set(conf, settings[i].name, settings[i].value, errstr,
                                   sizeof(errstr));
        if (result != RD_KAFKA_CONF_OK &&
            !(result == RD_KAFKA_CONF_UNKNOWN && (settings[i].roles & NEWER) != 0)) {
            return fail(err, STATUS_FATAL, "this librdkafka does not take '%s': %s",
                        settings[i].name, errstr);
        }
    }
    return STATUS_OK;
}

enum status kafka_options_conf(const struct kafka_options *options, enum kafka_role role,
                               rd_kafka_conf_t **out, struct error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const struct kafka_properties *side = ((int)role & WRITES) != 0 ? &options->producer
                                                                    : &options->consumer;
    enum status status;

    status = set_ours(conf, defaults, sizeof(defaults) / sizeof(defaults[0]), role, err);
    if (status == STATUS_OK) {
        status = set_users(conf, &options->common, err);
    }
    if (status == STATUS_OK) {
        status = set_users(conf, side, err);
    }
    if (status == STATUS_OK) {
        status = set_ours(conf, fixed, sizeof(fixed) / sizeof(fixed[0]), role, err);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_log_cb(conf, on_log);
    kafka_threads_name(conf, role);
    *out = conf;
    return STATUS_OK;
}

enum status kafka_options_check(const struct kafka_options *options, struct error *err)
{
    static const enum kafka_role sides[] = {KAFKA_CONSUMER, KAFKA_PRODUCER};
    const struct kafka_properties *all[] = {&options->common, &options->consumer,
                                            &options->producer};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        enum status status = check_refusals(all[i], err);

        if (status != STATUS_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        rd_kafka_conf_t *conf = NULL;
        enum status status = kafka_options_conf(options, sides[i], &conf, err);

        if (status != STATUS_OK) {
            return status;
        }
        rd_kafka_conf_destroy(conf);
    }
    return STATUS_OK;
}

enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                           struct error *err)
{
    char errstr[ERRSTR_BYTES];

    if (rd_kafka_conf_set(conf, name, value, errstr, sizeof(errstr)) != RD_KAFKA_CONF_OK) {
        return fail(err, STATUS_REJECT, "kafka property '%s': %s", name, errstr);
    }
    return STATUS_OK;
}

enum status kafka_conf_set_text(rd_kafka_conf_t *conf, const char *name, struct text value,
                                struct error *err)
{
    char *string = text_dup(value);
    enum status status = kafka_conf_set(conf, name, string, err);

    free(string);
    return status;
}

int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name)
{
    char value[32];
    size_t bytes = sizeof(value);
    int64_t number = 0;

    CHECK(rd_kafka_conf_get(conf, name, value, &bytes) == RD_KAFKA_CONF_OK);
    CHECK(text_to_int64(text_of(value), &number));
    return number;
}
