#include "app/rerun.h"

#include "app/state_sight.h"
#include "base/duration.h"
#include "core/transition.h"
#include "engine/again.h"

#define CHANGES_TOLD_MAX 20

/* One decision. */
struct outcome {
    const struct flow *flow;
    enum transition_result result;
    struct instance *after; /* NULL: VOID. */
    struct arena arena;
    struct effect_list effects;
};

struct pass {
    const struct recording *recording;
    struct rerun *rerun;
    struct instance *was;  /* By the definition that was recorded, before the step. */
    struct instance *now;  /* By the flow that is tried, before the step. */
    struct outcome wanted; /* By the definition that was recorded. */
    struct outcome found;
};

static void outcome_clear(struct outcome *outcome)
{
    instance_free(outcome->after);
    outcome->after = NULL;
    effect_clear(&outcome->effects);
    arena_reset(&outcome->arena);
}

static void outcome_release(struct outcome *outcome)
{
    outcome_clear(outcome);
    effect_release(&outcome->effects);
    arena_release(&outcome->arena);
}

static struct instance *blank_of(const struct recording *recording)
{
    size_t colon = text_find(recording->instance, ':');

    return instance_new(text_sub(recording->instance, 0, colon),
                        text_sub(recording->instance, colon + 1, recording->instance.bytes));
}

static void decide(struct outcome *outcome, const struct flow *flow, const struct instance *before,
                   const struct event *event)
{
    outcome_clear(outcome);
    outcome->effects.arena = &outcome->arena;
    outcome->flow = flow;
    outcome->result = transition(flow, before, event, &outcome->after, &outcome->effects);
}

/* ---- what is other ---- */

static void departs(struct rerun *rerun, enum rerun_verdict verdict, int64_t seq)
{
    rerun->verdict = verdict;
    rerun->seq = seq;
}

static void tell_effect(const struct effect *effect, struct buffer *out)
{
    if (effect->kind == EFFECT_ALERT) {
        buffer_addf(out, "alert %s", alert_kind_name(effect->alert));
    } else if (effect->kind == EFFECT_TELL) {
        buffer_addf(out, "tell %.*s:%.*s %.*s", TEXT_ARG(effect->flow), TEXT_ARG(effect->key),
                    TEXT_ARG(effect->type));
    } else {
        buffer_addf(out, "=> %.*s", TEXT_ARG(effect->topic));
        if (effect->type.bytes > 0) {
            buffer_addf(out, " %.*s", TEXT_ARG(effect->type));
        }
        buffer_addf(out, " key %.*s", TEXT_ARG(effect->key));
    }
    if (effect->step.bytes > 0) {
        buffer_addf(out, " (%.*s)", TEXT_ARG(effect->step));
    }
}

static void add_changes(struct buffer *out, const char *what, const struct json *was,
                        const struct json *now)
{
    struct json *changes = value_changes(was, now);

    for (size_t i = 0; i < json_count(changes) && i < CHANGES_TOLD_MAX; i++) {
        buffer_addf(out, "\n    %s ", what);
        change_write(json_at(changes, i), out);
    }
    json_free(changes);
}

static bool values_differ(const struct json *a, const struct json *b)
{
    return a == NULL || b == NULL ? a != b : !json_equal(a, b);
}

static bool effects_differ(const struct effect *was, const struct effect *now, struct buffer *out)
{
    bool same_place = was->kind == now->kind && text_equal(was->topic, now->topic) &&
                      text_equal(was->key, now->key) && text_equal(was->type, now->type) &&
                      text_equal(was->flow, now->flow) && text_equal(was->step, now->step) &&
                      (was->kind != EFFECT_ALERT || was->alert == now->alert);

    if (!same_place) {
        buffer_addf(out, "it sends other things\n    recorded: ");
        tell_effect(was, out);
        buffer_addf(out, "\n    now:      ");
        tell_effect(now, out);
        return true;
    }
    if (!values_differ(was->value, now->value) && !values_differ(was->headers, now->headers)) {
        return false;
    }
    buffer_addf(out, "it sends other content\n    ");
    tell_effect(now, out);
    add_changes(out, "value", was->value, now->value);
    add_changes(out, "header", was->headers, now->headers);
    return true;
}

static bool sent_differ(const struct effect_list *was, const struct effect_list *now,
                        struct buffer *out)
{
    uint32_t both = was->count < now->count ? was->count : now->count;

    for (uint32_t i = 0; i < both; i++) {
        if (effects_differ(&was->items[i], &now->items[i], out)) {
            return true;
        }
    }
    if (was->count == now->count) {
        return false;
    }
    buffer_addf(out, now->count > both ? "it sends more\n    now:      "
                                       : "it sends less\n    recorded: ");
    tell_effect(now->count > both ? &now->items[both] : &was->items[both], out);
    return true;
}

static void tell_line(const struct effect_list *effects, uint32_t index, const char *who,
                      struct buffer *out)
{
    buffer_addf(out, "\n    %s", who);
    if (index < effects->decided_count) {
        buffer_add_text(out, effects->decided[index]);
    } else {
        buffer_add_text(out, TEXT("nothing further"));
    }
}

static bool decided_differ(const struct effect_list *was, const struct effect_list *now,
                           struct buffer *out)
{
    for (uint32_t i = 0; i < was->decided_count || i < now->decided_count; i++) {
        if (i >= was->decided_count || i >= now->decided_count ||
            !text_equal(was->decided[i], now->decided[i])) {
            buffer_addf(out, "something else is decided");
            tell_line(was, i, "recorded: ", out);
            tell_line(now, i, "now:      ", out);
            return true;
        }
    }
    return false;
}

static bool ends_differ(const struct instance *was, const struct instance *now, struct buffer *out)
{
    if (instance_has_ended(was) != instance_has_ended(now) ||
        (instance_has_ended(was) && was->status != now->status)) {
        buffer_addf(out, "the run is %s, where it was %s", run_status_name(now->status),
                    run_status_name(was->status));
        return true;
    }
    if (!instance_has_ended(was) || !values_differ(was->result, now->result)) {
        return false;
    }
    buffer_addf(out, "it ends with another result");
    add_changes(out, "result", was->result, now->result);
    return true;
}

/* A timer that is due before the event, and was not when that was recorded: it would have come first. */
static bool timer_comes_first(const struct pass *pass, const struct event *event,
                              struct buffer *out)
{
    for (uint32_t i = 0; i < pass->now->timer_count; i++) {
        const struct timer *timer = &pass->now->timers[i];
        const struct timer *old = instance_timer(pass->was, timer->kind, timer->owner);
        bool is_this = event->kind == EVENT_TIMER && event->timer == timer->kind &&
                       event->activation == timer->owner;

        if (timer->due_ms < event->time_ms && !is_this &&
            (old == NULL || old->due_ms > timer->due_ms)) {
            const struct frame *frame = instance_find_frame(pass->now, timer->owner);
            char due[TIME_TEXT_BYTES];

            time_format(timer->due_ms, due);
            buffer_addf(out, "before this event a timer is due: %s", timer_kind_name(timer->kind));
            if (frame != NULL && frame->step < pass->found.flow->step_count) {
                buffer_addf(out, " of %.*s", TEXT_ARG(pass->found.flow->steps[frame->step].name));
            }
            buffer_addf(out, ", at %s", due);
            return true;
        }
    }
    return false;
}

/* ---- one step ---- */

static bool compare(struct pass *pass, const struct recorded *step)
{
    const struct outcome *was = &pass->wanted;
    const struct outcome *now = &pass->found;
    struct buffer *out = &pass->rerun->text;

    if (was->result == TRANSITION_VOID) {
        buffer_addf(out, "this program decides nothing here by the flow that was recorded, other "
                         "than the one that recorded it");
        departs(pass->rerun, RERUN_BLIND, step->record.seq);
        return false;
    }
    const char *other = again_commands_differ(&step->record, pass->recording->app, was->flow,
                                              was->after, &pass->wanted.effects);
    bool differs = true;
    if (other != NULL) {
        buffer_addf(out, "by the flow that was recorded, this program decides otherwise: %s",
                    other);
    } else if (now->result == TRANSITION_VOID) {
        buffer_addf(out, "nothing waits for this event");
    } else {
        differs = decided_differ(&was->effects, &now->effects, out) ||
                  sent_differ(&was->effects, &now->effects, out) ||
                  ends_differ(was->after, now->after, out);
    }
    if (differs) {
        departs(pass->rerun, RERUN_DEPARTS, step->record.seq);
    }
    return !differs;
}

static void keep(struct instance **state, struct outcome *outcome)
{
    instance_free(*state);
    *state = outcome->after;
    outcome->after = NULL;
}

static const char *blindness(const struct pass *pass, const struct recorded *step,
                             struct event *event)
{
    if (!recording_event(pass->recording, step, event)) {
        return "the inbox record that caused it is gone";
    }
    if (step->record.time_ms < pass->was->time_ms) {
        return "its time lies before that of the step before it";
    }
    if (again_is_migration(event) && !text_is(step->record.flow_hash, pass->was->flow_hash)) {
        return "there the run was migrated to another version";
    }
    return recording_flow(pass->recording, step->record.flow_hash) != NULL
               ? NULL
               : "the definition that it went by is gone, or this program cannot build it";
}

static bool take(struct pass *pass, const struct flow *flow, const struct recorded *step)
{
    struct buffer *out = &pass->rerun->text;
    struct event event;
    const char *blind = blindness(pass, step, &event);

    pass->found.flow = flow;
    if (blind != NULL) {
        buffer_addf(out, "%s", blind);
        departs(pass->rerun, RERUN_BLIND, step->record.seq);
        return false;
    }
    if (timer_comes_first(pass, &event, out)) {
        departs(pass->rerun, RERUN_DEPARTS, step->record.seq);
        return false;
    }
    decide(&pass->wanted, recording_flow(pass->recording, step->record.flow_hash), pass->was,
           &event);
    decide(&pass->found, flow, pass->now, &event);
    if (!compare(pass, step)) {
        return false;
    }
    keep(&pass->was, &pass->wanted);
    keep(&pass->now, &pass->found);
    pass->rerun->seq = step->record.seq;
    pass->rerun->seen++;
    return true;
}

void rerun_compare(const struct recording *recording, const struct flow *flow, int64_t to,
                   struct rerun *rerun)
{
    struct pass pass = {.recording = recording, .rerun = rerun};
    bool goes_on = true;

    *rerun = (struct rerun){.verdict = RERUN_SAME};
    if (recording->base != NULL) {
        buffer_addf(&rerun->text, "the beginning of the run is no longer kept: its records go on "
                                  "from a snapshot");
        departs(rerun, RERUN_BLIND, recording->steps[0].record.seq);
        return;
    }
    pass.was = blank_of(recording);
    pass.now = blank_of(recording);
    for (uint32_t i = 0; i < recording->count && goes_on; i++) {
        const struct recorded *step = &recording->steps[i];

        goes_on = (to == 0 || step->record.seq <= to) && take(&pass, flow, step);
    }
    instance_free(pass.was);
    instance_free(pass.now);
    outcome_release(&pass.wanted);
    outcome_release(&pass.found);
}

void rerun_release(struct rerun *rerun)
{
    buffer_release(&rerun->text);
}
