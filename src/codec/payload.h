/*
 * payload - a source record's bytes as JSON, by the topic's format. JSON is parsed, a string becomes
 * a JSON text, bytes become base64 text. Values above PAYLOAD_BYTES_MAX are refused, both ways.
 * Format avro is JSON text here: what a simulated estate carries in its place. Where there is a schema
 * registry, its port is asked instead (engine/avro_port.h).
 */
#ifndef BATON_CODEC_PAYLOAD_H
#define BATON_CODEC_PAYLOAD_H

#include "base/buffer.h"
#include "base/status.h"
#include "model/flow.h"

/* `bytes.data` NULL (a tombstone) gives JSON null. STATUS_REJECT: not of this format; err says.
 * Else *payload belongs to the caller. */
MUST_CHECK enum status payload_decode(struct text bytes, enum format format, struct json **payload,
                                      struct error *err);
/* Append the bytes of `value` for a topic of `format`. NULL is a null record value: nothing is
 * appended, and the caller, who knows that it was NULL, produces no value instead of an empty one.
 * (JSON null is written as `null`.) STATUS_REJECT: the format cannot carry the value, or it is too
 * large; `out` is as it was. */
MUST_CHECK enum status payload_encode(const struct json *value, enum format format,
                                      struct buffer *out, struct error *err);

#endif
