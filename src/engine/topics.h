/*
 * topics - what a topic of ours must look like. A new one is created so; an existing one that
 * differs is refused by whoever compares.
 */
#ifndef BATON_ENGINE_TOPICS_H
#define BATON_ENGINE_TOPICS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"

struct topic_config {
    const char *name;
    const char *value;
};

struct topic_spec {
    struct text name;
    int32_t partitions;
    int32_t replication; /* Wanted; fewer where there are fewer brokers. */
    const struct topic_config *configs;
    uint32_t config_count;
};

#define TOPICS_INTERNAL 7
#define TOPICS_FLOWS 0 /* Where <app>.flows is in the list: it has to be there before any other. */

/*
 * The TOPICS_INTERNAL topics of `app`, each in `partitions` partitions but <app>.flows, which has
 * one. `brokers` is how many there are, or 0 if that is not known; below three of them fewer copies
 * are asked for, and that is logged as a warning. Everything given lives in `arena`.
 */
const struct topic_spec *topics_internal(struct text app, int32_t partitions, int32_t brokers,
                                         struct arena *arena);

#endif
