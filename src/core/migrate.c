/*
 * A run goes on by another version. All is looked at before anything is changed, with the state of now: what
 * was foreseen when the order was given may be otherwise. What cannot be done is refused and recorded.
 */
#include <string.h>

#include "core/known.h"
#include "core/migrating.h"
#include "core/told.h"
#include "core/waiting.h"

/* An open step that is given up, and where the run goes on for it. */
struct leap {
    uint32_t scope;
    uint32_t step;
};

struct migration {
    struct decision *d;
    struct versions v;
    struct leap *leaps; /* In the effects' arena. */
    uint32_t leap_count;
};

static enum transition_result refuse(struct decision *d, struct text why)
{
    effect_decide(d->effects, "operator %.*s: migrate: refused: %.*s", TEXT_ARG(d->event->actor),
                  TEXT_ARG(why));
    return TRANSITION_IGNORED;
}

/* ---- while it still goes by the old version ---- */

static void give_up(struct migration *m)
{
    struct decision *d = m->d;
    uint32_t i = 0;

    m->leaps = arena_array(d->effects->arena, d->after->frame_count + 1, sizeof(*m->leaps));
    while (i < d->after->frame_count) {
        const struct frame *frame = &d->after->frames[i];
        uint32_t to;

        if (!migrate_gives_up(&m->v, frame)) {
            i++;
            continue;
        }
        to = migrate_target(&m->v, frame->step).step;
        m->leaps[m->leap_count++] = (struct leap){frame->parent, to};
        effect_decide(d->effects, "%.*s: given up, it goes on with %.*s",
                      TEXT_ARG(m->v.old->steps[frame->step].name),
                      TEXT_ARG(m->v.new->steps[to].name));
        fail_abandon(d, frame->activation); /* Frames move. */
        i = 0;
    }
    for (i = 0; i < d->effects->count; i++) {
        d->effects->items[i].by = m->v.old;
    }
}

/* ---- from one version to the other ---- */

static void map_undo(struct migration *m, struct undo *undo)
{
    uint32_t to = migrate_undo_target(&m->v, undo);
    const struct step *was = &m->v.old->steps[undo->step];

    CHECK(to != UINT32_MAX); /* It was foreseen, and giving up adds none. */
    if (undo->state != UNDO_GROUP && was->kind != STEP_RUN &&
        !text_equal(was->name, m->v.new->steps[to].name)) {
        known_keep_undo(undo, was->name);
    }
    undo->step = to;
}

static void map_steps(struct migration *m)
{
    struct instance *after = m->d->after;

    for (uint32_t i = 0; i < after->frame_count; i++) {
        struct frame *frame = &after->frames[i];
        bool is_watch = frame->kind == FRAME_BLOCK && frame->role == BLOCK_WATCH;
        uint32_t to;

        if (is_watch) {
            continue;
        }
        to = migrate_target(&m->v, frame->step).step;
        if (!text_equal(m->v.old->steps[frame->step].name, m->v.new->steps[to].name)) {
            effect_decide(m->d->effects, "%.*s: is %.*s",
                          TEXT_ARG(m->v.old->steps[frame->step].name),
                          TEXT_ARG(m->v.new->steps[to].name));
            if (frame->kind == FRAME_STEP && frame->sent_seq > 0) {
                known_keep(frame, m->v.old->steps[frame->step].name);
            }
        }
        frame->step = to;
    }
    for (uint32_t i = 0; i < after->undo_count; i++) {
        map_undo(m, &after->stack[i]);
    }
    for (uint32_t i = 0; i < after->mail_count; i++) {
        struct text topic = json_member_text(after->mailbox[i].message, "topic");
        uint32_t to = flow_find_topic(m->v.new, topic);

        after->mailbox[i].topic = to == UINT32_MAX ? 0 : to;
    }
}

static struct frame *find_watch(struct instance *after, uint32_t owner)
{
    for (uint32_t i = 0; i < after->frame_count; i++) {
        struct frame *frame = &after->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_WATCH && frame->parent == owner) {
            return frame;
        }
    }
    return NULL;
}

/* What handlers the run, or a block of it, has now. */
static void map_watch(struct decision *d, uint32_t owner, const struct handler *handlers,
                      uint32_t count, uint32_t step)
{
    struct frame *watch = find_watch(d->after, owner);

    if (watch == NULL) {
        handle_open(d, owner); /* None, if there are none. */
    } else if (count == 0) {
        block_close(d, watch->activation);
    } else {
        watch->step = owner == 0 ? handlers[0].first_step : step;
    }
}

static void map_watches(struct migration *m)
{
    struct decision *d = m->d;
    uint32_t count = d->after->frame_count;
    uint32_t *blocks = arena_array(d->effects->arena, count + 1, sizeof(*blocks));
    uint32_t block_count = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_BODY) {
            blocks[block_count++] = frame->activation;
        }
    }
    map_watch(d, 0, m->v.new->handlers, m->v.new->handler_count, 0);
    for (uint32_t i = 0; i < block_count; i++) {
        uint32_t step = instance_find_frame(d->after, blocks[i])->step;
        const struct step *at = &m->v.new->steps[step];

        map_watch(d, blocks[i], at->handlers, at->handler_count, step);
    }
}

/* ---- timers ---- */

static enum status rearm_step(struct decision *d, uint32_t activation, struct error *err)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct json *error = NULL;

    if (frame->kind == FRAME_BLOCK) {
        instance_disarm(d->after, TIMER_BLOCK, activation);
        instance_disarm(d->after, TIMER_WARN, activation);
        error = block_arm(d, activation, TIMER_BLOCK);
    } else if (frame->state == FRAME_AWAITING_REPLY) {
        return request_rearm(d, activation, err);
    } else if (frame->state == FRAME_SLEEPING) {
        return wait_rearm(d, activation, err);
    } else if (frame->state == FRAME_LISTENING || frame->state == FRAME_AWAITING_CHILD) {
        instance_disarm_owner(d->after, activation);
        error = block_arm(d, activation, TIMER_LISTEN);
        if (error == NULL && step->remind != NULL) {
            return remind_arm(d, activation, err);
        }
    }
    if (error != NULL) {
        enum status status = fail(err, STATUS_REJECT, "%s", problem_text(d, error));

        json_free(error);
        return status;
    }
    return STATUS_OK;
}

/* As if all that is open had begun now. One that cannot be computed is as before. */
static void reset_timers(struct decision *d)
{
    struct instance *before = instance_copy(d->after);
    struct json *error;
    struct error err = {0};

    instance_disarm(d->after, TIMER_FLOW, 0);
    instance_disarm(d->after, TIMER_WARN, 0);
    error = run_arm(d);
    if (error != NULL) {
        effect_decide(d->effects, "timers of the run: %s", problem_text(d, error));
        json_free(error);
    }
    for (uint32_t i = 0; i < before->frame_count; i++) {
        uint32_t activation = before->frames[i].activation;

        if ((before->frames[i].kind == FRAME_BLOCK && before->frames[i].role == BLOCK_WATCH) ||
            rearm_step(d, activation, &err) == STATUS_OK) {
            continue;
        }
        instance_disarm_owner(d->after, activation);
        for (uint32_t k = 0; k < before->timer_count; k++) {
            if (before->timers[k].owner == activation) {
                instance_arm(d->after, before->timers[k].kind, activation,
                             before->timers[k].due_ms);
            }
        }
        effect_decide(d->effects, "%.*s: its timers are kept: %s",
                      TEXT_ARG(d->flow->steps[before->frames[i].step].name), err.text);
    }
    instance_free(before);
}

/* A reminder that the new version does not have. */
static void drop_reminders(struct decision *d)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_STEP && d->flow->steps[frame->step].remind == NULL) {
            instance_disarm(d->after, TIMER_REMIND, frame->activation);
        }
    }
}

/* ---- the whole ---- */

/* The new version may undo what the old one would not have. */
static void push_undos(struct decision *d)
{
    uint32_t count = d->after->frame_count;

    for (uint32_t i = 0; i < count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_STEP && frame->sent_seq > 0 &&
            d->flow->steps[frame->step].kind == STEP_REQUEST) {
            undo_push(d, frame);
        }
    }
}

static void take_over(struct migration *m)
{
    struct decision *d = m->d;

    give_up(m);
    scope_forget(d);
    json_free(d->flow_json);
    d->flow_json = NULL;
    map_steps(m);
    d->flow = m->v.new;
    memcpy(d->after->flow_hash, d->flow->hash, sizeof(d->after->flow_hash));
}

enum transition_result migrate_run(struct decision *d)
{
    const struct json *plan = d->event->payload;
    struct migration m = {.d = d, .v = {d->flow, d->event->target, plan}};
    struct buffer why = {0};
    struct error err = {0};
    struct json *data = NULL;
    enum transition_result result;

    if (m.v.new == NULL || !text_equal(m.v.new->name, d->flow->name)) {
        return refuse(d, TEXT("the version is not deployed, or this program cannot build it"));
    }
    if (text_is(text_of(d->after->flow_hash), m.v.new->hash)) {
        return refuse(d, TEXT("it goes by this version already"));
    }
    if (migrate_check(plan, NULL, m.v.new, &err) != STATUS_OK) {
        return refuse(d, text_of(err.text));
    }
    if (migrate_foresee(d->flow, m.v.new, d->after, plan, &why) != MIGRATE_FITS) {
        result = refuse(d, buffer_text(&why));
        buffer_release(&why);
        return result;
    }
    if (migrate_data(plan, d->after, &data, &err) != STATUS_OK) {
        return refuse(d, text_of(err.text));
    }
    effect_decide(d->effects, "operator %.*s: migrated from version %d to version %d",
                  TEXT_ARG(d->event->actor), d->flow->version, m.v.new->version);
    take_over(&m);
    if (data != NULL) {
        json_free(d->after->data);
        d->after->data = data;
        scope_forget(d);
    }
    if (d->after->status == RUN_RUNNING) {
        push_undos(d);
        map_watches(&m);
        drop_reminders(d);
        if (text_is(json_member_text(plan, "timers"), "reset")) {
            reset_timers(d);
        }
    }
    for (uint32_t i = 0; i < m.leap_count; i++) {
        advance(d, m.leaps[i].scope, m.leaps[i].step);
    }
    buffer_release(&why);
    return TRANSITION_APPLIED;
}
