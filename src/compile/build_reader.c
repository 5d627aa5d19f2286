/* Reading a definition's objects; see build.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "compile/build.h"
#include "compile/grow.h"

void build_refuse(struct builder *builder, struct text where, const char *format, ...)
{
    char text[512];
    va_list arguments;

    if (builder->status != STATUS_OK) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    builder->status = fail(builder->err, STATUS_REJECT, "definition: %.*s: %s", TEXT_ARG(where),
                           text);
}

bool build_failed(const struct builder *builder)
{
    return builder->status != STATUS_OK;
}

struct section section_open(struct builder *builder, const struct json *json, struct text where)
{
    struct section section = {.builder = builder, .json = json, .where = where};

    if (json == NULL || json_kind(json) != JSON_OBJECT) {
        build_refuse(builder, where, "not an object");
        section.json = NULL;
    }
    return section;
}

void section_close(struct section *section)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    if (section->json == NULL || build_failed(section->builder)) {
        return;
    }
    while (json_next(section->json, &cursor, &key, &value)) {
        bool asked = false;

        for (uint32_t i = 0; i < section->asked_count && !asked; i++) {
            asked = text_is(key, section->asked[i]);
        }
        if (!asked) {
            build_refuse(section->builder, section->where, "'%.*s' is not known to this version",
                         TEXT_ARG(key));
        }
    }
}

const struct json *section_get(struct section *section, const char *key)
{
    CHECK(section->asked_count < SECTION_KEYS_MAX);
    section->asked[section->asked_count++] = key;
    return section->json == NULL ? NULL : json_member(section->json, key);
}

const struct json *section_need(struct section *section, const char *key)
{
    const struct json *value = section_get(section, key);

    if (value == NULL) {
        build_refuse(section->builder, section->where, "'%s' is missing", key);
    }
    return value;
}

struct text section_text(struct section *section, const char *key)
{
    const struct json *value = section_get(section, key);

    if (value == NULL) {
        return TEXT("");
    }
    if (json_kind(value) != JSON_TEXT || json_text_of(value).bytes == 0) {
        build_refuse(section->builder, section->where, "'%s' is no text", key);
        return TEXT("");
    }
    return arena_text(&section->builder->flow->arena, json_text_of(value));
}

struct text section_need_text(struct section *section, const char *key)
{
    struct text text = section_text(section, key);

    if (text.bytes == 0) {
        build_refuse(section->builder, section->where, "'%s' is missing", key);
    }
    return text;
}

int64_t section_integer(struct section *section, const char *key, int64_t least, int64_t most)
{
    const struct json *value = section_need(section, key);
    int64_t number = least;

    if (value != NULL && (!json_int64(value, &number) || number < least || number > most)) {
        build_refuse(section->builder, section->where, "'%s' is no integer from %lld to %lld", key,
                     (long long)least, (long long)most);
        return least;
    }
    return number;
}

uint32_t section_choice(struct section *section, const char *key, const char *const *words)
{
    struct text text = section_text(section, key);

    if (text.bytes == 0) {
        return 0;
    }
    for (uint32_t i = 0; words[i] != NULL; i++) {
        if (text_is(text, words[i])) {
            return i;
        }
    }
    build_refuse(section->builder, section->where, "'%s: %.*s' is not known to this version", key,
                 (int)(text.bytes < 64 ? text.bytes : 64), text.data);
    return 0;
}

struct expr *build_expr(struct builder *builder, struct text source, struct text where)
{
    struct flow *flow = builder->flow;
    struct expr_problem problem;
    struct expr *expr;

    if (build_failed(builder)) {
        return NULL;
    }
    if (builder->compiled != NULL && map_get(builder->compiled, source) != NULL) {
        return map_get(builder->compiled, source); /* Not the flow's, which is thrown away. */
    }
    if (expr_compile(source, &builder->scope, &expr, &problem) != STATUS_OK) {
        build_refuse(builder, where, "bad expression at byte %zu: %s", problem.offset,
                     problem.text);
        return NULL;
    }
    flow->exprs = grow(&flow->arena, flow->exprs, flow->expr_count, &builder->expr_capacity,
                       sizeof(struct expr *));
    flow->exprs[flow->expr_count++] = expr;
    return expr;
}

struct expr *section_expr(struct section *section, const char *key)
{
    struct text source = section_text(section, key);

    return source.bytes == 0 ? NULL : build_expr(section->builder, source, section->where);
}

struct template *build_template(struct builder *builder, const struct json *source,
                                struct text where)
{
    struct flow *flow = builder->flow;
    struct template_problem problem;
    struct template *template;

    if (build_failed(builder)) {
        return NULL;
    }
    if (builder->compiled != NULL && flow->template_count > 0) {
        return flow->templates[0]; /* Any: the checker has compiled what is in this one. */
    }
    if (template_compile(source, &builder->scope, &template, &problem) != STATUS_OK) {
        build_refuse(builder, where, "bad template: %s",
                     problem.unclosed ? "'${' is not closed" : problem.expr.text);
        return NULL;
    }
    flow->templates = grow(&flow->arena, flow->templates, flow->template_count,
                           &builder->template_capacity, sizeof(struct template *));
    flow->templates[flow->template_count++] = template;
    return template;
}

struct template *section_template(struct section *section, const char *key)
{
    const struct json *source = section_get(section, key);

    return source == NULL ? NULL : build_template(section->builder, source, section->where);
}

struct span section_span(struct section *section, const char *key)
{
    const struct json *value = section_get(section, key);
    struct span span = {.kind = SPAN_UNSET};

    if (value == NULL) {
        return span;
    }
    if (json_kind(value) == JSON_OBJECT) {
        struct section inner = section_open(section->builder, value, section->where);

        span.kind = SPAN_EXPR;
        span.expr = build_expr(section->builder, section_need_text(&inner, "expr"), section->where);
        section_close(&inner);
    } else if (text_is(json_text_of(value), "none")) {
        span.kind = SPAN_ENDLESS;
    } else {
        span.kind = SPAN_FIXED;
        if (!json_int64(value, &span.ms) || span.ms < 0 || span.ms > DURATION_MAX_MS) {
            build_refuse(section->builder, section->where, "'%s' is no duration", key);
        }
    }
    return span;
}
