/* May an attempt be repeated, and when. */
#include "base/duration.h"
#include "base/hash.h"
#include "core/decision.h"

static bool names(const struct text *list, uint32_t count, struct text type)
{
    for (uint32_t i = 0; i < count; i++) {
        if (text_equal(list[i], type)) {
            return true;
        }
        /* As in catch: `any` leaves out what must not be repeated by accident. */
        if (text_is(list[i], "any") && !text_is(type, "cancelled") &&
            !text_is(type, "compensation-failed")) {
            return true;
        }
    }
    return false;
}

bool retry_names(const struct retry_policy *policy, struct text error_type)
{
    return names(policy->errors, policy->error_count, error_type);
}

bool retry_excepts(const struct retry_policy *policy, struct text error_type)
{
    return names(policy->except_errors, policy->except_error_count, error_type);
}

/* The delay before attempt `failed + 1`, without jitter. */
static int64_t delay_of(const struct retry_policy *policy, uint32_t failed)
{
    int64_t most_ms = policy->max_ms > 0 ? policy->max_ms : DURATION_MAX_MS;
    double delay_ms = (double)policy->delay_ms;

    switch (policy->backoff) {
    case BACKOFF_CONSTANT:
        break;
    case BACKOFF_LINEAR:
        delay_ms *= (double)failed;
        break;
    case BACKOFF_EXPONENTIAL:
        for (uint32_t i = 1; i < failed; i++) {
            double next_ms = delay_ms * policy->factor;

            /* Attempts may be unbounded: stop where nothing changes any more. */
            if (delay_ms >= (double)most_ms || next_ms == delay_ms || next_ms < 1.0) {
                break;
            }
            delay_ms = next_ms;
        }
        break;
    }
    return delay_ms >= (double)most_ms ? most_ms : (int64_t)delay_ms;
}

/* Jitter spreads instances that failed together; by a hash, so that a replay gives the same. */
static int64_t jitter_of(const struct decision *d, const struct retry_policy *policy,
                         const struct frame *frame, int64_t delay_ms)
{
    int64_t most_ms = delay_ms / 100 * policy->jitter_percent +
                      delay_ms % 100 * policy->jitter_percent / 100;
    char run[RUN_ID_BYTES];
    struct text id;
    uint64_t hash;

    if (most_ms == 0) {
        return 0;
    }
    run_id_format(d->after->run, run);
    id = arena_printf(d->effects->arena, "%.*s/%s/%u/%u", TEXT_ARG(d->after->name), run,
                      frame->activation, frame->attempt);
    hash = hash64(id, 0);
    return (int64_t)(hash % ((uint64_t)most_ms * 2 + 1)) - most_ms;
}

bool retry_next(const struct decision *d, const struct retry_policy *policy,
                const struct frame *frame, int64_t *start_ms)
{
    int64_t delay_ms;

    if (frame->attempt >= policy->attempts) {
        return false;
    }
    delay_ms = delay_of(policy, frame->attempt);
    delay_ms += jitter_of(d, policy, frame, delay_ms);
    *start_ms = span_after(d->event->time_ms, delay_ms < 0 ? 0 : delay_ms);
    return policy->total_ms == 0 || *start_ms < span_after(frame->opened_ms, policy->total_ms);
}
