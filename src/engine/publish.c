#include "engine/publish.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include "compile/flow_file.h"
#include "engine/flow_registry.h"
#include "engine/publish_starts.h"

#define ATTEMPTS_MAX 20
#define BACKOFF_MS 50
#define BACKOFF_SPREAD_MS 200

/* A definition that was given, built. */
struct given {
    const struct publish_definition *source;
    struct flow *flow;
};

/* What the next transaction has to write. Lives in `arena`. */
struct plan {
    bool has_config;
    int32_t partitions;
    const struct given **definitions;
    uint32_t definition_count;
    struct flow_state *states;
    uint32_t state_count;
};

struct publication {
    const struct broker *broker;
    const struct publish_request *request;
    struct names names;
    struct given *given; /* By name, then version. */
    uint32_t given_count;
    struct flow_registry *registry;
    struct arena arena; /* Of one attempt. */
    struct buffer value;
    struct plan plan;
};

static enum status build_given(struct publication *publication, struct error *err)
{
    const struct publish_request *request = publication->request;

    publication->given = calloc((size_t)request->count + 1, sizeof *publication->given);
    CHECK(publication->given != NULL);
    for (uint32_t i = 0; i < request->count; i++) {
        struct given *given = &publication->given[i];
        enum status status;

        given->source = &request->definitions[i];
        status = flow_build(given->source->definition, &given->flow, err);
        if (status != STATUS_OK) {
            given->flow = NULL;
            return fail_in(err, status, "flow file '%.*s'", TEXT_ARG(given->source->path));
        }
        publication->given_count++;
    }
    return STATUS_OK;
}

static int by_version(const void *a, const void *b)
{
    const struct flow *one = ((const struct given *)a)->flow;
    const struct flow *other = ((const struct given *)b)->flow;
    int order = text_compare(one->name, other->name);

    return order != 0 ? order : (one->version > other->version) - (one->version < other->version);
}

/* Two files may not say different things about one version. */
static enum status check_given(struct publication *publication, struct error *err)
{
    qsort(publication->given, publication->given_count, sizeof *publication->given, by_version);
    for (uint32_t i = 1; i < publication->given_count; i++) {
        const struct given *one = &publication->given[i - 1];
        const struct given *other = &publication->given[i];

        if (by_version(one, other) == 0 &&
            !text_equal(text_of(one->flow->hash), text_of(other->flow->hash))) {
            return fail(
                err, STATUS_REJECT,
                "files '%.*s' and '%.*s' both are version %d of flow '%.*s', with different "
                "content; give one of them another version",
                TEXT_ARG(one->source->path), TEXT_ARG(other->source->path), one->flow->version,
                TEXT_ARG(one->flow->name));
        }
    }
    return STATUS_OK;
}

static enum status plan_config(struct publication *publication, struct error *err)
{
    int32_t wanted = publication->request->settings->partitions;
    int32_t recorded = flow_registry_partitions(publication->registry);

    if (recorded == 0) {
        publication->plan.has_config = true;
        publication->plan.partitions = wanted > 0 ? wanted : PARTITIONS_DEFAULT;
        return STATUS_OK;
    }
    publication->plan.partitions = recorded;
    if (wanted > 0 && wanted != recorded) {
        return fail(err, STATUS_REJECT,
                    "the estate '%.*s' was set up with %d partitions and cannot be changed to %d: "
                    "set 'partitions: %d', or leave it out",
                    TEXT_ARG(publication->request->settings->app), recorded, wanted, recorded);
    }
    return STATUS_OK;
}

/* The state that `name` will have: planned already, or the one there is. NULL: none. */
static const struct flow_state *state_of(const struct publication *publication, struct text name)
{
    const struct plan *plan = &publication->plan;

    if (plan->state_count > 0 && text_equal(plan->states[plan->state_count - 1].name, name)) {
        return &plan->states[plan->state_count - 1];
    }
    return flow_registry_state(publication->registry, name);
}

static enum status plan_activation(struct publication *publication, const struct flow *flow,
                                   struct error *err)
{
    const struct start_resolver resolver = {
        .broker = publication->broker,
        .registry = publication->registry,
        .router_group = text_of(publication->names.router_group),
        .revision = flow_registry_revision(publication->registry),
        .arena = &publication->arena,
    };
    struct plan *plan = &publication->plan;
    const struct flow_state *former = state_of(publication, flow->name);
    bool is_planned = former != NULL && plan->state_count > 0 &&
                      former == &plan->states[plan->state_count - 1];
    struct flow_state state;
    enum status status;

    if (former != NULL && former->active.bytes > 0 && flow->version <= former->version) {
        log_event(LOG_WARN, "flow-not-activated",
                  "flow=%.*s version=%d active=%d reason=\"a higher version is active\"",
                  TEXT_ARG(flow->name), flow->version, former->version);
        return STATUS_OK;
    }
    status = resolve_starts(&resolver, flow, former, &state, err);
    if (status == STATUS_OK) {
        plan->state_count += !is_planned;
        plan->states[plan->state_count - 1] = state;
    }
    return status;
}

static enum status plan_one(struct publication *publication, const struct given *given,
                            struct error *err)
{
    const struct flow *flow = given->flow;
    struct plan *plan = &publication->plan;
    struct text deployed = flow_registry_deployed(publication->registry, flow->name, flow->version);

    if (text_is(deployed, flow->hash)) {
        return STATUS_OK;
    }
    if (deployed.bytes > 0) {
        return fail(
            err, STATUS_REJECT,
            "F801: version %d of flow '%.*s' is deployed with another content (hash %.*s, in the "
            "file %s): give the changed file a higher version",
            flow->version, TEXT_ARG(flow->name), TEXT_ARG(deployed), flow->hash);
    }
    if (plan->definition_count > 0) {
        const struct given *last = plan->definitions[plan->definition_count - 1];

        if (text_equal(text_of(last->flow->hash), text_of(flow->hash))) {
            return STATUS_OK; /* The same content in two files. */
        }
    }
    plan->definitions[plan->definition_count++] = given;
    return publication->request->deploys_only ? STATUS_OK : plan_activation(publication, flow, err);
}

/* Decide what is to be written, by what the registry has read. */
static enum status make_plan(struct publication *publication, struct error *err)
{
    enum status status;

    arena_reset(&publication->arena);
    publication->plan = (struct plan){
        .definitions = arena_array(&publication->arena, publication->given_count,
                                   sizeof(struct given *)),
        .states = arena_array(&publication->arena, publication->given_count,
                              sizeof(struct flow_state)),
    };
    status = plan_config(publication, err);
    for (uint32_t i = 0; i < publication->given_count && status == STATUS_OK; i++) {
        const struct given *given = &publication->given[i];

        status = plan_one(publication, given, err);
        if (status != STATUS_OK) {
            return fail_in(err, status, "flow file '%.*s'", TEXT_ARG(given->source->path));
        }
    }
    return status;
}

/* One record of baton.flows; its value is in publication->value, which is emptied. */
static enum status produce(struct publication *publication, const struct producer *producer,
                           struct text key, const char *schema, struct error *err)
{
    struct record_header *header = arena_alloc(&publication->arena, sizeof *header);
    struct outgoing record = {
        .topic = text_of(publication->names.flows),
        .key = key,
        .value = arena_text(&publication->arena, buffer_text(&publication->value)),
        .headers = header,
        .header_count = 1};
    enum status status;

    *header = (struct record_header){TEXT("baton-schema"), schema_fingerprint(schema)};
    buffer_clear(&publication->value);
    status = producer->produce(producer->self, &record, err);
    return status == STATUS_OK ? status : fail_in(err, status, "record '%.*s'", TEXT_ARG(key));
}

static enum status produce_all(struct publication *publication, const struct producer *producer,
                               struct error *err)
{
    const struct plan *plan = &publication->plan;
    struct arena *arena = &publication->arena;
    struct buffer *value = &publication->value;
    enum status status = STATUS_OK;

    if (plan->has_config) {
        estate_config_encode(plan->partitions, value);
        status = produce(publication, producer, TEXT("config"), "config", err);
    }
    for (uint32_t i = 0; i < plan->definition_count && status == STATUS_OK; i++) {
        const struct flow *flow = plan->definitions[i]->flow;

        definition_encode(flow->definition, flow->name, flow->version, value);
        status = produce(publication, producer, arena_printf(arena, "def/%s", flow->hash),
                         "definition", err);
    }
    for (uint32_t i = 0; i < plan->state_count && status == STATUS_OK; i++) {
        const struct flow_state *state = &plan->states[i];

        flow_state_encode(state, value);
        status = produce(publication, producer,
                         arena_printf(arena, "flow/%.*s", TEXT_ARG(state->name)), "flow", err);
    }
    return status;
}

static enum status write_plan(struct publication *publication, const struct producer *producer,
                              struct error *err)
{
    struct error ignored;
    enum status status = producer->begin(producer->self, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = produce_all(publication, producer, err);
    if (status == STATUS_OK) {
        status = producer->flush(producer->self, err);
    }
    if (status == STATUS_OK) {
        return producer->commit(producer->self, err);
    }
    if (status == STATUS_REJECT || status == STATUS_RETRY) {
        (void)producer->abort(producer->self,
                              &ignored); /* The close that follows ends it as well. */
    }
    return status;
}

static void log_plan(const struct publication *publication)
{
    const struct plan *plan = &publication->plan;

    for (uint32_t i = 0; i < plan->definition_count; i++) {
        const struct flow *flow = plan->definitions[i]->flow;

        log_event(LOG_INFO, "flow-deployed", "flow=%.*s version=%d hash=%s", TEXT_ARG(flow->name),
                  flow->version, flow->hash);
    }
    for (uint32_t i = 0; i < plan->state_count; i++) {
        log_event(LOG_INFO, "flow-activated", "flow=%.*s version=%d",
                  TEXT_ARG(plan->states[i].name), plan->states[i].version);
    }
}

static bool is_empty(const struct plan *plan)
{
    return !plan->has_config && plan->definition_count == 0 && plan->state_count == 0;
}

/* Read to the end with a reader of its own: one that is open already could have been shown an end
 * that lies before what was committed meanwhile. */
static enum status read_flows(struct publication *publication, struct error *err)
{
    flow_registry_close(publication->registry);
    publication->registry = NULL;
    return flow_registry_open(publication->broker, text_of(publication->names.flows),
                              &publication->registry, err);
}

/* Decide, and if there is something to write, decide again as the only one who may, and write it.
 * FENCED or ABORT: somebody else came in between, or the outcome is not known. */
static enum status attempt(struct publication *publication, struct error *err)
{
    char id[NAME_BYTES];
    struct producer producer;
    enum status status = read_flows(publication, err);

    if (status == STATUS_OK) {
        status = make_plan(publication, err);
    }
    if (status != STATUS_OK || is_empty(&publication->plan)) {
        return status;
    }
    snprintf(id, sizeof id, "%.*s~flows", TEXT_ARG(publication->request->settings->app));
    status = publication->broker->open_producer(publication->broker->self, text_of(id), &producer,
                                                err);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_flows(publication, err);
    if (status == STATUS_OK) {
        status = make_plan(publication, err);
    }
    if (status == STATUS_OK && !is_empty(&publication->plan)) {
        status = write_plan(publication, &producer, err);
        if (status == STATUS_OK) {
            log_plan(publication);
        }
    }
    producer.close(producer.self);
    return status;
}

/* Whoever was fenced gives the other time to finish; each waits differently, so that two do not
 * fence one another for ever. Waiting is reading: what the other writes ends it. */
static void back_off(struct publication *publication, struct rng *rng)
{
    int64_t wait_ms = BACKOFF_MS + (int64_t)rng_below(rng, BACKOFF_SPREAD_MS);
    struct error why;

    if (publication->registry != NULL &&
        flow_registry_poll(publication->registry, wait_ms, &why) != STATUS_OK) {
        log_event(LOG_WARN, "flows-unreadable", "reason=\"%s\"", why.text);
    }
}

static enum status publish(struct publication *publication, struct error *err)
{
    struct rng rng = {.state = publication->request->seed};
    enum status status = STATUS_RETRY;

    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        status = attempt(publication, err);
        if (status != STATUS_FENCED && status != STATUS_ABORT) {
            return status;
        }
        log_event(LOG_INFO, "publish-again", "reason=\"%s\"", err == NULL ? "" : err->text);
        back_off(publication, &rng);
    }
    return fail_in(err, STATUS_RETRY, "others publish at the same time");
}

enum status publish_flows(const struct broker *broker, const struct publish_request *request,
                          int32_t *partitions, struct error *err)
{
    struct publication publication = {.broker = broker, .request = request};
    enum status status;

    names_init(&publication.names, request->settings->app);
    status = build_given(&publication, err);
    if (status == STATUS_OK) {
        status = check_given(&publication, err);
    }
    if (status == STATUS_OK) {
        status = publish(&publication, err);
    }
    if (status == STATUS_OK) {
        *partitions = publication.plan.partitions;
    }
    for (uint32_t i = 0; i < publication.given_count; i++) {
        flow_free(publication.given[i].flow);
    }
    free(publication.given);
    flow_registry_close(publication.registry);
    buffer_release(&publication.value);
    arena_release(&publication.arena);
    return status;
}
