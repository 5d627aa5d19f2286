/* What undoes a step: one message, or a block of steps. */
#include "compile/build.h"

void place_undo(struct builder *builder, const struct json *json, uint32_t step)
{
    struct flow *flow = builder->flow;
    struct undo_spec *undo = arena_alloc(&flow->arena, sizeof(*undo));
    bool around = builder->in_undo;
    uint32_t at;

    if (around) {
        build_refuse(builder, step_where(builder, step), "an undo within an undo");
        return;
    }
    builder->in_undo = true;
    at = place_list(builder, json_member(json, "do"), step);
    builder->in_undo = around;
    *undo = (struct undo_spec){.is_block = true, .first_step = at};
    flow->steps[step].compensate = undo;
    for (; at != STEP_NONE; at = flow->steps[at].next) {
        flow->steps[at].aside = true;
    }
}

/* There is no run to end, no stack and nothing to seal where something is undone. */
static bool is_out_of_place(const struct step *step)
{
    bool ends = step->kind == STEP_END || step->then.kind == THEN_END;

    for (uint32_t i = 0; i < step->choice.case_count; i++) {
        const struct switch_case *one = &step->choice.cases[i];

        ends = ends || (one->first_step == STEP_NONE && one->then.kind == THEN_END);
    }
    return ends || step->pivot || step->kind == STEP_RUN || step->kind == STEP_ROLLBACK;
}

static void build_call(struct section *section, struct undo_spec *undo)
{
    undo->message = build_message(section);
    undo->timeout = build_timeout(section->builder, &undo->message,
                                  section_span(section, "timeout"));
    if (undo->message.is_request) {
        build_cancel(section, &undo->message);
        undo->message.heartbeat = section_span(section, "heartbeat");
    }
}

void build_undo(struct section *outer, struct step *step)
{
    const struct json *json = section_get(outer, "compensate");
    const struct json *retry;
    struct undo_spec *undo;
    struct section section;

    if (step->in_undo && (json != NULL || is_out_of_place(step))) {
        build_refuse(outer->builder, outer->where, "it has no place within an undo");
        return;
    }
    if (json == NULL) {
        return;
    }
    if (step->kind != STEP_REQUEST && step->kind != STEP_EMIT) {
        build_refuse(outer->builder, outer->where, "nothing to undo");
        return;
    }
    section = section_open(outer->builder, json, outer->where);
    undo = step->compensate;
    if (undo != NULL) {
        (void)section_get(&section, "do"); /* Was placed. */
        undo->timeout = section_span(&section, "timeout");
    } else {
        undo = arena_alloc(&outer->builder->flow->arena, sizeof(*undo));
        *undo = (struct undo_spec){.is_block = false};
        step->compensate = undo;
        build_call(&section, undo);
    }
    retry = section_get(&section, "retry");
    undo->retry = retry == NULL ? NULL : build_policy(outer->builder, retry, outer->where);
    section_close(&section);
}
