/* Permits that a state held and the next does not: given back once that is committed. And when there is
 * something to do about permits. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/lane_state.h"
#include "model/permit.h"

static void add_report(struct lane *lane, const struct instance *before,
                       const struct permit *permit, const struct service *service)
{
    struct permits *permits = &lane->permits;
    struct limit_report report = {.service = service->name,
                                  .limits = &service->limits,
                                  .id = lane_permit_id(lane, before, permit)};

    for (uint32_t i = 0; i < lane->effects.outcome_count; i++) {
        const struct permit_outcome *outcome = &lane->effects.outcomes[i];

        if (outcome->activation == permit->activation && outcome->seq == permit->seq) {
            report.outcome = outcome->is_failure ? LIMIT_FAILURE : LIMIT_SUCCESS;
        }
    }
    if (permits->report_count == permits->report_capacity) {
        uint32_t capacity = permits->report_capacity == 0 ? 16 : permits->report_capacity * 2;
        struct limit_report *reports = arena_array(&lane->arena, capacity, sizeof(*reports));

        for (uint32_t i = 0; i < permits->report_count; i++) {
            reports[i] = permits->reports[i];
        }
        permits->reports = reports;
        permits->report_capacity = capacity;
    }
    permits->reports[permits->report_count++] = report;
}

void lane_note_permits(struct lane *lane, const struct flow *flow, const struct instance *before,
                       const struct instance *after)
{
    struct permit was;
    struct permit is;

    if (!flow->is_limited || before == NULL) {
        return;
    }
    for (uint32_t i = 0; i < before->frame_count; i++) {
        const struct frame *frame = &before->frames[i];
        const struct frame *now = instance_find_frame(after, frame->activation);
        const struct service *service = permit_service(flow, frame);

        if (service != NULL && permit_of(frame, &was) &&
            (now == NULL || !permit_of(now, &is) || is.seq != was.seq)) {
            add_report(lane, before, &was, service);
        }
    }
}

void lane_tell_permits(struct lane *lane)
{
    struct permits *permits = &lane->permits;
    const struct limiter *limiter = lane->options.limiter;
    struct error err;

    for (uint32_t i = 0; i < permits->report_count; i++) {
        permits_forget(permits, permits->reports[i].id);
    }
    /* A word that is lost costs no more than the lease. */
    if (permits->report_count > 0 && limiter != NULL &&
        limiter->tell(limiter->self, permits->reports, permits->report_count, &err) != STATUS_OK) {
        log_again(&lane->permit_gate, LOG_WARN, "limits-untold", "lane=%u reason=\"%s\"",
                  lane->options.index, err.text);
    }
    lane_drop_permits(lane);
}

void lane_drop_permits(struct lane *lane)
{
    lane->permits.reports = NULL;
    lane->permits.report_count = 0;
    lane->permits.report_capacity = 0;
    lane->permits.question_count = 0;
}

static int64_t due_of(const struct resident *resident, int64_t due_ms)
{
    const struct instance *instance = resident->instance;

    for (uint32_t i = 0; instance != NULL && i < instance->timer_count; i++) {
        const struct timer *timer = &instance->timers[i];
        int64_t at_ms = timer->due_ms > resident->permit_ms ? timer->due_ms : resident->permit_ms;

        if (timer->kind == TIMER_PERMIT && at_ms < due_ms) {
            due_ms = at_ms;
        }
    }
    return due_ms;
}

int64_t lane_permit_due_ms(const struct lane *lane)
{
    int64_t due_ms = lane->permits.flying_count > 0 ? 0 : INT64_MAX;

    for (int32_t i = 0; i < lane->partition_max; i++) {
        const struct partition *partition = lane->partitions[i];
        size_t cursor = 0;
        struct text name;
        void *value;

        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        while (map_next(&partition->residents, &cursor, &name, &value)) {
            due_ms = due_of(value, due_ms);
        }
    }
    return due_ms;
}
