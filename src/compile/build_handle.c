/* Handlers of a definition. */
#include "compile/build.h"

void place_handlers(struct builder *builder, const struct json *handle, uint32_t parent)
{
    struct flow *flow = builder->flow;
    uint32_t count = (uint32_t)json_count(handle);
    struct handler *handlers;

    if (handle == NULL || build_failed(builder)) {
        return;
    }
    if (json_kind(handle) != JSON_ARRAY || count == 0) {
        build_refuse(builder, TEXT("handle"), "no list of handlers");
        return;
    }
    handlers = arena_array(&flow->arena, count, sizeof(*handlers));
    for (uint32_t i = 0; i < count && !build_failed(builder); i++) {
        uint32_t step = place_list(builder, json_member(json_at(handle, i), "do"), parent);

        handlers[i].first_step = step;
        for (; step != STEP_NONE; step = flow->steps[step].next) {
            flow->steps[step].aside = true;
        }
    }
    flow->has_handlers = true;
    *(parent == STEP_NONE ? &flow->handlers : &flow->steps[parent].handlers) = handlers;
    *(parent == STEP_NONE ? &flow->handler_count : &flow->steps[parent].handler_count) = count;
}

void build_handlers(struct section *outer, struct handler *handlers, uint32_t count,
                    struct text route)
{
    struct builder *builder = outer->builder;
    const struct json *handle = section_get(outer, "handle");

    for (uint32_t i = 0; i < count && !build_failed(builder); i++) {
        struct section section = section_open(builder, json_at(handle, i), outer->where);
        struct text name = arena_printf(&builder->flow->arena, "%.*s.~%u", TEXT_ARG(route), i + 1);

        handlers[i].listen = build_listen(builder, section_get(&section, "listen"), outer->where,
                                          name);
        handlers[i].times = json_member(section.json, "times") == NULL
                                ? UINT32_MAX
                                : (uint32_t)section_integer(&section, "times", 1, UINT32_MAX - 1);
        (void)section_get(&section, "do"); /* Was placed. */
        section_close(&section);
    }
}
