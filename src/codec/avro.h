/*
 * avro - payloads in Apache Avro, as flows see them: JSON, by the schema they were written with.
 * docs/formats/avro.md says which JSON stands for which type. It knows no registry: who calls it has
 * the schema's text. Why it is our own and not avro-c: docs/decisions/0003 and 0011.
 *
 * A schema is immutable once parsed, and may be used by several threads at once.
 */
#ifndef BATON_CODEC_AVRO_H
#define BATON_CODEC_AVRO_H

#include "base/buffer.h"
#include "base/status.h"
#include "json/json.h"

struct avro_schema;

/*
 * Parse a schema. Of `texts` the last is the schema itself; those before it define named types that
 * it, or one between, refers to. STATUS_REJECT: it is none; err says why. Else *schema belongs to
 * the caller. Nothing is borrowed from the texts.
 */
MUST_CHECK enum status avro_schema_parse(const struct text *texts, uint32_t count,
                                         struct avro_schema **schema, struct error *err);
void avro_schema_free(struct avro_schema *schema); /* Accepts NULL. */

/*
 * The value that `bytes` hold, written with this very schema: there is no resolution. No length in
 * them is believed before it was compared with what is there. STATUS_REJECT: they are no such value,
 * or as JSON it would have more than PAYLOAD_BYTES_MAX bytes or be deeper than JSON_DEPTH_MAX.
 */
MUST_CHECK enum status avro_decode(const struct avro_schema *schema, struct text bytes,
                                   struct json **value, struct error *err);

/* Append the bytes of `value`. STATUS_REJECT: it does not fit the schema; err names the field and
 * what it expected. `out` is then as it was. */
MUST_CHECK enum status avro_encode(const struct avro_schema *schema, const struct json *value,
                                   struct buffer *out, struct error *err);

/*
 * Whether a template can give a value that fits: what stands in it as it is has to, what an
 * expression gives is not known and does. `template` is the template as JSON, with its "${ }" in
 * texts. STATUS_REJECT: it cannot; err says where and why.
 */
MUST_CHECK enum status avro_check_template(const struct avro_schema *schema,
                                           const struct json *template, struct error *err);

#endif
