#include "sim/sim_member.h"

#include <stdlib.h>
#include <string.h>

/* The member's partitions as the callbacks are given them. The caller frees. */
static struct partition_offset *list(const struct sim_consumer *consumer)
{
    struct partition_offset *partitions = calloc(consumer->fetch_count + 1, sizeof(*partitions));

    CHECK(partitions != NULL);
    for (size_t i = 0; i < consumer->fetch_count; i++) {
        partitions[i].topic = text_of(consumer->fetches[i].topic->name);
        partitions[i].partition = consumer->fetches[i].partition;
        partitions[i].offset = OFFSET_NONE;
    }
    return partitions;
}

void sim_member_revoke(struct sim_consumer *consumer, bool lost)
{
    struct partition_offset *partitions = list(consumer);
    uint32_t count = (uint32_t)consumer->fetch_count;

    sim_trace(consumer->handle.broker->sim, consumer->handle.process, "%s %u partitions of %s",
              lost ? "has lost" : "gives up", count, consumer->group->name);
    if (count > 0 && consumer->rebalance.revoked != NULL) {
        consumer->rebalance.revoked(consumer->rebalance.self, partitions, count, lost);
    }
    consumer->fetch_count = 0;
    free(partitions);
}

static void assign(struct sim_consumer *consumer, const struct sim_member *member)
{
    struct partition_offset *partitions;

    consumer->generation = consumer->group->generation;
    for (size_t i = 0; i < member->claim_count; i++) {
        consumer->fetches = sim_grow(consumer->fetches, consumer->fetch_count,
                                     &consumer->fetch_capacity, sizeof(*consumer->fetches));
        consumer->fetches[consumer->fetch_count++] = (struct sim_fetch){
            .topic = member->claims[i].topic, .partition = member->claims[i].partition};
    }
    partitions = list(consumer);
    sim_trace(consumer->handle.broker->sim, consumer->handle.process,
              "is given %zu partitions of %s, generation %d", consumer->fetch_count,
              consumer->group->name, consumer->generation);
    if (consumer->rebalance.assigned != NULL) {
        consumer->rebalance.assigned(consumer->rebalance.self, partitions,
                                     (uint32_t)consumer->fetch_count);
    }
    free(partitions);
}

static void join(struct sim_consumer *consumer)
{
    struct consumer_options options = {.topics = consumer->topics,
                                       .topic_count = consumer->topic_count,
                                       .static_id = text_of(consumer->static_id)};

    consumer->generation = -1;
    consumer->unchecked = false;
    sim_group_join(consumer->handle.broker, consumer->group, &options, consumer->member_id)
        ->process = consumer->handle.process;
}

/* The member was removed while it did not poll. */
static void lose(struct sim_consumer *consumer)
{
    /* The client resets what it sends with a transactional commit; some of its versions reset all of
     * it, and then the broker takes it for one that manages its partitions itself. */
    if (sim_chance(consumer->handle.broker->sim, SIM_CHECK_LOST)) {
        consumer->unchecked = true;
    }
    sim_member_revoke(consumer, true);
    consumer->member_id[0] = '\0';
}

/* Whether another member has taken the static id. */
static bool is_replaced(const struct sim_consumer *consumer)
{
    for (size_t i = 0; consumer->static_id != NULL && i < consumer->group->member_count; i++) {
        const char *static_id = consumer->group->members[i]->static_id;

        if (static_id != NULL && strcmp(static_id, consumer->static_id) == 0) {
            return true;
        }
    }
    return false;
}

enum status sim_member_serve(struct sim_consumer *consumer, struct error *err)
{
    struct sim_broker *broker = consumer->handle.broker;
    struct sim_member *member = sim_group_member(consumer->group, consumer->member_id);

    if (member == NULL && consumer->member_id[0] != '\0') {
        if (is_replaced(consumer)) {
            sim_member_revoke(consumer, true);
            return fail(err, STATUS_FATAL, "group '%s': another member has the name '%s'",
                        consumer->group->name, consumer->static_id);
        }
        lose(consumer);
    }
    if (consumer->member_id[0] == '\0') {
        join(consumer);
    }
    member = sim_group_member(consumer->group, consumer->member_id);
    CHECK(member != NULL);
    member->polled_ms = broker->sim->now_ms;
    if (consumer->group->state == SIM_GROUP_PREPARING && !member->joined) {
        sim_member_revoke(consumer, false);
        /* It may have been removed, or taken its time, inside the callback. */
        member = sim_group_member(consumer->group, consumer->member_id);
        if (member == NULL || consumer->handle.process->crashed) {
            return STATUS_OK;
        }
        member->joined = true;
        sim_group_complete(broker, consumer->group);
    }
    if (consumer->group->state == SIM_GROUP_STABLE &&
        consumer->generation != consumer->group->generation) {
        assign(consumer, member);
    }
    return STATUS_OK;
}
