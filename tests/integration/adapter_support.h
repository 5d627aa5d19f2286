/*
 * adapter_support - what the tests of the adapters share: a real cluster, topics of their own, and
 * members that are polled until something has happened. A deadline that passes fails the test.
 */
#ifndef BATON_TESTS_ADAPTER_SUPPORT_H
#define BATON_TESTS_ADAPTER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Before cmocka, which has a macro of the name fail. */
#include "adapter/kafka_broker.h"
#include "adapter/real_clock.h"
#include "adapter/redis_sleep.h"

#include <cmocka.h>

#define DEADLINE_MS 20000

/* The cluster of KAFKA_BROKERS, opened once a program. */
struct cluster {
    struct kafka_broker *handle;
    struct broker port;
};

int cluster_setup(void **state); /* cmocka group setup; *state is the struct cluster. */
int cluster_teardown(void **state);

/* Fails the test with err's text unless `status` is `wanted`. */
#define assert_status(status, wanted, err) assert_status_at(status, wanted, err, __FILE__, __LINE__)
void assert_status_at(enum status status, enum status wanted, const struct error *err,
                      const char *file, int line);

/* A name nobody else uses; lives as long as the program. */
struct text fresh_name(const char *what);
struct text topic_make(struct cluster *cluster, const char *what, int32_t partitions);
struct text topic_make_with(struct cluster *cluster, const char *what, int32_t partitions,
                            const struct topic_config *configs, uint32_t config_count);

/* A member of a group and what it was told. Must not move while open. */
struct member {
    struct consumer port;
    struct partition_offset owned[32];
    uint32_t owned_count;
    uint32_t assigned_calls;
    uint32_t revoked_calls;
    bool lost;
};

void member_open(struct cluster *cluster, struct member *member, struct text group,
                 struct text topic, const char *static_id);
/* Poll both (the second may be NULL) until the first owns `count` partitions. */
void member_await(struct member *member, struct member *other, uint32_t count);
/* Poll until `count` records came in all; gives their offsets, -1 where none came. */
uint32_t member_read(struct member *member, int64_t *offsets, uint32_t count);

struct producer producer_make(struct cluster *cluster, struct text id);
struct outgoing record_of(struct text topic, int32_t partition, const char *key, const char *value);
/* One transaction with `count` records "0", "1", ... */
void commit_records(struct producer *producer, struct text topic, int32_t partition,
                    uint32_t count);

struct log_reader reader_make(struct cluster *cluster, struct text topic, int64_t from);
/* Read until the end is told; the values of the records, put together. */
void read_all(struct log_reader *reader, char *values, size_t room);

#define GENERATION INT64_C(8123456789012345678) /* More bits than Lua's numbers have. */

/* The server of REDIS_URL. */
struct text redis_url(void);

/* A store of partition 0 under an app of its own. */
struct bed {
    struct redis_place *place;
    struct sleep_store store;
    char app[96];
};

void bed_make(struct bed *bed, struct text url);
void bed_close(struct bed *bed);
void bed_reset(struct bed *bed, int64_t generation);
struct sleep_stamp bed_stamp(struct bed *bed);
/* Of GENERATION, with the answer awaited. */
enum status bed_apply(struct bed *bed, int64_t from, int64_t to, const struct sleep_op *ops,
                      uint32_t count);

#endif
