/* Requests to a limited service wait for a permit before their command goes out. The limiter itself is
 * asked by the shell; here are the wait, what its answers do, and what it is told in the end. */
#include "model/permit.h"
#include "base/duration.h"
#include "core/decision.h"

static const char *prefix_of(const struct frame *frame)
{
    return frame->kind == FRAME_UNDO ? "undo of " : "";
}

/* Also where a migration took its limits away. */
static struct text service_name(const struct decision *d, const struct frame *frame)
{
    return d->flow->services[request_spec(d, frame)->service].name;
}

/* Of the bucket that `rate.key` names. An undo sees the document of the run; it must not fail of it. */
static enum status key_of(struct decision *d, const struct frame *frame,
                          const struct limits *limits, struct buffer *key, struct error *err)
{
    struct sight sight = {.scope = frame->kind == FRAME_UNDO ? 0 : frame->parent,
                          .step = &d->flow->steps[frame->step],
                          .attempt = frame->attempt};
    struct json *value = NULL;
    enum status status;

    if (limits->rate_key == NULL) {
        return STATUS_OK;
    }
    status = scope_eval(d, limits->rate_key, &sight, &value, err);
    if (status == STATUS_OK && json_kind(value) != JSON_NULL &&
        (!json_scalar_text(value, key) || key->bytes > PERMIT_KEY_BYTES_MAX)) {
        status = fail(err, STATUS_REJECT, "it is no text or number of up to %d bytes",
                      PERMIT_KEY_BYTES_MAX);
    }
    json_free(value);
    if (status != STATUS_OK) {
        buffer_clear(key);
    }
    return status == STATUS_OK ? status : fail_in(err, status, "rate.key");
}

bool permit_is_needed(const struct decision *d, const struct frame *frame)
{
    return permit_service(d->flow, frame) != NULL;
}

/* The number of this transition makes it another permit than that of any other attempt. */
static void note(struct decision *d, struct frame *frame, int64_t due_ms, struct text key)
{
    struct json *permit = json_object();

    json_put_integer(permit, "seq", d->after->seq);
    json_put_integer(permit, "since", d->event->time_ms);
    if (due_ms > 0) {
        json_put_integer(permit, "span", due_ms - d->event->time_ms);
    }
    if (key.bytes > 0) {
        json_put_text(permit, "key", key);
    }
    block_put(frame, "permit", permit);
    frame->state = FRAME_AWAITING_PERMIT;
    if (due_ms > 0 && frame->kind == FRAME_STEP) {
        instance_arm(d->after, TIMER_ATTEMPT, frame->activation, due_ms);
    }
    instance_arm(d->after, TIMER_PERMIT, frame->activation, d->event->time_ms);
}

void permit_wait(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct service *service = permit_service(d->flow, frame);
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = frame->attempt};
    struct buffer key = {0};
    struct error err = {0};
    int64_t due_ms = 0;
    enum status status;

    if (frame->kind == FRAME_UNDO) {
        sight.scope = 0;
    }
    status = request_deadline(d, frame, &sight, &due_ms, &err);
    if (status == STATUS_OK) {
        status = key_of(d, frame, &service->limits, &key, &err);
    }
    if (status != STATUS_OK && frame->kind == FRAME_STEP) {
        request_failed(d, activation, problem_expression(d, step, frame->attempt, &err));
    } else {
        note(d, frame, due_ms, buffer_text(&key));
        effect_decide(d->effects, "%s%.*s: waits for a permit of %.*s", prefix_of(frame),
                      TEXT_ARG(step->name), TEXT_ARG(service->name));
    }
    buffer_release(&key);
}

struct json *permit_late(struct decision *d, const struct frame *frame)
{
    struct text title = arena_printf(d->effects->arena, "no permit of '%.*s' in time",
                                     TEXT_ARG(service_name(d, frame)));

    return problem_of_step(d, &d->flow->steps[frame->step], frame->attempt, "rate-limited",
                           title.data);
}

void permit_granted(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct timer *deadline = instance_timer(d->after, TIMER_ATTEMPT, activation);
    struct permit permit;

    CHECK(permit_of(frame, &permit));
    if (deadline != NULL && deadline->due_ms <= d->event->time_ms) {
        request_failed(d, activation, permit_late(d, frame));
        return;
    }
    /* What an undo has waited for a permit does not count as time that it was tried. */
    if (frame->kind == FRAME_UNDO) {
        frame->opened_ms += d->event->time_ms - permit.since_ms;
    }
    frame->state = FRAME_AWAITING_REPLY;
    effect_decide(d->effects, "%s%.*s: permit of %.*s granted", prefix_of(frame),
                  TEXT_ARG(d->flow->steps[frame->step].name), TEXT_ARG(service_name(d, frame)));
    request_send_permitted(d, activation);
}

static bool is_counted(const struct limits *limits, struct text type)
{
    for (uint32_t i = 0; i < limits->breaker_error_count; i++) {
        if (text_is(limits->breaker_errors[i], "any") ||
            text_equal(limits->breaker_errors[i], type)) {
            return true;
        }
    }
    return false;
}

/* A refusal is an answer too: the service works. What else went wrong says nothing about it. */
void permit_end(struct decision *d, const struct frame *frame, const struct json *error)
{
    const struct service *service = permit_service(d->flow, frame);
    struct permit_outcome *outcomes;
    struct permit permit;
    bool is_failure;

    if (service == NULL || service->limits.breaker_failures == 0 || !permit_of(frame, &permit) ||
        permit.is_waiting) {
        return;
    }
    is_failure = error != NULL && is_counted(&service->limits, problem_type(error));
    if (error != NULL && !is_failure && json_member(error, "reply") == NULL) {
        return;
    }
    /* One event ends one attempt, or a few of them. */
    outcomes = arena_array(d->effects->arena, d->effects->outcome_count + 1, sizeof(*outcomes));
    for (uint32_t i = 0; i < d->effects->outcome_count; i++) {
        outcomes[i] = d->effects->outcomes[i];
    }
    outcomes[d->effects->outcome_count++] = (struct permit_outcome){
        .activation = permit.activation, .seq = permit.seq, .is_failure = is_failure};
    d->effects->outcomes = outcomes;
}

enum transition_result on_permit(struct decision *d)
{
    struct frame *frame = instance_frame(d->after, d->event->activation);
    char delay[TIME_TEXT_BYTES];
    struct permit permit;
    struct text title;

    if (frame == NULL || !run_id_equal(d->event->timer_run, d->after->run) ||
        !permit_of(frame, &permit) || !permit.is_waiting ||
        instance_timer(d->after, TIMER_PERMIT, permit.activation) == NULL) {
        return TRANSITION_VOID;
    }
    if (d->event->permit == PERMIT_REFUSED && !permit.is_patient) {
        title = arena_printf(d->effects->arena, "the breaker of '%.*s' is open",
                             TEXT_ARG(service_name(d, frame)));
        request_failed(d, permit.activation,
                       problem_of_step(d, &d->flow->steps[frame->step], frame->attempt,
                                       "breaker-open", title.data));
        return TRANSITION_APPLIED;
    }
    instance_arm(d->after, TIMER_PERMIT, permit.activation, d->event->until_ms);
    duration_format(
        d->event->until_ms > d->event->time_ms ? d->event->until_ms - d->event->time_ms : 0, delay);
    effect_decide(d->effects, "%s%.*s: %s; asks %.*s again in %s", prefix_of(frame),
                  TEXT_ARG(d->flow->steps[frame->step].name),
                  d->event->permit == PERMIT_REFUSED ? "the breaker is open" : "no permit yet",
                  TEXT_ARG(service_name(d, frame)), delay);
    return TRANSITION_APPLIED;
}
