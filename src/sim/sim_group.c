/* The group coordinator: members, generations, eager range assignment, committed offsets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

struct sim_group *sim_group_find(struct sim_broker *broker, struct text name)
{
    struct sim_group *group;

    for (size_t i = 0; i < broker->group_count; i++) {
        if (text_is(name, broker->groups[i]->name)) {
            return broker->groups[i];
        }
    }
    group = calloc(1, sizeof(*group));
    CHECK(group != NULL);
    group->name = text_dup(name);
    broker->groups = sim_grow(broker->groups, broker->group_count, &broker->group_capacity,
                              sizeof(struct sim_group *));
    broker->groups[broker->group_count++] = group;
    return group;
}

static void member_free(struct sim_member *member)
{
    free(member->static_id);
    free(member->topics);
    free(member->claims);
    free(member);
}

void sim_group_free(struct sim_group *group)
{
    for (size_t i = 0; i < group->member_count; i++) {
        member_free(group->members[i]);
    }
    for (size_t i = 0; i < group->slot_count; i++) {
        free(group->slots[i]);
    }
    free(group->members);
    free(group->slots);
    free(group->name);
    free(group);
}

struct sim_slot *sim_group_slot(struct sim_group *group, struct sim_topic *topic, int32_t partition)
{
    struct sim_slot *slot;

    for (size_t i = 0; i < group->slot_count; i++) {
        if (group->slots[i]->topic == topic && group->slots[i]->partition == partition) {
            return group->slots[i];
        }
    }
    slot = calloc(1, sizeof(*slot));
    CHECK(slot != NULL);
    slot->topic = topic;
    slot->partition = partition;
    slot->offset = OFFSET_NONE;
    group->slots = sim_grow(group->slots, group->slot_count, &group->slot_capacity,
                            sizeof(struct sim_slot *));
    group->slots[group->slot_count++] = slot;
    return slot;
}

void sim_slot_set(struct sim_broker *broker, struct sim_group *group, struct sim_slot *slot,
                  const struct sim_pending *value)
{
    struct sim_commit commit = {.group = text_of(group->name),
                                .topic = text_of(slot->topic->name),
                                .partition = slot->partition,
                                .before = slot->offset,
                                .after = value->offset,
                                .metadata = slot->metadata};

    if (value->order < slot->order) {
        return;
    }
    slot->order = value->order;
    slot->offset = value->offset;
    snprintf(slot->metadata, sizeof(slot->metadata), "%s", value->metadata);
    sim_trace(broker->sim, NULL, "group %s: %s/%d stands at %lld (was %lld) %s", group->name,
              slot->topic->name, slot->partition, (long long)slot->offset, (long long)commit.before,
              slot->metadata);
    if (broker->watch.committed != NULL) {
        broker->watch.committed(broker->watch.self, &commit);
    }
}

struct sim_member *sim_group_member(const struct sim_group *group, const char *id)
{
    for (size_t i = 0; i < group->member_count; i++) {
        if (strcmp(group->members[i]->id, id) == 0) {
            return group->members[i];
        }
    }
    return NULL;
}

void sim_group_prepare(struct sim_broker *broker, struct sim_group *group)
{
    if (group->member_count == 0) {
        group->state = SIM_GROUP_EMPTY;
        return;
    }
    if (group->state == SIM_GROUP_PREPARING) {
        return;
    }
    sim_trace(broker->sim, NULL, "group %s: rebalance after generation %d", group->name,
              group->generation);
    group->state = SIM_GROUP_PREPARING;
    for (size_t i = 0; i < group->member_count; i++) {
        group->members[i]->joined = false;
    }
}

static void subscribe(struct sim_broker *broker, struct sim_member *member,
                      const struct consumer_options *options)
{
    member->topics = calloc(options->topic_count + 1, sizeof(struct sim_topic *));
    CHECK(member->topics != NULL);
    for (uint32_t i = 0; i < options->topic_count; i++) {
        struct sim_topic *topic = sim_topic_find(broker, options->topics[i]);

        if (topic != NULL) {
            member->topics[member->topic_count++] = topic;
        }
    }
}

/* A static member that comes back takes the place of its former self without a rebalance; whoever
 * still acts with the former member id is fenced. */
static struct sim_member *replace_static(struct sim_group *group, struct text static_id)
{
    for (size_t i = 0; i < group->member_count; i++) {
        struct sim_member *member = group->members[i];

        if (member->static_id != NULL && text_is(static_id, member->static_id)) {
            return member;
        }
    }
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    const struct sim_member *const *one = a;
    const struct sim_member *const *other = b;

    return strcmp((*one)->id, (*other)->id);
}

struct sim_member *sim_group_join(struct sim_broker *broker, struct sim_group *group,
                                  const struct consumer_options *options, char id[64])
{
    struct sim_member *member = NULL;

    if (options->static_id.bytes > 0) {
        member = replace_static(group, options->static_id);
    }
    if (member == NULL) {
        member = calloc(1, sizeof(*member));
        CHECK(member != NULL);
        if (options->static_id.bytes > 0) {
            member->static_id = text_dup(options->static_id);
        }
        subscribe(broker, member, options);
        group->members = sim_grow(group->members, group->member_count, &group->member_capacity,
                                  sizeof(struct sim_member *));
        group->members[group->member_count++] = member;
        sim_group_prepare(broker, group);
    } else if (group->state == SIM_GROUP_PREPARING) {
        member->joined = false;
    }
    /* Random, as real ids are: who comes first in the assignment is not who came first. */
    snprintf(member->id, sizeof(member->id), "%08x-%u",
             (unsigned)rng_below(&broker->sim->rng, UINT32_MAX), ++group->member_next);
    member->polled_ms = broker->sim->now_ms;
    snprintf(id, 64, "%s", member->id);
    qsort(group->members, group->member_count, sizeof(struct sim_member *), by_id);
    return member;
}

void sim_group_leave(struct sim_broker *broker, struct sim_group *group, const char *id)
{
    for (size_t i = 0; i < group->member_count; i++) {
        if (strcmp(group->members[i]->id, id) == 0) {
            member_free(group->members[i]);
            group->member_count--;
            memmove(&group->members[i], &group->members[i + 1],
                    (group->member_count - i) * sizeof(struct sim_member *));
            sim_group_prepare(broker, group);
            return;
        }
    }
}

static bool is_subscribed(const struct sim_member *member, const struct sim_topic *topic)
{
    for (size_t i = 0; i < member->topic_count; i++) {
        if (member->topics[i] == topic) {
            return true;
        }
    }
    return false;
}

static void claim(struct sim_member *member, struct sim_topic *topic, int32_t partition)
{
    member->claims = sim_grow(member->claims, member->claim_count, &member->claim_capacity,
                              sizeof(*member->claims));
    member->claims[member->claim_count++] = (struct sim_claim){topic, partition};
}

/* Kafka's range assignor: of each topic every member in turn gets a run of partitions, the first
 * ones one more. */
static void assign_range(struct sim_group *group, struct sim_topic *topic)
{
    int32_t partitions = topic->options.partitions;
    int32_t members = 0;
    int32_t next = 0;
    int32_t nth = 0;

    for (size_t i = 0; i < group->member_count; i++) {
        members += is_subscribed(group->members[i], topic);
    }
    for (size_t i = 0; i < group->member_count && members > 0; i++) {
        int32_t share;

        if (!is_subscribed(group->members[i], topic)) {
            continue;
        }
        share = partitions / members + (nth++ < partitions % members);
        for (int32_t k = 0; k < share; k++) {
            claim(group->members[i], topic, next++);
        }
    }
}

void sim_group_complete(struct sim_broker *broker, struct sim_group *group)
{
    for (size_t i = 0; i < group->member_count; i++) {
        if (!group->members[i]->joined) {
            return;
        }
    }
    group->state = SIM_GROUP_STABLE;
    group->generation++;
    for (size_t i = 0; i < group->member_count; i++) {
        group->members[i]->claim_count = 0;
    }
    for (size_t i = 0; i < broker->topic_count; i++) {
        assign_range(group, broker->topics[i]);
    }
    sim_trace(broker->sim, NULL, "group %s: generation %d with %zu members", group->name,
              group->generation, group->member_count);
}

static void expire(struct sim_broker *broker, struct sim_group *group)
{
    for (size_t i = group->member_count; i > 0; i--) {
        struct sim_member *member = group->members[i - 1];

        if (broker->sim->now_ms - member->polled_ms > broker->session_ms) {
            sim_trace(broker->sim, NULL, "group %s: member %s is removed", group->name, member->id);
            sim_group_leave(broker, group, member->id);
        }
    }
    if (group->state == SIM_GROUP_PREPARING) {
        sim_group_complete(broker, group);
    }
}

void sim_group_tick(struct sim_broker *broker)
{
    for (size_t i = 0; i < broker->group_count; i++) {
        expire(broker, broker->groups[i]);
    }
}

/* By the members, not by the handles: of these a crash may have closed some without a word. */
void sim_broker_expire(struct sim_broker *broker, const struct sim_process *process)
{
    for (size_t i = 0; i < broker->group_count; i++) {
        struct sim_group *group = broker->groups[i];

        for (size_t k = group->member_count; k > 0; k--) {
            if (group->members[k - 1]->process == process) {
                sim_group_leave(broker, group, group->members[k - 1]->id);
            }
        }
    }
}
