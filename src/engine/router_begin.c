/* Where a partition that was assigned begins: what is committed, which life of the topic it is of, and
 * what flows that are new want from before. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/router_state.h"

/* What is known about the partition of a new place. */
struct beginning {
    const struct partition_offset *committed;
    const struct topic_info *info;
    struct log_ends ends;
};

/* A flow that was activated since the commit may want records from before it. What is forwarded
 * again for the others is below their watermarks. */
static int64_t go_back(const struct place_visit *visit, const struct source_mark *mark,
                       int64_t next, const struct log_ends *ends)
{
    for (uint32_t i = 0; i < visit->source->route_count; i++) {
        const struct start_offset *start = route_start(&visit->source->routes[i], visit->partition);

        if (start == NULL || start->revision < mark->revision ||
            start->topic_generation != mark->generation || start->offset >= next) {
            continue;
        }
        next = start->offset;
        if (next < ends->low) {
            log_event(LOG_ERROR, "records-lost",
                      "route=%.*s topic=%.*s partition=%d from=%lld to=%lld "
                      "reason=\"they were deleted before the flow began to read\"",
                      TEXT_ARG(visit->source->routes[i].name), TEXT_ARG(visit->source->topic),
                      visit->partition, (long long)next, (long long)ends->low);
            next = ends->low;
        }
    }
    return next;
}

/* Every route takes a partition from its own start on, as long as the topic lives that it was
 * recorded for. */
static void find_froms(const struct place_visit *visit)
{
    struct place *place = visit->place;

    free(place->from);
    place->from = calloc((size_t)visit->source->route_count + 1, sizeof *place->from);
    CHECK(place->from != NULL);
    for (uint32_t i = 0; i < visit->source->route_count; i++) {
        const struct start_offset *start = route_start(&visit->source->routes[i], visit->partition);

        if (start != NULL && start->topic_generation == place->mark.generation) {
            place->from[i] = start->offset;
        }
    }
}

static void begin(struct router *router, const struct place_visit *visit,
                  const struct beginning *beginning)
{
    const struct partition_offset *committed = beginning->committed;
    struct start_offset start = source_start(visit->source, visit->partition);
    struct place *place = visit->place;
    struct source_mark mark;
    int64_t next = committed->offset;
    int32_t generation;

    if (committed->offset == OFFSET_NONE || !source_mark_parse(committed->metadata, &mark)) {
        /* Never read; or the offset was set by hand, which is as good as knowing all flows. */
        mark = (struct source_mark){.revision = router->revision,
                                    .generation = start.topic_generation};
        memcpy(mark.topic_id, start.topic_id, sizeof mark.topic_id);
        next = committed->offset == OFFSET_NONE ? start.offset : committed->offset;
    }
    generation = source_generation(&mark, next, beginning->info->id, beginning->ends.high);
    if (generation != mark.generation) {
        log_event(LOG_WARN, "source-begins-anew",
                  "topic=%.*s partition=%d generation=%d offset=%lld low=%lld high=%lld "
                  "reason=\"the topic was deleted and made anew, or cut; it is read from its "
                  "beginning, and what it held before from that offset on and was not read is "
                  "lost\"",
                  TEXT_ARG(visit->source->topic), visit->partition, generation, (long long)next,
                  (long long)beginning->ends.low, (long long)beginning->ends.high);
        next = beginning->ends.low;
    } else {
        next = go_back(visit, &mark, next, &beginning->ends);
    }
    place->mark = (struct source_mark){.revision = router->revision, .generation = generation};
    memcpy(place->mark.topic_id,
           beginning->info->id[0] != '\0' ? beginning->info->id : mark.topic_id,
           sizeof place->mark.topic_id);
    place->next = next;
    place->acked = next;
    find_froms(visit);
    if (next < beginning->ends.low) {
        router_stop_place(visit, &beginning->ends);
    }
}

/* A newer router had this partition: its flows are not all known here. */
static bool knows_less(struct router *router, const struct place_visit *visit,
                       const struct partition_offset *committed)
{
    struct source_mark mark;

    if (committed->offset == OFFSET_NONE || !source_mark_parse(committed->metadata, &mark) ||
        mark.revision <= router->revision) {
        return false;
    }
    if (!visit->place->is_told) {
        log_event(LOG_WARN, "router-behind", "topic=%.*s partition=%d revision=%lld needed=%lld",
                  TEXT_ARG(visit->source->topic), visit->partition, (long long)router->revision,
                  (long long)mark.revision);
        visit->place->is_told = true;
    }
    router->registry_poll_ms = 0; /* Read on at once; a new revision begins a new session. */
    return true;
}

/* One that is committed as it begins needs no commit. */
static void mark_dirty(const struct place_visit *visit, const struct partition_offset *committed)
{
    char metadata[OFFSET_METADATA_BYTES];

    source_mark_format(&visit->place->mark, metadata);
    visit->place->is_dirty = visit->place->state != PLACE_STOPPED &&
                             (committed->offset != visit->place->acked ||
                              strcmp(committed->metadata, metadata) != 0);
}

static struct partition_offset *list_new(const struct router *router, uint32_t *count)
{
    struct partition_offset *offsets;
    struct place_visit visit = {0};

    *count = 0;
    while (router_next_place(router, &visit)) {
        *count += visit.place->state == PLACE_NEW;
    }
    offsets = calloc((size_t)*count + 1, sizeof *offsets);
    CHECK(offsets != NULL);
    *count = 0;
    visit = (struct place_visit){0};
    while (router_next_place(router, &visit)) {
        if (visit.place->state == PLACE_NEW) {
            offsets[*count].topic = visit.source->topic;
            offsets[(*count)++].partition = visit.partition;
        }
    }
    return offsets;
}

/* Find out about the listed places. Those that may start keep the state NEW, with `next` set. */
static enum status look_up(struct router *router, struct partition_offset *offsets, uint32_t count,
                           bool *may_start, struct error *err)
{
    const struct broker *broker = router->broker;
    struct topic_info info = {0};
    const struct route_source *known = NULL;
    enum status status = broker->committed(broker->self, text_of(router->names.router_group),
                                           offsets, count, COMMITTED_LAST, err);

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct route_source *source = route_table_find(router->table, offsets[i].topic);
        struct place_visit visit = {source, offsets[i].partition,
                                    &router->rows[source->index].places[offsets[i].partition]};
        struct beginning beginning = {.committed = &offsets[i], .info = &info};

        if (knows_less(router, &visit, &offsets[i])) {
            continue;
        }
        if (known != source) {
            status = broker->topic(broker->self, source->topic, &info, err);
            known = source;
        }
        if (status == STATUS_OK) {
            status = broker->ends(broker->self, source->topic, visit.partition, &beginning.ends,
                                  err);
        }
        if (status == STATUS_OK) {
            begin(router, &visit, &beginning);
            mark_dirty(&visit, &offsets[i]);
            may_start[i] = visit.place->state == PLACE_NEW;
        }
    }
    return status;
}

static enum status start_looked_up(struct router *router, const struct partition_offset *offsets,
                                   uint32_t count, const bool *may_start, struct error *err)
{
    enum status status = router_is_dirty(router) ? router_commit(router, err) : STATUS_OK;

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct route_source *source = route_table_find(router->table, offsets[i].topic);
        struct place *place = &router->rows[source->index].places[offsets[i].partition];

        if (!may_start[i]) {
            continue;
        }
        status = router->consumer.start(router->consumer.self, offsets[i].topic,
                                        offsets[i].partition, place->next, err);
        if (status == STATUS_OK) {
            place->state = PLACE_READING;
        }
    }
    return status;
}

enum status router_start_places(struct router *router, struct error *err)
{
    uint32_t count;
    struct partition_offset *offsets = list_new(router, &count);
    bool *may_start = calloc((size_t)count + 1, sizeof *may_start);
    struct place_visit visit = {0};
    enum status status = STATUS_OK;

    CHECK(may_start != NULL);
    if (count > 0) {
        status = look_up(router, offsets, count, may_start, err);
    }
    if (status == STATUS_OK) {
        /* Before anything is forwarded: a generation that was found out by comparing with the end
         * could not be found out again once the topic has grown. */
        status = start_looked_up(router, offsets, count, may_start, err);
    }
    free(may_start);
    free(offsets);
    router->has_new = false;
    while (router_next_place(router, &visit)) {
        router->has_new = router->has_new || visit.place->state == PLACE_NEW;
    }
    /* A rebalance that came in between, or a topic that is gone: the next poll knows more. */
    return status == STATUS_FENCED || status == STATUS_REJECT ? STATUS_RETRY : status;
}
