#include "engine/publish_starts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/route_table.h"
#include "engine/source_mark.h"

#define MISSING_BYTES 400

/* From where a flow wants a topic. */
struct want {
    struct text topic;
    enum start_from from;
    int64_t from_ms;
};

struct resolving {
    const struct start_resolver *resolver;
    struct want *wants;
    uint32_t want_count;
    struct start_offset *starts;
    uint32_t start_count;
    uint32_t start_capacity;
    char missing[MISSING_BYTES];
    size_t missing_bytes;
};

static void list_wants(struct resolving *resolving, const struct flow *flow)
{
    struct want *wants = arena_array(
        resolving->resolver->arena,
        (size_t)flow->start_count + flow->awaited_count + flow->service_count, sizeof *wants);
    uint32_t count = 0;

    for (uint32_t i = 0; i < flow->start_count; i++) {
        const struct start *start = &flow->starts[i];

        wants[count++] = (struct want){flow->topics[start->topic].name, start->from,
                                       start->from_ms};
    }
    for (uint32_t i = 0; i < flow->awaited_count; i++) {
        wants[count++] = (struct want){flow->topics[flow->awaited[i]->topic].name, START_NOW, 0};
    }
    for (uint32_t i = 0; i < flow->service_count; i++) {
        if (flow->services[i].replies.bytes > 0 && flow_uses_service(flow, i)) {
            wants[count++] = (struct want){flow->services[i].replies, START_NOW, 0};
        }
    }
    resolving->wants = wants;
    resolving->want_count = count;
}

static bool has_starts(const struct resolving *resolving, struct text topic)
{
    for (uint32_t i = 0; i < resolving->start_count; i++) {
        if (text_equal(resolving->starts[i].topic, topic)) {
            return true;
        }
    }
    return false;
}

static void add_start(struct resolving *resolving, const struct start_offset *start)
{
    if (resolving->start_count == resolving->start_capacity) {
        uint32_t capacity = resolving->start_capacity == 0 ? 32 : resolving->start_capacity * 2;
        struct start_offset *larger = arena_array(resolving->resolver->arena, capacity,
                                                  sizeof *larger);

        if (resolving->start_count > 0) {
            memcpy(larger, resolving->starts, resolving->start_count * sizeof *larger);
        }
        resolving->starts = larger;
        resolving->start_capacity = capacity;
    }
    resolving->starts[resolving->start_count++] = *start;
}

static void add_missing(struct resolving *resolving, struct text topic)
{
    size_t room = sizeof resolving->missing - resolving->missing_bytes;
    int bytes = snprintf(resolving->missing + resolving->missing_bytes, room, "%s'%.*s'",
                         resolving->missing_bytes == 0 ? "" : ", ", TEXT_ARG(topic));

    if (bytes > 0 && (size_t)bytes < room) {
        resolving->missing_bytes += (size_t)bytes;
    } else {
        resolving->missing[resolving->missing_bytes] = '\0';
    }
}

/* The earliest of what is wanted of a partition. The end is the stable one: what an open transaction
 * wrote before shows from now on. */
static enum status find_offset(const struct resolving *resolving, struct start_offset *start,
                               const struct log_ends *ends, struct error *err)
{
    const struct broker *broker = resolving->resolver->broker;

    start->offset = ends->stable;
    for (uint32_t i = 0; i < resolving->want_count; i++) {
        const struct want *want = &resolving->wants[i];
        int64_t offset = ends->stable;

        if (!text_equal(want->topic, start->topic)) {
            continue;
        }
        if (want->from == START_EARLIEST) {
            offset = ends->low;
        } else if (want->from == START_TIME) {
            enum status status = broker->offset_at(broker->self, start->topic, start->partition,
                                                   want->from_ms, &offset, err);
            if (status != STATUS_OK) {
                return status;
            }
        }
        start->offset = offset < start->offset ? offset : start->offset;
    }
    return STATUS_OK;
}

/* The life of a topic of which nothing is committed, by what was recorded for other flows: none was,
 * or this life, or a former one. */
static int32_t recorded_generation(const struct flow_registry *registry,
                                   const struct partition_offset *place, const char *topic_id)
{
    struct active_flow active;
    int32_t generation = 1;
    size_t cursor = 0;

    while (flow_registry_next(registry, &cursor, &active)) {
        const struct flow_state *state = flow_registry_state(registry, active.flow->name);

        for (uint32_t i = 0; state != NULL && i < state->start_count; i++) {
            const struct start_offset *start = &state->starts[i];

            if (start->partition != place->partition || !text_equal(start->topic, place->topic) ||
                start->topic_id[0] == '\0' || topic_id[0] == '\0') {
                continue;
            }
            if (strcmp(start->topic_id, topic_id) == 0) {
                return start->topic_generation;
            }
            generation = source_life(topic_id);
        }
    }
    return generation;
}

/* The life of the topic that the offset belongs to, as a router would count it that reads it for
 * another flow. */
static int32_t generation_of(const struct start_resolver *resolver,
                             const struct partition_offset *committed, const char *topic_id,
                             int64_t high)
{
    struct source_mark mark;

    if (committed->offset == OFFSET_NONE || !source_mark_parse(committed->metadata, &mark)) {
        return recorded_generation(resolver->registry, committed, topic_id);
    }
    return source_generation(&mark, committed->offset, topic_id, high);
}

static enum status resolve_partition(struct resolving *resolving,
                                     const struct partition_offset *committed,
                                     const struct topic_info *info, struct error *err)
{
    const struct broker *broker = resolving->resolver->broker;
    struct start_offset start = {.topic = committed->topic,
                                 .partition = committed->partition,
                                 .revision = resolving->resolver->revision};
    struct log_ends ends;
    enum status status = broker->ends(broker->self, committed->topic, committed->partition, &ends,
                                      err);

    if (status == STATUS_OK) {
        status = find_offset(resolving, &start, &ends, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    snprintf(start.topic_id, sizeof start.topic_id, "%s", info->id);
    start.topic_generation = generation_of(resolving->resolver, committed, info->id, ends.high);
    add_start(resolving, &start);
    return STATUS_OK;
}

static enum status resolve_topic(struct resolving *resolving, struct text topic, struct error *err)
{
    const struct start_resolver *resolver = resolving->resolver;
    const struct broker *broker = resolver->broker;
    struct partition_offset *committed;
    struct topic_info info;
    enum status status = broker->topic(broker->self, topic, &info, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (!info.exists) {
        add_missing(resolving, topic);
        return STATUS_OK;
    }
    committed = calloc((size_t)info.partition_count + 1, sizeof *committed);
    CHECK(committed != NULL);
    for (int32_t i = 0; i < info.partition_count; i++) {
        committed[i].topic = topic;
        committed[i].partition = i;
    }
    status = broker->committed(broker->self, resolver->router_group, committed,
                               (uint32_t)info.partition_count, COMMITTED_LAST, err);
    for (int32_t i = 0; i < info.partition_count && status == STATUS_OK; i++) {
        status = resolve_partition(resolving, &committed[i], &info, err);
    }
    free(committed);
    return status;
}

/* A topic that the flow writes to. Found missing only when it is produced to, it would turn the
 * event behind it into a dead letter. */
static enum status check_target(struct resolving *resolving, struct text topic, struct error *err)
{
    const struct broker *broker = resolving->resolver->broker;
    struct topic_info info;

    if (topic.bytes == 0) {
        return STATUS_OK;
    }
    enum status status = broker->topic(broker->self, topic, &info, err);
    if (status == STATUS_OK && !info.exists) {
        add_missing(resolving, topic);
    }
    return status == STATUS_OK ? status : fail_in(err, status, "topic '%.*s'", TEXT_ARG(topic));
}

static struct text target_of(const struct flow *flow, const struct message_spec *message)
{
    return message->is_request ? flow->services[message->service].commands
                               : flow->topics[message->topic].name;
}

static void add_target(struct text *targets, uint32_t *count, struct text topic)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (text_equal(targets[i], topic)) {
            return;
        }
    }
    targets[(*count)++] = topic;
}

/* Each topic is asked for once. */
static enum status check_targets(struct resolving *resolving, const struct flow *flow,
                                 struct error *err)
{
    struct text *targets = arena_array(resolving->resolver->arena, (size_t)flow->step_count * 2 + 1,
                                       sizeof *targets);
    enum status status = STATUS_OK;
    uint32_t count = 0;

    targets[count++] = flow->alerts;
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];
        if (step->kind == STEP_REQUEST || step->kind == STEP_EMIT) {
            struct text topic = target_of(flow, &step->message);
            add_target(targets, &count, topic);
        }
        if (step_undo_message(step) != NULL) {
            struct text topic = target_of(flow, step_undo_message(step));
            add_target(targets, &count, topic);
        }
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = check_target(resolving, targets[i], err);
    }
    return status;
}

enum status resolve_starts(const struct start_resolver *resolver, const struct flow *flow,
                           const struct flow_state *former, struct flow_state *state,
                           struct error *err)
{
    struct resolving resolving = {.resolver = resolver};

    /* What earlier versions read goes on being read: runs of them may be alive. */
    for (uint32_t i = 0; former != NULL && i < former->start_count; i++) {
        add_start(&resolving, &former->starts[i]);
    }
    list_wants(&resolving, flow);
    for (uint32_t i = 0; i < resolving.want_count; i++) {
        enum status status = STATUS_OK;

        if (!has_starts(&resolving, resolving.wants[i].topic)) {
            status = resolve_topic(&resolving, resolving.wants[i].topic, err);
        }
        if (status != STATUS_OK) {
            return fail_in(err, status, "topic '%.*s'", TEXT_ARG(resolving.wants[i].topic));
        }
    }
    enum status written = check_targets(&resolving, flow, err);
    if (written != STATUS_OK) {
        return written;
    }
    if (resolving.missing_bytes > 0) {
        return fail(err, STATUS_REJECT,
                    "it names topics that do not exist: %s; create them, or correct their names in "
                    "the estate file",
                    resolving.missing);
    }
    *state = (struct flow_state){.name = flow->name,
                                 .active = text_of(flow->hash),
                                 .version = flow->version,
                                 .starts = resolving.starts,
                                 .start_count = resolving.start_count,
                                 .percent = 100};
    return STATUS_OK;
}
