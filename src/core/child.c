/* `run`: the side of the parent. The child is told to start in the transaction that enters the step,
 * and tells its end in its own; what it has to undo stays with it until this run lets go of it. */
#include "base/limits.h"
#include "core/told.h"
#include "core/waiting.h"

#define FLOW_NAME_BYTES_MAX 63

/* What is said about this step's child, to be matched when it answers. */
static struct json *address(const struct decision *d, uint32_t activation)
{
    struct json *json = json_object();
    char run[RUN_ID_BYTES];

    run_id_format(d->after->run, run);
    json_put_text(json, "name", d->after->name);
    json_put_integer(json, "flowBytes", (int64_t)d->after->flow_bytes);
    json_put_string(json, "run", run);
    json_put_integer(json, "activation", activation);
    return json;
}

static bool is_flow_name(struct text name)
{
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.data[i];

        if (!(c >= 'a' && c <= 'z') && (i == 0 || (!(c >= '0' && c <= '9') && c != '-'))) {
            return false;
        }
    }
    return name.bytes > 0 && name.bytes <= FLOW_NAME_BYTES_MAX;
}

/* "/<index>" of each item around, the outermost first. Recursion is bounded by BLOCK_DEPTH_MAX. */
static void add_indexes(const struct decision *d, uint32_t scope, struct buffer *key)
{
    const struct frame *frame = scope == 0 ? NULL : instance_find_frame(d->after, scope);

    if (frame == NULL) {
        return;
    }
    add_indexes(d, frame->parent, key);
    if (frame->role == BLOCK_ITERATION) {
        buffer_addf(key, "/%u", frame->index);
    }
}

static struct text default_key(const struct decision *d, uint32_t scope, const struct step *step)
{
    struct buffer key = {0};
    struct text text;

    buffer_addf(&key, "%.*s/%.*s", TEXT_ARG(instance_key(d->after)), TEXT_ARG(step->name));
    add_indexes(d, scope, &key);
    text = arena_text(d->effects->arena, buffer_text(&key));
    buffer_release(&key);
    return text;
}

/* Who is to run. Gives an error. */
static struct json *choose(struct decision *d, uint32_t scope, const struct step *step,
                           struct text *flow, struct text *key)
{
    struct sight sight = {.scope = scope, .step = step, .attempt = 1};
    struct error err = {0};

    *key = default_key(d, scope, step);
    if (scope_render_text(d, step->run.flow, &sight, flow, &err) != STATUS_OK ||
        (step->run.key != NULL &&
         scope_render_text(d, step->run.key, &sight, key, &err) != STATUS_OK)) {
        return problem_expression(d, step, 0, &err);
    }
    if (!is_flow_name(*flow)) {
        return problem_of_step(d, step, 0, "configuration", "run: that is no name of a flow");
    }
    if (key->bytes == 0 || key->bytes > KEY_BYTES_MAX) {
        return problem_of_step(d, step, 0, "runtime", "run: the key is empty or too long");
    }
    if (text_equal(*flow, instance_flow_name(d->after)) &&
        text_equal(*key, instance_key(d->after))) {
        return problem_of_step(d, step, 0, "configuration", "a run cannot be its own child");
    }
    return NULL;
}

/* Gives an error. */
static struct json *render_input(struct decision *d, uint32_t scope, const struct step *step,
                                 struct json **input)
{
    struct sight sight = {.scope = scope, .step = step, .attempt = 1};
    struct error err = {0};

    if (step->run.input == NULL) {
        *input = json_copy(scope_data(d, scope));
    } else if (scope_render(d, step->run.input, &sight, input, &err) != STATUS_OK) {
        return problem_expression(d, step, 0, &err);
    }
    if (json_size(*input, PAYLOAD_BYTES_MAX + 1) > PAYLOAD_BYTES_MAX) {
        json_free(*input);
        return problem_of_step(d, step, 0, "runtime", "the input of the child is too large");
    }
    return NULL;
}

static void tell_start(struct decision *d, const struct step *step, uint32_t activation,
                       const struct json *child, struct json *input)
{
    struct json *start = json_object();
    struct json *parent = address(d, activation);

    json_put_bool(parent, "await", step->run.awaits);
    json_put_bool(parent, "hold", instance_find_undo(d->after, activation) != NULL);
    json_put(start, TEXT("parent"), parent);
    json_put(start, TEXT("input"), input);
    if (step->run.version != 0) {
        json_put_integer(start, "version", step->run.version);
    }
    if (step->run.joins) {
        json_put_bool(start, "join", true);
    }
    tell(d, json_member_text(child, "flow"), json_member_text(child, "key"), "start", start);
}

/* Gives an error. */
static struct json *wait_for(struct decision *d, uint32_t activation)
{
    struct json *error = block_arm(d, activation, TIMER_LISTEN);
    struct error err = {0};

    if (error == NULL && remind_arm(d, activation, &err) != STATUS_OK) {
        error = problem_expression(d, &d->flow->steps[instance_frame(d->after, activation)->step],
                                   1, &err);
    }
    return error;
}

struct json *child_open(struct decision *d, uint32_t scope, uint32_t step, bool *waits)
{
    const struct step *at = &d->flow->steps[step];
    struct json *child = json_object();
    struct json *input = NULL;
    struct text flow = {0};
    struct text key = {0};
    struct frame *frame;
    uint32_t activation;
    struct json *error = choose(d, scope, at, &flow, &key);

    *waits = false;
    if (error == NULL) {
        error = render_input(d, scope, at, &input);
    }
    if (error != NULL) {
        json_free(child);
        return error;
    }
    json_put_text(child, "flow", flow);
    json_put_text(child, "key", key);
    activation = d->after->activation_next++;
    frame = instance_add_frame(d->after, activation);
    frame->kind = FRAME_STEP;
    frame->parent = scope;
    frame->step = step;
    frame->state = FRAME_AWAITING_CHILD;
    frame->attempt = 1;
    frame->opened_ms = d->event->time_ms;
    block_put(frame, "child", json_copy(child));
    error = at->run.awaits ? wait_for(d, activation) : NULL;
    if (error != NULL) {
        instance_disarm_owner(d->after, activation);
        instance_drop_frame(d->after, activation);
        json_free(input);
        json_free(child);
        return error;
    }
    undo_push_child(d, frame, child);
    tell_start(d, at, activation, child, input);
    effect_decide(d->effects, "%.*s: %.*s:%.*s is told to start", TEXT_ARG(at->name),
                  TEXT_ARG(flow), TEXT_ARG(key));
    json_free(child);
    *waits = at->run.awaits;
    if (!*waits) {
        undo_arm(d, frame, false);
        instance_drop_frame(d->after, activation);
    }
    return NULL;
}

/* Tell the child of an entry or frame, which `child` names, something about this run's hold on it. */
static void tell_child(struct decision *d, const struct json *child, uint32_t activation,
                       const char *type, uint32_t reply)
{
    struct json *about = address(d, activation);

    if (reply != 0) {
        json_put_integer(about, "reply", reply);
    }
    tell(d, json_member_text(child, "flow"), json_member_text(child, "key"), type, about);
}

void child_abandon(struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];

    if (frame->kind == FRAME_STEP && step->kind == STEP_RUN &&
        frame->state == FRAME_AWAITING_CHILD && !step->run.abandons &&
        instance_find_undo(d->after, frame->activation) == NULL) {
        tell_child(d, block_get(frame, "child"), frame->activation, "cancel", 0);
    }
}

void child_let_go(struct decision *d, const struct undo *undo)
{
    const struct json *child = json_member(undo->message, "child");
    const struct frame *frame = instance_find_frame(d->after, undo->activation);
    bool is_awaited = undo->state == UNDO_PENDING && frame != NULL &&
                      frame->state == FRAME_AWAITING_CHILD;

    /* Who is still awaited is told when the step is given up. */
    if (child != NULL && undo->state != UNDO_RUNNING && !is_awaited) {
        bool is_open = undo->state == UNDO_PENDING || undo->in_doubt;

        tell_child(d, child, undo->activation, is_open ? "cancel" : "release", 0);
    }
}

void child_unwind(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct undo *undo = instance_find_undo(d->after, frame->undo_of);
    const struct json *child = json_member(undo->message, "child");

    frame->state = FRAME_AWAITING_CHILD;
    effect_decide(d->effects, "undo of %.*s: %.*s:%.*s is told to unwind",
                  TEXT_ARG(d->flow->steps[frame->step].name),
                  TEXT_ARG(json_member_text(child, "flow")),
                  TEXT_ARG(json_member_text(child, "key")));
    tell_child(d, child, frame->undo_of, "unwind", activation);
}

/* The open frame that what is told is for, or NULL: it came too late. For who is stuck it did not. */
static struct frame *addressee(struct decision *d)
{
    const struct json *about = d->event->payload;
    int64_t activation = json_member_int(about, "activation", 0);
    struct run_id run;
    struct frame *frame;

    if (!run_id_parse(json_member_text(about, "run"), &run) || !run_id_equal(run, d->after->run) ||
        activation <= 0 || activation > UINT32_MAX) {
        return NULL;
    }
    frame = instance_frame(d->after, (uint32_t)activation);
    if (frame == NULL || d->flow->steps[frame->step].kind != STEP_RUN) {
        return NULL;
    }
    return frame->state == FRAME_AWAITING_CHILD || frame->state == FRAME_STUCK ? frame : NULL;
}

/* Takes place of a reply: what the child says about its failure is in $error.reply. */
static struct json *child_problem(struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];
    const struct json *about = d->event->payload;
    const struct json *reason = json_member(about, "error");
    struct json *error = problem_of_step(d, step, 0, "child-failed", "the child failed");
    struct text title = json_member_text(reason, "title");

    if (title.bytes > 0) {
        json_put_text(error, "title", title);
    }
    json_put_text(error, "detail",
                  arena_printf(d->effects->arena, "%.*s: %.*s",
                               TEXT_ARG(json_member_text(about, "child")),
                               TEXT_ARG(json_member_text(about, "status"))));
    json_put(error, TEXT("reply"), reason == NULL ? json_object() : json_copy(reason));
    return error;
}

enum transition_result child_answered(struct decision *d)
{
    const struct json *about = d->event->payload;
    struct frame *frame = addressee(d);
    struct frame was;
    struct json *result;
    struct json *error;
    uint32_t activation;

    if (frame == NULL || frame->kind != FRAME_STEP ||
        (frame->state == FRAME_STUCK && !text_is(json_member_text(about, "status"), "completed"))) {
        effect_decide(d->effects, "late answer of %.*s, ignored",
                      TEXT_ARG(json_member_text(about, "child")));
        return TRANSITION_IGNORED;
    }
    activation = frame->activation;
    instance_disarm_owner(d->after, activation);
    if (!json_is_true(json_member(about, "held")) &&
        instance_find_undo(d->after, activation) != NULL) {
        instance_drop_undo(d->after, activation);
    }
    if (!text_is(json_member_text(about, "status"), "completed")) {
        error = child_problem(d, frame);
        effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(d->flow->steps[frame->step].name),
                      problem_text(d, error));
        frame->error = json_copy(error);
        fail_step(d, frame->parent, frame->step, activation, error);
        return TRANSITION_APPLIED;
    }
    was = *frame;
    was.local = NULL;
    result = json_copy(json_member(about, "result"));
    instance_drop_frame(d->after, activation);
    advance_done(d, &was, result == NULL ? (result = json_null()) : result);
    json_free(result);
    return TRANSITION_APPLIED;
}

void child_late(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct json *error = problem_of_step(d, step, 0, "timeout", "the child did not end in time");

    effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(step->name), problem_text(d, error));
    fail_step(d, frame->parent, frame->step, activation, error);
}

enum transition_result child_unwound(struct decision *d)
{
    const struct frame *frame = addressee(d);
    struct json *error;

    if (frame == NULL || frame->kind != FRAME_UNDO) {
        effect_decide(d->effects, "late word of %.*s, ignored",
                      TEXT_ARG(json_member_text(d->event->payload, "child")));
        return TRANSITION_IGNORED;
    }
    if (text_is(json_member_text(d->event->payload, "status"), "completed")) {
        error = problem_of_step(d, &d->flow->steps[frame->step], 0, "compensation-failed",
                                "the child is past its pivot and has completed");
        effect_decide(d->effects, "undo of %.*s: failed: %s",
                      TEXT_ARG(d->flow->steps[frame->step].name), problem_text(d, error));
        undo_stick(d, frame->activation, error);
        unwind(d);
        return TRANSITION_APPLIED;
    }
    undo_end(d, frame->activation, "done");
    return TRANSITION_APPLIED;
}
