/*
 * estate_kit - a simulated estate for tests of what stands around the lanes: publication, routes,
 * router, barrier. Flows are given as YAML and go the way that they go in the program.
 */
#ifndef BATON_TESTS_SUPPORT_ESTATE_KIT_H
#define BATON_TESTS_SUPPORT_ESTATE_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/records.h"
#include "compile/flow_file.h"
#include "engine/publish.h"
#include "engine/source_mark.h"
#include "sim/sim_broker.h"
#include "support/unit.h"

#define KIT_START_MS INT64_C(1700000000000)
#define KIT_PARTITIONS 4
#define KIT_INBOX_MAX 512

struct kit {
    struct sim sim;
    struct sim_broker *broker;
    struct sim_process a;
    struct sim_process b;
    struct broker port; /* As `a` sees it. */
    struct clock clock;
    struct settings settings;
    struct names names;
    struct arena arena;
    struct error err;
};

static inline void kit_topic_named(struct kit *kit, const char *name, int32_t partitions)
{
    sim_broker_create(kit->broker,
                      &(struct sim_topic_options){.name = name, .partitions = partitions});
}

static inline void kit_open(struct kit *kit)
{
    memset(kit, 0, sizeof(*kit));
    log_set_level(LOG_NONE);
    sim_init(&kit->sim, 7, KIT_START_MS);
    kit->broker = sim_broker_new(&kit->sim);
    sim_process_init(&kit->a, &kit->sim, "a");
    sim_process_init(&kit->b, &kit->sim, "b");
    kit->port = sim_broker_port(kit->broker, &kit->a);
    kit->clock = sim_clock_port(&kit->a);
    kit->settings = settings_default();
    kit->settings.partitions = KIT_PARTITIONS;
    names_init(&kit->names, kit->settings.app);
    kit_topic_named(kit, kit->names.flows, 1);
    sim_broker_create(kit->broker, &(struct sim_topic_options){.name = kit->names.inbox,
                                                               .partitions = KIT_PARTITIONS,
                                                               .log_append_time = true,
                                                               .message_bytes_max = 8 << 20});
}

static inline void kit_close(struct kit *kit)
{
    sim_broker_free(kit->broker);
    arena_release(&kit->arena);
}

/* The resolved definition of a flow file with this text; lives in the arena. */
static inline struct text kit_definition(struct kit *kit, const char *yaml)
{
    char path[] = "/tmp/baton-kit-XXXXXX.yaml";
    struct diagnostics diagnostics = {.count = 0};
    struct buffer definition = {.data = NULL};
    struct buffer findings = {.data = NULL};
    struct text text;
    int file = mkstemps(path, 5);

    assert_true(file >= 0);
    assert_int_equal(write(file, yaml, strlen(yaml)), strlen(yaml));
    close(file);
    if (flow_file_check(path, &diagnostics, &definition, &kit->err) != STATUS_OK) {
        diagnostics_print(&diagnostics, DIAGNOSTIC_TEXT, &findings);
        unlink(path);
        fail_msg("%s%s", buffer_string(&findings), kit->err.text);
    }
    unlink(path);
    text = arena_text(&kit->arena, buffer_text(&definition));
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    buffer_release(&findings);
    return text;
}

/* Publish up to three flow files; NULL: none. */
static inline enum status kit_publish_all(struct kit *kit, const char *one, const char *two,
                                          const char *three)
{
    const char *files[] = {one, two, three};
    struct publish_definition definitions[3];
    struct publish_request request = {
        .settings = &kit->settings, .definitions = definitions, .seed = 1};
    int32_t partitions;

    for (size_t i = 0; i < 3; i++) {
        if (files[i] != NULL) {
            definitions[request.count] = (struct publish_definition){
                arena_printf(&kit->arena, "file-%zu.yaml", i + 1), kit_definition(kit, files[i])};
            request.count++;
        }
    }
    return publish_flows(&kit->port, &request, &partitions, &kit->err);
}

static inline void kit_publish(struct kit *kit, const char *yaml)
{
    enum status status = kit_publish_all(kit, yaml, NULL, NULL);

    if (status != STATUS_OK) {
        fail_msg("%s: %s", status_name(status), kit->err.text);
    }
}

/* Append to a topic as a service would. NULL key or value: none. */
static inline int64_t kit_put_with(struct kit *kit, const char *topic, int32_t partition,
                                   const char *key, const char *value,
                                   const struct record_header *header)
{
    int64_t offset = -1;
    struct outgoing record = {.topic = text_of(topic),
                              .partition = partition,
                              .key = {key, key == NULL ? 0 : strlen(key)},
                              .value = {value, value == NULL ? 0 : strlen(value)},
                              .headers = header,
                              .header_count = header != NULL,
                              .offset = &offset};

    assert_int_equal(sim_broker_append(kit->broker, &record, &kit->err), STATUS_OK);
    return offset;
}

static inline int64_t kit_put(struct kit *kit, const char *topic, int32_t partition,
                              const char *value)
{
    return kit_put_with(kit, topic, partition, NULL, value, NULL);
}

struct kit_inbox {
    int32_t partition;
    struct text key;
    struct inbox_record record;
};

/* Everything in the inbox, partition by partition; lives in the arena. */
static inline uint32_t kit_inbox(struct kit *kit, struct kit_inbox items[KIT_INBOX_MAX])
{
    uint32_t count = 0;

    for (int32_t i = 0; i < KIT_PARTITIONS; i++) {
        struct record record;
        int64_t offset = 0;

        while (sim_broker_read(kit->broker, text_of(kit->names.inbox), i, &offset, &record)) {
            assert_true(count < KIT_INBOX_MAX);
            items[count].partition = i;
            items[count].key = record.key.data == NULL ? (struct text){0}
                                                       : arena_text(&kit->arena, record.key);
            assert_int_equal(
                inbox_decode(record.value, &kit->arena, &items[count].record, &kit->err),
                STATUS_OK);
            count++;
        }
    }
    return count;
}

/* Those of one route. */
static inline uint32_t kit_inbox_of(struct kit *kit, const char *route,
                                    struct kit_inbox items[KIT_INBOX_MAX])
{
    uint32_t count = kit_inbox(kit, items);
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (text_is(items[i].record.route, route)) {
            items[kept++] = items[i];
        }
    }
    return kept;
}

static inline void kit_assert_text(struct text text, const char *expected)
{
    if (!text_is(text, expected)) {
        fail_msg("'%.*s' is not '%s'", TEXT_ARG(text), expected);
    }
}

static inline void kit_assert_says(const struct kit *kit, const char *words)
{
    if (strstr(kit->err.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", kit->err.text, words);
    }
}

static inline void ignore_partitions(void *self, const struct partition_offset *partitions,
                                     uint32_t count)
{
    (void)self;
    (void)partitions;
    (void)count;
}

static inline void ignore_revoked(void *self, const struct partition_offset *partitions,
                                  uint32_t count, bool lost)
{
    (void)lost;
    ignore_partitions(self, partitions, count);
}

/* Commit for the router's group, as another router (or a person) that is gone again. */
static inline void kit_commit(struct kit *kit, const char *topic, int32_t partition, int64_t offset,
                              const char *metadata)
{
    struct broker other = sim_broker_port(kit->broker, &kit->b);
    struct text name = text_of(topic);
    struct consumer_options options = {
        .group = text_of(kit->names.router_group),
        .topics = &name,
        .topic_count = 1,
        .rebalance = {.assigned = ignore_partitions, .revoked = ignore_revoked}};
    struct partition_offset commit = {.topic = name, .partition = partition, .offset = offset};
    struct consumer consumer;
    struct record record;
    uint32_t count;

    snprintf(commit.metadata, sizeof(commit.metadata), "%s", metadata);
    assert_int_equal(other.open_consumer(other.self, &options, &consumer, &kit->err), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(consumer.poll(consumer.self, 0, &record, 1, &count, &kit->err), STATUS_OK);
    }
    assert_int_equal(consumer.commit(consumer.self, &commit, 1, &kit->err), STATUS_OK);
    consumer.close(consumer.self);
}

static inline struct partition_offset kit_committed(struct kit *kit, const char *topic,
                                                    int32_t partition)
{
    struct partition_offset offset = {.topic = text_of(topic), .partition = partition};

    assert_int_equal(kit->port.committed(kit->port.self, text_of(kit->names.router_group), &offset,
                                         1, COMMITTED_LAST, &kit->err),
                     STATUS_OK);
    return offset;
}

/* Flows that wait for nothing but what their names say; "one" and "two" read the same topic. */
#define KIT_FLOW(name, version, from)                                                              \
    "flow: " name "\nversion: " version "\nkey: .id\n"                                             \
    "topics: {in: {name: in, key: .id}}\n"                                                         \
    "start: {topic: in, from: " from "}\ntimeout: 1h\n"                                            \
    "do:\n  - {step: s, wait: 1m}\n"

#endif
