/* Waiting for a message, and waiting for time. */
#include "base/duration.h"
#include "core/waiting.h"

struct incoming listen_mail(const struct mail *mail)
{
    return (struct incoming){
        .topic = json_member_text(mail->message, "topic"),
        .signal = json_member_text(mail->message, "signal"),
        .type = json_member_text(mail->message, "type"),
        .id = json_member_text(mail->message, "id"),
        .starter = json_member_text(mail->message, "starter"),
        .alias = json_member_text(mail->message, "alias"),
        .payload = json_member(mail->message, "value"),
        .message = mail->message,
    };
}

static void decide_waits(struct decision *d, const struct listening *at)
{
    const struct listen *listen = at->listen;

    if (at->got == NULL) {
        effect_decide(d->effects, "%.*s: listening", TEXT_ARG(at->step->name));
    } else if (listen->kind == LISTEN_ALL) {
        effect_decide(d->effects, "%.*s: got %zu of %u", TEXT_ARG(at->step->name),
                      json_count(at->got), listen->item_count);
    } else {
        effect_decide(d->effects, "%.*s: got %lld so far", TEXT_ARG(at->step->name),
                      (long long)json_member_int(at->got, "count", 0));
    }
}

/* Take from the mailbox what the listen waits for, until it is enough. */
static void take_mail(struct decision *d, struct listening *at, struct json **got,
                      struct json **result)
{
    uint32_t i = 0;

    while (i < d->after->mail_count && *result == NULL) {
        struct incoming incoming = listen_mail(&d->after->mailbox[i]);
        uint32_t item;

        at->got = *got;
        if (!listen_matches(d, at, &incoming, &item)) {
            i++;
            continue;
        }
        listen_collect(d, at, item, &incoming, got, result);
        instance_drop_mail(d->after, d->after->mailbox[i].number);
        effect_decide(d->effects, "%.*s: took an early message", TEXT_ARG(at->step->name));
    }
    at->got = *got;
}

static struct frame *open_frame(struct decision *d, uint32_t scope, uint32_t step,
                                enum frame_state state)
{
    uint32_t activation = d->after->activation_next++;
    struct frame *frame = instance_add_frame(d->after, activation);

    *frame = (struct frame){
        .activation = activation,
        .parent = scope,
        .kind = FRAME_STEP,
        .state = state,
        .step = step,
        .attempt = 1,
        .opened_ms = d->event->time_ms,
    };
    return frame;
}

/* Open the frame of a listen that has got so much. Gives an error. */
static struct json *open_listen(struct decision *d, const struct listening *at, struct json *got)
{
    uint32_t step = (uint32_t)(at->step - d->flow->steps);
    struct sight sight = {.scope = at->scope, .step = at->step, .attempt = 1};
    struct error err = {0};
    struct frame *frame;
    uint32_t activation;
    int64_t ms;

    if (span_length(d, &at->step->timeout, &sight, &ms, &err) != STATUS_OK) {
        json_free(got);
        return problem_expression(d, at->step, 1, &err);
    }
    frame = open_frame(d, at->scope, step, FRAME_LISTENING);
    activation = frame->activation;
    if (got != NULL) {
        block_put(frame, "got", got);
    }
    if (at->keys != NULL) {
        block_put(frame, "keys", json_copy(at->keys));
    }
    if (span_arm_warning(d, &at->step->warn_after, activation, &sight, &err) != STATUS_OK ||
        remind_arm(d, activation, &err) != STATUS_OK) {
        instance_disarm_owner(d->after, activation);
        instance_drop_frame(d->after, activation);
        return problem_expression(d, at->step, 1, &err);
    }
    if (ms >= 0) {
        instance_arm(d->after, TIMER_LISTEN, activation, span_after(d->event->time_ms, ms));
    }
    decide_waits(d, at);
    return NULL;
}

struct json *listen_open(struct decision *d, uint32_t scope, uint32_t step, struct json **result,
                         bool *waits)
{
    const struct step *at_step = &d->flow->steps[step];
    struct listening at = {.listen = &at_step->listen, .step = at_step, .scope = scope};
    struct json *keys = NULL;
    struct json *got = NULL;
    struct json *error;

    *waits = false;
    *result = NULL;
    error = identity_keys(d, &at, &keys);
    if (error != NULL) {
        return error;
    }
    at.keys = keys;
    take_mail(d, &at, &got, result);
    if (*result != NULL) {
        json_free(got);
    } else {
        error = open_listen(d, &at, got);
        *waits = error == NULL;
    }
    json_free(keys);
    return error;
}

void listen_take(struct decision *d, uint32_t activation, uint32_t item,
                 const struct incoming *incoming)
{
    struct frame *frame = instance_frame(d->after, activation);
    struct listening at = listen_of(d, frame);
    struct json *got = json_copy(at.got);
    struct json *result = NULL;
    struct frame was;

    listen_collect(d, &at, item, incoming, &got, &result);
    if (result == NULL) {
        block_put(frame, "got", got);
        at = listen_of(d, frame);
        decide_waits(d, &at);
        if (!result_fits(d->after, incoming->payload, 0)) {
            fail_step(d, frame->parent, frame->step, activation,
                      problem_of_step(d, at.step, 0, "runtime",
                                      "the state of the run would be too large"));
        }
        return;
    }
    json_free(got);
    was = *frame;
    was.error = NULL;
    was.local = NULL;
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
    advance_done(d, &was, result);
    json_free(result);
}

static enum status wait_due(struct decision *d, uint32_t scope, const struct step *step,
                            int64_t *due_ms, struct error *err)
{
    struct sight sight = {.scope = scope, .step = step, .attempt = 1};
    struct json *value = NULL;
    enum status status;
    int64_t ms;

    if (step->wait.until == NULL) {
        status = span_length(d, &step->wait.span, &sight, &ms, err);
        *due_ms = span_after(d->event->time_ms, ms < 0 ? 0 : ms);
        return status;
    }
    status = scope_eval(d, step->wait.until, &sight, &value, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (json_kind(value) == JSON_TEXT) {
        status = time_parse(json_text_of(value), due_ms, err);
    } else {
        status = fail(err, STATUS_REJECT,
                      "until: a time such as \"2026-11-21T15:04:05Z\" is needed");
    }
    if (status == STATUS_OK) {
        *due_ms -= step->wait.minus_ms;
    }
    json_free(value);
    return status;
}

struct json *wait_open(struct decision *d, uint32_t scope, uint32_t step, bool *waits)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct error err = {0};
    int64_t due_ms = 0;
    uint32_t activation;
    char text[TIME_TEXT_BYTES];

    *waits = false;
    if (wait_due(d, scope, at, &due_ms, &err) != STATUS_OK) {
        return problem_expression(d, at, 1, &err);
    }
    if (due_ms <= d->event->time_ms) {
        effect_decide(d->effects, "%.*s: nothing to wait for", TEXT_ARG(at->name));
        return NULL;
    }
    activation = open_frame(d, scope, step, FRAME_SLEEPING)->activation;
    if (span_arm_warning(d, &at->warn_after, activation, &sight, &err) != STATUS_OK) {
        instance_drop_frame(d->after, activation);
        return problem_expression(d, at, 1, &err);
    }
    instance_arm(d->after, TIMER_WAIT, activation, due_ms);
    time_format(due_ms, text);
    effect_decide(d->effects, "%.*s: waiting until %s", TEXT_ARG(at->name), text);
    *waits = true;
    return NULL;
}

enum status wait_rearm(struct decision *d, uint32_t activation, struct error *err)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *at = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = at, .attempt = 1};
    int64_t due_ms = 0;
    enum status status;

    instance_disarm_owner(d->after, activation);
    status = wait_due(d, frame->parent, at, &due_ms, err);
    if (status != STATUS_OK) {
        return status;
    }
    instance_arm(d->after, TIMER_WAIT, activation,
                 due_ms > d->event->time_ms ? due_ms : d->event->time_ms);
    return span_arm_warning(d, &at->warn_after, activation, &sight, err);
}
