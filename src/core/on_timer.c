/* A timer of the state is due; transition() has left out those that are not armed any more. */
#include "core/told.h"
#include "core/waiting.h"

static void on_attempt(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_frame(d->after, activation);

    if (frame->state == FRAME_AWAITING_PERMIT) {
        request_failed(d, activation, permit_late(d, frame));
        return;
    }
    request_failed(d, activation,
                   problem_of_step(d, &d->flow->steps[frame->step], frame->attempt, "timeout",
                                   "no reply in time"));
}

static void on_heartbeat(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_frame(d->after, activation);

    request_failed(d, activation,
                   problem_of_step(d, &d->flow->steps[frame->step], frame->attempt, "heartbeat",
                                   "no sign of life in time"));
}

static void on_backoff(struct decision *d, uint32_t activation)
{
    if (instance_frame(d->after, activation)->kind == FRAME_BLOCK) {
        block_retry(d, activation);
        return;
    }
    instance_frame(d->after, activation)->attempt++;
    request_send(d, activation);
}

static void on_listen(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_frame(d->after, activation);
    uint32_t scope = frame->parent;
    uint32_t step = frame->step;
    struct listening at = listen_of(d, frame);
    struct json *so_far = listen_so_far(&at);
    struct json *error = problem_of_step(d, &d->flow->steps[step], 0, "timeout",
                                         so_far == NULL ? "no message in time"
                                                        : "not all messages in time");

    if (so_far != NULL) {
        json_put(error, TEXT("detail"), so_far);
    }
    effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(d->flow->steps[step].name),
                  problem_text(d, error));
    fail_step(d, scope, step, activation, error);
}

static void on_wait(struct decision *d, uint32_t activation)
{
    struct frame was = *instance_frame(d->after, activation);

    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
    advance_done(d, &was, NULL);
}

static void on_warn(struct decision *d, uint32_t owner)
{
    const struct frame *frame = owner == 0 ? NULL : instance_frame(d->after, owner);
    const struct step *step = frame == NULL ? NULL : &d->flow->steps[frame->step];
    struct text detail = TEXT("the run takes longer than its warnAfter");

    if (step != NULL) {
        detail = arena_printf(d->effects->arena, "'%.*s' takes longer than its warnAfter",
                              TEXT_ARG(step->name));
    }
    alert_add(d, ALERT_LATE, step, NULL, detail.data);
}

static void on_early(struct decision *d)
{
    while (d->after->mail_count > 0) {
        struct incoming incoming = listen_mail(&d->after->mailbox[0]);

        alert_message(d, ALERT_EXPIRED, &incoming, "early, and no start came");
        instance_drop_mail(d->after, d->after->mailbox[0].number);
    }
    run_close(d, RUN_EXPIRED);
}

enum transition_result on_timer(struct decision *d)
{
    enum timer_kind kind = d->event->timer;
    uint32_t owner = d->event->activation;

    instance_disarm(d->after, kind, owner);
    switch (kind) {
    case TIMER_ATTEMPT:
        on_attempt(d, owner);
        break;
    case TIMER_LISTEN:
        if (d->flow->steps[instance_frame(d->after, owner)->step].kind == STEP_RUN) {
            child_late(d, owner);
        } else {
            on_listen(d, owner);
        }
        break;
    case TIMER_FLOW:
        fail_run(d, problem_new("timeout", TEXT("the flow did not end in time"), NULL), RUN_FAILED);
        break;
    case TIMER_EARLY:
        on_early(d);
        break;
    case TIMER_REMIND:
        remind_due(d, owner);
        break;
    case TIMER_HEARTBEAT:
        on_heartbeat(d, owner);
        break;
    case TIMER_BACKOFF:
        on_backoff(d, owner);
        break;
    case TIMER_WAIT:
        on_wait(d, owner);
        break;
    case TIMER_WARN:
        on_warn(d, owner);
        break;
    case TIMER_PERMIT:
        permit_granted(d, owner);
        break;
    case TIMER_BLOCK:
        fail_block_late(d, owner);
        break;
    case TIMER_PAUSE:
        loop_resume(d, owner);
        break;
    }
    return TRANSITION_APPLIED;
}
