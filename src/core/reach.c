/* Which listens may still come. By the shape of the flow alone: conditions depend on data that is
 * not there yet. */
#include "core/waiting.h"

struct search {
    const struct flow *flow;
    const struct incoming *incoming;
    bool *seen;
    uint32_t *todo;
    uint32_t todo_count;
};

static void visit(struct search *search, uint32_t step)
{
    if (step == STEP_NONE || search->seen[step]) {
        return;
    }
    search->seen[step] = true;
    search->todo[search->todo_count++] = step;
}

static void visit_handlers(struct search *search, const struct handler *handlers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        visit(search, handlers[i].first_step);
    }
}

static void visit_lists(struct search *search, const struct step *at)
{
    visit(search, at->first_step);
    for (uint32_t i = 0; i < at->branch_count; i++) {
        visit(search, at->branches[i].first_step);
    }
    for (uint32_t i = 0; i < at->catcher_count; i++) {
        visit(search, at->catchers[i].first_step);
    }
    visit_handlers(search, at->handlers, at->handler_count);
    if (at->remind != NULL) {
        visit(search, at->remind->first_step);
    }
    if (step_undo_is_block(at)) {
        visit(search, at->compensate->first_step);
    }
}

/* Where it goes on after `step`, out of the block it stands in if that is at its end. */
static void visit_after(struct search *search, uint32_t step, bool ran)
{
    uint32_t next = place_after(search->flow, step, ran);

    while (next == STEP_NONE) {
        /* The step whose list has come to its end; the switches in between are none. */
        do {
            if (search->flow->steps[step].aside) {
                return;
            }
            step = search->flow->steps[step].parent;
        } while (step != STEP_NONE && search->flow->steps[step].kind == STEP_SWITCH);
        if (step == STEP_NONE) {
            return;
        }
        if (search->flow->steps[step].kind == STEP_FOR ||
            search->flow->steps[step].kind == STEP_BLOCK) {
            visit_lists(search, &search->flow->steps[step]); /* The next item, or attempt. */
        }
        next = place_after(search->flow, step, true);
    }
    if (next != PLACE_RUN_END) {
        visit(search, next);
    }
}

static void visit_case(struct search *search, uint32_t step, const struct switch_case *at)
{
    if (at->first_step != STEP_NONE) {
        visit(search, at->first_step);
        return;
    }
    if (at->then.kind == THEN_STEP) {
        visit(search, at->then.step);
    } else if (at->then.kind == THEN_CONTINUE) {
        visit_after(search, step, false);
    }
}

/* Whatever runs within a block may fail, to be caught around it. */
static void visit_catches(struct search *search, uint32_t step)
{
    bool in_undo = search->flow->steps[step].in_undo;

    for (step = search->flow->steps[step].parent; step != STEP_NONE;
         step = search->flow->steps[step].parent) {
        const struct step *at = &search->flow->steps[step];

        if (in_undo && !at->in_undo) {
            return; /* What fails in an undo does not fail the step that it undoes. */
        }

        for (uint32_t i = 0; i < at->catcher_count; i++) {
            visit(search, at->catchers[i].first_step);
        }
    }
}

static void visit_successors(struct search *search, uint32_t step)
{
    const struct step *at = &search->flow->steps[step];

    visit_lists(search, at);
    visit_catches(search, step);

    if (at->kind == STEP_SWITCH) {
        for (uint32_t i = 0; i < at->choice.case_count; i++) {
            visit_case(search, step, &at->choice.cases[i]);
        }
    }
    if (at->condition != NULL) {
        visit_after(search, step, false);
    }
    if (at->kind != STEP_END && at->kind != STEP_RAISE) {
        visit_after(search, step, true);
    }
}

static bool is_about(const struct flow *flow, const struct awaited *awaited,
                     const struct incoming *incoming)
{
    if (awaited->signal.bytes > 0 || incoming->signal.bytes > 0) {
        return text_equal(awaited->signal, incoming->signal);
    }
    return identity_is_about(awaited, incoming) &&
           text_equal(flow->topics[awaited->topic].name, incoming->topic) &&
           (awaited->type.bytes == 0 || text_equal(awaited->type, incoming->type));
}

bool reach_is_about(const struct flow *flow, const struct listen *listen,
                    const struct incoming *incoming)
{
    for (uint32_t i = 0; i < listen->item_count; i++) {
        if (is_about(flow, &listen->items[i], incoming)) {
            return true;
        }
    }
    return false;
}

static bool is_for_handler(const struct search *search, const struct handler *handlers,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (reach_is_about(search->flow, &handlers[i].listen, search->incoming)) {
            return true;
        }
    }
    return false;
}

static bool wants(const struct search *search, uint32_t step)
{
    const struct step *at = &search->flow->steps[step];

    /* Only listens have items. */
    return reach_is_about(search->flow, &at->listen, search->incoming) ||
           is_for_handler(search, at->handlers, at->handler_count);
}

/* True if a handler that is at hand wants it. */
static bool visit_open_steps(struct search *search, const struct decision *d)
{
    const struct instance *instance = d->after;

    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_WATCH) {
            if (handle_wants(d, frame, search->incoming)) {
                return true;
            }
        } else if (frame->kind != FRAME_UNDO && frame->role != BLOCK_UNDO) {
            /* An operator may have a stuck step run again. */
            if (frame->state == FRAME_STUCK) {
                visit(search, frame->step);
            }
            visit_successors(search, frame->step);
        }
    }
    return false;
}

/* What is on the stack may be undone, and waits meanwhile. */
static void visit_undos(struct search *search, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->undo_count && !instance->sealed; i++) {
        const struct step *step = &search->flow->steps[instance->stack[i].step];

        if (instance->stack[i].state != UNDO_GROUP && step_undo_is_block(step)) {
            visit(search, step->compensate->first_step);
        }
    }
}

static void visit_end(struct search *search)
{
    visit(search, search->flow->failure_step);
    visit(search, search->flow->always_step);
}

bool reach_wants(const struct decision *d, const struct incoming *incoming)
{
    const struct flow *flow = d->flow;
    struct search search = {
        .flow = flow,
        .incoming = incoming,
        .seen = arena_array(d->effects->arena, flow->step_count, sizeof(bool)),
        .todo = arena_array(d->effects->arena, flow->step_count, sizeof(uint32_t)),
    };

    switch (d->after->status) {
    case RUN_NONE:
    case RUN_EMBRYO:
        if (is_for_handler(&search, flow->handlers, flow->handler_count)) {
            return true;
        }
        visit(&search, flow->first_step);
        visit_handlers(&search, flow->handlers, flow->handler_count);
        visit_end(&search);
        break;
    case RUN_RUNNING:
        if (visit_open_steps(&search, d)) {
            return true;
        }
        visit_handlers(&search, flow->handlers, flow->handler_count);
        visit_undos(&search, d->after);
        visit_end(&search);
        break;
    case RUN_COMPENSATING:
        if (visit_open_steps(&search, d)) {
            return true;
        }
        visit_undos(&search, d->after);
        visit_end(&search);
        break;
    case RUN_FINISHING:
        if (visit_open_steps(&search, d)) {
            return true;
        }
        visit(&search, flow->always_step);
        break;
    case RUN_HELD:
    case RUN_COMPLETED:
    case RUN_FAILED:
    case RUN_CANCELLED:
    case RUN_EXPIRED:
        break;
    }
    while (search.todo_count > 0) {
        uint32_t step = search.todo[--search.todo_count];

        if (wants(&search, step)) {
            return true;
        }
        visit_successors(&search, step);
    }
    return false;
}
