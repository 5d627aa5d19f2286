/* Which partitions a router has, where each begins, and what is committed of it. */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"
#include "engine/router_state.h"

#define RESTART_AFTER_MS (5 * MS_PER_SECOND)

bool router_next_place(const struct router *router, struct place_visit *visit)
{
    uint32_t row = visit->source == NULL ? 0 : visit->source->index;
    int32_t partition = visit->source == NULL ? 0 : visit->partition + 1;

    for (; router->table != NULL && row < router->table->source_count; row++, partition = 0) {
        for (; partition < router->rows[row].count; partition++) {
            struct place *place = &router->rows[row].places[partition];

            if (place->state != PLACE_NONE) {
                *visit = (struct place_visit){router->table->sources[row], partition, place};
                return true;
            }
        }
    }
    return false;
}

static void forget(struct place *place)
{
    free(place->from);
    *place = (struct place){.state = PLACE_NONE};
}

void router_show_places(const struct router *router)
{
    struct router_stats *stats = router->stats;
    struct place_visit visit = {0};
    uint64_t owned = 0;
    uint64_t starting = 0;
    uint64_t stopped = 0;

    while (router->rows != NULL && router_next_place(router, &visit)) {
        owned++;
        starting += visit.place->state == PLACE_NEW;
        stopped += visit.place->state == PLACE_STOPPED;
    }
    stat_set(&stats->places, owned);
    stat_set(&stats->starting, starting);
    stat_set(&stats->stopped, stopped);
}

static void assigned(void *self, const struct partition_offset *partitions, uint32_t count)
{
    struct router *router = self;

    for (uint32_t i = 0; i < count; i++) {
        const struct route_source *source = route_table_find(router->table, partitions[i].topic);
        int32_t partition = partitions[i].partition;
        struct place_row *row;

        if (source == NULL || partition < 0) {
            continue;
        }
        row = &router->rows[source->index];
        if (partition >= row->count) {
            row->places = realloc(row->places, ((size_t)partition + 1) * sizeof *row->places);
            CHECK(row->places != NULL);
            memset(row->places + row->count, 0,
                   (size_t)(partition + 1 - row->count) * sizeof *row->places);
            row->count = partition + 1;
        }
        forget(&row->places[partition]);
        row->places[partition].state = PLACE_NEW;
        router->has_new = true;
    }
    stat_set(&router->stats->assigned, 1);
    router_show_places(router);
}

static void revoked(void *self, const struct partition_offset *partitions, uint32_t count,
                    bool lost)
{
    struct router *router = self;
    struct error err;

    /* Between batches everything that was sent is acknowledged, or the session is at its end and
     * `acked` says how far. What is lost is another's already. */
    if (!lost && router_is_dirty(router) && router_commit(router, &err) != STATUS_OK) {
        log_again(&router->gate, LOG_WARN, "router-commit-failed", "reason=\"%s\"", err.text);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct route_source *source = route_table_find(router->table, partitions[i].topic);

        if (source != NULL && partitions[i].partition < router->rows[source->index].count) {
            forget(&router->rows[source->index].places[partitions[i].partition]);
        }
    }
    router_show_places(router);
}

struct rebalance router_rebalance(struct router *router)
{
    return (struct rebalance){.self = router, .assigned = assigned, .revoked = revoked};
}

void router_free_places(struct router *router)
{
    struct place_visit visit = {0};

    while (router->rows != NULL && router_next_place(router, &visit)) {
        forget(visit.place);
    }
    for (uint32_t i = 0; router->rows != NULL && i < router->table->source_count; i++) {
        free(router->rows[i].places);
    }
    free(router->rows);
    router->rows = NULL;
}

struct place *router_place(const struct router *router, const struct route_source *source,
                           int32_t partition)
{
    const struct place_row *row = &router->rows[source->index];
    struct place *place = partition < row->count ? &row->places[partition] : NULL;

    return place != NULL && place->state == PLACE_READING ? place : NULL;
}

void router_acked(struct router *router)
{
    struct place_visit visit = {0};

    while (router_next_place(router, &visit)) {
        if (visit.place->state == PLACE_READING && visit.place->acked != visit.place->next) {
            visit.place->acked = visit.place->next;
            visit.place->is_dirty = true;
        }
    }
}

bool router_is_dirty(const struct router *router)
{
    struct place_visit visit = {0};

    while (router_next_place(router, &visit)) {
        if (visit.place->is_dirty) {
            return true;
        }
    }
    return false;
}

enum status router_commit(struct router *router, struct error *err)
{
    struct partition_offset *offsets;
    struct place_visit visit = {0};
    uint32_t count = 0;
    enum status status;

    while (router_next_place(router, &visit)) {
        count += visit.place->is_dirty;
    }
    offsets = calloc((size_t)count + 1, sizeof *offsets);
    CHECK(offsets != NULL);
    count = 0;
    visit = (struct place_visit){0};
    while (router_next_place(router, &visit)) {
        if (visit.place->is_dirty) {
            offsets[count].topic = visit.source->topic;
            offsets[count].partition = visit.partition;
            offsets[count].offset = visit.place->acked;
            source_mark_format(&visit.place->mark, offsets[count].metadata);
            count++;
        }
    }
    router_fault(router, "router-before-commit");
    status = router->consumer.commit(router->consumer.self, offsets, count, err);
    free(offsets);
    visit = (struct place_visit){0};
    while (status == STATUS_OK && router_next_place(router, &visit)) {
        visit.place->is_dirty = false;
    }
    return status;
}

void router_stop_place(const struct place_visit *visit, const struct log_ends *ends)
{
    log_event(
        LOG_ERROR, "records-lost",
        "topic=%.*s partition=%d from=%lld to=%lld reason=\"they were deleted before they were "
        "read; the partition stands still until its offset in the group is set by hand\"",
        TEXT_ARG(visit->source->topic), visit->partition, (long long)visit->place->next,
        (long long)ends->low);
    visit->place->state = PLACE_STOPPED;
}

/* A topic that was deleted, or made anew: what its position meant is gone. With a session of its own
 * the router learns anew which topics there are, and by what is recorded that they have changed. */
static enum status find_gone(struct router *router, struct error *err)
{
    const struct route_source *known = NULL;
    struct place_visit visit = {0};
    struct topic_info info = {0};

    while (router_next_place(router, &visit)) {
        const char *id = visit.place->mark.topic_id;
        enum status status = STATUS_OK;

        CHECK(visit.source != NULL);
        if (visit.place->state != PLACE_READING) {
            continue;
        }
        if (known != visit.source) {
            status = router->broker->topic(router->broker->self, visit.source->topic, &info, err);
            known = visit.source;
        }
        if (status != STATUS_OK) {
            return status == STATUS_REJECT ? STATUS_RETRY : status;
        }
        if (!info.exists || (id[0] != '\0' && info.id[0] != '\0' && strcmp(id, info.id) != 0)) {
            return fail(err, STATUS_ABORT,
                        "topic '%.*s' %s; what it held from offset %lld of partition %d on and was "
                        "not read is lost",
                        TEXT_ARG(visit.source->topic),
                        info.exists ? "was deleted and made anew" : "was deleted",
                        (long long)visit.place->next, visit.partition);
        }
    }
    return STATUS_OK;
}

enum status router_find_lost(struct router *router, struct error *err)
{
    struct place_visit visit = {0};
    enum status gone = find_gone(router, err);

    /* Whatever else was refused is asked for again, and so is this, should the search fail. */
    router->restart_ms = router->now_ms + RESTART_AFTER_MS;
    if (gone != STATUS_OK) {
        return gone;
    }
    while (router_next_place(router, &visit)) {
        struct log_ends ends;
        enum status status;

        if (visit.place->state != PLACE_READING) {
            continue;
        }
        status = router->broker->ends(router->broker->self, visit.source->topic, visit.partition,
                                      &ends, err);
        if (status != STATUS_OK) {
            return status == STATUS_REJECT ? STATUS_RETRY : status;
        }
        if (visit.place->next > ends.high) {
            /* Begin again by what is committed, which lies beyond the end as well: a new life. */
            visit.place->is_dirty = true;
            status = router_commit(router, err);
            if (status != STATUS_OK) {
                return status;
            }
            visit.place->state = PLACE_NEW;
            router->has_new = true;
        } else if (visit.place->next < ends.low) {
            router_stop_place(&visit, &ends);
        }
    }
    router_show_places(router);
    return STATUS_OK;
}

enum status router_restart(struct router *router, struct error *err)
{
    struct place_visit visit = {0};
    enum status status = STATUS_OK;

    router->restart_ms = 0;
    while (status == STATUS_OK && router_next_place(router, &visit)) {
        if (visit.place->state == PLACE_READING) {
            status = router->consumer.start(router->consumer.self, visit.source->topic,
                                            visit.partition, visit.place->next, err);
        }
    }
    return status;
}
