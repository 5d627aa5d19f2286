/* Starts by the clock. For each flow with such starts one internal instance, `~cron:<flow>`, has a timer
 * for each; a firing tells the new instance to start and arms the next, in one transition. So there
 * is one start for a due time, whoever owns the instance then. */
#include "base/duration.h"
#include "core/told.h"

#define LATE_MS MS_PER_MINUTE /* Later than this, it was due while nobody was there. */

bool schedule_is(const struct instance *instance)
{
    return text_is(instance_flow_name(instance), SCHEDULE_FLOW);
}

static int64_t next_after(const struct schedule *schedule, int64_t after_ms)
{
    if (schedule->every_ms > 0) {
        return (after_ms / schedule->every_ms + 1) * schedule->every_ms;
    }
    return cron_next(&schedule->cron, &schedule->zone, after_ms);
}

static void arm(struct decision *d, uint32_t owner, int64_t due_ms)
{
    if (due_ms != INT64_MAX) {
        instance_arm(d->after, TIMER_WAIT, owner, due_ms);
    }
}

static void start(struct decision *d, int64_t due_ms)
{
    struct json *input = json_object();
    struct json *about = json_object();
    char due[TIME_TEXT_BYTES];

    time_format(due_ms, due);
    json_put_string(input, "due", due);
    json_put(about, TEXT("input"), input);
    json_put_bool(about, "scheduled", true);
    effect_decide(d->effects, "due %s: told to start", due);
    tell(d, d->flow->name, text_of(due), "start", about);
}

static void leave_out(struct decision *d, int64_t due_ms)
{
    char due[TIME_TEXT_BYTES];

    time_format(due_ms, due);
    effect_decide(d->effects, "due %s: nobody was there, left out", due);
}

static enum transition_result fire(struct decision *d)
{
    uint32_t owner = d->event->activation;
    int64_t now_ms = d->event->time_ms;
    int64_t due_ms = instance_timer(d->after, TIMER_WAIT, owner)->due_ms;
    const struct schedule *schedule;
    int64_t next_ms;

    instance_disarm(d->after, TIMER_WAIT, owner);
    CHECK(owner >= 1 && owner <= d->flow->schedule_count);
    schedule = &d->flow->schedules[owner - 1];
    next_ms = next_after(schedule, due_ms);
    switch (schedule->catch_up) {
    case CATCH_UP_ALL:
        start(d, due_ms);
        break;
    case CATCH_UP_LAST:
        while (next_ms <= now_ms) {
            due_ms = schedule->every_ms > 0 ? now_ms / schedule->every_ms * schedule->every_ms
                                            : next_ms;
            next_ms = next_after(schedule, due_ms);
        }
        start(d, due_ms);
        break;
    case CATCH_UP_NONE:
        if (next_ms <= now_ms || now_ms - due_ms > LATE_MS) {
            leave_out(d, due_ms);
            next_ms = next_after(schedule, now_ms);
        } else {
            start(d, due_ms);
        }
        break;
    }
    arm(d, owner, next_ms);
    return TRANSITION_APPLIED;
}

/* What was due before the flow changed is still due. */
static int64_t arm_from(const struct decision *d)
{
    int64_t due_ms = instance_next_due(d->after);

    return due_ms <= d->event->time_ms ? due_ms - 1 : d->event->time_ms;
}

static enum transition_result schedule(struct decision *d)
{
    struct instance *after = d->after;
    bool is_new = after->status != RUN_RUNNING;
    int64_t from_ms = arm_from(d);

    if (is_new ? d->flow->schedule_count == 0 : text_is(text_of(after->flow_hash), d->flow->hash)) {
        return TRANSITION_VOID;
    }
    if (is_new) {
        after->run = d->event->run;
        after->started_ms = d->event->time_ms;
        after->data = json_object();
    }
    for (size_t i = 0; i < FLOW_HASH_BYTES; i++) {
        after->flow_hash[i] = d->flow->hash[i];
    }
    while (after->timer_count > 0) {
        instance_disarm(after, after->timers[0].kind, after->timers[0].owner);
    }
    after->status = d->flow->schedule_count == 0 ? RUN_COMPLETED : RUN_RUNNING;
    for (uint32_t i = 0; i < d->flow->schedule_count; i++) {
        arm(d, i + 1, next_after(&d->flow->schedules[i], from_ms));
    }
    effect_decide(d->effects, "scheduled by version %d", d->flow->version);
    return TRANSITION_APPLIED;
}

/* Until a version is active again, which then begins anew. */
static enum transition_result unschedule(struct decision *d)
{
    if (d->after->status != RUN_RUNNING) {
        return TRANSITION_VOID;
    }
    while (d->after->timer_count > 0) {
        instance_disarm(d->after, d->after->timers[0].kind, d->after->timers[0].owner);
    }
    d->after->status = RUN_COMPLETED;
    effect_decide(d->effects, "no version is active: the clock starts nothing");
    return TRANSITION_APPLIED;
}

enum transition_result on_schedule(struct decision *d)
{
    if (d->event->kind == EVENT_TIMER) {
        return fire(d);
    }
    if (d->event->kind == EVENT_TOLD && text_is(d->event->type, "schedule")) {
        return json_is_true(json_member(d->event->payload, "off")) ? unschedule(d) : schedule(d);
    }
    if (d->after->status == RUN_NONE) {
        return TRANSITION_VOID;
    }
    effect_decide(d->effects, "it is no run of a flow: ignored");
    return TRANSITION_IGNORED;
}
