/*
 * `remind`: a list of steps that runs beside a wait when its time comes, and again; it stops with the
 * wait. Its frame names the wait in `index`; how often it was is kept in the frame of the wait.
 */
#include "core/waiting.h"

/* When the reminder after `count` of them is due, if there is one. */
static enum status next_due(struct decision *d, const struct frame *frame, uint32_t count,
                            int64_t *due_ms, bool *is_due, struct error *err)
{
    const struct step *step = &d->flow->steps[frame->step];
    const struct remind *remind = step->remind;
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = frame->attempt};
    int64_t ms = -1;
    enum status status = STATUS_OK;

    *is_due = false;
    if (remind->at_count > 0) {
        if (count < remind->at_count) {
            status = span_length(d, &remind->at[count], &sight, &ms, err);
            *due_ms = span_after(frame->opened_ms, ms);
        }
    } else if (count < remind->max) {
        status = span_length(d, &remind->every, &sight, &ms, err);
        *due_ms = span_after(d->event->time_ms, ms);
    }
    *is_due = status == STATUS_OK && ms >= 0;
    return status;
}

enum status remind_arm(struct decision *d, uint32_t activation, struct error *err)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    uint32_t count = (uint32_t)json_member_int(frame->local, "reminded", 0);
    int64_t due_ms = 0;
    bool is_due;
    enum status status;

    if (d->flow->steps[frame->step].remind == NULL) {
        return STATUS_OK;
    }
    status = next_due(d, frame, count, &due_ms, &is_due, err);
    if (is_due) {
        instance_arm(d->after, TIMER_REMIND, activation, due_ms);
    }
    return status;
}

/* The reminder of this wait that is at work, or NULL. */
static const struct frame *find_open(const struct decision *d, uint32_t activation)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_REMIND &&
            frame->index == activation) {
            return frame;
        }
    }
    return NULL;
}

void remind_due(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    int64_t count = json_member_int(frame->local, "reminded", 0) + 1;
    struct error err = {0};
    uint32_t scope = frame->parent;
    uint32_t index = frame->step;
    uint32_t reminder;

    block_put(frame, "reminded", json_integer(count));
    if (remind_arm(d, activation, &err) != STATUS_OK) {
        alert_add(d, ALERT_DATA, step, NULL,
                  arena_printf(d->effects->arena, "remind: %s", err.text).data);
    }
    if (find_open(d, activation) != NULL) {
        effect_decide(d->effects, "%.*s: reminder %lld left out, the one before is not done",
                      TEXT_ARG(step->name), (long long)count);
        return;
    }
    effect_decide(d->effects, "%.*s: reminder %lld", TEXT_ARG(step->name), (long long)count);
    frame = block_add(d, scope, index, BLOCK_REMIND, activation);
    reminder = frame->activation;
    block_put(frame, "count", json_integer(count));
    advance(d, reminder, step->remind->first_step);
}

void remind_stop(struct decision *d, uint32_t activation)
{
    const struct frame *open = find_open(d, activation);
    uint32_t reminder;

    instance_disarm(d->after, TIMER_REMIND, activation);
    if (open == NULL) {
        return;
    }
    reminder = open->activation;
    block_clear(d, reminder);
    block_close(d, reminder);
}

const struct json *remind_count(const struct decision *d, uint32_t scope)
{
    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        if (frame->role == BLOCK_REMIND) {
            return block_get(frame, "count");
        }
        scope = frame->parent;
    }
    return NULL;
}
