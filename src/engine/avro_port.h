/*
 * Port: payloads of format avro. Behind it are a schema registry and the schemas got from it
 * (src/registry), or nothing at all where the estate is simulated. It is asked by several threads at
 * once and never waits: what it does not know yet it finds out meanwhile.
 */
#ifndef BATON_ENGINE_AVRO_PORT_H
#define BATON_ENGINE_AVRO_PORT_H

#include "base/buffer.h"
#include "base/status.h"
#include "json/json.h"

struct avro_port {
    void *self;

    /* A record's value as JSON; it belongs to the caller. REJECT: it is none, or of a schema that the
     * registry does not have. RETRY: the schema is not there yet, or the registry not reachable. */
    enum status (*decode)(void *self, struct text bytes, struct json **payload, struct error *err);

    /* Append a record's value for `topic`. REJECT: it does not fit the topic's schema, or there is
     * none; `out` is as it was. RETRY: as above. */
    enum status (*encode)(void *self, struct text topic, const struct json *value,
                          struct buffer *out, struct error *err);
};

#endif
