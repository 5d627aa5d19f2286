#include "core/transition.h"

#include "core/pause.h"
#include "core/told.h"

/* Timers fire again and again after a crash, and most are disarmed by then: no copy for those. */
static bool is_leftover_timer(const struct instance *before, const struct event *event)
{
    const struct timer *timer;

    if (event->kind != EVENT_TIMER) {
        return false;
    }
    timer = instance_timer(before, event->timer, event->activation);
    return timer == NULL || timer->due_ms > event->time_ms ||
           !run_id_equal(event->timer_run, before->run);
}

enum transition_result transition_decide(struct decision *d)
{
    if (pause_takes(d)) {
        return pause_keep(d);
    }
    if (schedule_is(d->after)) {
        return on_schedule(d);
    }
    if (alias_is(d->after)) {
        return on_alias(d);
    }
    if (batch_is(d->after)) {
        return on_batch(d);
    }
    switch (d->event->kind) {
    case EVENT_MESSAGE:
        return on_message(d);
    case EVENT_REPLY:
        return on_reply(d);
    case EVENT_TIMER:
        return on_timer(d);
    case EVENT_OPERATOR:
        return on_operator(d);
    case EVENT_TOLD:
        return on_told(d);
    case EVENT_PERMIT:
        return on_permit(d);
    }
    CHECK(false && "unknown event kind");
    return TRANSITION_VOID;
}

enum transition_result transition_judged(const struct flow *flow, const struct instance *before,
                                         const struct event *event, const struct judge *judge,
                                         struct instance **after, struct effect_list *effects)
{
    struct decision d = {.flow = flow, .event = event, .effects = effects, .judge = judge};
    enum transition_result result;

    effect_clear(effects);
    *after = NULL;
    if (is_leftover_timer(before, event)) {
        return TRANSITION_VOID;
    }
    CHECK(event->time_ms >= before->time_ms);
    d.after = instance_copy(before);
    d.after->seq++;
    d.after->time_ms = event->time_ms;
    for (uint32_t i = 0; i < event->unfit_count; i++) {
        effect_decide(effects, "%.*s", TEXT_ARG(event->unfit[i]));
    }
    result = transition_decide(&d);
    if (result != TRANSITION_VOID) {
        advance_run(&d);
        identity_tell(&d, before);
    }
    scope_release(&d);
    if (result == TRANSITION_VOID) {
        instance_free(d.after);
        return result;
    }
    *after = d.after;
    return result;
}

enum transition_result transition(const struct flow *flow, const struct instance *before,
                                  const struct event *event, struct instance **after,
                                  struct effect_list *effects)
{
    return transition_judged(flow, before, event, NULL, after, effects);
}
