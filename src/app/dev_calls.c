#include "app/dev_calls.h"

#include <stdlib.h>

#include "app/dev_example.h"
#include "expr/example.h"

/* ---- made-up answers ---- */

/* What an expression takes a member for that is not there. */
struct stand_in {
    struct text name;
    struct json *value;
};

static void find_stand_in(void *self, struct text name, const struct json *constant)
{
    struct stand_in *wanted = self;

    if (wanted->value == NULL && text_equal(name, wanted->name)) {
        wanted->value = json_copy(constant);
    }
}

static struct json *add_read(struct json *value, struct text path, const struct expr *expr)
{
    struct stand_in wanted = {.name = example_last_name(path)};

    expr_defaulted(expr, &(struct expr_visitor){.self = &wanted, .visit = find_stand_in});
    value = example_put(value, path, wanted.value, 1);
    json_free(wanted.value);
    return value;
}

/* What the flow reads of the reply: of the step's result, or in its `keep`. */
static struct json *add_reads(struct json *value, const struct step *step, const struct expr *expr,
                              bool of_reply)
{
    const struct expr_path *paths;
    uint32_t count = expr_paths(expr, &paths);

    for (uint32_t i = 0; i < count; i++) {
        struct text path = paths[i].path;
        size_t bytes = step->as.bytes;

        if (of_reply) {
            value = add_read(value, path, expr);
        } else if (bytes > 0 && path.bytes > bytes + 1 && path.data[bytes + 1] == '.' &&
                   text_equal(text_sub(path, 1, bytes), step->as)) {
            value = add_read(value, text_sub(path, bytes + 1, path.bytes), expr);
        }
    }
    return value;
}

static struct json *reads_of_result(const struct dev_call *call)
{
    const struct step *step = &call->flow->steps[call->step];
    struct json *value = json_object();

    for (uint32_t i = 0; step->keep != NULL && i < template_expr_count(step->keep); i++) {
        value = add_reads(value, step, template_expr_at(step->keep, i), true);
    }
    for (uint32_t i = 0; i < call->flow->expr_count && step->keep == NULL; i++) {
        value = add_reads(value, step, call->flow->exprs[i], false);
    }
    for (uint32_t i = 0; i < call->flow->template_count && step->keep == NULL; i++) {
        const struct template *template = call->flow->templates[i];

        for (uint32_t k = 0; k < template_expr_count(template); k++) {
            value = add_reads(value, step, template_expr_at(template, k), false);
        }
    }
    return value;
}

static struct sim_reply make_success(const struct dev_call *call)
{
    const struct reply_rule *rule = &call->spec->reply;
    struct json *seed = call->is_undo ? json_object() : reads_of_result(call);
    struct sim_reply reply = {.value = NULL};

    reply.value = rule->success != NULL ? example_for(rule->success, seed, true, &reply.headers)
                                        : example_for(rule->failure, seed, false, &reply.headers);
    json_free(seed);
    return reply;
}

static struct sim_reply make_failure(const struct dev_call *call)
{
    const struct reply_rule *rule = &call->spec->reply;
    struct sim_reply reply = {.value = NULL};
    struct json *value;

    reply.value = rule->failure != NULL ? example_for(rule->failure, NULL, true, &reply.headers)
                                        : example_for(rule->success, NULL, false, &reply.headers);
    /* Success is asked first, so a refusal must not look like one. */
    if (reply.value != NULL && rule->failure != NULL && rule->success != NULL) {
        value = example_for(rule->success, reply.value, false, &reply.headers);
        json_free(reply.value);
        reply.value = value;
    }
    return reply;
}

/* ---- the list ---- */

static void show_missing(const struct dev_call *call, struct buffer *missing)
{
    const struct reply_rule *rule = &call->spec->reply;
    const struct expr *expr = rule->success != NULL ? rule->success : rule->failure;
    struct text type = call->type;

    buffer_addf(
        missing,
        "flow '%.*s', step '%.*s': what service '%.*s' answers%s cannot be made up from its "
        "rule (%s: %.*s). Say it in a file, and give that with --services:\n\n"
        "services:\n  %.*s:\n",
        TEXT_ARG(call->flow->name), TEXT_ARG(call->flow->steps[call->step].name),
        TEXT_ARG(call->service->name), call->is_undo ? " to the undo" : "",
        rule->success != NULL ? "success" : "failure", TEXT_ARG(expr_source(expr)),
        TEXT_ARG(call->service->name));
    if (type.bytes > 0) {
        buffer_addf(missing, "    types:\n      %.*s:\n        success: {field: value}\n\n",
                    TEXT_ARG(type));
    } else {
        buffer_addf(missing, "    success: {field: value}\n\n");
    }
}

static bool has_success(const struct dev_call *call)
{
    return (call->of_type != NULL && call->of_type->success != NULL) ||
           (!call->is_undo && call->of_service != NULL && call->of_service->success != NULL);
}

static void check_failure(const struct dev_call *call, const struct dev_behaviour *behaviour,
                          struct diagnostics *diagnostics)
{
    const struct dev_failure *failure = behaviour == NULL ? NULL : &behaviour->failure;

    if (failure == NULL || !failure->chance.given || failure->reply != NULL ||
        call->failure.value != NULL || diagnostics_any_at(diagnostics, failure->place)) {
        return;
    }
    diagnostics_error(diagnostics, "D401", failure->place,
                      "no refusal of '%.*s' can be made up from the rules of flow '%.*s': say with "
                      "'reply: {...}' what it answers",
                      TEXT_ARG(call->service->name), TEXT_ARG(call->flow->name));
}

static struct dev_call *add_call(struct dev_calls *calls, const struct flow *flow, uint32_t step,
                                 const struct message_spec *spec)
{
    const struct service *service = &flow->services[spec->service];
    struct dev_service *entry = dev_services_find(calls->services, service->name);
    struct dev_call *call;
    struct dev_type *type;

    if (calls->count == calls->capacity) {
        calls->capacity = calls->capacity == 0 ? 16 : calls->capacity * 2;
        calls->items = realloc(calls->items, calls->capacity * sizeof(*calls->items));
        CHECK(calls->items != NULL);
    }
    call = &calls->items[calls->count++];
    *call = (struct dev_call){.flow = flow,
                              .step = step,
                              .is_undo = spec != &flow->steps[step].message,
                              .type = template_constant_text(spec->type, &calls->arena),
                              .spec = spec,
                              .service = service,
                              .of_service = entry == NULL ? NULL : &entry->behaviour};
    type = dev_services_type(entry, call->type);
    call->of_type = type == NULL ? NULL : &type->behaviour;
    return call;
}

static bool add_request(struct dev_calls *calls, const struct flow *flow, uint32_t step,
                        const struct message_spec *spec, struct diagnostics *diagnostics,
                        struct buffer *missing)
{
    struct dev_call *call = add_call(calls, flow, step, spec);
    bool found;

    call->success = make_success(call);
    found = has_success(call) || call->success.value != NULL;
    call->failure = make_failure(call);
    check_failure(call, call->of_type, diagnostics);
    if (!call->is_undo) {
        check_failure(call, call->of_service, diagnostics);
    }
    if (!found) {
        show_missing(call, missing);
    }
    return found;
}

enum status dev_calls_add(struct dev_calls *calls, const struct flow *flow,
                          struct diagnostics *diagnostics, struct buffer *missing)
{
    bool found = true;

    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];
        const struct message_spec *undo = step_undo_message(step);

        if (step->kind == STEP_REQUEST) {
            found = add_request(calls, flow, i, &step->message, diagnostics, missing) && found;
        }
        if (undo != NULL && undo->is_request) {
            found = add_request(calls, flow, i, undo, diagnostics, missing) && found;
        }
    }
    return found && diagnostics->error_count == 0 ? STATUS_OK : STATUS_REJECT;
}

/* ---- which request it is ---- */

/* "<instance>/<run>/<step><suffix>/<activation>": the suffix tells undos and cancels. */
static struct text step_of(struct text key, bool *is_undo, bool *is_cancel)
{
    static const struct text undo = TEXT_INIT(":undo");
    static const struct text cancel = TEXT_INIT(":cancel");
    size_t end = text_find_last(key, '/');
    struct text step = text_sub(key, 0, end == SIZE_MAX ? 0 : end);
    size_t start = text_find_last(step, '/');

    step = start == SIZE_MAX ? TEXT("") : text_sub(step, start + 1, step.bytes);
    *is_undo = text_ends(step, undo);
    *is_cancel = text_ends(step, cancel);
    step.bytes -= *is_undo ? undo.bytes : *is_cancel ? cancel.bytes : 0;
    return step;
}

struct dev_call *dev_calls_find(const struct dev_calls *calls, const struct sim_command *command,
                                bool *is_cancel)
{
    struct text instance = command->instance;
    bool is_undo = false;
    struct text step = step_of(command->idempotency_key, &is_undo, is_cancel);
    size_t colon = text_find(instance, ':');

    for (uint32_t i = 0; i < calls->count && colon != SIZE_MAX; i++) {
        struct dev_call *call = &calls->items[i];

        if (call->is_undo == is_undo && text_equal(call->flow->steps[call->step].name, step) &&
            text_equal(call->flow->name, text_sub(instance, 0, colon))) {
            return call;
        }
    }
    return NULL;
}

/* ---- entries that are of no use ---- */

static bool is_type_used(const struct dev_calls *calls, const struct dev_service *service,
                         struct text type)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        const struct dev_call *call = &calls->items[i];
        bool varies = call->spec->type != NULL && !template_is_constant(call->spec->type);

        if (text_equal(call->service->name, service->name) &&
            (varies || text_equal(call->type, type))) {
            return true;
        }
    }
    return false;
}

static const struct service *find_service(const struct dev_calls *calls, struct text name,
                                          struct text *nearest)
{
    uint32_t distance = 3;

    for (uint32_t i = 0; i < calls->count; i++) {
        struct text known = calls->items[i].service->name;
        uint32_t edits = text_distance(name, known, distance);

        if (edits == 0) {
            return calls->items[i].service;
        }
        if (edits < distance) {
            distance = edits;
            *nearest = known;
        }
    }
    return NULL;
}

static void check_service(const struct dev_calls *calls, const struct dev_service *service,
                          struct diagnostics *diagnostics)
{
    struct text nearest = TEXT("");

    if (find_service(calls, service->name, &nearest) == NULL) {
        diagnostics_error(diagnostics, "D202", service->place,
                          "no flow sends a request to a service '%.*s'%s%.*s%s",
                          TEXT_ARG(service->name), nearest.bytes > 0 ? " (did you mean '" : "",
                          TEXT_ARG(nearest), nearest.bytes > 0 ? "'?)" : "");
        return;
    }
    for (uint32_t i = 0; i < service->type_count; i++) {
        const struct dev_type *type = &service->types[i];

        if (!is_type_used(calls, service, type->name)) {
            diagnostics_error(diagnostics, "D203", type->place,
                              "no flow sends '%.*s' to service '%.*s'", TEXT_ARG(type->name),
                              TEXT_ARG(service->name));
        }
    }
}

void dev_calls_check(const struct dev_calls *calls, struct diagnostics *diagnostics)
{
    for (uint32_t i = 0; i < calls->services->count; i++) {
        check_service(calls, &calls->services->items[i], diagnostics);
    }
}

void dev_calls_release(struct dev_calls *calls)
{
    for (uint32_t i = 0; i < calls->count; i++) {
        const struct dev_call *call = &calls->items[i];

        json_free(call->success.value);
        json_free(call->success.headers);
        json_free(call->failure.value);
        json_free(call->failure.headers);
    }
    free(calls->items);
    arena_release(&calls->arena);
    buffer_release(&calls->key);
    *calls = (struct dev_calls){.count = 0};
}
