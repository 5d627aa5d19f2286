/* What the flow's expressions see. Only the variables that an expression reads are built. */
#include <string.h>

#include "base/duration.h"
#include "core/undo_block.h"
#include "core/waiting.h"

struct seen {
    const struct json *variables[EXPR_VARIABLES_MAX];
    uint32_t count;
    struct json *step;
    struct json *message;
    struct json *loops;
};

static bool reads(uint64_t mask, enum variable variable)
{
    return (mask >> variable & 1u) != 0;
}

static const struct json *flow_variable(struct decision *d)
{
    if (d->flow_json == NULL) {
        d->flow_json = json_object();
        json_put_text(d->flow_json, "name", d->flow->name);
        json_put_integer(d->flow_json, "version", d->flow->version);
        json_put_string(d->flow_json, "hash", d->flow->hash);
    }
    return d->flow_json;
}

static const struct json *instance_variable(struct decision *d)
{
    char run[RUN_ID_BYTES];
    char started[TIME_TEXT_BYTES];

    if (d->instance_json == NULL) {
        run_id_format(d->after->run, run);
        time_format(d->after->started_ms, started);
        d->instance_json = json_object();
        json_put_text(d->instance_json, "id", d->after->name);
        json_put_text(d->instance_json, "key", instance_key(d->after));
        json_put_string(d->instance_json, "run", run);
        json_put_string(d->instance_json, "startedAt", started);
    }
    return d->instance_json;
}

static const struct json *now_variable(struct decision *d)
{
    char now[TIME_TEXT_BYTES];

    if (d->now_json == NULL) {
        time_format(d->event->time_ms, now);
        d->now_json = json_string(now);
    }
    return d->now_json;
}

static struct json *step_variable(const struct sight *sight)
{
    struct json *step = json_object();

    json_put_text(step, "name", sight->step->name);
    json_put_integer(step, "attempt", sight->attempt == 0 ? 1 : sight->attempt);
    return step;
}

static struct json *message_variable(const struct incoming *incoming)
{
    const struct json *known = incoming_message(incoming);
    struct json *message = known == NULL ? json_object() : json_open_copy(known);

    json_put(message, TEXT("value"), json_copy(incoming->payload));
    return message;
}

struct frame *scope_holder(const struct decision *d, uint32_t scope)
{
    while (scope != 0) {
        struct frame *frame = instance_frame(d->after, scope);

        CHECK(frame != NULL);
        if (frame->role == BLOCK_BRANCH || frame->role == BLOCK_ITERATION ||
            frame->role == BLOCK_UNDO) {
            return frame;
        }
        scope = frame->parent;
    }
    return NULL;
}

void scope_forget(struct decision *d)
{
    json_free(d->view);
    d->view = NULL;
}

/* Recursion is bounded by BLOCK_DEPTH_MAX. The caller's. */
static struct json *view_of(const struct decision *d, uint32_t scope)
{
    const struct frame *holder = scope_holder(d, scope);
    struct json_cursor cursor = {0};
    const struct json *value;
    struct json *around;
    struct json *view;
    struct text name;

    if (holder == NULL) {
        return json_copy(d->after->data);
    }
    around = holder->role == BLOCK_UNDO ? json_copy(undo_block_data(d, holder))
                                        : view_of(d, holder->parent);
    if (around == NULL) {
        around = json_object();
    }
    view = json_open_copy(around);
    json_free(around);
    while (json_next(block_get(holder, "added"), &cursor, &name, &value)) {
        json_put(view, name, json_copy(value));
    }
    return view;
}

const struct json *scope_data(struct decision *d, uint32_t scope)
{
    const struct frame *holder = scope == 0 ? NULL : scope_holder(d, scope);

    if (holder == NULL) {
        return d->after->data;
    }
    if (d->view == NULL || d->view_scope != holder->activation) {
        scope_forget(d);
        d->view = view_of(d, holder->activation);
        d->view_scope = holder->activation;
    }
    return d->view;
}

const struct json *scope_error(const struct decision *d, uint32_t scope)
{
    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        CHECK(frame != NULL);
        if (frame->kind == FRAME_UNDO) {
            return unwind_error(d, instance_find_undo(d->after, frame->undo_of));
        }
        if (frame->role == BLOCK_CATCH) {
            return block_get(frame, "error");
        }
        scope = frame->parent;
    }
    return d->after->error;
}

/* Loop variables come after the fixed ones. */
static void see_loops(const struct decision *d, const struct sight *sight, struct seen *seen)
{
    struct json_cursor cursor = {0};
    const struct json *loops = sight->loops;
    const struct json *value;
    struct text name;

    if (loops == NULL) {
        seen->loops = scope_loops(d, sight->scope);
        loops = seen->loops;
    }
    for (uint32_t i = VARIABLE_FIXED_COUNT; i < EXPR_VARIABLES_MAX; i++) {
        seen->variables[i] = NULL;
    }
    seen->count = EXPR_VARIABLES_MAX;
    while (json_next(loops, &cursor, &name, &value)) {
        int64_t slot;

        if (text_to_int64(name, &slot) && slot >= VARIABLE_FIXED_COUNT &&
            slot < EXPR_VARIABLES_MAX) {
            seen->variables[slot] = value;
        }
    }
}

static void see(struct decision *d, uint64_t mask, const struct sight *sight, struct seen *seen)
{
    seen->count = VARIABLE_FIXED_COUNT;
    seen->step = NULL;
    seen->message = NULL;
    seen->loops = NULL;
    if (mask == 0) {
        return;
    }
    for (uint32_t i = 0; i < VARIABLE_FIXED_COUNT; i++) {
        seen->variables[i] = NULL;
    }
    if (reads(mask, VARIABLE_FLOW)) {
        seen->variables[VARIABLE_FLOW] = flow_variable(d);
    }
    if (reads(mask, VARIABLE_INSTANCE)) {
        seen->variables[VARIABLE_INSTANCE] = instance_variable(d);
    }
    if (reads(mask, VARIABLE_NOW)) {
        seen->variables[VARIABLE_NOW] = now_variable(d);
    }
    if (reads(mask, VARIABLE_DATA)) {
        seen->variables[VARIABLE_DATA] = sight->data == NULL ? scope_data(d, sight->scope)
                                                             : sight->data;
    }
    if (reads(mask, VARIABLE_ERROR)) {
        seen->variables[VARIABLE_ERROR] = sight->caught == NULL ? scope_error(d, sight->scope)
                                                                : sight->caught;
    }
    if (reads(mask, VARIABLE_STEP) && sight->step != NULL) {
        seen->step = step_variable(sight);
        seen->variables[VARIABLE_STEP] = seen->step;
    }
    seen->variables[VARIABLE_PROGRESS] = sight->progress;
    if (reads(mask, VARIABLE_COUNT)) {
        seen->variables[VARIABLE_COUNT] = remind_count(d, sight->scope);
    }
    if (reads(mask, VARIABLE_MESSAGE)) {
        seen->message = sight->incoming == NULL ? json_copy(handle_message(d, sight->scope))
                                                : message_variable(sight->incoming);
        seen->variables[VARIABLE_MESSAGE] = seen->message;
    }
    if (mask >> VARIABLE_FIXED_COUNT != 0) {
        see_loops(d, sight, seen);
    }
}

static void unsee(struct seen *seen)
{
    json_free(seen->step);
    json_free(seen->message);
    json_free(seen->loops);
}

/* "/" and the digits of a number that is not negative. Every event with an expression needs a seed,
 * and printing one is slow. */
static char *add_number(char *at, int64_t number)
{
    char digits[24];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *at++ = '/';
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

/* `uuid` and `random` must give the same in a replay, and something else in another transition. */
static struct text seed_of(struct decision *d)
{
    const struct instance *after = d->after;
    char *seed;
    char *at;

    if (d->seed.bytes == 0) {
        seed = arena_alloc(d->effects->arena, after->name.bytes + 80);
        memcpy(seed, after->name.data, after->name.bytes);
        at = add_number(seed + after->name.bytes, after->run.generation);
        at = add_number(at, after->run.offset);
        at = add_number(at, after->seq);
        d->seed = (struct text){seed, (size_t)(at - seed)};
    }
    return d->seed;
}

static struct expr_env env_of(struct decision *d, const struct sight *sight,
                              const struct seen *seen)
{
    return (struct expr_env){
        .input = sight->input == NULL ? scope_data(d, sight->scope) : sight->input,
        .variables = seen->variables,
        .variable_count = seen->count,
        .seed = seed_of(d),
        .draws = &d->draws,
    };
}

enum status scope_eval(struct decision *d, const struct expr *expr, const struct sight *sight,
                       struct json **value, struct error *err)
{
    struct seen seen;
    struct expr_env env;
    enum status status;

    if (d->judge != NULL) {
        return d->judge->eval(d->judge->self, expr, value, err);
    }
    see(d, expr_variables(expr), sight, &seen);
    env = env_of(d, sight, &seen);
    status = expr_eval(expr, &env, value, err);
    unsee(&seen);
    return status;
}

enum status scope_test(struct decision *d, const struct expr *expr, const struct sight *sight,
                       bool *truth, struct error *err)
{
    struct seen seen;
    struct expr_env env;
    enum status status;

    if (d->judge != NULL) {
        return d->judge->test(d->judge->self, expr, sight->scope,
                              sight->incoming == NULL ? NULL : sight->incoming->payload, truth,
                              err);
    }
    see(d, expr_variables(expr), sight, &seen);
    env = env_of(d, sight, &seen);
    status = expr_test(expr, &env, truth, err);
    unsee(&seen);
    return status;
}

enum status scope_render(struct decision *d, const struct template *template,
                         const struct sight *sight, struct json **value, struct error *err)
{
    struct seen seen;
    struct expr_env env;
    enum status status;

    if (d->judge != NULL) {
        return d->judge->render(d->judge->self, template, value, err);
    }
    see(d, template_variables(template), sight, &seen);
    env = env_of(d, sight, &seen);
    status = template_render(template, &env, value, err);
    unsee(&seen);
    return status;
}

enum status scope_render_text(struct decision *d, const struct template *template,
                              const struct sight *sight, struct text *text, struct error *err)
{
    struct buffer scalar = {0};
    struct json *value = NULL;
    enum status status = scope_render(d, template, sight, &value, err);

    *text = (struct text){0};
    if (status != STATUS_OK) {
        return status;
    }
    if (json_kind(value) != JSON_NULL) {
        if (json_scalar_text(value, &scalar)) {
            *text = arena_text(d->effects->arena, buffer_text(&scalar));
        } else {
            status = fail(err, STATUS_REJECT, "a text is needed, not an array or object");
        }
    }
    buffer_release(&scalar);
    json_free(value);
    return status;
}

void scope_release(struct decision *d)
{
    json_free(d->flow_json);
    json_free(d->instance_json);
    json_free(d->now_json);
    scope_forget(d);
    json_free(d->message_json);
}
