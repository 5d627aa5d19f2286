/*
 * duration - spans and instants as text. Milliseconds everywhere; instants since the Unix epoch.
 */
#ifndef BATON_BASE_DURATION_H
#define BATON_BASE_DURATION_H

#include "base/status.h"
#include "base/text.h"

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_HOUR INT64_C(3600000)
#define MS_PER_DAY INT64_C(86400000)
#define DURATION_MAX_MS (INT64_C(3660) * MS_PER_DAY) /* Ten years and a bit. */
#define TIME_TEXT_BYTES 32

/* "1w2d3h4m5s6ms" (any subset, in this order) or ISO 8601 "PT1H30M", "P1DT12H", "PT0.5S".
 * STATUS_REJECT: no duration, negative, or above DURATION_MAX_MS; the text says which. */
MUST_CHECK enum status duration_parse(struct text text, int64_t *ms, struct error *err);

/* The shortest form of the first kind: 90000 gives "1m30s", 0 gives "0ms". */
void duration_format(int64_t ms, char out[TIME_TEXT_BYTES]);

/* "2026-11-21T15:04:05Z", with optional fraction and with "Z" or an offset. STATUS_REJECT else. */
MUST_CHECK enum status time_parse(struct text text, int64_t *ms, struct error *err);

/* "2026-11-21T15:04:05.123Z", always with milliseconds. Years 0 to 9999; others are clamped. */
void time_format(int64_t ms, char out[TIME_TEXT_BYTES]);

#endif
