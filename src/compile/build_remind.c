/* Reminders of a definition. */
#include "compile/build.h"

void place_remind(struct builder *builder, const struct json *json, uint32_t step)
{
    struct flow *flow = builder->flow;
    struct remind *remind = arena_alloc(&flow->arena, sizeof(*remind));
    uint32_t at = place_list(builder, json_member(json, "do"), step);

    *remind = (struct remind){.first_step = at, .max = UINT32_MAX};
    flow->steps[step].remind = remind;
    for (; at != STEP_NONE; at = flow->steps[at].next) {
        flow->steps[at].aside = true;
    }
}

static void build_at(struct section *section, const struct json *at, struct remind *remind)
{
    struct builder *builder = section->builder;

    if (json_kind(at) != JSON_ARRAY || json_count(at) == 0) {
        build_refuse(builder, section->where, "'at' is no list of durations");
        return;
    }
    remind->at = arena_array(&builder->flow->arena, json_count(at), sizeof(*remind->at));
    for (size_t i = 0; i < json_count(at); i++) {
        struct json *one = json_object();
        struct section inner;

        json_put(one, TEXT("at"), json_copy(json_at(at, i)));
        inner = section_open(builder, one, section->where);
        remind->at[remind->at_count++] = section_span(&inner, "at");
        json_free(one);
    }
}

void build_remind(struct section *outer, struct step *step)
{
    const struct json *json = section_get(outer, "remind");
    const struct json *at;
    struct section section;

    if (json == NULL || build_failed(outer->builder)) {
        return;
    }
    if (step->kind != STEP_REQUEST && step->kind != STEP_LISTEN && step->kind != STEP_RUN) {
        build_refuse(outer->builder, outer->where, "'remind' does not belong here");
        return;
    }
    section = section_open(outer->builder, json, outer->where);
    at = section_get(&section, "at");
    step->remind->every = section_span(&section, "every");
    if (json_member(json, "max") != NULL) {
        step->remind->max = (uint32_t)section_integer(&section, "max", 1, UINT32_MAX - 1);
    }
    if (at != NULL) {
        build_at(&section, at, step->remind);
    }
    (void)section_get(&section, "do"); /* Was placed. */
    section_close(&section);
    if ((at == NULL) == (step->remind->every.kind == SPAN_UNSET)) {
        build_refuse(outer->builder, outer->where, "'remind' has no time, or two");
    }
}
