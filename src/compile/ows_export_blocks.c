/* Steps that hold others, or wait for several things, as tasks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compile/ows_export.h"

/* A task of this name with these steps, alone in a list. */
static void push_block(struct export *export, struct json *list, struct text name,
                       const struct json *steps)
{
    struct json *item = json_object();
    struct json *block = json_object();

    json_put(block, TEXT("do"), export_steps(export, steps));
    json_put(item, name, block);
    json_push(list, item);
}

/* Branches give their whole documents, where ours give what they added: `branches: whole` says that
 * this is not the same. */
struct json *export_fork(struct export *export, const struct json *step)
{
    const struct json *ours = json_member(step, "fork");
    const struct json *list = json_member(ours, "branches");
    struct text join = json_member_text(ours, "join");
    bool races = text_is(join, "first") || text_is(join, "race");
    struct json *task = json_object();
    struct json *fork = json_object();
    struct json *branches = json_array();
    struct buffer value = {0};

    buffer_add_text(&value, races ? TEXT("{which: null, value: .}") : TEXT("{"));
    for (size_t i = 0; i < json_count(list); i++) {
        struct text name = json_member_text(json_at(list, i), "name");

        push_block(export, branches, name, json_member(json_at(list, i), "do"));
        if (!races) {
            buffer_addf(&value, "%s%.*s: .[%zu]", i == 0 ? "" : ", ", TEXT_ARG(name), i);
        }
    }
    buffer_add_text(&value, races ? TEXT("") : TEXT("}"));
    json_put(fork, TEXT("branches"), branches);
    if (races) {
        json_put_bool(fork, "compete", true);
    }
    json_put(task, TEXT("fork"), fork);
    export_output(export, task, step, buffer_string(&value));
    export_own(task, "join", json_copy(json_member(ours, "join")));
    buffer_release(&value);
    return task;
}

/* What an item gives is added to the list under the step's name. */
static struct json *collect(struct export *export, const struct json *step,
                            const struct json *result, bool first)
{
    struct text as = json_member_text(step, "as");
    struct buffer source = {0};
    struct json *task = json_object();

    if (first) {
        buffer_addf(&source, "${ . + {%.*s: []} }", TEXT_ARG(as));
    } else {
        buffer_addf(&source, "${ . + {%.*s: (.%.*s + [", TEXT_ARG(as), TEXT_ARG(as));
        if (result == NULL) {
            buffer_add_char(&source, '.');
        } else {
            struct json *bare = export_bare(export, json_text_of(result));

            buffer_add_text(&source, json_text_of(bare));
            json_free(bare);
        }
        buffer_add_text(&source, TEXT("])} }"));
    }
    json_put(task, TEXT("set"), json_text(buffer_text(&source)));
    buffer_release(&source);
    return task;
}

void export_push(struct json *list, struct text name, const char *suffix, struct json *task)
{
    struct json *item = json_object();
    struct buffer whole = {0};

    buffer_addf(&whole, "%.*s%s", TEXT_ARG(name), suffix);
    json_put(item, buffer_text(&whole), task);
    json_push(list, item);
    buffer_release(&whole);
}

/* One item after the other, on one document; ours work on copies, and perhaps side by side. */
struct json *export_for(struct export *export, const struct json *step)
{
    static const char *const others[] = {"batch", "parallel", "pause", "join", "onError"};
    const struct json *ours = json_member(step, "for");
    struct text name = json_member_text(step, "step");
    bool keeps = json_member_text(step, "as").bytes > 0;
    struct json *task = json_object();
    struct json *loop = json_object();
    struct json *inner = json_object();
    struct json *body = export_steps(export, json_member(step, "do"));
    struct json *list = json_array();

    json_put_text(loop, "each", json_member_text(ours, "each"));
    json_put(loop, TEXT("in"), export_bare(export, json_member_text(ours, "in")));
    if (json_member(ours, "at") != NULL) {
        json_put_text(loop, "at", json_member_text(ours, "at"));
    }
    if (keeps) {
        export_push(body, name, "_item", collect(export, step, json_member(ours, "result"), false));
        export_push(list, name, "_list", collect(export, step, NULL, true));
    }
    json_put(inner, TEXT("for"), loop);
    if (json_member(ours, "while") != NULL) {
        json_put(inner, TEXT("while"), export_bare(export, json_member_text(ours, "while")));
    }
    json_put(inner, TEXT("do"), body);
    export_push(list, name, "_items", inner);
    json_put(task, TEXT("do"), list);
    export_own(task, "copies", json_bool(true));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (json_member(ours, others[i]) != NULL) {
            export_own(task, others[i], json_copy(json_member(ours, others[i])));
        }
    }
    return task;
}

/* ---- listen ---- */

/* Where the key sits in the message, and what it has to be. */
static struct json *correlation_of(struct export *export, const struct json *awaited)
{
    const struct json *topic = json_get(json_member(export->flow, "topics"),
                                        json_member_text(awaited, "topic"));
    const struct json *own = json_member(awaited, "key");
    const struct json *rule = own == NULL ? json_member(topic, "key") : own;
    struct text key = json_member_text(json_member(export->flow, "key"), "path");
    struct text from = json_member_text(rule, "path");
    struct json *correlate;
    struct json *made;

    if (from.bytes == 0 || key.bytes == 0) {
        return NULL; /* A header, or the record's key: of that the standard knows nothing. */
    }
    made = json_object();
    correlate = json_object();
    json_put(made, TEXT("from"), export_expr(export, from));
    json_put(made, TEXT("expect"), export_expr(export, key));
    json_put(correlate, TEXT("key"), made);
    return correlate;
}

struct json *export_filter(struct export *export, const struct json *awaited)
{
    struct json *filter = json_object();
    struct json *with = json_object();
    struct json *correlate = NULL;
    struct buffer source = {0};
    bool is_signal = json_member(awaited, "signal") != NULL;

    buffer_addf(&source, is_signal ? "signal://%.*s" : "kafka://%.*s",
                TEXT_ARG(json_member_text(awaited, is_signal ? "signal" : "topic")));
    json_put_text(with, "source", buffer_text(&source));
    if (json_member(awaited, "type") != NULL) {
        json_put_text(with, "type", json_member_text(awaited, "type"));
    }
    if (json_member(awaited, "when") != NULL) {
        json_put(with, TEXT("data"), export_expr(export, json_member_text(awaited, "when")));
    }
    json_put(filter, TEXT("with"), with);
    if (!is_signal) {
        correlate = correlation_of(export, awaited);
    }
    if (correlate != NULL) {
        json_put(filter, TEXT("correlate"), correlate);
    }
    buffer_release(&source);
    return filter;
}

static void add_several(struct export *export, struct json *to, const char *key,
                        const struct json *list, struct buffer *value)
{
    struct json *filters = json_array();

    for (size_t i = 0; i < json_count(list); i++) {
        json_push(filters, export_filter(export, json_at(list, i)));
        buffer_addf(value, "%s%.*s: .[%zu]", i == 0 ? "" : ", ",
                    TEXT_ARG(json_member_text(json_at(list, i), "as")), i);
    }
    json_put(to, text_of(key), filters);
}

struct json *export_listen(struct export *export, const struct json *step)
{
    static const char *const others[] = {"count", "until"};
    const struct json *ours = json_member(step, "listen");
    struct json *task = json_object();
    struct json *listen = json_object();
    struct json *to = json_object();
    struct buffer value = {0};

    if (json_member(ours, "all") != NULL) {
        buffer_add_char(&value, '{');
        add_several(export, to, "all", json_member(ours, "all"), &value);
        buffer_add_char(&value, '}');
    } else if (json_member(ours, "any") != NULL) {
        add_several(export, to, "any", json_member(ours, "any"), &value);
        buffer_clear(&value);
        buffer_add_text(&value, TEXT("{which: null, value: .[0]}"));
        export_own(task, "which", json_bool(true));
    } else {
        json_put(to, TEXT("one"), export_filter(export, ours));
        buffer_add_text(&value, TEXT(".[0]"));
    }
    for (size_t i = 0; i < 2; i++) {
        if (json_member(ours, others[i]) != NULL) {
            export_own(task, others[i], json_copy(json_member(ours, others[i])));
        }
    }
    json_put(listen, TEXT("to"), to);
    json_put(task, TEXT("listen"), listen);
    export_output(export, task, step, buffer_string(&value));
    buffer_release(&value);
    return task;
}
