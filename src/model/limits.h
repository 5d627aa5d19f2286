/*
 * limits - what a service lets through, for all runs of an app together: so many requests a time, so
 * many at once, and none for a while when it seems to be down. Plain data of a flow; who counts is
 * behind engine/limiter.h.
 */
#ifndef BATON_MODEL_LIMITS_H
#define BATON_MODEL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct expr;

struct limits {
    /* `rate`: a bucket of `burst` tokens that gains `rate_count` in `rate_per_ms`. */
    uint32_t rate_count; /* 0: none. */
    int64_t rate_per_ms;
    uint32_t rate_burst;
    struct expr *rate_key; /* A bucket for each value; NULL: one. */
    uint32_t concurrency;  /* 0: no bound. */
    /* `breaker`: opens after so many failures within a time, for a time, then tries. */
    uint32_t breaker_failures; /* 0: none. */
    int64_t breaker_within_ms;
    int64_t breaker_open_ms;
    uint32_t breaker_probes;
    struct text *breaker_errors; /* What counts as a failure; "any" is allowed. */
    uint32_t breaker_error_count;
};

static inline bool limits_any(const struct limits *limits)
{
    return limits->rate_count > 0 || limits->concurrency > 0 || limits->breaker_failures > 0;
}

#endif
