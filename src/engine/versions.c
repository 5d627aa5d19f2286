#include "engine/versions.h"

#include <stdio.h>

#include "base/log.h"
#include "base/rng.h"
#include "engine/flow_registry.h"
#include "engine/publish_starts.h"

#define ATTEMPTS_MAX 20
#define BACKOFF_MS 50
#define BACKOFF_SPREAD_MS 200

struct versions {
    const struct broker *broker;
    const struct version_change *change;
    struct version_outcome *outcome;
    struct names names;
    struct flow_registry *registry;
    struct arena arena; /* Of one attempt. */
    struct text hash;   /* Of the version. */
    struct flow_state state;
    bool has_state; /* To be written; else the definition goes. */
};

static void say(struct versions *versions, bool changed, const char *text)
{
    versions->outcome->changed = changed;
    (void)snprintf(versions->outcome->text, sizeof versions->outcome->text, "%.*s version %d: %s",
                   TEXT_ARG(versions->change->flow), versions->change->version, text);
}

static enum status plan_activation(struct versions *versions, const struct flow_state *former,
                                   struct error *err)
{
    const struct version_change *change = versions->change;
    const struct flow *flow = flow_registry_by_hash(versions->registry, versions->hash);
    const struct start_resolver resolver = {
        .broker = versions->broker,
        .registry = versions->registry,
        .router_group = text_of(versions->names.router_group),
        .revision = flow_registry_revision(versions->registry),
        .arena = &versions->arena,
    };
    bool is_active = former != NULL && text_equal(former->active, versions->hash);
    enum status status;

    if (flow == NULL) {
        return fail(err, STATUS_REJECT, "this program cannot build version %d: take a newer one",
                    change->version);
    }
    if (change->percent < 100 &&
        (former == NULL || former->active.bytes == 0 || (is_active && former->former.bytes == 0))) {
        return fail(err, STATUS_REJECT,
                    "there is no other active version that the rest of the keys could take; "
                    "activate it without a percentage");
    }
    status = resolve_starts(&resolver, flow, former, &versions->state, err);
    if (status != STATUS_OK) {
        return status;
    }
    versions->state.percent = change->percent;
    if (change->percent < 100) {
        versions->state.former = is_active ? former->former : former->active;
        versions->state.former_version = is_active ? former->former_version : former->version;
    }
    versions->has_state = true;
    if (change->percent < 100) {
        char text[120];

        (void)snprintf(
            text, sizeof text,
            "starts %d%% of the runs from now on, told by their keys; version %d the others",
            change->percent, versions->state.former_version);
        say(versions, true, text);
    } else {
        say(versions, true, "starts all runs from now on");
    }
    return STATUS_OK;
}

static enum status plan_drain(struct versions *versions, const struct flow_state *former)
{
    versions->has_state = true;
    if (former == NULL || (!text_equal(former->active, versions->hash) &&
                           !text_equal(former->former, versions->hash))) {
        say(versions, false, "starts no runs already");
        return STATUS_OK;
    }
    versions->state = *former;
    if (text_equal(former->active, versions->hash)) {
        versions->state.active = former->former;
        versions->state.version = former->former_version;
    }
    versions->state.former = TEXT("");
    versions->state.former_version = 0;
    versions->state.percent = 100;
    say(versions, true,
        versions->state.active.bytes > 0
            ? "starts no runs any more, the other active version starts all"
            : "starts no runs any more, and no other does: what would start one becomes a dead "
              "letter");
    return STATUS_OK;
}

static enum status plan_retirement(struct versions *versions, const struct flow_state *former,
                                   struct error *err)
{
    if (former != NULL && (text_equal(former->active, versions->hash) ||
                           text_equal(former->former, versions->hash))) {
        return fail(err, STATUS_REJECT, "version %d still starts runs: drain it first",
                    versions->change->version);
    }
    versions->has_state = false;
    say(versions, true, "is retired, its definition is gone");
    return STATUS_OK;
}

/* Decide what is to be written, by what the registry has read. */
static enum status plan(struct versions *versions, struct error *err)
{
    const struct version_change *change = versions->change;
    const struct flow_state *former = flow_registry_state(versions->registry, change->flow);

    arena_reset(&versions->arena);
    versions->hash = flow_registry_deployed(versions->registry, change->flow, change->version);
    if (!flow_registry_knows(versions->registry, change->flow)) {
        return fail(err, STATUS_REJECT, "no flow '%.*s' was ever deployed", TEXT_ARG(change->flow));
    }
    if (versions->hash.bytes == 0) {
        return fail(err, STATUS_REJECT, "version %d of flow '%.*s' is not deployed",
                    change->version, TEXT_ARG(change->flow));
    }
    switch (change->action) {
    case VERSION_ACTIVATE:
        return plan_activation(versions, former, err);
    case VERSION_DRAIN:
        return plan_drain(versions, former);
    case VERSION_RETIRE:
        return plan_retirement(versions, former, err);
    }
    CHECK(!"unknown action");
    return STATUS_FATAL;
}

static enum status produce(struct versions *versions, const struct producer *producer,
                           struct error *err)
{
    struct record_header header = {TEXT("baton-schema"), schema_fingerprint("flow")};
    struct buffer value = {0};
    struct outgoing record = {.topic = text_of(versions->names.flows)};
    enum status status;

    if (versions->has_state) {
        flow_state_encode(&versions->state, &value);
        record.key = arena_printf(&versions->arena, "flow/%.*s", TEXT_ARG(versions->change->flow));
        record.value = arena_text(&versions->arena, buffer_text(&value));
        record.headers = &header;
        record.header_count = 1;
    } else {
        record.key = arena_printf(&versions->arena, "def/%.*s", TEXT_ARG(versions->hash));
    }
    buffer_release(&value);
    status = producer->produce(producer->self, &record, err);
    return status == STATUS_OK ? producer->flush(producer->self, err) : status;
}

static enum status write(struct versions *versions, const struct producer *producer,
                         struct error *err)
{
    struct error ignored;
    enum status status = producer->begin(producer->self, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = produce(versions, producer, err);
    if (status == STATUS_OK) {
        return producer->commit(producer->self, err);
    }
    if (status == STATUS_REJECT || status == STATUS_RETRY) {
        (void)producer->abort(producer->self, &ignored); /* The close ends it as well. */
    }
    return status;
}

/* With a reader of its own: one that is open already could have been shown an earlier end. */
static enum status read_flows(struct versions *versions, struct error *err)
{
    flow_registry_close(versions->registry);
    versions->registry = NULL;
    return flow_registry_open(versions->broker, text_of(versions->names.flows), &versions->registry,
                              err);
}

/* Decide as the only one who may, and write it. FENCED or ABORT: somebody else came in between. */
static enum status attempt(struct versions *versions, struct error *err)
{
    char id[NAME_BYTES];
    struct producer producer;
    enum status status;

    (void)snprintf(id, sizeof id, "%.*s~flows", TEXT_ARG(versions->change->settings->app));
    status = versions->broker->open_producer(versions->broker->self, text_of(id), &producer, err);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_flows(versions, err);
    if (status == STATUS_OK) {
        status = plan(versions, err);
    }
    if (status == STATUS_OK && versions->outcome->changed) {
        status = write(versions, &producer, err);
    }
    producer.close(producer.self);
    return status;
}

enum status versions_change(const struct broker *broker, const struct version_change *change,
                            struct version_outcome *outcome, struct error *err)
{
    struct versions versions = {.broker = broker, .change = change, .outcome = outcome};
    struct rng rng = {.state = change->seed};
    enum status status = STATUS_RETRY;
    struct error why;

    names_init(&versions.names, change->settings->app);
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        status = attempt(&versions, err);
        if (status != STATUS_FENCED && status != STATUS_ABORT) {
            break;
        }
        /* Waiting is reading: what the other writes ends it. */
        if (versions.registry != NULL &&
            flow_registry_poll(versions.registry,
                               BACKOFF_MS + (int64_t)rng_below(&rng, BACKOFF_SPREAD_MS),
                               &why) != STATUS_OK) {
            log_event(LOG_WARN, "flows-unreadable", "reason=\"%s\"", why.text);
        }
    }
    if (status == STATUS_FENCED || status == STATUS_ABORT) {
        status = fail_in(err, STATUS_RETRY, "others publish at the same time");
    }
    flow_registry_close(versions.registry);
    arena_release(&versions.arena);
    return status;
}
