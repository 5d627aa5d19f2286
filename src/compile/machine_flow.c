/* What leads from state to state. */
#include "compile/grow.h"
#include "compile/machine.h"

void machine_add(struct machine *machine, struct transition transition)
{
    machine->transitions = grow(&machine->arena, machine->transitions, machine->transition_count,
                                &machine->transition_capacity, sizeof(*machine->transitions));
    machine->transitions[machine->transition_count++] = transition;
}

static struct text source_of(const struct expr *expr)
{
    return expr == NULL ? TEXT("") : expr_source(expr);
}

static bool is_in_failure(const struct machine *machine, uint32_t index)
{
    const struct flow *flow = machine->flow;

    return (flow->failure_step != STEP_NONE && index >= flow->failure_step) ||
           (flow->always_step != STEP_NONE && index >= flow->always_step);
}

/* Where the run goes when `index` is over; `ran`: then its `then` counts. In onFailure the end of
 * the list is the end of the failed run. */
static uint32_t after(const struct machine *machine, uint32_t index, bool ran)
{
    const struct flow *flow = machine->flow;
    uint32_t end = is_in_failure(machine, index) ? machine->of_kind[STATE_FAILED]
                                                 : machine->of_kind[STATE_COMPLETED];

    if (flow->always_step != STEP_NONE && index < flow->always_step) {
        end = machine->of_step[flow->always_step];
    }

    while (index != STEP_NONE) {
        const struct step *step = &flow->steps[index];

        if (ran && step->then.kind == THEN_STEP) {
            return machine->of_step[step->then.step];
        }
        if (ran && step->then.kind == THEN_END) {
            return end;
        }
        if (step->next != STEP_NONE) {
            return machine->of_step[step->next];
        }
        if (step->aside && step->in_undo && step_undo_is_block(&flow->steps[step->parent])) {
            return machine->of_undo[step->parent];
        }
        if (step->aside) {
            return step->parent == STEP_NONE ? machine->of_kind[STATE_ANY]
                                             : machine->of_step[step->parent];
        }
        index = step->parent;
        ran = true;
        /* An item's list leads back to the for, which goes on when there is none left. */
        if (index != STEP_NONE && flow->steps[index].kind == STEP_FOR) {
            return machine->of_step[index];
        }
    }
    return end;
}

/* Errors go to the nearest catch. Those of onFailure end the run as it was going to end; elsewhere
 * they unwind it. */
static uint32_t on_error(const struct machine *machine, uint32_t index)
{
    for (uint32_t at = index; at != STEP_NONE; at = machine->flow->steps[at].parent) {
        const struct step *step = &machine->flow->steps[at];

        if (step->catcher_count > 0) {
            return step->catchers[0].first_step == STEP_NONE
                       ? after(machine, at, true)
                       : machine->of_step[step->catchers[0].first_step];
        }
        if (step->in_undo && !machine->flow->steps[step->parent].in_undo) {
            return machine->of_undo[step->parent];
        }
    }
    return machine->of_kind[is_in_failure(machine, index) ? STATE_FAILED : STATE_UNWIND];
}

static void add_retry(struct machine *machine, uint32_t state, const struct retry_policy *retry)
{
    struct text attempts = {0};

    if (retry == NULL || retry->attempts == 1) {
        return;
    }
    attempts = retry->attempts == UINT32_MAX
                   ? arena_printf(
                         &machine->arena, "for %.*s",
                         TEXT_ARG(machine_span(
                             machine, (struct span){.kind = SPAN_FIXED, .ms = retry->total_ms})))
                   : arena_printf(&machine->arena, "up to %u attempts", retry->attempts);
    machine_add(machine,
                (struct transition){
                    .from = state, .to = state, .trigger = TRIGGER_RETRY, .when = attempts});
}

static struct text negated(struct machine *machine, struct text when)
{
    return arena_printf(&machine->arena, "(%.*s) | not", TEXT_ARG(when));
}

/* The replies that mean done and refused, by the rule of LANGUAGE "Success or failure". */
static void add_replies(struct machine *machine, struct transition done, uint32_t refused_to,
                        const struct reply_rule *rule)
{
    struct text success = source_of(rule->success);
    struct text failure = source_of(rule->failure);
    struct transition refused = done;

    done.trigger = TRIGGER_REPLY;
    done.when = success.bytes > 0 ? success : negated(machine, failure);
    refused.trigger = TRIGGER_FAILURE;
    refused.to = refused_to;
    refused.when = failure.bytes > 0 ? failure : negated(machine, success);
    machine_add(machine, done);
    machine_add(machine, refused);
}

static void add_request(struct machine *machine, uint32_t index, uint32_t state)
{
    const struct step *step = &machine->flow->steps[index];
    const struct service *service = &machine->flow->services[step->message.service];
    bool stuck = step->pivot && step->in_doubt == IN_DOUBT_UNSET;
    struct transition base = {
        .from = state, .to = after(machine, index, true), .topic = service->replies};

    add_replies(machine, base, on_error(machine, index), &step->message.reply);
    add_retry(machine, state, step->retry);
    if (step->timeout.kind != SPAN_ENDLESS) {
        machine_add(machine, (struct transition){.from = state,
                                                 .to = stuck ? machine->of_kind[STATE_STUCK]
                                                             : on_error(machine, index),
                                                 .trigger = TRIGGER_TIMEOUT,
                                                 .when = machine_span(machine, step->timeout)});
    }
}

static void add_timeout(struct machine *machine, uint32_t index, uint32_t state)
{
    const struct step *step = &machine->flow->steps[index];

    if (step->timeout.kind == SPAN_FIXED || step->timeout.kind == SPAN_EXPR) {
        machine_add(machine, (struct transition){.from = state,
                                                 .to = on_error(machine, index),
                                                 .trigger = TRIGGER_TIMEOUT,
                                                 .when = machine_span(machine, step->timeout)});
    }
}

static void add_listen(struct machine *machine, uint32_t index, uint32_t state)
{
    const struct step *step = &machine->flow->steps[index];

    machine_add_awaited(machine, &step->listen, state, after(machine, index, true));
    add_timeout(machine, index, state);
}

static void add_cases(struct machine *machine, uint32_t index, uint32_t state)
{
    const struct step *step = &machine->flow->steps[index];
    struct transition base = {
        .from = state, .to = after(machine, index, true), .trigger = TRIGGER_CHOICE};
    bool covered = false;

    for (uint32_t i = 0; i < step->choice.case_count; i++) {
        const struct switch_case *one = &step->choice.cases[i];
        struct transition taken = base;

        covered = covered || one->when == NULL;
        taken.when = one->when == NULL ? TEXT("else") : expr_source(one->when);
        if (one->first_step != STEP_NONE) {
            taken.to = machine->of_step[one->first_step];
        } else if (one->then.kind == THEN_STEP) {
            taken.to = machine->of_step[one->then.step];
        } else if (one->then.kind == THEN_END) {
            taken.to =
                machine->of_kind[is_in_failure(machine, index) ? STATE_FAILED : STATE_COMPLETED];
        }
        machine_add(machine, taken);
    }
    if (!covered) {
        base.when = TEXT("else");
        machine_add(machine, base);
    }
}

/* Into the lists of a block; a for goes on from itself. */
static void add_lists(struct machine *machine, uint32_t index, struct transition base)
{
    const struct step *step = &machine->flow->steps[index];
    struct transition into = base;

    into.trigger = TRIGGER_DONE;
    if (step->first_step != STEP_NONE) {
        into.to = machine->of_step[step->first_step];
        into.when = step->kind == STEP_FOR ? TEXT("each item") : TEXT("");
        machine_add(machine, into);
    }
    for (uint32_t i = 0; i < step->branch_count; i++) {
        into.to = machine->of_step[step->branches[i].first_step];
        into.when = step->branches[i].name;
        machine_add(machine, into);
    }
    if (step->kind == STEP_FOR) {
        base.when = TEXT("no item is left");
        machine_add(machine, base);
    }
}

static void add_step(struct machine *machine, uint32_t index)
{
    const struct step *step = &machine->flow->steps[index];
    uint32_t state = machine->of_step[index];
    struct transition base = {
        .from = state, .to = after(machine, index, true), .trigger = TRIGGER_DONE};

    if (step->condition != NULL) {
        machine_add(machine,
                    (struct transition){.from = state,
                                        .to = after(machine, index, false),
                                        .trigger = TRIGGER_CHOICE,
                                        .when = negated(machine, expr_source(step->condition))});
    }
    if (step->remind != NULL) {
        machine_add(machine, (struct transition){.from = state,
                                                 .to = machine->of_step[step->remind->first_step],
                                                 .trigger = TRIGGER_TIMER,
                                                 .when = TEXT("remind")});
    }
    switch (step->kind) {
    case STEP_REQUEST:
        add_request(machine, index, state);
        return;
    case STEP_LISTEN:
        add_listen(machine, index, state);
        return;
    case STEP_RUN:
        machine_add(machine, base);
        add_timeout(machine, index, state);
        base.to = on_error(machine, index);
        base.trigger = TRIGGER_FAILURE;
        break;
    case STEP_SWITCH:
        add_cases(machine, index, state);
        return;
    case STEP_WAIT:
        base.trigger = TRIGGER_TIMER;
        break;
    case STEP_RAISE:
        base.trigger = TRIGGER_FAILURE;
        base.to = on_error(machine, index);
        break;
    case STEP_END:
        base.to = step->end.status == END_COMPLETED ? machine->of_kind[STATE_COMPLETED]
                                                    : on_error(machine, index);
        base.trigger = step->end.status == END_COMPLETED ? TRIGGER_DONE : TRIGGER_FAILURE;
        break;
    case STEP_BLOCK:
    case STEP_FORK:
    case STEP_FOR:
        add_lists(machine, index, base);
        machine_add_handlers(machine, step->handlers, step->handler_count, state);
        return;
    case STEP_EMIT:
    case STEP_SET:
    case STEP_ROLLBACK:
        break;
    }
    machine_add(machine, base);
}

/* Into its steps, which lead back to it; then it is done, begins anew, or sticks. */
static void add_undo_block(struct machine *machine, const struct undo_spec *undo, uint32_t state)
{
    struct transition edge = {.from = state, .trigger = TRIGGER_DONE};

    edge.to = machine->of_step[undo->first_step];
    machine_add(machine, edge);
    edge.to = machine->of_kind[STATE_UNWIND];
    machine_add(machine, edge);
    edge.to = machine->of_kind[STATE_STUCK];
    edge.trigger = TRIGGER_FAILURE;
    machine_add(machine, edge);
}

static void add_undo(struct machine *machine, uint32_t index)
{
    const struct undo_spec *undo = machine->flow->steps[index].compensate;
    const struct retry_policy *retry;
    uint32_t unwind = machine->of_kind[STATE_UNWIND];
    uint32_t state = machine->of_undo[index];

    if (undo == NULL) {
        return;
    }
    retry = undo->retry != NULL ? undo->retry : machine->flow->saga_retry;
    machine_add(machine, (struct transition){.from = unwind,
                                             .to = state,
                                             .trigger = TRIGGER_UNDO,
                                             .when = machine->flow->steps[index].name});
    if (undo->is_block) {
        add_undo_block(machine, undo, state);
        add_retry(machine, state, retry);
    } else if (undo->message.is_request) {
        struct transition done = {.from = state,
                                  .to = unwind,
                                  .topic = machine->flow->services[undo->message.service].replies};

        add_replies(machine, done, machine->of_kind[STATE_STUCK], &undo->message.reply);
        add_retry(machine, state, retry);
    } else {
        machine_add(machine,
                    (struct transition){.from = state, .to = unwind, .trigger = TRIGGER_DONE});
    }
}

static void add_edges_of_flow(struct machine *machine)
{
    const struct flow *flow = machine->flow;
    uint32_t unwind = machine->of_kind[STATE_UNWIND];
    uint32_t failed = machine->of_kind[STATE_FAILED];
    bool cancels = false;

    if (flow->timeout.kind == SPAN_FIXED || flow->timeout.kind == SPAN_EXPR) {
        machine_add(machine, (struct transition){.from = machine->of_kind[STATE_ANY],
                                                 .to = unwind,
                                                 .trigger = TRIGGER_TIMEOUT,
                                                 .when = machine_span(machine, flow->timeout)});
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        cancels = cancels ||
                  (flow->steps[i].kind == STEP_END && flow->steps[i].end.status == END_CANCELLED);
    }
    machine_add(machine, (struct transition){.from = unwind,
                                             .to = flow->failure_step == STEP_NONE
                                                       ? failed
                                                       : machine->of_step[flow->failure_step],
                                             .trigger = TRIGGER_EMPTY});
    if (cancels) {
        machine_add(machine,
                    (struct transition){.from = flow->failure_step == STEP_NONE ? unwind : failed,
                                        .to = machine->of_kind[STATE_CANCELLED],
                                        .trigger = TRIGGER_EMPTY,
                                        .when = TEXT("if it was cancelled")});
    }
}

static void add_starts(struct machine *machine)
{
    const struct flow *flow = machine->flow;

    machine_add_handlers(machine, flow->handlers, flow->handler_count, machine->of_kind[STATE_ANY]);

    for (uint32_t i = 0; i < flow->start_count; i++) {
        machine_add(machine, (struct transition){.from = machine->of_kind[STATE_START],
                                                 .to = machine->of_step[flow->first_step],
                                                 .trigger = TRIGGER_MESSAGE,
                                                 .topic = flow->topics[flow->starts[i].topic].name,
                                                 .when = source_of(flow->starts[i].when)});
    }
    if (flow->manual != NULL || flow->schedule_count > 0) {
        machine_add(machine, (struct transition){.from = machine->of_kind[STATE_START],
                                                 .to = machine->of_step[flow->first_step],
                                                 .trigger = flow->manual != NULL ? TRIGGER_DONE
                                                                                 : TRIGGER_TIMER});
    }
}

void machine_add_transitions(struct machine *machine)
{
    add_starts(machine);
    for (uint32_t i = 0; i < machine->flow->step_count; i++) {
        add_step(machine, i);
    }
    for (uint32_t i = 0; i < machine->flow->step_count; i++) {
        add_undo(machine, i);
    }
    add_edges_of_flow(machine);
    machine_seal(machine);
    machine_drop_idle(machine);
}
