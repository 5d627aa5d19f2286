/*
 * lag - how far the readers of the estate are behind: the router group on the source topics, the
 * lanes on their partitions of the inbox, and services that say their group on their commands. It asks the broker for ends and committed offsets, so it
 * is sampled by a thread that may wait, at its own pace, and read by others at any time.
 */
#ifndef BATON_ENGINE_LAG_H
#define BATON_ENGINE_LAG_H

#include "engine/broker.h"
#include "engine/settings.h"
#include "engine/stats.h"

struct lag;

#define LAG_TOPICS_MAX 200   /* Further ones are added to the last, named STAT_REST. */
#define LAG_SERVICES_MAX 200 /* Further ones are not asked. */

struct lag_topic {
    char name[NAME_BYTES];
    int64_t records; /* Of all its partitions, not yet committed by the routers of all workers. */
};

struct lag_partition {
    int32_t number;
    int64_t records;
};

/* Commands of a topic that a service's group has not committed. */
struct lag_service {
    char topic[NAME_BYTES];
    char group[NAME_BYTES];
    int64_t records;
};

/* One sample. */
struct lag_report {
    bool is_there;
    struct lag_topic *topics;
    uint32_t topic_count;
    struct lag_partition *partitions; /* Of the inbox, owned here. */
    uint32_t partition_count;
    struct lag_service *services; /* Those whose group could be asked. */
    uint32_t service_count;
};
void lag_report_release(struct lag_report *report);

/* Borrows all; `lanes` tell which partitions are owned here and where their lanes stand. */
struct lag_options {
    const struct broker *broker;
    const struct settings *settings;
    const struct lane_stats *const *lanes;
    uint32_t lane_count;
};

MUST_CHECK enum status lag_open(const struct lag_options *options, struct lag **lag,
                                struct error *err);
/* Take a sample; waits for the broker. RETRY: the sample before stays. */
MUST_CHECK enum status lag_sample(struct lag *lag, struct error *err);
/* A copy of the last sample; release it. From any thread. */
void lag_read(const struct lag *lag, struct lag_report *report);
void lag_close(struct lag *lag); /* Accepts NULL. */

#endif
