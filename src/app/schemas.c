#include "app/schemas.h"

struct http_get_options schemas_http(const struct config *config)
{
    return (struct http_get_options){.url = config->registry.url,
                                     .user = config->registry.user,
                                     .password = config->registry.password,
                                     .ca_file = config->registry.ca_file,
                                     .timeout_ms = config->registry.timeout_ms};
}

enum status schemas_open(const struct config *config, struct schema_stats *stats,
                         struct schema_registry **registry, struct error *err)
{
    struct schema_registry_options options = {
        .http = schemas_http(config), .refresh_ms = config->registry.refresh_ms, .stats = stats};
    enum status status = schema_registry_open(&options, registry, err);

    return status == STATUS_OK ? status : fail_in(err, status, "schemaRegistry.url");
}
