/*
 * worker_kit - whole workers (router, lane, barrier) on a simulated estate with one service, for
 * tests that follow a case from the source topic to the outcome. Nothing goes wrong but what a test
 * asks for.
 */
#ifndef BATON_TESTS_SUPPORT_WORKER_KIT_H
#define BATON_TESTS_SUPPORT_WORKER_KIT_H

#include "base/hash.h"
#include "sim/sim_services.h"
#include "sim/worker.h"
#include "support/estate_kit.h"

#define KIT_STEP_MS 100
#define KIT_WORKERS 3

struct crew {
    struct kit kit;
    struct sim_store *store;
    struct sim_services *services;
    struct worker workers[KIT_WORKERS];
    bool is_used[KIT_WORKERS];
};

/* Sources "in" and "go", the outcome "out"; the service "work" does and answers at once. */
static inline void crew_open(struct crew *crew, const char *flow)
{
    static const char *const sources[] = {"in", "go", "out", "work.commands", "work.replies"};
    const struct sim_service_options work = {.name = "work",
                                             .commands = "work.commands",
                                             .replies = "work.replies",
                                             .by_header = true,
                                             .success = "{\"ok\":true}",
                                             .failure = "{\"ok\":false}"};
    struct kit *kit = &crew->kit;

    memset(crew, 0, sizeof(*crew));
    kit_open(kit);
    kit_topic_named(kit, kit->names.history, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.snapshot, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.checkpoint, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.dlq, KIT_PARTITIONS);
    kit_topic_named(kit, kit->names.alerts, KIT_PARTITIONS);
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        kit_topic_named(kit, sources[i], 2);
    }
    kit_publish(kit, flow);
    crew->store = sim_store_new(&kit->sim, KIT_PARTITIONS);
    crew->services = sim_services_new(&kit->sim, kit->broker);
    assert_int_equal(sim_services_add(crew->services, &work, &kit->err), STATUS_OK);
}

static inline void crew_close(struct crew *crew)
{
    for (uint32_t i = 0; i < KIT_WORKERS; i++) {
        worker_kill(&crew->workers[i]);
    }
    sim_services_free(crew->services);
    sim_store_free(crew->store);
    kit_close(&crew->kit);
}

/* From now on worker `number` has its turns. */
static inline void crew_start(struct crew *crew, uint32_t number)
{
    struct kit *kit = &crew->kit;

    worker_init(&crew->workers[number], &kit->sim, kit->broker, crew->store, &kit->settings,
                number);
    crew->is_used[number] = true;
}

static inline void crew_kill(struct crew *crew, uint32_t number)
{
    worker_kill(&crew->workers[number]);
    crew->is_used[number] = false;
}

static inline void crew_turn(struct crew *crew)
{
    crew->kit.sim.now_ms += KIT_STEP_MS;
    sim_broker_tick(crew->kit.broker);
    sim_store_tick(crew->store);
    sim_services_step(crew->services);
    for (uint32_t i = 0; i < KIT_WORKERS; i++) {
        if (crew->is_used[i]) {
            worker_turn(&crew->workers[i]);
        }
    }
}

static inline void crew_run(struct crew *crew, int64_t ms)
{
    for (int64_t at_ms = 0; at_ms < ms; at_ms += KIT_STEP_MS) {
        crew_turn(crew);
    }
}

/* All that a read_committed reader finds in a topic. */
static inline uint32_t crew_count(struct crew *crew, const char *topic)
{
    uint32_t count = 0;

    for (int32_t i = 0; i < sim_broker_partitions(crew->kit.broker, text_of(topic)); i++) {
        struct record record;
        int64_t offset = 0;

        while (sim_broker_read(crew->kit.broker, text_of(topic), i, &offset, &record)) {
            count++;
        }
    }
    return count;
}

static inline struct text crew_header(const struct record *record, const char *name)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_is(record->headers[i].name, name)) {
            return record->headers[i].value;
        }
    }
    return (struct text){0};
}

/* How many records of a topic are of this instance, "<flow>:<key>", and the value of the last. */
static inline uint32_t crew_count_of(struct crew *crew, const char *topic, const char *instance,
                                     char *value, size_t bytes)
{
    uint32_t count = 0;

    for (int32_t i = 0; i < sim_broker_partitions(crew->kit.broker, text_of(topic)); i++) {
        struct record record;
        int64_t offset = 0;

        while (sim_broker_read(crew->kit.broker, text_of(topic), i, &offset, &record)) {
            if (text_is(crew_header(&record, "baton-instance"), instance)) {
                count++;
                snprintf(value, bytes, "%.*s", TEXT_ARG(record.value));
            }
        }
    }
    return count;
}

static inline void crew_await(struct crew *crew, const char *topic, uint32_t count, int64_t most_ms)
{
    for (int64_t at_ms = 0; crew_count(crew, topic) < count; at_ms += KIT_STEP_MS) {
        if (at_ms > most_ms) {
            fail_msg("%u records in '%s' after %lld ms, wanted %u", crew_count(crew, topic), topic,
                     (long long)most_ms, count);
        }
        crew_turn(crew);
    }
}

static inline void crew_put(struct crew *crew, const char *topic, const char *key)
{
    char value[64];

    snprintf(value, sizeof(value), "{\"id\":\"%s\"}", key);
    kit_put_with(&crew->kit, topic, (int32_t)(murmur2(text_of(key)) % 2), key, value, NULL);
}

#endif
