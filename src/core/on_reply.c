/* A record of a service's reply topic: LANGUAGE.md section 6, rules 2, 4 and 6. */
#include "core/decision.h"

static enum transition_result ignore(struct decision *d, const struct frame *frame, const char *why)
{
    effect_decide(d->effects, "%s%.*s: reply ignored: %s",
                  frame->kind == FRAME_UNDO ? "undo of " : "",
                  TEXT_ARG(d->flow->steps[frame->step].name), why);
    return TRANSITION_IGNORED;
}

/* The pivot in doubt did not take place after all. Takes `error` over. */
static void pivot_refused(struct decision *d, uint32_t activation, struct json *error)
{
    struct frame *frame = instance_frame(d->after, activation);
    struct json *stuck = frame->error;

    frame->error = json_copy(error);
    fail_pivot(d, (struct position){frame->parent, frame->step}, activation, stuck, error);
}

static enum transition_result on_failure(struct decision *d, const struct frame *frame,
                                         struct json *error)
{
    uint32_t activation = frame->activation;
    bool is_earlier = d->event->by_command && d->event->command_seq != frame->sent_seq;

    if (frame->state == FRAME_STUCK) {
        if (!request_is_undecided_pivot(d, frame)) {
            json_free(error);
            return ignore(d, frame, "a refusal, and it is stuck already");
        }
        if (!problem_is_answer(error)) {
            json_free(error);
            return ignore(d, frame, "it leaves open what became of the command");
        }
        pivot_refused(d, activation, error);
        return TRANSITION_APPLIED;
    }
    /* A later attempt is coming or under way, and gets its own answer. */
    if ((frame->state == FRAME_BACKING_OFF || frame->state == FRAME_AWAITING_PERMIT ||
         is_earlier) &&
        request_repeats(d, frame, problem_type(error))) {
        json_free(error);
        return ignore(d, frame, "a refusal of an earlier attempt, it is repeated anyway");
    }
    request_failed(d, activation, error);
    return TRANSITION_APPLIED;
}

static enum transition_result take(struct decision *d, const struct frame *frame,
                                   const struct incoming *reply)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct error err = {0};

    switch (classify_reply(d, frame, reply, &err)) {
    case REPLY_SUCCESS:
        request_succeeded(d, frame->activation, reply->payload);
        return TRANSITION_APPLIED;
    case REPLY_FAILURE:
        return on_failure(d, frame, classify_failure(d, frame, reply));
    case REPLY_PROGRESS:
        if (frame->state == FRAME_STUCK) {
            return ignore(d, frame, "a sign of life, and it is stuck already");
        }
        request_progress(d, frame->activation, reply->payload);
        return TRANSITION_APPLIED;
    case REPLY_UNCLASSIFIED:
        return ignore(d, frame, "unclassified, neither success nor failure");
    case REPLY_UNREADABLE:
        if (frame->state == FRAME_AWAITING_REPLY) {
            request_failed(d, frame->activation, problem_expression(d, step, frame->attempt, &err));
            return TRANSITION_APPLIED;
        }
        return ignore(d, frame, "its rule cannot be evaluated");
    }
    CHECK(false && "unknown reply class");
    return TRANSITION_IGNORED;
}

/* The open undo of an entry whose message has not gone out: it waits for a permit, or could not be
 * rendered. NULL: there is none. */
static const struct frame *unsent_undo(const struct decision *d, const struct undo *undo)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_UNDO && frame->undo_of == undo->activation) {
            return frame->sent_seq == 0 && !step_undo_is_block(&d->flow->steps[undo->step]) ? frame
                                                                                            : NULL;
        }
    }
    return NULL;
}

static bool is_in_doubt(const struct decision *d, const struct undo *undo)
{
    return undo->in_doubt && (undo->state == UNDO_ARMED || unsent_undo(d, undo) != NULL);
}

/* The step is over, but whether it took place was unknown until now. */
static enum transition_result settle_doubt(struct decision *d, struct undo *undo,
                                           const struct incoming *reply)
{
    const struct step *step = &d->flow->steps[undo->step];
    const struct frame *unsent = unsent_undo(d, undo);
    /* Which attempt it answers is not known any more: the first was not the last, perhaps. */
    struct frame was = {.kind = FRAME_STEP, .step = undo->step, .attempt = 2};
    struct error err = {0};
    enum reply_class class = classify_reply(d, &was, reply, &err);

    if (class == REPLY_FAILURE) {
        struct json *error = classify_failure(d, &was, reply);
        bool is_answer = problem_is_answer(error);

        json_free(error);
        if (!is_answer) {
            effect_decide(d->effects, "%.*s: late reply, its outcome stays unknown",
                          TEXT_ARG(step->name));
            return TRANSITION_IGNORED;
        }
        effect_decide(d->effects, "%.*s: late refusal, nothing to undo", TEXT_ARG(step->name));
        if (unsent != NULL) {
            undo_end(d, unsent->activation, "not sent");
        } else {
            instance_drop_undo(d->after, undo->activation);
            unwind(d);
        }
        return TRANSITION_APPLIED;
    }
    if (class == REPLY_SUCCESS) {
        effect_decide(d->effects, "%.*s: late success, its undo stands", TEXT_ARG(step->name));
        undo->in_doubt = false;
        return TRANSITION_APPLIED;
    }
    effect_decide(d->effects, "%.*s: late reply, unclassified", TEXT_ARG(step->name));
    return TRANSITION_IGNORED;
}

static bool is_open_request(const struct decision *d, const struct frame *frame)
{
    return request_spec(d, frame) != NULL && request_spec(d, frame)->is_request &&
           (frame->state == FRAME_AWAITING_REPLY || frame->state == FRAME_BACKING_OFF ||
            (frame->state == FRAME_AWAITING_PERMIT && frame->sent_seq != 0) ||
            frame->state == FRAME_STUCK);
}

/* Where several services answer on one topic, a command id does not tell which: then none is named. */
static bool is_from_service(const struct decision *d, const struct message_spec *spec)
{
    if (d->event->by_command && d->event->service.bytes == 0) {
        return true;
    }
    return text_equal(d->flow->services[spec->service].name, d->event->service);
}

static enum transition_result on_command_reply(struct decision *d, const struct incoming *reply)
{
    const struct event *event = d->event;
    const struct frame *frame;
    struct undo *undo;

    if (!run_id_equal(event->command_run, d->after->run)) {
        effect_decide(d->effects, "late reply of %.*s: it is for another run",
                      TEXT_ARG(event->service));
        return TRANSITION_IGNORED;
    }
    frame = instance_frame(d->after, event->activation);
    if (frame != NULL && is_open_request(d, frame)) {
        return is_from_service(d, request_spec(d, frame))
                   ? take(d, frame, reply)
                   : ignore(d, frame, "it comes from another service");
    }
    undo = instance_undo(d->after, event->activation);
    if (undo != NULL && is_in_doubt(d, undo) &&
        is_from_service(d, &d->flow->steps[undo->step].message)) {
        return settle_doubt(d, undo, reply);
    }
    effect_decide(d->effects, "late or repeated reply of %.*s (activation %u), ignored",
                  TEXT_ARG(event->service), event->activation);
    return TRANSITION_IGNORED;
}

/* Without a command id it counts only if there is no doubt whom it answers. */
static enum transition_result on_key_reply(struct decision *d, const struct incoming *reply)
{
    const struct frame *accepting = NULL;
    uint32_t open = 0;
    uint32_t count = 0;

    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];
        struct error err = {0};
        enum reply_class class;

        if (!is_open_request(d, frame) || !is_from_service(d, request_spec(d, frame))) {
            continue;
        }
        open++;
        class = classify_reply(d, frame, reply, &err);
        if (class == REPLY_SUCCESS || class == REPLY_FAILURE || class == REPLY_PROGRESS) {
            accepting = frame;
            count++;
        }
    }
    if (count == 1) {
        return take(d, accepting, reply);
    }
    if (open > 0 && count == 0) {
        effect_decide(d->effects, "reply of %.*s: unclassified, ignored",
                      TEXT_ARG(d->event->service));
        return TRANSITION_IGNORED;
    }
    alert_message(d, ALERT_UNMATCHED, reply,
                  count == 0 ? "no open request to this service"
                             : "several open requests to this service could mean it");
    return TRANSITION_IGNORED;
}

enum transition_result on_reply(struct decision *d)
{
    struct incoming reply = incoming_event(d);

    if (d->after->status == RUN_NONE || instance_has_ended(d->after)) {
        alert_message(d, ALERT_UNMATCHED, &reply, "late: no run is open");
        return TRANSITION_VOID;
    }
    return d->event->by_command ? on_command_reply(d, &reply) : on_key_reply(d, &reply);
}
