/* What the steps of a definition do; build_blocks.c has given each its place before. */
#include "base/duration.h"
#include "base/limits.h"
#include "compile/build.h"

static struct then build_then(struct builder *builder, uint32_t index, struct text name)
{
    struct then then = {.kind = THEN_NEXT, .step = STEP_NONE};
    uintptr_t found;

    if (name.bytes == 0) {
        return then;
    }
    if (text_is(name, "continue") || text_is(name, "end")) {
        then.kind = text_is(name, "end") ? THEN_END : THEN_CONTINUE;
        return then;
    }
    found = (uintptr_t)map_get(&builder->step_names, name);
    if (found == 0 || builder->lists[found - 1] != builder->lists[index]) {
        build_refuse(builder, step_where(builder, index), "'then' names no step of its list");
        return then;
    }
    then.kind = THEN_STEP;
    then.step = (uint32_t)(found - 1);
    return then;
}

static struct template *key_template(struct section *section)
{
    struct text source = section_text(section, "key");
    struct template *template;
    struct json *text;

    if (source.bytes == 0) {
        return NULL;
    }
    text = json_text(arena_printf(&section->builder->flow->arena, "${ %.*s }", TEXT_ARG(source)));
    template = build_template(section->builder, text, section->where);
    json_free(text);
    return template;
}

void build_cancel(struct section *outer, struct message_spec *message)
{
    const struct json *json = section_get(outer, "cancel");
    struct section section;

    if (json == NULL) {
        return;
    }
    section = section_open(outer->builder, json, outer->where);
    message->cancel_type = section_template(&section, "type");
    message->cancel_value = section_template(&section, "value");
    section_close(&section);
    if (message->cancel_type == NULL) {
        build_refuse(outer->builder, outer->where, "'cancel' has no type");
    }
}

struct message_spec build_message(struct section *section)
{
    struct builder *builder = section->builder;
    struct message_spec message = {0};
    struct text service = section_text(section, "request");
    struct text topic = section_text(section, "emit");

    message.is_request = service.bytes > 0;
    message.service = flow_find_service(builder->flow, service);
    message.topic = flow_find_topic(builder->flow, topic);
    if (message.is_request) {
        message.reply = build_reply(builder, section_need(section, "reply"), section->where);
    }
    if (message.is_request ? message.service == UINT32_MAX || topic.bytes > 0 ||
                                 builder->flow->services[message.service].replies.bytes == 0 ||
                                 (message.reply.success == NULL && message.reply.failure == NULL)
                           : message.topic == UINT32_MAX) {
        build_refuse(builder, section->where, "it sends to no topic or service that would do");
    }
    message.type = section_template(section, "type");
    message.key = key_template(section);
    message.value = section_template(section, "value");
    message.headers = section_template(section, "headers");
    return message;
}

struct span build_timeout(const struct builder *builder, const struct message_spec *message,
                          struct span span)
{
    if (span.kind == SPAN_UNSET && message->is_request && !build_failed(builder)) {
        span.kind = SPAN_FIXED;
        span.ms = builder->flow->services[message->service].timeout_ms;
    }
    return span;
}

static void build_wait(struct section *outer, struct step *step)
{
    const struct json *json = json_member(outer->json, "wait");
    struct section section;

    if (json_member(json, "until") == NULL) {
        step->wait.span = section_span(outer, "wait");
        if (step->wait.span.kind == SPAN_ENDLESS) {
            build_refuse(outer->builder, outer->where, "'wait' has no end");
        }
        return;
    }
    section = section_open(outer->builder, section_get(outer, "wait"), outer->where);
    step->wait.until = section_expr(&section, "until");
    if (json_member(json, "minus") != NULL) {
        step->wait.minus_ms = section_integer(&section, "minus", 0, DURATION_MAX_MS);
    }
    section_close(&section);
}

static void build_cases(struct section *outer, struct step *step, uint32_t index)
{
    const struct json *cases = section_get(outer, "switch");

    for (uint32_t i = 0; i < step->choice.case_count; i++) {
        struct section section = section_open(outer->builder, json_at(cases, i), outer->where);
        struct switch_case *one = &step->choice.cases[i];
        bool block = section_get(&section, "do") != NULL;
        struct text then = section_text(&section, "then");

        one->when = section_expr(&section, "when");
        one->then = build_then(outer->builder, index, then);
        if (block == (then.bytes > 0) || (one->when == NULL && i + 1 < step->choice.case_count)) {
            build_refuse(outer->builder, outer->where, "case %u is not whole", i + 1);
        }
        section_close(&section);
    }
}

static void build_raise(struct section *outer, struct step *step)
{
    struct section section = section_open(outer->builder, section_get(outer, "raise"),
                                          outer->where);

    step->raise.again = json_is_true(section_get(&section, "again"));
    step->raise.error = section_template(&section, "error");
    step->raise.title = section_template(&section, "title");
    step->raise.detail = section_template(&section, "detail");
    step->raise.status = section_template(&section, "status");
    section_close(&section);
    if (step->raise.again == (step->raise.error != NULL)) {
        build_refuse(outer->builder, outer->where, "'raise' names no error, or two");
    }
}

static void build_run(struct section *section, struct step *step)
{
    static const char *const closes[] = {"cancel", "abandon", NULL};
    static const char *const running[] = {"fail", "join", NULL};
    const struct json *version = section_need(section, "version");
    int64_t number = 0;

    step->run.flow = section_template(section, "run");
    step->run.input = section_template(section, "input");
    step->run.key = key_template(section);
    step->run.awaits = json_is_true(section_need(section, "await"));
    step->run.abandons = section_choice(section, "parentClose", closes) == 1;
    step->run.joins = section_choice(section, "ifRunning", running) == 1;
    if (json_int64(version, &number) && number >= 1 && number <= INT32_MAX) {
        step->run.version = (int32_t)number;
    } else if (!text_is(json_text_of(version), "latest")) {
        build_refuse(section->builder, section->where, "'version' is no number");
    }
}

static void build_action(struct section *section, struct step *step, uint32_t index)
{
    static const char *const ends[] = {"completed", "failed", "cancelled", NULL};

    switch (step->kind) {
    case STEP_REQUEST:
        step->message = build_message(section);
        build_cancel(section, &step->message);
        step->message.heartbeat = section_span(section, "heartbeat");
        step->timeout = build_timeout(section->builder, &step->message, step->timeout);
        return;
    case STEP_EMIT:
        step->message = build_message(section);
        return;
    case STEP_LISTEN:
        step->listen = build_listen(section->builder, section_get(section, "listen"),
                                    section->where, step->name);
        return;
    case STEP_WAIT:
        build_wait(section, step);
        return;
    case STEP_SET:
        step->set = section_template(section, "set");
        step->replaces = json_is_true(section_get(section, "replace"));
        return;
    case STEP_SWITCH:
        build_cases(section, step, index);
        return;
    case STEP_RAISE:
        build_raise(section, step);
        return;
    case STEP_RUN:
        build_run(section, step);
        return;
    case STEP_BLOCK:
    case STEP_FORK:
    case STEP_FOR:
    case STEP_ROLLBACK:
        build_block(section, step);
        return;
    case STEP_END:
        step->end.status = (enum end_status)section_choice(section, "end", ends);
        step->end.reason = section_template(section, "reason");
        return;
    }
}

static void build_step(struct builder *builder, uint32_t index, const struct json *lines)
{
    static const char *const doubts[] = {"", "compensate", "skip", NULL};
    static const enum in_doubt values[] = {IN_DOUBT_UNSET, IN_DOUBT_COMPENSATE, IN_DOUBT_SKIP};
    struct step *step = &builder->flow->steps[index];
    struct section section = section_open(builder, builder->sources[index],
                                          step_where(builder, index));
    const struct json *as = section_get(&section, "as");
    const struct json *retry = section_get(&section, "retry");
    int64_t line = 0;

    section_text(&section, "step");
    step->reference = section_text(&section, "reference");
    if (json_int64(json_get(lines, step->name), &line) && line > 0 && line < UINT32_MAX) {
        step->line = (uint32_t)line;
    }
    step->then = build_then(builder, index, section_text(&section, "then"));
    step->condition = section_expr(&section, "if");
    if (as != NULL && json_kind(as) == JSON_TEXT) {
        step->as = section_text(&section, "as");
    } else if (as != NULL && json_kind(as) != JSON_BOOL) {
        build_refuse(builder, section.where, "'as' is no name");
    }
    step->keep = section_template(&section, "keep");
    step->timeout = section_span(&section, "timeout");
    step->warn_after = section_span(&section, "warnAfter");
    step->retry = retry == NULL ? NULL : build_policy(builder, retry, section.where);
    step->pivot = json_is_true(section_get(&section, "pivot"));
    step->in_doubt = values[section_choice(&section, "inDoubt", doubts)];
    step->note = section_template(&section, "note");
    build_catches(&section, step);
    build_remind(&section, step);
    build_action(&section, step, index);
    build_undo(&section, step);
    section_close(&section);
}

void build_steps(struct section *section, const struct json *info)
{
    struct builder *builder = section->builder;
    struct flow *flow = builder->flow;
    const struct json *list = section_need(section, "do");
    const struct json *failure = section_get(section, "onFailure");
    const struct json *always = section_get(section, "always");
    const struct json *handle = json_member(section->json, "handle");
    size_t count = place_count(list) + place_count(failure) + place_count(always) +
                   place_count_each(handle);

    if (count > STEPS_MAX) {
        build_refuse(builder, TEXT("steps"), "more than %d", STEPS_MAX);
        return;
    }
    flow->steps = arena_array(&flow->arena, count + 1, sizeof(*flow->steps));
    builder->sources = arena_array(&flow->arena, count + 1, sizeof(const struct json *));
    builder->lists = arena_array(&flow->arena, count + 1, sizeof(*builder->lists));
    builder->loop_lists = arena_array(&flow->arena, count + 1, sizeof(*builder->loop_lists));
    flow->first_step = place_list(builder, list, STEP_NONE);
    place_handlers(builder, handle, STEP_NONE);
    flow->failure_step = failure == NULL ? STEP_NONE : place_list(builder, failure, STEP_NONE);
    flow->always_step = always == NULL ? STEP_NONE : place_list(builder, always, STEP_NONE);
    for (uint32_t i = 0; i < flow->step_count && !build_failed(builder); i++) {
        place_scope(builder, i);
        build_step(builder, i, json_member(info, "lines"));
    }
    builder->scope = *flow_scope();
    build_handlers(section, flow->handlers, flow->handler_count, TEXT("~flow"));
}
