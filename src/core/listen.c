/* Waiting for a message, and waiting for time. */
#include "base/duration.h"
#include "core/correlate.h"
#include "core/decision.h"

/* Several rules may find the key of one topic's messages: that of the topic and those of listens.
 * Then a message may have come here by a rule that is not the one of this listen. */
static bool has_several_keys(const struct flow *flow, struct text topic)
{
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];

        if (step->kind == STEP_LISTEN && step->listen.key.kind != CORRELATION_NONE &&
            text_equal(flow->topics[step->listen.topic].name, topic)) {
            return true;
        }
    }
    return false;
}

static bool key_matches(const struct decision *d, const struct step *step,
                        const struct incoming *incoming)
{
    const struct topic *topic = &d->flow->topics[step->listen.topic];
    const struct correlation *rule = step->listen.key.kind != CORRELATION_NONE ? &step->listen.key
                                                                               : &topic->key;
    struct record_view view = {.payload = incoming->payload};
    struct buffer key = {0};
    bool matches;

    if (!has_several_keys(d->flow, topic->name)) {
        return true;
    }
    view.key = json_member_text(incoming_message(incoming), "key");
    view.headers = json_member(incoming_message(incoming), "headers");
    matches = correlate_key(rule, &view, &key, NULL) == STATUS_OK &&
              text_equal(buffer_text(&key), instance_key(d->after));
    buffer_release(&key);
    return matches;
}

bool listen_matches(struct decision *d, uint32_t scope, const struct step *step,
                    const struct incoming *incoming)
{
    struct sight sight = {.scope = scope,
                          .input = incoming->payload,
                          .step = step,
                          .attempt = 1,
                          .incoming = incoming};
    struct error err = {0};
    bool truth = true;

    if (!text_equal(d->flow->topics[step->listen.topic].name, incoming->topic)) {
        return false;
    }
    if (step->listen.type.bytes > 0 && !text_equal(step->listen.type, incoming->type)) {
        return false;
    }
    if (!key_matches(d, step, incoming)) {
        return false;
    }
    if (step->listen.when != NULL &&
        scope_test(d, step->listen.when, &sight, &truth, &err) != STATUS_OK) {
        /* An odd message must not end the run: it is not the one waited for, and people hear. */
        alert_add(d, ALERT_DATA, step, NULL,
                  arena_printf(d->effects->arena, "when: %s", err.text).data);
        return false;
    }
    return truth;
}

struct incoming listen_mail(const struct mail *mail)
{
    return (struct incoming){
        .topic = json_member_text(mail->message, "topic"),
        .type = json_member_text(mail->message, "type"),
        .payload = json_member(mail->message, "value"),
        .message = mail->message,
    };
}

static bool take_mail(struct decision *d, uint32_t scope, const struct step *step,
                      struct json **result)
{
    for (uint32_t i = 0; i < d->after->mail_count; i++) {
        struct incoming incoming = listen_mail(&d->after->mailbox[i]);

        if (listen_matches(d, scope, step, &incoming)) {
            *result = json_copy(incoming.payload);
            instance_drop_mail(d->after, d->after->mailbox[i].number);
            effect_decide(d->effects, "%.*s: took an early message", TEXT_ARG(step->name));
            return true;
        }
    }
    return false;
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

struct json *listen_open(struct decision *d, uint32_t scope, uint32_t step, struct json **result,
                         bool *waits)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct error err = {0};
    uint32_t activation;
    int64_t ms;

    *waits = false;
    *result = NULL;
    if (take_mail(d, scope, at, result)) {
        return NULL;
    }
    if (span_length(d, &at->timeout, &sight, &ms, &err) != STATUS_OK) {
        return problem_expression(d, at, 1, &err);
    }
    activation = open_frame(d, scope, step, FRAME_LISTENING)->activation;
    if (span_arm_warning(d, &at->warn_after, activation, &sight, &err) != STATUS_OK) {
        instance_drop_frame(d->after, activation);
        return problem_expression(d, at, 1, &err);
    }
    if (ms >= 0) {
        instance_arm(d->after, TIMER_LISTEN, activation, span_after(d->event->time_ms, ms));
    }
    effect_decide(d->effects, "%.*s: listening", TEXT_ARG(at->name));
    *waits = true;
    return NULL;
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
