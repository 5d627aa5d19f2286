/* What a pivot changes in the picture: after it there is no way back; and what is left out of it. */
#include "compile/machine.h"

static bool is_error(const struct transition *transition)
{
    return transition->trigger == TRIGGER_TIMEOUT || transition->trigger == TRIGGER_FAILURE;
}

static bool leaves_pivot(const struct machine *machine, const struct transition *transition)
{
    const struct state *from = &machine->states[transition->from];

    return from->kind == STATE_STEP && machine->flow->steps[from->step].pivot &&
           transition->trigger != TRIGGER_CHOICE && !is_error(transition);
}

/* States that may be entered with the stack sealed, or with it open. */
static void spread(const struct machine *machine, bool *sealed, bool *open)
{
    bool changed = true;

    open[machine->of_kind[STATE_START]] = true;
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < machine->transition_count; i++) {
            const struct transition *one = &machine->transitions[i];
            bool pivot = leaves_pivot(machine, one);
            bool closes = sealed[one->from] || (pivot && open[one->from]);
            bool stays = open[one->from] && !pivot;

            if (is_error(one)) {
                continue;
            }
            changed = changed || (closes && !sealed[one->to]) || (stays && !open[one->to]);
            sealed[one->to] = sealed[one->to] || closes;
            open[one->to] = open[one->to] || stays;
        }
    }
}

/* After a pivot there is no way back: an error that would unwind leaves the instance stuck. */
void machine_seal(struct machine *machine)
{
    bool *sealed = arena_array(&machine->arena, machine->state_count, sizeof(*sealed));
    bool *open = arena_array(&machine->arena, machine->state_count, sizeof(*open));
    uint32_t unwind = machine->of_kind[STATE_UNWIND];
    uint32_t count = machine->transition_count;

    spread(machine, sealed, open);
    for (uint32_t i = 0; i < count; i++) {
        struct transition one = machine->transitions[i];

        if (!is_error(&one) || one.to != unwind || !sealed[one.from]) {
            continue;
        }
        one.to = machine->of_kind[STATE_STUCK];
        if (open[one.from]) {
            machine_add(machine, one);
        } else {
            machine->transitions[i].to = one.to;
        }
    }
}

void machine_drop_idle(struct machine *machine)
{
    bool *used = arena_array(&machine->arena, machine->state_count, sizeof(*used));
    uint32_t *moved = arena_array(&machine->arena, machine->state_count, sizeof(*moved));
    uint32_t count = 0;

    for (uint32_t i = 0; i < machine->transition_count; i++) {
        used[machine->transitions[i].from] = true;
        used[machine->transitions[i].to] = true;
    }
    for (uint32_t i = 0; i < machine->state_count; i++) {
        moved[i] = count;
        if (used[i] || machine->states[i].kind == STATE_STEP) {
            machine->states[count++] = machine->states[i];
        }
    }
    machine->state_count = count;
    for (uint32_t i = 0; i < machine->transition_count; i++) {
        machine->transitions[i].from = moved[machine->transitions[i].from];
        machine->transitions[i].to = moved[machine->transitions[i].to];
    }
    for (uint32_t i = 0; i < machine->flow->step_count; i++) {
        machine->of_step[i] = moved[machine->of_step[i]];
        if (machine->of_undo[i] != UINT32_MAX) {
            machine->of_undo[i] = moved[machine->of_undo[i]];
        }
    }
    for (uint32_t i = 0; i < machine->timer_count; i++) {
        if (machine->timers[i].state != UINT32_MAX) {
            machine->timers[i].state = moved[machine->timers[i].state];
        }
    }
}
