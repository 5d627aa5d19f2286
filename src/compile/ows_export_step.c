/* Steps as tasks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compile/ows.h"
#include "compile/ows_export.h"

#define ERROR_STATUS 500 /* The standard wants one. */

void export_own(struct json *task, const char *key, struct json *value)
{
    struct json *metadata = json_member(task, "metadata") == NULL
                                ? json_object()
                                : json_open_copy(json_member(task, "metadata"));
    struct json *own = json_member(metadata, "baton") == NULL
                           ? json_object()
                           : json_open_copy(json_member(metadata, "baton"));

    json_put(own, text_of(key), value);
    json_put(metadata, TEXT("baton"), own);
    json_put(task, TEXT("metadata"), metadata);
}

static bool is_block(const struct json *step)
{
    return json_member(step, "do") != NULL && json_member(step, "for") == NULL;
}

void export_outer(const struct json *step, struct buffer *out)
{
    buffer_add_text(out, json_member_text(step, "step"));
    if (json_member(step, "catch") != NULL && !is_block(step)) {
        buffer_add_text(out, TEXT("_try"));
    }
}

void export_output(struct export *export, struct json *task, const struct json *step,
                   const char *value)
{
    const struct json *keep = json_member(step, "keep");
    struct text as = json_member_text(step, "as");
    struct buffer source = {0};
    struct json *output = json_object();

    if (as.bytes == 0) {
        buffer_add_text(&source, TEXT("$input"));
    } else {
        buffer_add_text(&source, TEXT("$input + {"));
        buffer_add_text(&source, as);
        buffer_add_text(&source, TEXT(": "));
        if (keep == NULL) {
            buffer_add_text(&source, text_of(value));
        } else {
            buffer_addf(&source, "(%s | ", value);
            export_source(export, keep, &source);
            buffer_add_char(&source, ')');
        }
        buffer_add_char(&source, '}');
    }
    json_put(output, TEXT("as"), json_text(buffer_text(&source)));
    json_put(task, TEXT("output"), output);
    buffer_release(&source);
}

/* `. * {…}` merges as our `set` does. */
static struct json *set_of(struct export *export, const struct json *step)
{
    struct buffer source = {0};
    struct json *task = json_object();

    buffer_add_text(&source, TEXT("${ . * "));
    export_source(export, json_member(step, "set"), &source);
    buffer_add_text(&source, TEXT(" }"));
    json_put(task, TEXT("set"), json_text(buffer_text(&source)));
    buffer_release(&source);
    return task;
}

/* A time is waited for as the seconds from now to it. */
static struct json *wait_of(struct export *export, const struct json *step)
{
    const struct json *wait = json_member(step, "wait");
    struct json *task = json_object();
    struct buffer source = {0};

    if (json_member(wait, "until") != NULL) {
        buffer_addf(&source,
                    "[((%.*s) | fromdateiso8601) - ($now | fromdateiso8601) - %" PRId64
                    ", 0] | max | \"PT\\(.)S\"",
                    TEXT_ARG(json_member_text(wait, "until")),
                    json_member_int(wait, "minus", 0) / 1000);
        json_put(task, TEXT("wait"), export_expr(export, buffer_text(&source)));
    } else {
        json_put(task, TEXT("wait"), export_span(export, wait));
    }
    buffer_release(&source);
    return task;
}

static struct json *raise_task(struct json *type, struct json *title, struct json *detail,
                               struct json *status)
{
    struct json *task = json_object();
    struct json *raise = json_object();
    struct json *error = json_object();

    json_put(error, TEXT("type"), type);
    json_put(error, TEXT("status"), status == NULL ? json_integer(ERROR_STATUS) : status);
    if (title != NULL) {
        json_put(error, TEXT("title"), title);
    }
    if (detail != NULL) {
        json_put(error, TEXT("detail"), detail);
    }
    json_put(raise, TEXT("error"), error);
    json_put(task, TEXT("raise"), raise);
    return task;
}

/* A template as one expression. */
static struct json *as_expression(struct export *export, const struct json *template)
{
    struct buffer source = {0};
    struct json *text;

    buffer_add_text(&source, TEXT("${ "));
    export_source(export, template, &source);
    buffer_add_text(&source, TEXT(" }"));
    text = json_text(buffer_text(&source));
    buffer_release(&source);
    return text;
}

/* The standard wants a text or an expression. */
static struct json *detail_of(struct export *export, const struct json *detail)
{
    struct json *given = detail == NULL ? NULL : export_template(export, detail);

    if (given == NULL || json_kind(given) == JSON_TEXT) {
        return given;
    }
    json_free(given);
    return as_expression(export, detail);
}

/* The standard wants a URI or an expression: our names are given as expressions. */
static struct json *raise_of(struct export *export, const struct json *step)
{
    const struct json *raise = json_member(step, "raise");
    const struct json *title = json_member(raise, "title");
    const struct json *detail = json_member(raise, "detail");
    const struct json *status = json_member(raise, "status");

    if (json_is_true(json_member(raise, "again"))) {
        struct json *task = raise_task(json_string("${ $error.type }"),
                                       json_string("${ $error.title }"), NULL, NULL);
        export_own(task, "again", json_bool(true));
        return task;
    }
    return raise_task(
        as_expression(export, json_member(raise, "error")),
        title == NULL ? NULL : export_template(export, title), detail_of(export, detail),
        status != NULL && json_kind(status) == JSON_NUMBER ? json_copy(status) : NULL);
}

static struct json *end_of(struct export *export, const struct json *step)
{
    const struct json *reason = json_member(step, "reason");
    struct text end = json_member_text(step, "end");
    struct json *task;

    if (text_is(end, "completed")) {
        task = json_object();
        json_put_string(task, "set", "${ . }");
        json_put_string(task, "then", "end");
        return task;
    }
    task = raise_task(
        json_string(text_is(end, "failed") ? "${ \"failed\" }" : "${ \"cancelled\" }"),
        reason == NULL ? NULL : export_template(export, reason), NULL, NULL);
    export_own(task, "end", json_text(end));
    return task;
}

static struct json *block_of(struct export *export, const struct json *step)
{
    struct json *task = json_object();

    json_put(task, TEXT("do"), export_steps(export, json_member(step, "do")));
    return task;
}

static struct json *rollback_of(const struct json *step)
{
    struct json *task = json_object();

    json_put_string(task, "set", "${ . }");
    export_own(task, "rollback", json_copy(json_member(step, "rollback")));
    return task;
}

static struct json *action_of(struct export *export, const struct json *step)
{
    static const struct {
        const char *key;
        struct json *(*make)(struct export *, const struct json *);
    } kinds[] = {
        {"request", export_request},
        {"emit", export_emit},
        {"listen", export_listen},
        {"wait", wait_of},
        {"set", set_of},
        {"raise", raise_of},
        {"end", end_of},
        {"run", export_run},
        {"for", export_for},
        {"fork", export_fork},
        {"do", block_of},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (json_member(step, kinds[i].key) != NULL) {
            return kinds[i].make(export, step);
        }
    }
    return rollback_of(step);
}

static void put_timeout(struct export *export, const struct json *step, struct json *task)
{
    struct json *span = json_member(step, "request") != NULL
                            ? NULL
                            : export_span(export, json_member(step, "timeout"));

    if (span != NULL) {
        struct json *timeout = json_object();

        json_put(timeout, TEXT("after"), span);
        json_put(task, TEXT("timeout"), timeout);
    }
}

/* What only this engine does beside a step, or about it. */
static void put_own(struct export *export, const struct json *step, struct json *task)
{
    static const char *const lists[] = {"remind", "handle"};
    struct json *span = export_span(export, json_member(step, "warnAfter"));
    bool is_call = json_member(step, "request") != NULL;

    if (span != NULL && !is_call) {
        export_own(task, "warnAfter", json_copy(span));
    }
    json_free(span);
    if (json_member(step, "note") != NULL && !is_call) {
        export_own(task, "note", export_template(export, json_member(step, "note")));
    }
    for (size_t i = 0; i < 2; i++) {
        if (json_member(step, lists[i]) != NULL) {
            export_own(task, lists[i], json_copy(json_member(step, lists[i])));
        }
    }
    if (!is_call && json_is_true(json_member(step, "pivot"))) {
        export_own(task, "pivot", json_bool(true));
    }
}

static void push_task(struct json *tasks, struct text name, struct json *task)
{
    struct json *item = json_object();

    json_put(item, name, task);
    json_push(tasks, item);
}

struct json *export_then(const struct json *steps, struct text then)
{
    struct buffer name = {0};
    struct json *made;

    for (size_t i = 0; i < json_count(steps); i++) {
        if (text_equal(json_member_text(json_at(steps, i), "step"), then)) {
            export_outer(json_at(steps, i), &name);
        }
    }
    made = json_text(name.bytes > 0 ? buffer_text(&name) : then);
    buffer_release(&name);
    return made;
}

static void export_step(struct export *export, const struct json *steps, const struct json *step,
                        struct json *tasks)
{
    struct text name = json_member_text(step, "step");
    struct text then = json_member_text(step, "then");
    struct json *task = action_of(export, step);
    struct buffer outer = {0};

    put_own(export, step, task);
    put_timeout(export, step, task);
    if (json_member(step, "catch") != NULL || json_member(step, "retry") != NULL) {
        bool needs = json_member(step, "catch") != NULL || is_block(step);

        if (needs) {
            task = export_catch(export, step, task);
        }
    }
    if (json_member(step, "if") != NULL) {
        json_put(task, TEXT("if"), export_bare(export, json_member_text(step, "if")));
    }
    if (then.bytes > 0) {
        json_put(task, TEXT("then"), export_then(steps, then));
    }
    export_outer(step, &outer);
    push_task(tasks, outer.bytes > 0 ? buffer_text(&outer) : name, task);
    buffer_release(&outer);
}

struct json *export_steps(struct export *export, const struct json *steps)
{
    struct json *tasks = json_array();

    for (size_t i = 0; i < json_count(steps); i++) {
        const struct json *step = json_at(steps, i);

        export->is_standard = export->is_standard || json_member(step, "reference") != NULL;
        if (json_member(step, "switch") != NULL) {
            export_switch(export, steps, i, tasks);
        } else {
            export_step(export, steps, step, tasks);
        }
    }
    return tasks;
}
