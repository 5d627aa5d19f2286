/* What a message_spec becomes: rendered text and JSON, an effect, an entry of the stack. */
#include "base/limits.h"
#include "core/undo_block.h"

#define ID_BYTES 64 /* What a command id has beside the name of its instance; generous. */
#define SENT_FREELY 64

static enum format format_of(const struct decision *d, const struct message_spec *spec)
{
    return spec->is_request ? d->flow->services[spec->service].format
                            : d->flow->topics[spec->topic].format;
}

static enum status render_key(struct decision *d, const struct message_spec *spec,
                              const struct sight *sight, struct text *key, struct error *err)
{
    enum status status;

    if (spec->key == NULL) {
        *key = arena_text(d->effects->arena, instance_key(d->after));
        return STATUS_OK;
    }
    status = scope_render_text(d, spec->key, sight, key, err);
    if (status != STATUS_OK) {
        return fail_in(err, status, "key");
    }
    if (key->bytes == 0 || key->bytes > KEY_BYTES_MAX) {
        return fail(err, STATUS_REJECT, "key: %zu bytes, it must have 1 to %d", key->bytes,
                    KEY_BYTES_MAX);
    }
    return STATUS_OK;
}

static enum status render_headers(struct decision *d, const struct template *template,
                                  const struct sight *sight, struct json **headers,
                                  struct error *err)
{
    struct json_cursor cursor = {0};
    struct buffer scalar = {0};
    struct json *value = NULL;
    const struct json *item;
    struct text name;
    enum status status = scope_render(d, template, sight, &value, err);

    if (status != STATUS_OK) {
        return fail_in(err, status, "headers");
    }
    *headers = json_object();
    while (json_next(value, &cursor, &name, &item)) {
        buffer_clear(&scalar);
        /* A header that is null is left out. */
        if (json_kind(item) == JSON_NULL) {
            continue;
        }
        if (!json_scalar_text(item, &scalar)) {
            status = fail(err, STATUS_REJECT, "header '%.*s' is not a scalar", TEXT_ARG(name));
            break;
        }
        json_put(*headers, name, json_text(buffer_text(&scalar)));
    }
    buffer_release(&scalar);
    json_free(value);
    return status;
}

static enum status render_value(struct decision *d, const struct message_spec *spec,
                                const struct sight *sight, struct json **value, struct error *err)
{
    enum status status = STATUS_OK;

    if (spec->value == NULL) {
        *value = json_copy(sight->input == NULL ? scope_data(d, sight->scope) : sight->input);
    } else {
        status = scope_render(d, spec->value, sight, value, err);
    }
    return status == STATUS_OK ? status : fail_in(err, status, "value");
}

/* Why message `number` is known not to fit its topic's format; data NULL: it is not known. */
static struct text unfit_reason(const struct decision *d, uint32_t number)
{
    const struct event *event = d->event;

    for (uint32_t i = 0; i < event->unfit_count; i++) {
        struct text rest = text_sub(event->unfit[i], sizeof UNFIT_PREFIX - 1, SIZE_MAX);
        size_t colon = text_find(rest, ':');
        bool is_last = i == UNFIT_MAX - 1;
        int64_t nth;

        if (text_to_int64(text_sub(rest, 0, colon), &nth) &&
            (nth == number || (is_last && nth < number))) {
            return text_sub(rest, colon + 2, SIZE_MAX);
        }
    }
    return (struct text){0};
}

struct json *send_check(struct decision *d, const struct message_spec *spec,
                        const struct sight *sight, struct rendered *rendered)
{
    enum format format = format_of(d, spec);
    struct effect_check *check;
    struct json *error;
    struct text why;

    if (format == FORMAT_JSON || rendered->value == NULL) {
        return NULL;
    }
    why = unfit_reason(d, d->effects->check_count);
    check = effect_add_check(d->effects);
    rendered->check = d->effects->check_count;
    if (why.data == NULL) {
        check->topic = rendered->topic;
        check->format = format;
        check->value = json_copy(rendered->value);
        return NULL;
    }
    send_release(rendered);
    error = problem_of_step(d, sight->step, sight->attempt, "validation",
                            "the message does not fit the format of its topic");
    json_put_text(error, "detail", why);
    return error;
}

/* One event is one transaction and one record of history, however many messages it leads to. */
static bool has_room(struct decision *d, const struct rendered *rendered)
{
    size_t listed = rendered->topic.bytes + rendered->key.bytes + rendered->type.bytes +
                    d->after->name.bytes + ID_BYTES;

    d->listed_bytes += listed;
    if (++d->sent_count > SENT_FREELY) { /* Most events send few, and then nothing is measured. */
        d->sent_bytes += json_size(rendered->value, PAYLOAD_BYTES_MAX);
    }
    return d->listed_bytes <= LISTED_BYTES_MAX && d->sent_bytes <= SENT_BYTES_MAX;
}

struct json *send_render(struct decision *d, const struct message_spec *spec,
                         const struct sight *sight, struct rendered *out)
{
    struct error err = {0};
    enum status status = STATUS_OK;

    *out = (struct rendered){
        .topic = spec->is_request ? d->flow->services[spec->service].commands
                                  : d->flow->topics[spec->topic].name,
    };
    if (spec->type != NULL) {
        status = scope_render_text(d, spec->type, sight, &out->type, &err);
    }
    if (status == STATUS_OK) {
        status = render_key(d, spec, sight, &out->key, &err);
    }
    if (status == STATUS_OK && spec->headers != NULL) {
        status = render_headers(d, spec->headers, sight, &out->headers, &err);
    }
    if (status == STATUS_OK) {
        status = render_value(d, spec, sight, &out->value, &err);
    }
    if (status != STATUS_OK) {
        send_release(out);
        return problem_expression(d, sight->step, sight->attempt, &err);
    }
    if (json_exceeds(out->value, PAYLOAD_BYTES_MAX)) {
        send_release(out);
        return problem_of_step(d, sight->step, sight->attempt, "runtime",
                               "the message would be too large");
    }
    if (!has_room(d, out)) {
        send_release(out);
        return problem_of_step(d, sight->step, sight->attempt, "runtime",
                               "too many messages without a wait");
    }
    return send_check(d, spec, sight, out);
}

void send_release(struct rendered *rendered)
{
    json_free(rendered->value);
    json_free(rendered->headers);
    *rendered = (struct rendered){0};
}

struct effect *send_effect(struct decision *d, const struct message_spec *spec, uint32_t step,
                           uint32_t activation, struct rendered *rendered)
{
    struct effect *effect = effect_add(d->effects);

    effect->kind = spec->is_request ? EFFECT_COMMAND : EFFECT_EMIT;
    effect->activation = activation;
    effect->step = d->flow->steps[step].name;
    effect->step_index = step;
    effect->attempt = 1;
    effect->topic = rendered->topic;
    effect->key = rendered->key;
    effect->type = rendered->type;
    effect->value = rendered->value;
    effect->check = rendered->check;
    effect->format = format_of(d, spec);
    effect->headers = rendered->headers;
    if (spec->is_request) {
        effect->service = spec->service;
    }
    *rendered = (struct rendered){0};
    return effect;
}

struct json *send_to_json(const struct decision *d, const struct message_spec *spec,
                          const struct rendered *rendered)
{
    struct json *json = json_object();

    json_put_text(json, "topic", rendered->topic);
    json_put_text(json, "key", rendered->key);
    if (rendered->type.bytes > 0) {
        json_put_text(json, "type", rendered->type);
    }
    if (spec->is_request) {
        json_put_text(json, "service", d->flow->services[spec->service].name);
    }
    if (rendered->headers != NULL) {
        json_put(json, TEXT("headers"), json_copy(rendered->headers));
    }
    json_put(json, TEXT("value"), json_copy(rendered->value));
    return json;
}

void send_from_json(struct decision *d, const struct json *json, struct rendered *out)
{
    struct arena *arena = d->effects->arena;

    *out = (struct rendered){
        .topic = arena_text(arena, json_member_text(json, "topic")),
        .type = arena_text(arena, json_member_text(json, "type")),
        .key = arena_text(arena, json_member_text(json, "key")),
        .value = json_copy(json_member(json, "value")),
        .headers = json_copy(json_member(json, "headers")),
    };
}

static uint64_t variables_of(const struct template *template)
{
    return template == NULL ? 0 : template_variables(template);
}

uint64_t send_variables(const struct message_spec *spec)
{
    return variables_of(spec->type) | variables_of(spec->key) | variables_of(spec->value) |
           variables_of(spec->headers);
}

struct json *send_emit(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct frame passing = {.parent = scope, .step = step, .attempt = 1};
    struct rendered rendered;
    struct json *error = send_render(d, &at->message, &sight, &rendered);
    struct effect *effect;

    if (error != NULL) {
        return error;
    }
    passing.activation = d->after->activation_next++;
    effect = send_effect(d, &at->message, step, passing.activation, &rendered);
    undo_block_mark(d, scope, undo_block_key(d, scope, step, passing.activation), effect);
    effect_decide(d->effects, "%.*s: emitted", TEXT_ARG(at->name));
    /* What is emitted has happened: its undo needs no reply to be armed. */
    undo_push(d, &passing);
    undo_arm(d, &passing, false);
    return NULL;
}
