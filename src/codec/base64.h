/*
 * base64 - RFC 4648, section 4: the standard alphabet, with padding, without line breaks.
 */
#ifndef BATON_CODEC_BASE64_H
#define BATON_CODEC_BASE64_H

#include "base/buffer.h"
#include "base/status.h"

void base64_encode(struct text bytes, struct buffer *out);
/* Strict: padding is needed and its unused bits are zero, so bytes have one text. STATUS_REJECT
 * else; then `out` is as it was. */
MUST_CHECK enum status base64_decode(struct text text, struct buffer *out, struct error *err);

#endif
