/* What a pivot changes in the picture: after it there is no way back. */
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
