/*
 * schema_fetch - schemas as a registry with Confluent's REST API gives them, with what they refer to.
 */
#ifndef BATON_REGISTRY_SCHEMA_FETCH_H
#define BATON_REGISTRY_SCHEMA_FETCH_H

#include "codec/avro.h"
#include "registry/http_get.h"

struct fetched_schema {
    uint32_t id;
    struct avro_schema *schema; /* Owned by whoever asked. */
};

/* STATUS_OK, STATUS_REJECT: the registry says that there is none, or what it has cannot be used.
 * STATUS_RETRY: it did not answer, or not as a registry does. */
MUST_CHECK enum status schema_fetch_id(struct http_get *get, uint32_t id,
                                       struct fetched_schema *fetched, struct error *err);
/* The latest version of a subject. */
MUST_CHECK enum status schema_fetch_latest(struct http_get *get, struct text subject,
                                           struct fetched_schema *fetched, struct error *err);

#endif
