/* Listens for another identity than the instance's key: what they wait for is evaluated when they
 * open, and an alias of that value (core/alias.c) is told who listens, in the same transition. */
#include "base/limits.h"
#include "core/told.h"
#include "core/waiting.h"

/* ---- what is waited for ---- */

/* A scalar as it is compared; of a composite key the list of its parts, as correlate_key() has it. */
static enum status add_value(const struct json *value, struct buffer *out, struct error *err)
{
    struct buffer part = {0};
    struct json *parts;
    bool good = true;

    if (json_kind(value) != JSON_ARRAY) {
        return json_scalar_text(value, out)
                   ? STATUS_OK
                   : fail(err, STATUS_REJECT, "it is %s, not a scalar",
                          json_kind(value) == JSON_NULL ? "null" : "an object");
    }
    parts = json_array();
    for (size_t i = 0; i < json_count(value) && good; i++) {
        buffer_clear(&part);
        good = json_scalar_text(json_at(value, i), &part) && part.bytes > 0;
        json_push(parts, json_text(buffer_text(&part)));
    }
    good = good && json_count(parts) > 0;
    if (good) {
        json_write(parts, out);
    }
    buffer_release(&part);
    json_free(parts);
    return good ? STATUS_OK : fail(err, STATUS_REJECT, "a part of it is not a scalar, or empty");
}

/* "<route>:<value>" */
static enum status add_key(struct decision *d, const struct listening *at,
                           const struct awaited *awaited, struct buffer *key, struct error *err)
{
    struct sight sight = {.scope = at->scope, .step = at->step, .attempt = 1};
    struct json *value = NULL;
    enum status status = scope_eval(d, awaited->identity, &sight, &value, err);
    size_t start;

    if (status != STATUS_OK) {
        return status;
    }
    buffer_add_text(key, awaited->route);
    buffer_add_char(key, ':');
    start = key->bytes;
    status = add_value(value, key, err);
    json_free(value);
    if (status == STATUS_OK && (key->bytes == start || key->bytes - start > KEY_BYTES_MAX)) {
        status = fail(err, STATUS_REJECT, "it has %zu bytes, it must have 1 to %d",
                      key->bytes - start, KEY_BYTES_MAX);
    }
    return status;
}

struct json *identity_keys(struct decision *d, const struct listening *at, struct json **keys)
{
    struct buffer key = {0};
    struct json *problem = NULL;
    char digits[INTEGER_TEXT_BYTES];

    *keys = NULL;
    for (uint32_t i = 0; i < at->listen->item_count && problem == NULL; i++) {
        const struct awaited *awaited = &at->listen->items[i];
        struct error err = {0};

        if (awaited->identity == NULL) {
            continue;
        }
        buffer_clear(&key);
        if (add_key(d, at, awaited, &key, &err) != STATUS_OK) {
            (void)!fail_in(&err, STATUS_REJECT, "what its key is to be");
            problem = problem_expression(d, at->step, 1, &err);
        } else {
            *keys = *keys == NULL ? json_object() : *keys;
            json_put(*keys, text_unsigned(i, digits), json_text(buffer_text(&key)));
        }
    }
    if (problem != NULL) {
        json_free(*keys);
        *keys = NULL;
    }
    buffer_release(&key);
    return problem;
}

bool identity_matches(const struct listening *at, uint32_t item, const struct incoming *incoming)
{
    char digits[INTEGER_TEXT_BYTES];

    return incoming->alias.bytes > 0 &&
           text_equal(json_text_of(json_get(at->keys, text_unsigned(item, digits))),
                      incoming->alias);
}

bool identity_is_about(const struct awaited *awaited, const struct incoming *incoming)
{
    struct text alias = incoming->alias;

    if (awaited->identity == NULL || alias.bytes == 0) {
        return awaited->identity == NULL && alias.bytes == 0;
    }
    return text_starts(alias, awaited->route) && text_find(alias, ':') == awaited->route.bytes;
}

/* ---- who is told ---- */

static void tell_one(struct decision *d, uint32_t activation, struct text key, const char *word)
{
    struct json *about = json_object();
    char run[RUN_ID_BYTES];

    run_id_format(d->after->run, run);
    json_put_string(about, "run", run);
    json_put_integer(about, "activation", activation);
    json_put_text(about, "key", instance_key(d->after));
    tell(d, TEXT(ALIAS_FLOW),
         arena_printf(d->effects->arena, "%.*s/%.*s", TEXT_ARG(d->flow->name), TEXT_ARG(key)), word,
         about);
}

/* Of a listen: by item; of handlers: by handler, then by item. */
static void tell_keys(struct decision *d, uint32_t activation, const struct json *keys,
                      const char *word)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text number;

    while (json_next(keys, &cursor, &number, &value)) {
        if (json_kind(value) == JSON_TEXT) {
            tell_one(d, activation, json_text_of(value), word);
        } else {
            tell_keys(d, activation, value, word);
        }
    }
}

/* The frames of `one` that listen so and are not in `other`: what a frame waits for never changes. */
static void tell_those(struct decision *d, const struct instance *one, const struct instance *other,
                       const char *word)
{
    for (uint32_t i = 0; i < one->frame_count; i++) {
        const struct frame *frame = &one->frames[i];
        const struct json *keys = block_get(frame, "keys");

        if (keys != NULL && instance_find_frame(other, frame->activation) == NULL) {
            tell_keys(d, frame->activation, keys, word);
        }
    }
}

void identity_tell(struct decision *d, const struct instance *before)
{
    if (d->flow->has_identities) {
        /* In this order: a value that is listened for again keeps its alias. */
        tell_those(d, d->after, before, "listen");
        tell_those(d, before, d->after, "unlisten");
    }
}

/* ---- what they say ---- */

static bool is_for_this_run(const struct decision *d)
{
    struct run_id run;

    return d->after->status != RUN_NONE && !instance_has_ended(d->after) &&
           run_id_parse(json_member_text(d->event->payload, "run"), &run) &&
           run_id_equal(run, d->after->run);
}

enum transition_result identity_message(struct decision *d)
{
    struct mail mail = {.message = json_copy(json_member(d->event->payload, "message"))};
    struct incoming incoming;
    enum transition_result result = TRANSITION_IGNORED;

    if (json_kind(mail.message) != JSON_OBJECT) {
        json_free(mail.message);
        return TRANSITION_VOID; /* Nobody of ours wrote that. */
    }
    incoming = listen_mail(&mail);
    if (!is_for_this_run(d)) {
        alert_message(d, ALERT_UNMATCHED, &incoming, "the run that listened for it has ended");
        result = d->after->status == RUN_NONE || instance_has_ended(d->after) ? TRANSITION_VOID
                                                                              : TRANSITION_IGNORED;
    } else if (is_repeated(d, &incoming)) {
        effect_decide(d->effects, "%.*s: repeated (id %.*s), ignored", TEXT_ARG(incoming.topic),
                      TEXT_ARG(incoming.id));
    } else {
        result = message_deliver(d, &incoming);
    }
    json_free(mail.message);
    return result;
}

enum transition_result identity_deaf(struct decision *d)
{
    uint32_t activation = (uint32_t)json_member_int(d->event->payload, "activation", 0);
    const struct frame *frame = is_for_this_run(d) ? instance_find_frame(d->after, activation)
                                                   : NULL;
    const struct step *step;

    if (frame == NULL || frame->kind != FRAME_STEP) {
        alert_add(d, ALERT_DATA, NULL, NULL,
                  "too many listen for one value: a handler hears nothing");
        return TRANSITION_IGNORED;
    }
    step = &d->flow->steps[frame->step];
    fail_step(d, frame->parent, frame->step, activation,
              problem_of_step(d, step, 0, "runtime", "too many listen for this value"));
    return TRANSITION_APPLIED;
}
