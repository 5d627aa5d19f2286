/*
 * schemas - the schema registry that a configuration names.
 */
#ifndef BATON_APP_SCHEMAS_H
#define BATON_APP_SCHEMAS_H

#include "app/config.h"
#include "registry/schema_registry.h"

/* The caller closes it. Without a URL it is one that only says that there is none. STATUS_REJECT: the
 * URL is none that can be used. */
MUST_CHECK enum status schemas_open(const struct config *config, struct schema_stats *stats,
                                    struct schema_registry **registry, struct error *err);
/* What HTTP needs to know of it. */
struct http_get_options schemas_http(const struct config *config);

#endif
