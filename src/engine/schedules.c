/* Tells the instances that start others by the clock which flow they follow now: when a partition was
 * taken over, and when the flows have changed. One that knows it already makes nothing of it. */
#include "base/hash.h"
#include "engine/lane_state.h"

/* One without a start by the clock now may have had some. */
static bool has_schedule(const struct lane *lane, struct text name)
{
    const struct flow *flow;
    size_t cursor = 0;

    while (flow_registry_next_flow(lane->registry, &cursor, &flow)) {
        if (flow->schedule_count > 0 && text_equal(flow->name, name)) {
            return true;
        }
    }
    return false;
}

static void tell(struct lane *lane, struct partition *partition, struct text flow)
{
    struct effect effect = {.flow = TEXT(SCHEDULE_FLOW), .key = flow, .type = TEXT("schedule")};
    struct decision decision = {.partition = partition, .inbox_offset = OFFSET_NONE};

    lane_touch_partition(lane, partition);
    lane->outbox.origin = (struct origin){partition, OFFSET_NONE};
    effect.value = json_object();
    outbox_told(lane, &decision, &effect, NULL);
    json_free(effect.value);
}

void lane_tell_schedules(struct lane *lane)
{
    int64_t revision = flow_registry_revision(lane->registry);

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        struct active_flow active;
        size_t cursor = 0;
        bool is_told = false;

        if (partition == NULL || partition->state != PARTITION_READY ||
            partition->scheduled == revision) {
            continue;
        }
        while (flow_registry_next(lane->registry, &cursor, &active)) {
            const struct text parts[] = {TEXT(SCHEDULE_FLOW), TEXT(":"), active.name};
            struct text name = arena_join(&lane->arena, parts, sizeof parts / sizeof parts[0]);

            if (kafka_partition(name, lane->partition_max) == i &&
                has_schedule(lane, active.name)) {
                tell(lane, partition, active.name);
                is_told = true;
            }
        }
        partition->overlay_scheduled = revision;
        if (!is_told) {
            partition->scheduled = revision;
        }
    }
}
