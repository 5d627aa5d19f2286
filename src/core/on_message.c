/* A record of a topic that the flow names: start, match, keep for later, or say that nothing
 * wants it. */
#include <string.h>

#include "base/limits.h"
#include "core/told.h"
#include "core/waiting.h"

static bool is_start_topic(const struct flow *flow, struct text topic)
{
    for (uint32_t i = 0; i < flow->start_count; i++) {
        if (text_equal(flow->topics[flow->starts[i].topic].name, topic)) {
            return true;
        }
    }
    return false;
}

static const struct start *find_start(struct decision *d, const struct incoming *incoming,
                                      bool gathers)
{
    struct sight sight = {
        .input = incoming->payload, .data = incoming->payload, .incoming = incoming};

    for (uint32_t i = 0; i < d->flow->start_count; i++) {
        const struct start *start = &d->flow->starts[i];
        struct error err = {0};
        bool truth = true;

        if ((start->batch_max > 0) != gathers ||
            !text_equal(d->flow->topics[start->topic].name, incoming->topic) ||
            (start->type.bytes > 0 && !text_equal(start->type, incoming->type))) {
            continue;
        }
        if (start->when == NULL) {
            return start;
        }
        if (scope_test(d, start->when, &sight, &truth, &err) != STATUS_OK) {
            alert_add(d, ALERT_DATA, NULL, NULL,
                      arena_printf(d->effects->arena, "start when: %s", err.text).data);
        } else if (truth) {
            return start;
        }
    }
    return NULL;
}

const struct start *start_of(struct decision *d, const struct incoming *incoming)
{
    if (incoming->topic.bytes == 0) {
        return d->flow->manual; /* By a person. */
    }
    return find_start(d, incoming, false);
}

const struct start *start_gathering(struct decision *d, const struct incoming *incoming)
{
    return find_start(d, incoming, true);
}

/* "<topic>/<producer's id>" */
static struct text id_of(const struct decision *d, const struct incoming *incoming)
{
    return arena_printf(d->effects->arena, "%.*s/%.*s", TEXT_ARG(incoming->topic),
                        TEXT_ARG(incoming->id));
}

bool is_repeated(const struct decision *d, const struct incoming *incoming)
{
    return incoming->id.bytes > 0 && d->after->ids != NULL &&
           json_get(d->after->ids, id_of(d, incoming)) != NULL;
}

/* Of what is taken in, so that a producer's repeat is known. Beyond the bound the oldest goes. */
void remember_id(struct decision *d, const struct incoming *incoming)
{
    struct json *ids;
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text oldest;

    if (incoming->id.bytes == 0) {
        return;
    }
    ids = d->after->ids == NULL ? json_object() : json_open_copy(d->after->ids);
    if (json_count(ids) >= DEDUPE_MAX && json_next(ids, &cursor, &oldest, &value)) {
        json_drop(ids, arena_text(d->effects->arena, oldest));
    }
    json_put(ids, id_of(d, incoming), json_integer(1));
    json_free(d->after->ids);
    d->after->ids = ids;
    (void)result_fits(d->after, NULL, id_of(d, incoming).bytes + 8);
}

/* The mailbox keeps what it needs to match later: the event and the record's coordinates. */
struct json *mail_of(const struct incoming *incoming)
{
    const struct json *known = incoming_message(incoming);
    struct json *message = known == NULL ? json_object() : json_open_copy(known);

    if (incoming->signal.bytes == 0) {
        json_put_text(message, "topic", incoming->topic);
    }
    if (incoming->signal.bytes == 0 && incoming->type.bytes > 0) {
        json_put_text(message, "type", incoming->type);
    }
    if (incoming->id.bytes > 0) {
        json_put_text(message, "id", incoming->id);
    }
    if (incoming->starter.bytes > 0) {
        json_put_text(message, "starter", incoming->starter);
    }
    if (incoming->alias.bytes > 0) {
        json_put_text(message, "alias", incoming->alias);
    }
    json_put(message, TEXT("value"), json_copy(incoming->payload));
    return message;
}

bool keep_mail(struct decision *d, const struct incoming *incoming)
{
    struct json *message;
    struct mail *mail;

    if (d->after->mail_count >= MAILBOX_MAX) {
        return false;
    }
    message = mail_of(incoming);
    mail = instance_add_mail(d->after);
    *mail = (struct mail){
        .number = d->after->mail_next,
        .topic = flow_find_topic(d->flow, incoming->topic),
        .message = message,
    };
    if (!result_fits(d->after, message, 0)) {
        instance_drop_mail(d->after, d->after->mail_next);
        d->after->bytes_most = 0;
        return false;
    }
    d->after->mail_next++;
    remember_id(d, incoming);
    effect_decide(d->effects, "%.*s: kept until a step listens for it",
                  TEXT_ARG(incoming_name(d, incoming)));
    return true;
}

/* The first document. Gives an error. */
static struct json *open_document(struct decision *d, const struct incoming *incoming)
{
    struct sight sight = {
        .input = incoming->payload, .data = incoming->payload, .incoming = incoming};
    struct json *data = NULL;
    struct error err = {0};

    d->after->data = json_object();
    if (d->flow->data == NULL) {
        data = json_copy(incoming->payload);
    } else if (scope_render(d, d->flow->data, &sight, &data, &err) != STATUS_OK) {
        return problem_new("expression", TEXT("the first document cannot be made"), err.text);
    }
    if (json_kind(data) != JSON_OBJECT) {
        json_free(data);
        return problem_new("validation", TEXT("the first document is not an object"), NULL);
    }
    json_free(d->after->data);
    d->after->data = data;
    return NULL;
}

struct json *run_arm(struct decision *d)
{
    struct sight sight = {0};
    struct error err = {0};
    int64_t ms;

    if (span_length(d, &d->flow->timeout, &sight, &ms, &err) != STATUS_OK ||
        span_arm_warning(d, &d->flow->warn_after, 0, &sight, &err) != STATUS_OK) {
        return problem_new("expression", TEXT("a span of the flow cannot be evaluated"), err.text);
    }
    if (ms >= 0) {
        instance_arm(d->after, TIMER_FLOW, 0, span_after(d->event->time_ms, ms));
    }
    return NULL;
}

void start_run(struct decision *d, const struct incoming *incoming)
{
    /* Where services are only watched, nobody knows which record is seen first: what begins the run
     * may be one that a step listens for. */
    bool is_awaited = d->flow->mode == FLOW_OBSERVE && reach_wants(d, incoming);
    struct json *error;

    if (d->after->status == RUN_NONE) {
        d->after->run = d->event->run;
    }
    instance_disarm(d->after, TIMER_EARLY, 0);
    memcpy(d->after->flow_hash, d->flow->hash, sizeof(d->after->flow_hash));
    d->after->status = RUN_RUNNING;
    d->after->started_ms = d->event->time_ms;
    remember_id(d, incoming);
    effect_decide(d->effects, "started by %.*s",
                  TEXT_ARG(incoming->topic.bytes > 0 ? incoming->topic : incoming->starter));
    error = open_document(d, incoming);
    if (error == NULL) {
        error = run_arm(d);
    }
    if (error != NULL) {
        fail_run(d, error, RUN_FAILED);
    } else {
        if (is_awaited && !keep_mail(d, incoming)) {
            alert_message(d, ALERT_UNMATCHED, incoming, "too large to wait for its listen");
        }
        handle_open(d, 0);
        advance(d, 0, d->flow->first_step);
    }
}

static enum transition_result start(struct decision *d, const struct incoming *incoming)
{
    start_run(d, incoming);
    return TRANSITION_APPLIED;
}

/* Its key has run, and is remembered: the lane asks only where a start may say `afterDone`. */
static enum transition_result on_remembered(struct decision *d, const struct incoming *incoming)
{
    const struct start *taker = start_of(d, incoming);

    if (taker != NULL && taker->after_done == AFTER_DONE_RESTART) {
        return start(d, incoming);
    }
    if (is_start_topic(d->flow, incoming->topic)) {
        effect_decide(d->effects, "%.*s: started again after its end, ignored",
                      TEXT_ARG(incoming->topic));
    } else {
        alert_message(d, ALERT_UNMATCHED, incoming, "the run has ended");
    }
    return TRANSITION_VOID;
}

/* A message for a key that has no run: it starts one, waits for one, or nothing wants it. */
static enum transition_result on_first(struct decision *d, const struct incoming *incoming)
{
    if (start_of(d, incoming) != NULL) {
        return start(d, incoming);
    }
    if (d->flow->early_ms <= 0 || !reach_wants(d, incoming)) {
        /* A start topic's record that `type` or `when` left out is no surprise. */
        if (!is_start_topic(d->flow, incoming->topic) || reach_wants(d, incoming)) {
            alert_message(d, ALERT_UNMATCHED, incoming, "no run, and none may wait for it");
        } else {
            effect_decide(d->effects, "%.*s: not a start", TEXT_ARG(incoming->topic));
        }
        return TRANSITION_VOID;
    }
    if (!keep_mail(d, incoming)) {
        alert_message(d, ALERT_UNMATCHED, incoming, "too large to wait for a start");
        return TRANSITION_VOID;
    }
    d->after->run = d->event->run;
    memcpy(d->after->flow_hash, d->flow->hash, sizeof(d->after->flow_hash));
    d->after->status = RUN_EMBRYO;
    d->after->started_ms = d->event->time_ms;
    instance_arm(d->after, TIMER_EARLY, 0, span_after(d->event->time_ms, d->flow->early_ms));
    return TRANSITION_APPLIED;
}

static enum transition_result unwanted(struct decision *d, const struct incoming *incoming)
{
    if (incoming->alias.bytes == 0 && is_start_topic(d->flow, incoming->topic)) {
        effect_decide(d->effects, "%.*s: %s", TEXT_ARG(incoming->topic),
                      d->after->status == RUN_EMBRYO ? "not a start"
                                                     : "started again while it runs, ignored");
    } else {
        alert_message(d, ALERT_UNMATCHED, incoming, "no step listens for it");
    }
    return TRANSITION_IGNORED;
}

/* Later is better than never: kept while a listen may still come. */
static enum transition_result keep(struct decision *d, const struct incoming *incoming)
{
    const struct start *starts;

    if (!reach_wants(d, incoming)) {
        starts = incoming->alias.bytes > 0 ? NULL : start_of(d, incoming);
        return starts == NULL || starts->if_running == IF_RUNNING_IGNORE
                   ? unwanted(d, incoming)
                   : queue_start(d, starts, incoming);
    }
    if (keep_mail(d, incoming)) {
        return TRANSITION_APPLIED;
    }
    alert_message(d, ALERT_UNMATCHED, incoming, "the mailbox is full");
    return TRANSITION_IGNORED;
}

enum transition_result message_deliver(struct decision *d, const struct incoming *incoming)
{
    /* The oldest open listen that matches takes it. A stuck one does too: late is not lost. */
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];
        struct listening at;
        uint32_t item;

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_WATCH) {
            switch (handle_offer(d, frame->activation, incoming)) {
            case HANDLED_NOT:
                break;
            case HANDLED_NOW:
                remember_id(d, incoming);
                return TRANSITION_APPLIED;
            case HANDLED_LATER:
                return keep(d, incoming);
            }
            continue;
        }
        if (frame->kind != FRAME_STEP || d->flow->steps[frame->step].kind != STEP_LISTEN) {
            continue;
        }
        at = listen_of(d, frame);
        if (listen_matches(d, &at, incoming, &item)) {
            remember_id(d, incoming);
            listen_take(d, frame->activation, item, incoming);
            return TRANSITION_APPLIED;
        }
    }
    return keep(d, incoming);
}

enum transition_result on_message(struct decision *d)
{
    struct incoming incoming = incoming_event(d);

    if (instance_has_ended(d->after) || d->event->is_remembered) {
        return on_remembered(d, &incoming);
    }
    if (d->after->status == RUN_NONE) {
        return on_first(d, &incoming);
    }
    if (is_repeated(d, &incoming)) {
        effect_decide(d->effects, "%.*s: repeated (id %.*s), ignored", TEXT_ARG(incoming.topic),
                      TEXT_ARG(d->event->id));
        return TRANSITION_IGNORED;
    }
    if (d->after->status == RUN_EMBRYO && start_of(d, &incoming) != NULL) {
        return start(d, &incoming);
    }
    return message_deliver(d, &incoming);
}
