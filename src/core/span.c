/* Spans and instants that a flow computes. */
#include "base/duration.h"
#include "core/decision.h"

static enum status length_of(const struct json *value, int64_t *ms, struct error *err)
{
    if (json_kind(value) == JSON_TEXT) {
        return duration_parse(json_text_of(value), ms, err);
    }
    if (!json_int64(value, ms)) {
        return fail(err, STATUS_REJECT, "a duration is needed, such as \"30s\"");
    }
    if (*ms < 0 || *ms > DURATION_MAX_MS) {
        return fail(err, STATUS_REJECT, "a duration of %lld ms is out of range", (long long)*ms);
    }
    return STATUS_OK;
}

enum status span_length(struct decision *d, const struct span *span, const struct sight *sight,
                        int64_t *ms, struct error *err)
{
    struct json *value = NULL;
    enum status status;

    *ms = -1;
    switch (span->kind) {
    case SPAN_UNSET:
    case SPAN_ENDLESS:
        return STATUS_OK;
    case SPAN_FIXED:
        *ms = span->ms;
        return STATUS_OK;
    case SPAN_EXPR:
        status = scope_eval(d, span->expr, sight, &value, err);
        if (status == STATUS_OK) {
            status = length_of(value, ms, err);
        }
        json_free(value);
        return status;
    }
    CHECK(false && "unknown span kind");
    return STATUS_FATAL;
}

int64_t span_after(int64_t now_ms, int64_t ms)
{
    return ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + ms;
}

enum status span_arm_warning(struct decision *d, const struct span *warn_after, uint32_t owner,
                             const struct sight *sight, struct error *err)
{
    int64_t ms;
    enum status status = span_length(d, warn_after, sight, &ms, err);

    if (status == STATUS_OK && ms >= 0) {
        instance_arm(d->after, TIMER_WARN, owner, span_after(d->event->time_ms, ms));
    }
    return status;
}
