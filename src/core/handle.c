/*
 * `handle`: what may come at any time while a block, or the run, lives. A frame of role `watch` below
 * the block keeps what its handlers have got; each time one is satisfied its list runs as a block of
 * its own, on the same document. While it does the steps around it do not go on: what was ready to is
 * held in its frame. Only `raise` is not held up by another handler, because it interrupts.
 */
#include "core/waiting.h"

#define HANDLER_NONE UINT32_MAX

static const struct handler *handlers_of(const struct decision *d, uint32_t owner, uint32_t *count)
{
    const struct step *step = NULL;

    if (owner == 0) {
        *count = d->flow->handler_count;
        return d->flow->handlers;
    }
    step = &d->flow->steps[instance_find_frame(d->after, owner)->step];
    *count = step->handler_count;
    return step->handlers;
}

/* Is `scope` that block, or within it? What is being undone stands in no block but its own. */
static bool is_within(const struct decision *d, uint32_t scope, uint32_t activation)
{
    while (scope != 0 && scope != activation) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_UNDO) {
            return false;
        }
        scope = frame->parent;
    }
    return scope == activation;
}

static bool interrupts(const struct decision *d, uint32_t first_step)
{
    return d->flow->steps[first_step].kind == STEP_RAISE &&
           d->flow->steps[first_step].condition == NULL;
}

/* The handler at work around whose block `scope` stands, though not within its own list; or NULL. */
static struct frame *holder_of(const struct decision *d, uint32_t scope)
{
    if (!d->flow->has_handlers) {
        return NULL;
    }
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_HANDLER &&
            is_within(d, scope, frame->parent) && !is_within(d, scope, frame->activation)) {
            return frame;
        }
    }
    return NULL;
}

bool handle_holds(struct decision *d, struct position at)
{
    struct frame *handler = holder_of(d, at.scope);
    const struct frame *own = at.scope == 0 ? NULL : instance_find_frame(d->after, at.scope);
    const struct json *old;
    struct json *held;
    struct json *pair;

    if (handler == NULL ||
        (own != NULL && own->role == BLOCK_HANDLER && interrupts(d, own->step))) {
        return false;
    }
    old = block_get(handler, "held");
    held = old == NULL ? json_array() : json_open_copy(old);
    pair = json_array();
    json_push(pair, json_integer(at.scope));
    json_push(pair, json_integer(at.step));
    json_push(held, pair);
    block_put(handler, "held", held);
    return true;
}

/* Put `value` (taken over; NULL: none) under the handler's number into a member of the frame. */
static void keep(struct frame *watch, const char *member, uint32_t index, struct json *value)
{
    const struct json *old = block_get(watch, member);
    struct json *all = old == NULL ? json_object() : json_open_copy(old);
    char digits[INTEGER_TEXT_BYTES];

    if (value == NULL) {
        json_drop(all, text_unsigned(index, digits));
    } else {
        json_put(all, text_unsigned(index, digits), value);
    }
    block_put(watch, member, all);
}

static const struct json *kept(const struct frame *watch, const char *member, uint32_t index)
{
    char digits[INTEGER_TEXT_BYTES];

    return json_get(block_get(watch, member), text_unsigned(index, digits));
}

static int64_t fired(const struct frame *watch, uint32_t index)
{
    const struct json *count = kept(watch, "fired", index);
    int64_t number = 0;

    return count != NULL && json_int64(count, &number) ? number : 0;
}

static struct listening listening_of(const struct decision *d, const struct frame *watch,
                                     const struct handler *handler, uint32_t index)
{
    return (struct listening){.listen = &handler->listen,
                              .step = &d->flow->steps[handler->first_step],
                              .scope = watch->parent,
                              .got = kept(watch, "got", index),
                              .keys = kept(watch, "keys", index)};
}

/* The handler of the watch that waits for the message, or HANDLER_NONE. */
static uint32_t find(struct decision *d, const struct frame *watch, const struct incoming *incoming,
                     uint32_t *item)
{
    uint32_t count;
    const struct handler *handlers = handlers_of(d, watch->parent, &count);

    for (uint32_t i = 0; i < count; i++) {
        struct listening at = listening_of(d, watch, &handlers[i], i);

        if (fired(watch, i) < handlers[i].times && listen_matches(d, &at, incoming, item)) {
            return i;
        }
    }
    return HANDLER_NONE;
}

/* The list of a handler begins. Takes `result` over. */
static void begin(struct decision *d, uint32_t owner, uint32_t index,
                  const struct incoming *incoming, struct json *result)
{
    uint32_t count;
    const struct handler *handler = &handlers_of(d, owner, &count)[index];
    const struct json *known = incoming_message(incoming);
    struct json *message = known == NULL ? json_object() : json_open_copy(known);
    struct frame *frame = block_add(d, owner, handler->first_step, BLOCK_HANDLER, index);
    uint32_t activation = frame->activation;
    struct text name = incoming_name(d, incoming);

    json_put(message, TEXT("value"), result);
    block_put(frame, "message", message);
    (void)result_fits(d->after, message, 0);
    effect_decide(d->effects, "%.*s: handled", TEXT_ARG(name));
    advance(d, activation, handler->first_step);
}

static void take(struct decision *d, uint32_t activation, uint32_t index, uint32_t item,
                 const struct incoming *incoming)
{
    struct frame *watch = instance_frame(d->after, activation);
    uint32_t owner = watch->parent;
    uint32_t count;
    const struct handler *handler = &handlers_of(d, owner, &count)[index];
    struct listening at = listening_of(d, watch, handler, index);
    struct json *got = json_copy(at.got);
    struct json *result = NULL;
    struct text name = incoming_name(d, incoming);

    listen_collect(d, &at, item, incoming, &got, &result);
    watch = instance_frame(d->after, activation);
    if (result == NULL) {
        keep(watch, "got", index, got);
        effect_decide(d->effects, "%.*s: got, more is waited for", TEXT_ARG(name));
        (void)result_fits(d->after, incoming->payload, 0);
        return;
    }
    json_free(got);
    if (at.listen->kind == LISTEN_MANY || at.listen->kind == LISTEN_ALL) {
        keep(watch, "got", index, NULL);
    }
    if (handler->times != UINT32_MAX) {
        keep(watch, "fired", index, json_integer(fired(watch, index) + 1));
    }
    begin(d, owner, index, incoming, result);
}

enum handled handle_offer(struct decision *d, uint32_t activation, const struct incoming *incoming)
{
    const struct frame *watch = instance_find_frame(d->after, activation);
    uint32_t item = 0;
    uint32_t index = find(d, watch, incoming, &item);
    uint32_t count;

    if (index == HANDLER_NONE) {
        return HANDLED_NOT;
    }
    if (holder_of(d, watch->parent) != NULL &&
        !interrupts(d, handlers_of(d, watch->parent, &count)[index].first_step)) {
        return HANDLED_LATER;
    }
    take(d, activation, index, item, incoming);
    return HANDLED_NOW;
}

/* What the mailbox holds for handlers that are not held up. */
static void take_mail(struct decision *d)
{
    uint32_t i = 0;

    while (i < d->after->mail_count) {
        struct incoming incoming = listen_mail(&d->after->mailbox[i]);
        uint32_t number = d->after->mailbox[i].number;
        bool taken = false;

        for (uint32_t k = 0; k < d->after->frame_count && !taken; k++) {
            const struct frame *frame = &d->after->frames[k];

            taken = frame->kind == FRAME_BLOCK && frame->role == BLOCK_WATCH &&
                    handle_offer(d, frame->activation, &incoming) == HANDLED_NOW;
        }
        if (taken) {
            instance_drop_mail(d->after, number);
        } else {
            i++;
        }
    }
}

/* What its handlers listen for by another identity. One that cannot be evaluated hears nothing: the
 * steps that it stands beside go on, and people hear. */
static void keep_keys(struct decision *d, uint32_t activation, const struct handler *handlers,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct frame *watch = instance_frame(d->after, activation);
        struct listening at = listening_of(d, watch, &handlers[i], i);
        struct json *keys = NULL;
        struct json *error = identity_keys(d, &at, &keys);

        if (error != NULL) {
            alert_add(d, ALERT_DATA, at.step, error, problem_text(d, error));
            json_free(error);
        } else if (keys != NULL) {
            keep(watch, "keys", i, keys);
        }
    }
}

void handle_open(struct decision *d, uint32_t owner)
{
    uint32_t count;
    const struct handler *handlers = handlers_of(d, owner, &count);
    uint32_t step;

    if (count == 0) {
        return;
    }
    step = owner == 0 ? handlers[0].first_step : instance_find_frame(d->after, owner)->step;
    keep_keys(d, block_add(d, owner, step, BLOCK_WATCH, 0)->activation, handlers, count);
    take_mail(d);
}

void handle_done(struct decision *d, uint32_t activation)
{
    struct json *held = json_copy(block_get(instance_find_frame(d->after, activation), "held"));

    block_close(d, activation);
    for (size_t i = 0; i < json_count(held); i++) {
        int64_t scope = 0;
        int64_t step = STEP_NONE;

        (void)json_int64(json_at(json_at(held, i), 0), &scope);
        (void)json_int64(json_at(json_at(held, i), 1), &step);
        advance(d, (uint32_t)scope, (uint32_t)step);
    }
    json_free(held);
    take_mail(d);
}

bool handle_wants(const struct decision *d, const struct frame *watch,
                  const struct incoming *incoming)
{
    uint32_t count;
    const struct handler *handlers = handlers_of(d, watch->parent, &count);

    for (uint32_t i = 0; i < count; i++) {
        if (fired(watch, i) < handlers[i].times &&
            reach_is_about(d->flow, &handlers[i].listen, incoming)) {
            return true;
        }
    }
    return false;
}

const struct json *handle_message(const struct decision *d, uint32_t scope)
{
    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        if (frame->role == BLOCK_HANDLER) {
            return block_get(frame, "message");
        }
        scope = frame->parent;
    }
    return NULL;
}
