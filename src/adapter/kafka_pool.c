#include "adapter/kafka_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "adapter/kafka_parts.h"

/* An idle handle keeps threads and connections; more than these are not worth it. */
#define IDLE_MAX 8

struct kafka_pool {
    const struct kafka_options *options;
    pthread_mutex_t lock;
    rd_kafka_t *idle[IDLE_MAX];
    uint32_t idle_count;
};

struct kafka_pool *kafka_pool_new(const struct kafka_options *options)
{
    struct kafka_pool *pool = calloc(1, sizeof(*pool));

    CHECK(pool != NULL);
    pool->options = options;
    CHECK(pthread_mutex_init(&pool->lock, NULL) == 0);
    return pool;
}

static rd_kafka_t *take_idle(struct kafka_pool *pool)
{
    rd_kafka_t *rk = NULL;

    CHECK(pthread_mutex_lock(&pool->lock) == 0);
    if (pool->idle_count > 0) {
        rk = pool->idle[--pool->idle_count];
    }
    CHECK(pthread_mutex_unlock(&pool->lock) == 0);
    return rk;
}

enum status kafka_pool_take(struct kafka_pool *pool, rd_kafka_t **rk, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;
    enum status status;

    *rk = take_idle(pool);
    if (*rk != NULL) {
        return STATUS_OK;
    }
    status = kafka_options_conf(pool->options, KAFKA_READER, &conf, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = kafka_conf_set_text(conf, "group.id", pool->options->reader_group, err);
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    status = kafka_handle_new(RD_KAFKA_CONSUMER, conf, rk, err);
    if (status == STATUS_OK) {
        (void)rd_kafka_poll_set_consumer(*rk);
    }
    return status;
}

void kafka_pool_give(struct kafka_pool *pool, rd_kafka_t *rk)
{
    bool kept = false;

    /* What is queued of the old assignment is outdated by this, and dropped when it is met. */
    if (rd_kafka_assign(rk, NULL) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        CHECK(pthread_mutex_lock(&pool->lock) == 0);
        kept = pool->idle_count < IDLE_MAX;
        if (kept) {
            pool->idle[pool->idle_count++] = rk;
        }
        CHECK(pthread_mutex_unlock(&pool->lock) == 0);
    }
    if (!kept) {
        rd_kafka_destroy(rk);
    }
}

void kafka_pool_free(struct kafka_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (uint32_t i = 0; i < pool->idle_count; i++) {
        rd_kafka_destroy(pool->idle[i]);
    }
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}
