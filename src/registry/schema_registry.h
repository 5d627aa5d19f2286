/*
 * schema_registry - the schemas of a registry, each fetched once, by a thread of its own: whoever
 * asks never waits. A schema of an id never changes; the latest of a subject is asked for again
 * from time to time, and meanwhile the former one stands. All functions may be called by several
 * threads at once but open and close.
 */
#ifndef BATON_REGISTRY_SCHEMA_REGISTRY_H
#define BATON_REGISTRY_SCHEMA_REGISTRY_H

#include "engine/avro_port.h"
#include "engine/stats.h"
#include "registry/http_get.h"

struct schema_registry;

struct schema_registry_options {
    struct http_get_options http; /* url empty: there is none, and whoever asks is told so. */
    int64_t refresh_ms;           /* How old the latest schema of a subject may be. */
    struct schema_stats *stats;   /* Borrowed. */
};

/* STATUS_REJECT: the URL is none that can be used. */
MUST_CHECK enum status schema_registry_open(const struct schema_registry_options *options,
                                            struct schema_registry **registry, struct error *err);
void schema_registry_close(struct schema_registry *registry); /* Accepts NULL. */

/* The port of the engine; valid until the registry is closed. */
struct avro_port schema_registry_port(struct schema_registry *registry);

#endif
