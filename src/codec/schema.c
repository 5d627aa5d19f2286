#include "codec/schema.h"

#include <string.h>

#include "codec/records.h"

const struct schema *schema_find(const char *name)
{
    for (size_t i = 0; i < schema_count; i++) {
        if (strcmp(schemas[i].name, name) == 0) {
            return &schemas[i];
        }
    }
    return NULL;
}

struct text schema_fingerprint(const char *topic)
{
    const struct schema *schema = schema_find(topic);

    CHECK(schema != NULL);
    return text_of(schema->fingerprint);
}
