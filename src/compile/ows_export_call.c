/* Steps that have others do something, as tasks: request, emit, run. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compile/flow_file.h"
#include "compile/ows.h"
#include "compile/ows_export.h"

static void put_template(struct export *export, struct json *into, const char *key,
                         const struct json *value)
{
    if (value != NULL) {
        json_put(into, text_of(key), export_template(export, value));
    }
}

static void put_bare(struct export *export, struct json *into, const char *key,
                     const struct json *value)
{
    if (value != NULL) {
        json_put(into, text_of(key), export_bare(export, json_text_of(value)));
    }
}

static struct json *reply_of(struct export *export, const struct json *reply)
{
    struct json_cursor cursor = {0};
    const struct json *rule;
    struct json *made = json_object();
    struct text key;

    while (json_next(reply, &cursor, &key, &rule)) {
        json_put(made, key, export_bare(export, json_text_of(rule)));
    }
    return made;
}

/* What a request or an emit sends, of a step or of its undo. The rules for replies are those of the
 * service, unless the step has its own. */
static struct json *call_of(struct export *export, const struct json *call)
{
    static const char *const templates[] = {"type", "value", "headers"};
    const struct json *service = json_get(json_member(export->flow, "services"),
                                          json_member_text(call, "request"));
    const struct json *reply = json_member(call, "reply");
    struct json *with = json_object();
    struct json *span;

    if (json_member(call, "request") != NULL) {
        json_put_text(with, "service", json_member_text(call, "request"));
    } else {
        json_put_text(with, "topic", json_member_text(call, "emit"));
    }
    for (size_t i = 0; i < 3; i++) {
        put_template(export, with, templates[i], json_member(call, templates[i]));
    }
    put_bare(export, with, "key", json_member(call, "key"));
    if (reply != NULL && service != NULL) {
        json_put(with, TEXT("reply"), reply_of(export, reply));
    }
    span = export_span(export, json_member(call, "timeout"));
    if (span != NULL) {
        json_put(with, TEXT("timeout"), span);
    }
    if (json_member(call, "retry") != NULL) {
        json_put(with, TEXT("retry"), export_plain(TEXT("retry"), json_member(call, "retry")));
    }
    return with;
}

/* Of this engine alone: kept as it is written, as handlers and reminders are. */
static bool is_undo_block(const struct json *step)
{
    return json_member(json_member(step, "compensate"), "do") != NULL;
}

/* Nothing undoes it, and that is meant. */
static bool is_none_said(const struct export *export, const struct json *step)
{
    return export->undoes && !export->is_last && !json_is_true(json_member(step, "pivot")) &&
           !flow_found(export->found, "F504", json_member_text(step, "step"));
}

struct json *export_request(struct export *export, const struct json *step)
{
    static const char *const spans[] = {"heartbeat", "warnAfter"};
    struct json *task = json_object();
    struct json *with = call_of(export, step);

    json_put_string(task, "call", OWS_CALL);
    for (size_t i = 0; i < 2; i++) {
        struct json *span = export_span(export, json_member(step, spans[i]));

        if (span != NULL) {
            json_put(with, text_of(spans[i]), span);
        }
    }
    put_template(export, with, "cancel", json_member(step, "cancel"));
    if (is_undo_block(step)) {
        export_own(task, "compensate", json_copy(json_member(step, "compensate")));
    } else if (json_member(step, "compensate") != NULL) {
        json_put(with, TEXT("compensate"), call_of(export, json_member(step, "compensate")));
    } else if (is_none_said(export, step)) {
        json_put_string(with, "compensate", "none");
    }
    if (json_is_true(json_member(step, "pivot"))) {
        json_put_bool(with, "pivot", true);
    }
    if (json_member(step, "inDoubt") != NULL) {
        json_put_text(with, "inDoubt", json_member_text(step, "inDoubt"));
    }
    put_template(export, with, "note", json_member(step, "note"));
    json_put(task, TEXT("with"), with);
    export_output(export, task, step, ".");
    return task;
}

/* An event of the topic. Without a type of its own it has the topic's name. */
struct json *export_emit(struct export *export, const struct json *step)
{
    struct json *task = json_object();
    struct json *emit = json_object();
    struct json *event = json_object();
    struct json *with = json_object();
    struct text topic = json_member_text(step, "emit");
    struct buffer source = {0};

    buffer_addf(&source, "kafka://%.*s", TEXT_ARG(topic));
    json_put_text(with, "source", buffer_text(&source));
    if (json_member(step, "type") == NULL) {
        json_put_text(with, "type", topic);
    }
    put_template(export, with, "type", json_member(step, "type"));
    if (json_member(step, "value") == NULL) {
        json_put_string(with, "data", "${ . }");
    }
    put_template(export, with, "data", json_member(step, "value"));
    put_template(export, with, "headers", json_member(step, "headers"));
    if (json_member(step, "key") != NULL) {
        json_put(with, TEXT("key"), export_expr(export, json_member_text(step, "key")));
    }
    json_put(event, TEXT("with"), with);
    json_put(emit, TEXT("event"), event);
    json_put(task, TEXT("emit"), emit);
    export_output(export, task, step, ".");
    if (is_undo_block(step)) {
        export_own(task, "compensate", json_copy(json_member(step, "compensate")));
    } else if (json_member(step, "compensate") != NULL) {
        export_own(task, "compensate", call_of(export, json_member(step, "compensate")));
    }
    buffer_release(&source);
    return task;
}

struct json *export_run(struct export *export, const struct json *step)
{
    static const char *const others[] = {"key", "parentClose", "ifRunning"};
    static const char *const usual[] = {"", "cancel", "fail"};
    const struct json *input = json_member(step, "input");
    struct json *task = json_object();
    struct json *run = json_object();
    struct json *workflow = json_object();
    struct buffer version = {0};
    int64_t number;

    json_put_string(workflow, "namespace", "baton");
    put_template(export, workflow, "name", json_member(step, "run"));
    if (json_int64(json_member(step, "version"), &number)) {
        buffer_addf(&version, "%" PRId64 ".0.0", number);
    }
    json_put_text(workflow, "version", version.bytes > 0 ? buffer_text(&version) : TEXT("latest"));
    if (input != NULL && json_kind(input) == JSON_OBJECT) {
        put_template(export, workflow, "input", input);
    } else {
        export_own(task, "input",
                   input == NULL ? json_string("${ . }") : export_template(export, input));
    }
    json_put(run, TEXT("workflow"), workflow);
    json_put(task, TEXT("run"), run);
    if (json_is_true(json_member(step, "await"))) {
        export_output(export, task, step, ".");
    } else {
        json_put_bool(run, "await", false);
    }
    for (size_t i = 0; i < 3; i++) {
        struct text value = json_member_text(step, others[i]);

        if (value.bytes > 0 && !text_is(value, usual[i])) {
            export_own(task, others[i], json_text(value));
        }
    }
    buffer_release(&version);
    return task;
}
