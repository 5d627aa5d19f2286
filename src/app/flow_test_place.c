#include "app/flow_test_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "adapter/redis_forget.h"
#include "adapter/redis_link.h"
#include "app/command.h"
#include "app/estate.h"
#include "app/flow_test_mirror.h"
#include "app/flow_test_rename.h"
#include "app/flow_test_worker.h"
#include "app/random_seed.h"
#include "compile/flow_file.h"

#define READY_MS 60000
#define READY_POLL_US 20000
#define SEND_MS 30000

struct flow_test_place {
    const struct config *config;
    struct arena arena;
    struct text app;
    struct text prefix;
    struct flow_test_flows flows;
    struct estate estate;
    struct text *topics; /* All that were made. */
    uint32_t topic_count;
    uint32_t topic_capacity;
    struct forwarder forwarder;
    struct flow_test_mirror *mirror; /* NULL: not connected yet. */
    struct flow_test_worker worker;
};

/* ---- the flows, renamed ---- */

static enum status rename_flows(struct flow_test_place *place, const struct flow_test_flows *flows,
                                struct error *err)
{
    enum status status = STATUS_OK;

    place->flows.items = arena_array(&place->arena, flows->count, sizeof(struct flow *));
    place->flows.definitions = arena_array(&place->arena, flows->count,
                                           sizeof(*place->flows.definitions));
    place->flows.prefix = place->prefix;
    for (uint32_t i = 0; i < flows->count && status == STATUS_OK; i++) {
        struct buffer renamed = {.data = NULL};
        struct publish_definition *definition = &place->flows.definitions[i];

        status = flow_test_rename(flows->definitions[i].definition, place->prefix, &renamed, err);
        *definition = flows->definitions[i];
        definition->definition = arena_text(&place->arena, buffer_text(&renamed));
        buffer_release(&renamed);
        if (status == STATUS_OK) {
            status = flow_build(definition->definition, &place->flows.items[i], err);
        }
        place->flows.count += status == STATUS_OK;
    }
    return status;
}

/* ---- topics ---- */

static void add_topic(struct flow_test_place *place, struct text name)
{
    for (uint32_t i = 0; i < place->topic_count; i++) {
        if (text_equal(place->topics[i], name)) {
            return;
        }
    }
    if (name.bytes == 0) {
        return;
    }
    if (place->topic_count == place->topic_capacity) {
        place->topic_capacity = place->topic_capacity == 0 ? 32 : place->topic_capacity * 2;
        place->topics = realloc(place->topics, place->topic_capacity * sizeof(*place->topics));
        CHECK(place->topics != NULL);
    }
    place->topics[place->topic_count++] = arena_text(&place->arena, name);
}

static void list_topics(struct flow_test_place *place)
{
    for (uint32_t i = 0; i < place->flows.count; i++) {
        const struct flow *flow = place->flows.items[i];

        for (uint32_t k = 0; k < flow->topic_count; k++) {
            add_topic(place, flow->topics[k].name);
        }
        for (uint32_t k = 0; k < flow->service_count; k++) {
            add_topic(place, flow->services[k].commands);
            add_topic(place, flow->services[k].replies);
        }
        add_topic(place, flow->alerts);
    }
}

static enum status make_topics(struct flow_test_place *place, struct error *err)
{
    const struct topic_spec *internal = topics_internal(place->app, 1, 0, &place->arena);
    enum status status = kafka_topics_ensure(place->estate.kafka, internal, TOPICS_INTERNAL, NULL,
                                             err);

    list_topics(place);
    for (uint32_t i = 0; i < place->topic_count && status == STATUS_OK; i++) {
        const struct topic_spec spec = {
            .name = place->topics[i], .partitions = 1, .replication = internal[0].replication};

        status = kafka_topics_ensure(place->estate.kafka, &spec, 1, NULL, err);
    }
    for (uint32_t i = 0; i < TOPICS_INTERNAL; i++) {
        add_topic(place, internal[i].name);
    }
    return status;
}

static enum status publish(struct flow_test_place *place, struct error *err)
{
    struct settings settings = place->config->settings;
    const struct publish_request request = {.settings = &settings,
                                            .definitions = place->flows.definitions,
                                            .count = place->flows.count,
                                            .seed = random_seed()};
    int32_t partitions = 0;

    settings.app = place->app;
    settings.partitions = 1;
    return publish_flows(&place->estate.broker, &request, &partitions, err);
}

/* ---- the worker ---- */

/* It commits where the inbox begins when it has taken its partition over. */
static enum status await_worker(struct flow_test_place *place, struct error *err)
{
    int64_t until_ms = real_clock_monotonic_ms() + READY_MS;

    while (real_clock_monotonic_ms() < until_ms) {
        struct partition_offset inbox = {.topic = text_of(place->estate.names.inbox),
                                         .offset = OFFSET_NONE};
        struct broker *broker = &place->estate.broker;

        if (!flow_test_worker_runs(&place->worker, err)) {
            return STATUS_FATAL;
        }
        if (broker->committed(broker->self, text_of(place->estate.names.exec_group), &inbox, 1,
                              COMMITTED_LAST, err) == STATUS_OK &&
            inbox.offset != OFFSET_NONE) {
            return STATUS_OK;
        }
        usleep(READY_POLL_US);
    }
    return fail(err, STATUS_RETRY, "the worker did not take its partition within %d s",
                READY_MS / 1000);
}

/* ---- begin and end ---- */

static enum status open_estate(struct flow_test_place *place, struct error *err)
{
    struct config config = *place->config;

    config.settings.app = place->app;
    return estate_open(&config, &place->estate) == EXIT_DONE
               ? STATUS_OK
               : fail(err, STATUS_FATAL, "the cluster cannot be opened");
}

enum status flow_test_place_open(const struct config *config, const struct flow_test_flows *flows,
                                 struct flow_test_place **out, struct error *err)
{
    struct flow_test_place *place = calloc(1, sizeof(*place));
    enum status status;

    CHECK(place != NULL);
    place->config = config;
    place->app = arena_printf(&place->arena, "baton-test-%08x", (unsigned)random_seed());
    place->prefix = arena_printf(&place->arena, "%.*s.x.", TEXT_ARG(place->app));
    status = rename_flows(place, flows, err);
    if (status == STATUS_OK) {
        status = open_estate(place, err);
    }
    if (status == STATUS_OK) {
        status = make_topics(place, err);
    }
    if (status == STATUS_OK) {
        status = publish(place, err);
    }
    if (status == STATUS_OK) {
        status = place->estate.broker.open_forwarder(place->estate.broker.self, &place->forwarder,
                                                     err);
    }
    if (status == STATUS_OK) {
        status = flow_test_worker_start(config, place->app, &place->worker, err);
    }
    if (status == STATUS_OK) {
        status = await_worker(place, err);
    }
    if (status != STATUS_OK) {
        flow_test_place_close(place);
        return status;
    }
    *out = place;
    return STATUS_OK;
}

static void tell(const char *what, const struct error *err)
{
    fprintf(stderr, "baton test: %s: %s\n", what, err->text);
}

void flow_test_place_close(struct flow_test_place *place)
{
    struct error err;

    if (place == NULL) {
        return;
    }
    flow_test_worker_stop(&place->worker);
    flow_test_mirror_free(place->mirror);
    if (place->forwarder.close != NULL) {
        place->forwarder.close(place->forwarder.self);
    }
    if (place->topic_count > 0 && kafka_topics_delete(place->estate.kafka, place->topics,
                                                      place->topic_count, &err) != STATUS_OK) {
        tell("topics of a test are left", &err);
    }
    if (place->topic_count > 0 &&
        redis_forget(place->config->redis_url, place->app, &err) != STATUS_OK) {
        tell("keys of a test are left in Redis", &err);
    }
    estate_close(&place->estate);
    flow_test_flows_release(&place->flows);
    free(place->topics);
    arena_release(&place->arena);
    free(place);
}

int flow_test_place_check(const struct config *config)
{
    struct estate estate = {0};
    struct error err;
    int code = estate_open(config, &estate);
    enum status status = STATUS_OK;

    if (code == EXIT_DONE) {
        status = kafka_broker_reach(estate.kafka, ESTATE_REACH_MS, &err);
        if (status != STATUS_OK) {
            fprintf(stderr, "baton test: kafka '%.*s': %s\n", TEXT_ARG(config_brokers(config)),
                    err.text);
            code = EXIT_UNREACHABLE;
        }
    }
    if (code == EXIT_DONE) {
        status = redis_check_policy(config->redis_url, &err);
        if (status != STATUS_OK) {
            fprintf(stderr, "baton test: redis: %s\n", err.text);
            code = status == STATUS_REJECT ? EXIT_USAGE : EXIT_UNREACHABLE;
        }
    }
    estate_close(&estate);
    return code;
}

/* ---- at work ---- */

struct text flow_test_place_app(const struct flow_test_place *place)
{
    return place->app;
}

struct text flow_test_place_prefix(const struct flow_test_place *place)
{
    return place->prefix;
}

const struct flow_test_flows *flow_test_place_flows(const struct flow_test_place *place)
{
    return &place->flows;
}

static enum status send(void *self, const struct outgoing *record, struct error *err)
{
    struct flow_test_place *place = self;
    struct forwarder *forwarder = &place->forwarder;
    int64_t until_ms = real_clock_monotonic_ms() + SEND_MS;
    enum status status = forwarder->send(forwarder->self, record, err);

    while (status == STATUS_OK) {
        status = forwarder->flush(forwarder->self, err);
        if (status != STATUS_RETRY || real_clock_monotonic_ms() > until_ms) {
            return status;
        }
        status = STATUS_OK;
    }
    return status;
}

/* Where it sends to. */
static void mirror_flow(struct flow_test_mirror *mirror, const struct flow *flow)
{
    flow_test_mirror_alerts(mirror, flow->alerts);
    for (uint32_t i = 0; i < flow->service_count; i++) {
        flow_test_mirror_topic(mirror, flow->services[i].commands);
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];
        const struct message_spec *undo = step_undo_message(step);

        if (step->kind == STEP_EMIT) {
            flow_test_mirror_topic(mirror, flow->topics[step->message.topic].name);
        }
        if (undo != NULL && !undo->is_request) {
            flow_test_mirror_topic(mirror, flow->topics[undo->topic].name);
        }
    }
}

void flow_test_place_connect(struct flow_test_place *place, struct dev_world *world)
{
    sim_broker_divert(world->broker, (struct sim_divert){.self = place, .append = send});
    place->mirror = flow_test_mirror_new(&place->estate.broker, world->broker, &world->names);
    for (uint32_t i = 0; i < place->flows.count; i++) {
        mirror_flow(place->mirror, place->flows.items[i]);
    }
}

bool flow_test_place_step(struct flow_test_place *place, bool *ok, struct error *err)
{
    bool any = false;
    enum status status = flow_test_mirror_step(place->mirror, &any, err);

    *ok = (status == STATUS_OK || status == STATUS_RETRY) &&
          flow_test_worker_runs(&place->worker, err);
    return any;
}
