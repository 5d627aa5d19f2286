#include "verify/verify.h"

#include <stdlib.h>

#include "verify/explore.h"

static const char *const break_names[] = {
    [VERIFY_NOTHING] = "nothing",         [VERIFY_UNDO_MISSING] = "undo-missing",
    [VERIFY_UNDO_LOST] = "undo-lost",     [VERIFY_UNDO_ASIDE] = "undo-aside",
    [VERIFY_UNDO_ORDER] = "undo-order",   [VERIFY_UNSEALED] = "unsealed",
    [VERIFY_PIVOT_LOST] = "pivot-lost",   [VERIFY_LEFT_OPEN] = "left-open",
    [VERIFY_LATE_COUNTS] = "late-counts", [VERIFY_WAITS] = "waits-without-end",
    [VERIFY_CIRCLE] = "circle",           [VERIFY_NO_HELP] = "no-help",
    [VERIFY_NO_END] = "no-way-to-an-end", [VERIFY_NOT_UNDONE] = "not-undone",
};

const char *verify_break_name(enum verify_break broken)
{
    return break_names[broken];
}

static const char *text_of_break(enum verify_break broken)
{
    switch (broken) {
    case VERIFY_NOTHING:
        return "";
    case VERIFY_UNDO_MISSING:
        return "the command of %s went out, and its undo is not on the stack";
    case VERIFY_UNDO_LOST:
        return "the undo of %s is gone, and it was not done";
    case VERIFY_UNDO_ASIDE:
        return "%s is over, and its undo is neither armed nor dropped";
    case VERIFY_UNDO_ORDER:
        return "%s is undone before what came after it";
    case VERIFY_UNSEALED:
        return "%s: the pivot has succeeded, and what came before it is not sealed";
    case VERIFY_PIVOT_LOST:
        return "the pivot %s is given up, and nobody knows whether it took place";
    case VERIFY_LEFT_OPEN:
        return "%s has ended, and something of it is still open";
    case VERIFY_LATE_COUNTS:
        return "%s: what should count for nothing has changed the state";
    case VERIFY_WAITS:
        return "%s waits for ever if nothing comes: neither it, nor a block around it, nor the "
               "flow has a timeout";
    case VERIFY_CIRCLE:
        return "%s goes round and round without a wait in between, until the run fails";
    case VERIFY_NO_HELP:
        return "%s is stuck, and nothing that an operator may say helps";
    case VERIFY_NO_END:
        return "%s can wait for ever: from here no way leads to an end, whatever happens";
    case VERIFY_NOT_UNDONE:
        return "%s was done, the run has ended without coming through, and nothing has undone it "
               "('compensate: none' if nothing has to)";
    }
    CHECK(!"unknown break");
    return "";
}

static void set_break(struct verify_report *report, const struct flow *flow, struct verdict verdict)
{
    struct text name = TEXT("the run");

    if (verdict.step != STEP_NONE) {
        name = arena_printf(&report->arena, "%s'%.*s'", verdict.is_undo ? "the undo of " : "",
                            TEXT_ARG(flow->steps[verdict.step].name));
    }
    report->broken = verdict.broken;
    report->broken_step = verdict.step;
    report->broken_text = arena_printf(&report->arena, text_of_break(verdict.broken), name.data);
}

/* The step that waits where the story of a trap ends. */
static uint32_t step_at_end(const struct explorer *explorer)
{
    const struct verify_report *report = explorer->report;
    const struct verify_event *event;

    if (report->story_count == 0) {
        return STEP_NONE;
    }
    event = &report->story[report->story_count - 1];
    return flow_find_step(explorer->flow, event->place);
}

static void find_unreached(const struct explorer *explorer)
{
    struct verify_report *report = explorer->report;
    const struct flow *flow = explorer->flow;

    report->unreached = arena_array(&report->arena, flow->step_count + 1, sizeof(uint32_t));
    for (uint32_t i = 0; i < flow->step_count; i++) {
        if (!explorer->choices.reached[i]) {
            report->unreached[report->unreached_count++] = i;
        }
    }
}

/* Requests without a word on what undoes them are found only beside others that are undone (F504). */
static bool undoes_nothing(const struct flow *flow)
{
    bool asks = false;

    for (uint32_t i = 0; i < flow->step_count; i++) {
        if (flow->steps[i].compensate != NULL) {
            return false;
        }
        asks = asks || flow->steps[i].kind == STEP_REQUEST;
    }
    return asks;
}

static void explore(struct flow *flow, const struct verify_bounds *bounds,
                    const struct verify_unsaid *unsaid, verify_transition *decide,
                    struct verify_report *report)
{
    struct explorer *explorer = calloc(1, sizeof(*explorer));

    CHECK(explorer != NULL);
    *report = (struct verify_report){
        .bounds = *bounds, .undoes_nothing = undoes_nothing(flow), .broken_step = STEP_NONE};
    explorer_init(explorer, flow, bounds, unsaid, decide, report);
    explorer_run(explorer);
    if (explorer->verdict.broken == VERIFY_NOTHING && report->complete) {
        explorer->last = explorer_find_trap(explorer);
        if (explorer->last != STATE_NONE) {
            explorer->verdict = (struct verdict){.broken = VERIFY_NO_END, .step = STEP_NONE};
        } else {
            find_unreached(explorer);
        }
    }
    if (explorer->verdict.broken != VERIFY_NOTHING) {
        story_tell(explorer);
        if (explorer->verdict.broken == VERIFY_NO_END) {
            explorer->verdict.step = step_at_end(explorer);
        }
        set_break(report, flow, explorer->verdict);
    }
    explorer_release(explorer);
    free(explorer);
}

void verify_flow(struct flow *flow, const struct verify_bounds *bounds,
                 const struct verify_unsaid *unsaid, verify_transition *decide,
                 struct verify_report *report)
{
    struct verify_bounds milder = *bounds;

    /* A story in which all expressions hold says more than a shorter one in which one fails. */
    if (bounds->failing) {
        milder.failing = false;
        explore(flow, &milder, unsaid, decide, report);
        report->bounds = *bounds;
        if (report->broken != VERIFY_NOTHING || !report->complete) {
            return;
        }
        verify_release(report);
    }
    explore(flow, bounds, unsaid, decide, report);
}

bool verify_holds(const struct verify_report *report)
{
    return report->complete && report->broken == VERIFY_NOTHING && report->unreached_count == 0;
}

void verify_release(struct verify_report *report)
{
    arena_release(&report->arena);
    *report = (struct verify_report){0};
}
