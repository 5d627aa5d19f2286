/*
 * sim_member - the consumer's side of its group: joining, losing, and the callbacks.
 */
#ifndef BATON_SIM_SIM_MEMBER_H
#define BATON_SIM_SIM_MEMBER_H

#include "sim/sim_parts.h"

/* A partition that the member believes to have. */
struct sim_fetch {
    struct sim_topic *topic;
    int32_t partition;
    bool started;
    int64_t position;
    uint32_t life; /* The topic's, when it was started. */
};

struct sim_consumer {
    struct sim_handle handle;
    struct sim_group *group;
    char member_id[64]; /* Empty: none, joins with the next poll. */
    char *static_id;    /* NULL: dynamic. */
    int32_t generation; /* As it knows; -1: none. */
    bool unchecked;     /* It has forgotten that it ever was a member. */
    int64_t polled_ms;
    struct text *topics;
    uint32_t topic_count;
    struct rebalance rebalance;
    struct sim_fetch *fetches;
    size_t fetch_count;
    size_t fetch_capacity;
    size_t turn; /* Which partition a poll begins with. */
};

/* Serve the membership: the callbacks run in here. FATAL: another process has the static id. */
enum status sim_member_serve(struct sim_consumer *consumer, struct error *err);
/* Call back, and have nothing any more. */
void sim_member_revoke(struct sim_consumer *consumer, bool lost);

#endif
