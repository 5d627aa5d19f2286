/* What a simulated service says: its payload and its headers. */
#include "app/dev_moment.h"
#include "expr/example.h"

/* `value` (taken over) with `text` where `expr` looks for it. */
static struct json *put_text(struct json *value, const struct expr *expr, struct text text)
{
    struct json *made = NULL;

    if (expr != NULL && text.bytes > 0) {
        made = expr_put(expr, value, json_text(text));
    }
    if (made == NULL) {
        return value;
    }
    json_free(value);
    return made;
}

static bool heading_says(const struct dev_heading *heading)
{
    return heading->type.bytes > 0 || heading->headers != NULL;
}

/* The part of a reply's rule of correlation, filled with the instance's key unless the reply has it. */
static struct json *correlated(struct moment *moment, const struct correlation *rule,
                               struct text key, struct json *value)
{
    struct expr_env env = {.input = value};
    struct json *there = NULL;
    struct json *record = NULL;

    if (rule->kind == CORRELATION_PATH &&
        (expr_eval(rule->path, &env, &there, NULL) != STATUS_OK || json_kind(there) == JSON_NULL)) {
        value = put_text(value, rule->path, key);
    } else if (rule->kind == CORRELATION_RECORD) {
        buffer_clear(&moment->calls->key);
        record = rule->path == NULL ? NULL : expr_put(rule->path, NULL, json_text(key));
        if (record != NULL) {
            json_write(record, &moment->calls->key);
        } else {
            buffer_add_text(&moment->calls->key, key);
        }
        json_free(record);
    }
    json_free(there);
    return value;
}

/* The reply with the key that its service's replies are known by. */
static struct json *address(struct moment *moment, struct json *value)
{
    const struct service *service = moment->call->service;
    struct text key = json_member_text(moment->variables[VARIABLE_INSTANCE], "key");
    struct json *parts = NULL;

    if (service->by_header || value == NULL) {
        return value;
    }
    if (service->correlate.kind != CORRELATION_COMPOSITE) {
        return correlated(moment, &service->correlate, key, value);
    }
    if (json_parse(key, &parts, NULL) == STATUS_OK) {
        for (uint32_t i = 0; i < service->correlate.part_count; i++) {
            value = correlated(moment, &service->correlate.parts[i],
                               json_text_of(json_at(parts, i)), value);
        }
    }
    json_free(parts);
    return value;
}

static struct json *render(struct moment *moment, const struct template *template)
{
    struct expr_env env = moment_env(moment);
    struct json *value = NULL;
    struct error err;

    if (template_render(template, &env, &value, &err) != STATUS_OK) {
        moment_note(moment, err.text);
        return NULL;
    }
    return value;
}

/* ---- headers ---- */

static void put_header(struct sim_reply *reply, struct text name, struct text value)
{
    struct json *headers = reply->headers == NULL ? json_object() : json_open_copy(reply->headers);

    json_put(headers, name, json_text(value));
    json_free(reply->headers);
    reply->headers = headers;
}

/* What is no text is written as JSON. */
static void put_headers(struct sim_reply *reply, const struct json *given)
{
    struct json_cursor cursor = {.started = false};
    const struct json *value;
    struct text name;

    while (given != NULL && json_next(given, &cursor, &name, &value)) {
        struct buffer text = {0};

        if (!json_scalar_text(value, &text)) {
            json_write(value, &text);
        }
        put_header(reply, name, buffer_text(&text));
        buffer_release(&text);
    }
}

/* Where the service's rule looks for the type of a reply. */
static void put_type(struct moment *moment, struct sim_reply *reply, struct text type)
{
    const struct locator *locator = &moment->call->service->type;

    switch (locator->kind) {
    case LOCATOR_NONE:
        break;
    case LOCATOR_HEADER:
        put_header(reply, locator->header, type);
        break;
    case LOCATOR_PATH:
        reply->value = put_text(reply->value, locator->path, type);
        break;
    case LOCATOR_RECORD:
        buffer_clear(&moment->calls->key);
        buffer_add_text(&moment->calls->key, type);
        break;
    }
}

/* What is said of it wins over what was made up. */
static void head(struct moment *moment, const struct dev_heading *heading, struct sim_reply *reply)
{
    struct json *given = NULL;

    if (reply->value == NULL) {
        return;
    }
    reply->value = address(moment, reply->value);
    if (heading->type.bytes > 0) {
        put_type(moment, reply, heading->type);
    }
    if (heading->headers != NULL) {
        given = render(moment, heading->headers);
        put_headers(reply, given);
        json_free(given);
    }
}

/* ---- replies ---- */

/* The behaviour that says what a success is; NULL: none does. */
static const struct dev_behaviour *succeeds(const struct dev_call *call)
{
    if (call->of_type != NULL &&
        (call->of_type->success != NULL || heading_says(&call->of_type->heading))) {
        return call->of_type;
    }
    return call->is_undo ? NULL : call->of_service;
}

static struct sim_reply made_up(const struct sim_reply *reply)
{
    return (struct sim_reply){json_copy(reply->value), json_copy(reply->headers)};
}

struct sim_reply moment_success(struct moment *moment, const struct dev_heading *heading)
{
    const struct dev_behaviour *behaviour = succeeds(moment->call);
    struct sim_reply reply = made_up(&moment->call->success);

    if (behaviour != NULL && behaviour->success != NULL) {
        json_free(reply.value);
        reply.value = render(moment, behaviour->success);
    }
    if (behaviour != NULL) {
        heading = heading_says(heading) ? heading : &behaviour->heading;
    }
    head(moment, heading, &reply);
    return reply;
}

struct sim_reply moment_refusal(struct moment *moment, const struct dev_failure *failure,
                                const struct dev_heading *heading)
{
    const struct reply_rule *rule = &moment->call->spec->reply;
    struct sim_reply reply = made_up(&moment->call->failure);

    if (failure->reply != NULL) {
        json_free(reply.value);
        reply.value = render(moment, failure->reply);
    } else if (reply.value != NULL) {
        reply.value = put_text(reply.value, rule->error, failure->error);
        reply.value = put_text(reply.value, rule->reason, failure->reason);
    }
    head(moment, heading, &reply);
    return reply;
}

/* Exactly this. */
struct sim_reply moment_exactly(struct moment *moment, const struct template *template,
                                const struct dev_heading *heading)
{
    struct sim_reply reply = {.value = render(moment, template)};

    head(moment, heading, &reply);
    return reply;
}
