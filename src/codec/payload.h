/*
 * payload - a source record's bytes as JSON, by the topic's format. JSON is parsed, a string becomes
 * a JSON text, bytes become base64 text. avro-c decodes with the writer's schema only.
 */
#ifndef BATON_CODEC_PAYLOAD_H
#define BATON_CODEC_PAYLOAD_H

#include "base/status.h"
#include "model/flow.h"

/* `bytes.data` NULL (a tombstone) gives JSON null. STATUS_REJECT: not of this format; err says. */
MUST_CHECK enum status payload_decode(struct text bytes, enum format format, struct json **payload,
                                      struct error *err);
/* The bytes of `value` for a topic of `format`; NULL gives a null record value (data NULL). */
MUST_CHECK enum status payload_encode(const struct json *value, enum format format,
                                      struct buffer *out, struct error *err);

#endif
