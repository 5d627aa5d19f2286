/* Tells the instances that start others by the clock which flow they follow now: when a partition was
 * taken over, and when the flows have changed. One that knows it already makes nothing of it. */
#include "base/hash.h"
#include "engine/lane_state.h"

/* The next flow that has, or had, starts by the clock, each name once; empty: there is no further one. */
static struct text next_scheduled(const struct lane *lane, size_t *cursor)
{
    const struct flow *flow;
    const struct flow *other;

    while (flow_registry_next_flow(lane->registry, cursor, &flow)) {
        size_t before = 0;

        if (flow->schedule_count == 0) {
            continue;
        }
        while (flow_registry_next_flow(lane->registry, &before, &other) && other != flow) {
            if (other->schedule_count > 0 && text_equal(other->name, flow->name)) {
                break;
            }
        }
        if (other == flow) {
            return flow->name;
        }
    }
    return TEXT("");
}

static void tell(struct lane *lane, struct partition *partition, struct text flow)
{
    struct effect effect = {.flow = TEXT(SCHEDULE_FLOW), .key = flow, .type = TEXT("schedule")};
    struct decision decision = {.partition = partition, .inbox_offset = OFFSET_NONE};

    lane_touch_partition(lane, partition);
    lane->outbox.origin = (struct origin){partition, OFFSET_NONE};
    effect.value = json_object();
    if (flow_registry_active(lane->registry, flow) == NULL) {
        json_put_bool(effect.value, "off", true);
    }
    outbox_told(lane, &decision, &effect, NULL);
    json_free(effect.value);
}

void lane_tell_schedules(struct lane *lane)
{
    int64_t revision = flow_registry_revision(lane->registry);

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        struct text flow;
        size_t cursor = 0;
        bool is_told = false;

        if (partition == NULL || partition->state != PARTITION_READY ||
            partition->scheduled == revision) {
            continue;
        }
        while ((flow = next_scheduled(lane, &cursor)).bytes > 0) {
            const struct text parts[] = {TEXT(SCHEDULE_FLOW), TEXT(":"), flow};
            struct text name = arena_join(&lane->arena, parts, sizeof parts / sizeof parts[0]);

            if (kafka_partition(name, lane->partition_max) == i) {
                tell(lane, partition, flow);
                is_told = true;
            }
        }
        partition->overlay_scheduled = revision;
        if (!is_told) {
            partition->scheduled = revision;
        }
    }
}
