/* The state machine as JSON, for `baton compile`. Its form is in docs/formats/definition.md. */
#include "compile/machine.h"

static void put(struct json *object, const char *key, struct text value)
{
    if (value.bytes > 0) {
        json_put_text(object, key, value);
    }
}

static struct json *state_json(const struct machine *machine, const struct state *state)
{
    struct json *json = json_object();
    const struct step *step = state->step == STEP_NONE ? NULL : &machine->flow->steps[state->step];

    json_put_text(json, "name", state->name);
    json_put_string(json, "kind", state_kind_name(state->kind));
    put(json, "does", state->does);
    put(json, "sends", state->sends);
    put(json, "type", state->type);
    put(json, "awaits", state->awaits);
    if (state->kind != STATE_STEP || step == NULL) {
        return json;
    }
    json_put_string(json, "action", step_kind_name(step->kind));
    if (step->pivot) {
        json_put_bool(json, "pivot", true);
    }
    if (step->compensate != NULL) {
        json_put_text(json, "undo", machine->states[machine->of_undo[state->step]].name);
    }
    if (step->line > 0) {
        json_put_integer(json, "line", step->line);
    }
    return json;
}

static struct json *transition_json(const struct machine *machine, const struct transition *one)
{
    struct json *json = json_object();

    json_put_text(json, "from", machine->states[one->from].name);
    json_put_text(json, "to", machine->states[one->to].name);
    json_put_string(json, "on", trigger_name(one->trigger));
    put(json, "topic", one->topic);
    put(json, "when", one->when);
    return json;
}

static struct json *timer_json(const struct machine *machine, const struct timer *timer)
{
    struct json *json = json_object();

    if (timer->state != UINT32_MAX) {
        json_put_text(json, "state", machine->states[timer->state].name);
    }
    json_put_string(json, "kind", timer->kind);
    if (timer->span.kind == SPAN_EXPR) {
        json_put_text(json, "expr", expr_source(timer->span.expr));
    } else {
        json_put_integer(json, "ms", timer->span.ms);
    }
    return json;
}

static struct json *undo_json(const struct machine *machine, const struct state *state)
{
    struct json *json = json_object();

    json_put_text(json, "step", machine->flow->steps[state->step].name);
    json_put_text(json, "state", state->name);
    put(json, "does", state->does);
    put(json, "sends", state->sends);
    put(json, "type", state->type);
    put(json, "awaits", state->awaits);
    return json;
}

void machine_json(const struct machine *machine, struct buffer *out)
{
    struct json *root = json_object();
    struct json *states = json_array();
    struct json *transitions = json_array();
    struct json *timers = json_array();
    struct json *undos = json_array();

    json_put_text(root, "flow", machine->flow->name);
    json_put_integer(root, "version", machine->flow->version);
    json_put_string(root, "hash", machine->flow->hash);
    for (uint32_t i = 0; i < machine->state_count; i++) {
        json_push(states, state_json(machine, &machine->states[i]));
        if (machine->states[i].kind == STATE_UNDO) {
            json_push(undos, undo_json(machine, &machine->states[i]));
        }
    }
    for (uint32_t i = 0; i < machine->transition_count; i++) {
        json_push(transitions, transition_json(machine, &machine->transitions[i]));
    }
    for (uint32_t i = 0; i < machine->timer_count; i++) {
        json_push(timers, timer_json(machine, &machine->timers[i]));
    }
    json_put(root, TEXT("states"), states);
    json_put(root, TEXT("transitions"), transitions);
    json_put(root, TEXT("timers"), timers);
    json_put(root, TEXT("undo"), undos);
    json_write_pretty(root, out);
    buffer_add_char(out, '\n');
    json_free(root);
}
