#include "engine/router_state.h"

#include <stdlib.h>

#include "base/duration.h"
#include "base/limits.h"
#include "base/log.h"

#define REGISTRY_POLL_MS MS_PER_SECOND
#define COMMIT_EVERY_MS 200
#define NEW_WAIT_MS 100

enum status router_open(const struct router_options *options, struct router **out,
                        struct error *err)
{
    struct router *router = calloc(1, sizeof *router);
    uint32_t batch_max = options->settings->batch_records_max;
    enum status status;

    CHECK(router != NULL);
    CHECK(batch_max > 0);
    router->options = *options;
    router->broker = options->broker;
    router->stats = options->stats == NULL ? &router->own_stats : options->stats;
    router->records = calloc(batch_max, sizeof *router->records);
    CHECK(router->records != NULL);
    names_init(&router->names, options->settings->app);
    router->schema = (struct record_header){TEXT("baton-schema"), schema_fingerprint("inbox")};
    status = flow_registry_open(router->broker, text_of(router->names.flows), &router->registry,
                                err);
    if (status != STATUS_OK) {
        router_abandon(router);
        return fail_in(err, status, "router");
    }
    *out = router;
    return STATUS_OK;
}

/* Leave the group, which commits what is acknowledged, and forget the session. */
static void close_session(struct router *router)
{
    if (!router->has_session) {
        return;
    }
    router->consumer.close(router->consumer.self);
    router->forwarder.close(router->forwarder.self);
    router_free_places(router);
    route_table_free(router->table);
    router->table = NULL;
    router->has_session = false;
    stat_set(&router->stats->assigned, 0);
    router_show_places(router);
    buffer_clear(&router->bytes);
    arena_reset(&router->arena);
}

void router_abandon(struct router *router)
{
    if (router == NULL) {
        return;
    }
    router_free_places(router);
    route_table_free(router->table);
    flow_registry_close(router->registry);
    arena_release(&router->arena);
    buffer_release(&router->bytes);
    buffer_release(&router->key);
    buffer_release(&router->located);
    free(router->records);
    free(router);
}

void router_close(struct router *router)
{
    if (router != NULL) {
        close_session(router);
        router_abandon(router);
    }
}

static enum status join(struct router *router, struct error *err)
{
    struct text *topics = calloc(router->table->source_count, sizeof *topics);
    struct consumer_options group = {.group = text_of(router->names.router_group),
                                     .topics = topics,
                                     .topic_count = router->table->source_count,
                                     .rebalance = router_rebalance(router)};
    enum status status;

    CHECK(topics != NULL);
    for (uint32_t i = 0; i < router->table->source_count; i++) {
        topics[i] = router->table->sources[i]->topic;
    }
    status = router->broker->open_consumer(router->broker->self, &group, &router->consumer, err);
    free(topics);
    return status;
}

/* With the flows of the revision that the registry has. None that reads anything: no session. */
static enum status open_session(struct router *router, struct error *err)
{
    int32_t recorded = flow_registry_partitions(router->registry);
    enum status status;

    router->table = route_table_new(router->registry);
    router->revision = flow_registry_revision(router->registry);
    router->partitions = recorded > 0 ? recorded : router->options.settings->partitions;
    stat_set(&router->stats->revision, (uint64_t)router->revision);
    stat_set(&router->stats->idle, router->table->source_count == 0);
    if (router->table->source_count == 0) {
        route_table_free(router->table);
        router->table = NULL;
        return STATUS_OK;
    }
    router->rows = calloc(router->table->source_count, sizeof *router->rows);
    CHECK(router->rows != NULL);
    status = router->broker->open_forwarder(router->broker->self, &router->forwarder, err);
    if (status == STATUS_OK) {
        status = join(router, err);
        if (status != STATUS_OK) {
            router->forwarder.close(router->forwarder.self);
        }
    }
    if (status != STATUS_OK) {
        router_free_places(router);
        route_table_free(router->table);
        router->table = NULL;
        return status;
    }
    router->has_session = true;
    router->has_new = false;
    router->commit_ms = 0;
    router->restart_ms = 0;
    router->held = 0;
    stat_add(&router->stats->sessions, 1);
    log_event(LOG_INFO, "router-session", "revision=%lld topics=%u", (long long)router->revision,
              router->table->source_count);
    return STATUS_OK;
}

/* Read on in baton.flows once a second. FATAL: the process is at its end. */
static enum status follow_flows(struct router *router, int64_t wait_ms, struct error *err)
{
    enum status status;

    if (router->now_ms < router->registry_poll_ms && wait_ms == 0) {
        return STATUS_OK;
    }
    router->registry_poll_ms = router->now_ms + REGISTRY_POLL_MS;
    status = flow_registry_poll(router->registry, wait_ms, err);
    if (status != STATUS_OK && status != STATUS_FATAL) {
        log_again(&router->gate, LOG_WARN, "flows-unreadable", "reason=\"%s\"", err->text);
        return STATUS_OK;
    }
    return status;
}

static int64_t poll_wait(const struct router *router, int64_t wait_ms)
{
    int64_t due_ms = router->commit_ms - router->now_ms;

    if (router->has_new && wait_ms > NEW_WAIT_MS) {
        wait_ms = NEW_WAIT_MS;
    }
    if (router_is_dirty(router) && due_ms < wait_ms) {
        wait_ms = due_ms > 0 ? due_ms : 0;
    }
    return router_hold_wait(router, wait_ms);
}

static enum status commit_when_due(struct router *router, struct error *err)
{
    enum status status;

    if (router->now_ms < router->commit_ms || !router_is_dirty(router)) {
        return STATUS_OK;
    }
    router->commit_ms = router->now_ms + COMMIT_EVERY_MS;
    status = router_commit(router, err);
    if (status == STATUS_RETRY || status == STATUS_FENCED) {
        /* It is tried again; or the next poll says that the partitions are gone. */
        log_again(&router->gate, LOG_WARN, "router-commit-failed", "reason=\"%s\"", err->text);
        return STATUS_OK;
    }
    return status;
}

/* RETRY keeps the session; anything else but OK ends it. */
static enum status session_turn(struct router *router, int64_t wait_ms, struct error *err)
{
    const struct clock *clock = router->options.clock;
    enum status status = router->consumer.poll(
        router->consumer.self, poll_wait(router, wait_ms), router->records,
        router->options.settings->batch_records_max, &router->record_count, err);

    router->now_ms = clock->monotonic_ms(clock->self);
    if (status == STATUS_REJECT) {
        log_again(&router->gate, LOG_ERROR, "position-refused", "group=%s reason=\"%s\"",
                  router->names.router_group, err->text);
        return router_find_lost(router, err);
    }
    if (status == STATUS_OK && router->record_count > 0) {
        histogram_add(&router->stats->batch_records, HISTOGRAM_COUNT, router->record_count);
        status = router_forward(router, err);
    }
    /* After the records: one poll may give out what it takes away in the same call, and that must
     * not meet a place that was started since. */
    if (status == STATUS_OK && router->has_new) {
        status = router_start_places(router, err);
        router_show_places(router);
    }
    if (status == STATUS_OK && router->restart_ms > 0 && router->now_ms >= router->restart_ms) {
        status = router_restart(router, err);
    }
    if (status == STATUS_OK) {
        status = router_release(router, err);
    }
    return status == STATUS_OK ? commit_when_due(router, err) : status;
}

enum status router_turn(struct router *router, int64_t wait_ms, struct error *err)
{
    const struct clock *clock = router->options.clock;
    enum status status;

    router->now_ms = clock->monotonic_ms(clock->self);
    status = follow_flows(router, 0, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (router->has_session && flow_registry_revision(router->registry) != router->revision) {
        close_session(router);
    }
    if (!router->has_session) {
        status = open_session(router, err);
        if (status != STATUS_OK) {
            return status == STATUS_FATAL ? status : STATUS_RETRY;
        }
    }
    if (!router->has_session) {
        return follow_flows(router, wait_ms > 0 ? wait_ms : 1, err);
    }
    status = session_turn(router, wait_ms, err);
    if (status == STATUS_OK || status == STATUS_RETRY) {
        return status;
    }
    log_again(&router->gate, LOG_WARN, "router-session-failed", "reason=\"%s\"", err->text);
    close_session(router);
    return STATUS_RETRY;
}

const struct router_stats *router_stats(const struct router *router)
{
    return router->stats;
}
