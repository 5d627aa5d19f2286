#include "sim/estate.h"

#include <stdio.h>
#include <string.h>

#include "codec/records.h"

#define STARTS_MAX 256
#define RECORD_BYTES_MAX (8 * 1024 * 1024)

static void create_own(struct sim_broker *broker, const struct settings *settings)
{
    struct names names;

    names_init(&names, settings->app);
    const struct sim_topic_options topics[] = {
        {.name = names.inbox,
         .partitions = settings->partitions,
         .log_append_time = true,
         .message_bytes_max = RECORD_BYTES_MAX},
        {.name = names.history,
         .partitions = settings->partitions,
         .compact = true,
         .message_bytes_max = RECORD_BYTES_MAX},
        {.name = names.snapshot,
         .partitions = settings->partitions,
         .compact = true,
         .message_bytes_max = RECORD_BYTES_MAX},
        {.name = names.checkpoint,
         .partitions = settings->partitions,
         .compact = true,
         .message_bytes_max = RECORD_BYTES_MAX},
        {.name = names.flows,
         .partitions = 1,
         .compact = true,
         .message_bytes_max = RECORD_BYTES_MAX},
        {.name = names.dlq,
         .partitions = settings->partitions,
         .message_bytes_max = RECORD_BYTES_MAX},
        {.name = names.alerts, .partitions = settings->partitions},
    };

    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        sim_broker_create(broker, &topics[i]);
    }
}

static void create_named(struct sim_broker *broker, struct text name, int32_t partitions,
                         int32_t bytes_max)
{
    char copy[NAME_BYTES];

    if (name.bytes == 0) {
        return;
    }
    snprintf(copy, sizeof(copy), "%.*s", TEXT_ARG(name));
    sim_broker_create(broker, &(struct sim_topic_options){.name = copy,
                                                          .partitions = partitions,
                                                          .message_bytes_max = bytes_max});
}

static enum status publish(struct sim_broker *broker, const char *topic, const char *key,
                           const struct buffer *value, struct error *err)
{
    struct outgoing record = {
        .topic = text_of(topic), .key = text_of(key), .value = buffer_text(value)};

    return sim_broker_append(broker, &record, err);
}

static void add_starts(struct flow_state *state, struct start_offset *starts, struct text topic,
                       int32_t partitions)
{
    for (int32_t i = 0; i < partitions && state->start_count < STARTS_MAX; i++) {
        starts[state->start_count++] = (struct start_offset){
            .topic = topic, .topic_generation = 1, .partition = i};
    }
}

static enum status publish_state(struct sim_broker *broker, const char *topic,
                                 const struct flow *flow, int32_t source_partitions,
                                 struct error *err)
{
    static const char prefix[] = "flow/";
    struct start_offset starts[STARTS_MAX];
    struct flow_state state = {.name = flow->name,
                               .active = text_of(flow->hash),
                               .version = flow->version,
                               .starts = starts};
    struct buffer value = {.data = NULL};
    char key[NAME_BYTES];
    enum status status;

    memset(starts, 0, sizeof(starts));
    for (uint32_t i = 0; i < flow->topic_count; i++) {
        add_starts(&state, starts, flow->topics[i].name, source_partitions);
    }
    for (uint32_t i = 0; i < flow->service_count; i++) {
        add_starts(&state, starts, flow->services[i].replies, source_partitions);
    }
    flow_state_encode(&state, &value);
    snprintf(key, sizeof(key), "%s%.*s", prefix, TEXT_ARG(flow->name));
    status = publish(broker, topic, key, &value, err);
    buffer_release(&value);
    return status;
}

static enum status publish_definition(struct sim_broker *broker, const struct settings *settings,
                                      const struct flow *flow, struct error *err)
{
    struct buffer value = {.data = NULL};
    struct names names;
    char key[NAME_BYTES];
    enum status status;

    names_init(&names, settings->app);
    estate_config_encode(settings->partitions, &value);
    status = publish(broker, names.flows, "config", &value, err);
    if (status == STATUS_OK) {
        buffer_clear(&value);
        definition_encode(flow->definition, flow->name, flow->version, &value);
        snprintf(key, sizeof(key), "def/%s", flow->hash);
        status = publish(broker, names.flows, key, &value, err);
    }
    buffer_release(&value);
    return status;
}

void estate_create(struct sim_broker *broker, const struct settings *settings,
                   const struct flow *flow, int32_t source_partitions, int32_t command_bytes_max)
{
    create_own(broker, settings);
    for (uint32_t i = 0; i < flow->topic_count; i++) {
        create_named(broker, flow->topics[i].name, source_partitions, 0);
    }
    for (uint32_t i = 0; i < flow->service_count; i++) {
        create_named(broker, flow->services[i].commands, source_partitions, command_bytes_max);
        create_named(broker, flow->services[i].replies, source_partitions, 0);
    }
    create_named(broker, flow->alerts, source_partitions, 0);
}

enum status estate_define(struct sim_broker *broker, const struct settings *settings,
                          const struct flow *flow, int32_t source_partitions,
                          int32_t command_bytes_max, struct error *err)
{
    estate_create(broker, settings, flow, source_partitions, command_bytes_max);
    return publish_definition(broker, settings, flow, err);
}

enum status estate_deploy(struct sim_broker *broker, const struct settings *settings,
                          const struct flow *flow, int32_t source_partitions,
                          int32_t command_bytes_max, struct error *err)
{
    enum status status = estate_define(broker, settings, flow, source_partitions, command_bytes_max,
                                       err);
    struct names names;

    names_init(&names, settings->app);
    return status != STATUS_OK ? status
                               : publish_state(broker, names.flows, flow, source_partitions, err);
}

enum status estate_deploy_all(struct sim_broker *broker, const struct settings *settings,
                              const struct flow *const *flows, uint32_t flow_count,
                              int32_t source_partitions, int32_t command_bytes_max,
                              struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < flow_count && status == STATUS_OK; i++) {
        bool is_other = i > 0 && text_equal(flows[i]->name, flows[0]->name);

        status = (is_other ? estate_define : estate_deploy)(
            broker, settings, flows[i], source_partitions, command_bytes_max, err);
    }
    return status;
}
