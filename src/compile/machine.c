#include "compile/machine.h"

#include <stdlib.h>

#include "base/duration.h"
#include "compile/grow.h"

static uint32_t add_state(struct machine *machine, enum state_kind kind, struct text name)
{
    machine->states = grow(&machine->arena, machine->states, machine->state_count,
                           &machine->state_capacity, sizeof(*machine->states));
    machine->states[machine->state_count] = (struct state){
        .kind = kind, .name = name, .step = STEP_NONE};
    machine->of_kind[kind] = machine->state_count;
    return machine->state_count++;
}

static void add_timer(struct machine *machine, uint32_t state, const char *kind, struct span span)
{
    if (span.kind != SPAN_FIXED && span.kind != SPAN_EXPR) {
        return;
    }
    machine->timers = grow(&machine->arena, machine->timers, machine->timer_count,
                           &machine->timer_capacity, sizeof(*machine->timers));
    machine->timers[machine->timer_count++] = (struct timer){
        .state = state, .kind = kind, .span = span};
}

struct text machine_span(struct machine *machine, struct span span)
{
    char text[TIME_TEXT_BYTES];

    if (span.kind == SPAN_EXPR) {
        return expr_source(span.expr);
    }
    duration_format(span.ms, text);
    return arena_text(&machine->arena, text_of(text));
}

struct text machine_awaited(struct machine *machine, const struct awaited *awaited)
{
    return awaited->signal.bytes == 0
               ? machine->flow->topics[awaited->topic].name
               : arena_printf(&machine->arena, "signal %.*s", TEXT_ARG(awaited->signal));
}

static void index_steps(struct machine *machine, const struct json *list);

/* Recursion is bounded by the depth of the definition. */
static void index_each(struct machine *machine, const struct json *lists)
{
    for (size_t i = 0; i < json_count(lists); i++) {
        index_steps(machine, json_member(json_at(lists, i), "do"));
    }
}

static void index_steps(struct machine *machine, const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *step = json_at(list, i);
        const struct json *cases = json_member(step, "switch");

        /* The map only ever gives these back as const. */
        map_put(&machine->steps, json_member_text(step, "step"), (void *)(uintptr_t)step);
        index_each(machine, cases);
        index_each(machine, json_member(step, "catch"));
        index_each(machine, json_member(step, "handle"));
        index_each(machine, json_member(json_member(step, "fork"), "branches"));
        index_steps(machine, json_member(step, "do"));
        index_steps(machine, json_member(json_member(step, "compensate"), "do"));
    }
}

static const struct json *definition_of(const struct machine *machine, uint32_t step)
{
    return map_get(&machine->steps, machine->flow->steps[step].name);
}

static void describe_message(struct machine *machine, struct state *state,
                             const struct message_spec *message, const struct json *source)
{
    const struct flow *flow = machine->flow;
    const struct text name = message->is_request ? flow->services[message->service].name
                                                 : flow->topics[message->topic].name;

    state->type = json_member_text(source, "type");
    state->sends = message->is_request ? flow->services[message->service].commands : name;
    if (message->is_request) {
        state->awaits = flow->services[message->service].replies;
    }
    state->does = arena_printf(&machine->arena, "%s %.*s%s%.*s",
                               message->is_request ? "request" : "emit", TEXT_ARG(name),
                               state->type.bytes > 0 ? ": " : "", TEXT_ARG(state->type));
}

/* "listen any of payments.captured, signal approved" */
static void describe_listen(struct machine *machine, struct state *state,
                            const struct listen *listen)
{
    static const char *const words[] = {"", "", "any of ", "all of "};
    struct buffer names = {0};
    struct buffer topics = {0};

    for (uint32_t i = 0; i < listen->item_count; i++) {
        struct text name = machine_awaited(machine, &listen->items[i]);

        buffer_addf(&names, "%s%.*s", i > 0 ? ", " : "", TEXT_ARG(name));
        if (listen->items[i].signal.bytes == 0) {
            buffer_addf(&topics, "%s%.*s", topics.bytes > 0 ? ", " : "", TEXT_ARG(name));
        }
    }
    state->awaits = arena_text(&machine->arena, buffer_text(&topics));
    state->does = arena_printf(&machine->arena, "listen %s%.*s", words[listen->kind],
                               TEXT_ARG(buffer_text(&names)));
    buffer_release(&names);
    buffer_release(&topics);
}

static void describe_step(struct machine *machine, uint32_t index)
{
    static const char *const ends[] = {"completed", "failed", "cancelled"};
    const struct step *step = &machine->flow->steps[index];
    struct state *state = &machine->states[machine->of_step[index]];
    const struct json *source = definition_of(machine, index);

    switch (step->kind) {
    case STEP_REQUEST:
    case STEP_EMIT:
        describe_message(machine, state, &step->message, source);
        return;
    case STEP_LISTEN:
        describe_listen(machine, state, &step->listen);
        return;
    case STEP_WAIT:
        state->does = step->wait.until != NULL
                          ? arena_printf(&machine->arena, "wait until %.*s",
                                         TEXT_ARG(expr_source(step->wait.until)))
                          : arena_printf(&machine->arena, "wait %.*s",
                                         TEXT_ARG(machine_span(machine, step->wait.span)));
        return;
    case STEP_RUN:
        state->does = arena_printf(&machine->arena, "run %.*s",
                                   TEXT_ARG(json_member_text(source, "run")));
        return;
    case STEP_RAISE:
        state->does = arena_printf(
            &machine->arena, "raise %.*s",
            TEXT_ARG(step->raise.again ? TEXT("$error")
                                       : json_member_text(json_member(source, "raise"), "error")));
        return;
    case STEP_END:
        state->does = arena_printf(&machine->arena, "end %s", ends[step->end.status]);
        return;
    case STEP_SET:
    case STEP_SWITCH:
    case STEP_BLOCK:
    case STEP_FORK:
    case STEP_FOR:
    case STEP_ROLLBACK:
        state->does = text_of(step_kind_name(step->kind));
        return;
    }
}

struct text machine_enough(struct machine *machine, const struct listen *listen)
{
    return listen->until != NULL ? expr_source(listen->until)
                                 : arena_printf(&machine->arena, "%u of them", listen->count);
}

static void add_states(struct machine *machine)
{
    const struct flow *flow = machine->flow;

    add_state(machine, STATE_START, TEXT("start"));
    if (flow->timeout.kind == SPAN_FIXED || flow->timeout.kind == SPAN_EXPR ||
        flow->handler_count > 0) {
        add_state(machine, STATE_ANY, TEXT("any step"));
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        machine->of_step[i] = add_state(machine, STATE_STEP, flow->steps[i].name);
        machine->states[machine->of_step[i]].step = i;
        describe_step(machine, i);
    }
    add_state(machine, STATE_UNWIND, TEXT("unwind"));
    for (uint32_t i = 0; i < flow->step_count; i++) {
        struct state *state;

        machine->of_undo[i] = UINT32_MAX;
        if (flow->steps[i].compensate == NULL) {
            continue;
        }
        machine->of_undo[i] = add_state(
            machine, STATE_UNDO,
            arena_printf(&machine->arena, "undo %.*s", TEXT_ARG(flow->steps[i].name)));
        state = &machine->states[machine->of_undo[i]];
        state->step = i;
        if (step_undo_is_block(&flow->steps[i])) {
            state->does = TEXT("do");
            continue;
        }
        describe_message(machine, state, &flow->steps[i].compensate->message,
                         json_member(definition_of(machine, i), "compensate"));
    }
    add_state(machine, STATE_STUCK, TEXT("stuck"));
    add_state(machine, STATE_COMPLETED, TEXT("completed"));
    add_state(machine, STATE_FAILED, TEXT("failed"));
    add_state(machine, STATE_CANCELLED, TEXT("cancelled"));
}

static void add_timers(struct machine *machine)
{
    const struct flow *flow = machine->flow;

    add_timer(
        machine, UINT32_MAX, "early",
        (struct span){.kind = flow->early_ms > 0 ? SPAN_FIXED : SPAN_UNSET, .ms = flow->early_ms});
    add_timer(machine, UINT32_MAX, "flow", flow->timeout);
    add_timer(machine, UINT32_MAX, "warn", flow->warn_after);
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];
        uint32_t state = machine->of_step[i];

        if (step->kind == STEP_WAIT) {
            struct span until = {.kind = SPAN_EXPR, .expr = step->wait.until};

            add_timer(machine, state, "wait", until.expr != NULL ? until : step->wait.span);
        } else {
            add_timer(machine, state, step->kind == STEP_REQUEST ? "attempt" : "listen",
                      step->timeout);
        }
        add_timer(machine, state, "warn", step->warn_after);
        if (step->compensate != NULL) {
            add_timer(machine, machine->of_undo[i], "attempt", step->compensate->timeout);
        }
    }
}

struct machine *machine_new(const struct flow *flow)
{
    struct machine *machine = calloc(1, sizeof(*machine));
    struct error err;

    CHECK(machine != NULL);
    machine->flow = flow;
    CHECK(json_parse(flow->definition, &machine->definition, &err) == STATUS_OK);
    machine->of_step = arena_array(&machine->arena, flow->step_count + 1, sizeof(uint32_t));
    machine->of_undo = arena_array(&machine->arena, flow->step_count + 1, sizeof(uint32_t));
    index_steps(machine, json_member(machine->definition, "do"));
    index_steps(machine, json_member(machine->definition, "onFailure"));
    index_steps(machine, json_member(machine->definition, "always"));
    index_each(machine, json_member(machine->definition, "handle"));
    add_states(machine);
    add_timers(machine);
    machine_add_transitions(machine);
    return machine;
}

void machine_free(struct machine *machine)
{
    if (machine == NULL) {
        return;
    }
    map_release(&machine->steps);
    json_free(machine->definition);
    arena_release(&machine->arena);
    free(machine);
}

const char *state_kind_name(enum state_kind kind)
{
    static const char *const names[] = {"start", "any",       "step",   "unwind",   "undo",
                                        "stuck", "completed", "failed", "cancelled"};

    return names[kind];
}

const char *trigger_name(enum trigger trigger)
{
    static const char *const names[] = {"message", "reply",   "done",    "timer", "choice",
                                        "retry",   "timeout", "failure", "undo",  "stack empty"};

    return names[trigger];
}
