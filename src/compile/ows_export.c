#include "compile/ows_export.h"

#include <inttypes.h>
#include <string.h>

#include "compile/flow_file.h"
#include "compile/ows.h"

#define DSL "1.0.3"
#define NAMESPACE "baton"

/* What the flow has of ours, as its file would say it. */
static struct json *topics_of(const struct export *export)
{
    const struct json *aliases = json_member(json_member(export->flow, "info"), "aliases");
    const struct json *flow_key = json_member(export->flow, "key");
    struct json_cursor cursor = {0};
    const struct json *topic;
    struct json *made = json_object();
    struct text name;

    while (json_next(json_member(export->flow, "topics"), &cursor, &name, &topic)) {
        struct json *plain = export_plain(TEXT(""), topic);
        struct json *whole = json_object();
        struct json_cursor members = {0};
        const struct json *value;
        struct text key;

        json_put_text(whole, "name", name);
        while (json_next(plain, &members, &key, &value)) {
            bool usual = (text_is(key, "format") && text_is(json_text_of(value), "json")) ||
                         (text_is(key, "envelope") && text_is(json_text_of(value), "none")) ||
                         (text_is(key, "tombstone") && text_is(json_text_of(value), "skip")) ||
                         (text_is(key, "key") && flow_key != NULL && json_equal(value, flow_key));

            if (!usual) {
                json_put(whole, key, json_copy(value));
            }
        }
        json_put(made, json_text_of(json_get(aliases, name)), whole);
        json_free(plain);
    }
    return made;
}

static void put_plain(const struct export *export, struct json *own, const char *key)
{
    const struct json *value = json_member(export->flow, key);

    if (value != NULL) {
        json_put(own, text_of(key), export_plain(text_of(key), value));
    }
}

/* A start that the standard's schedule says whole. */
static bool is_usual(const struct json *start)
{
    static const char *const known[] = {"topic",     "type",   "when", "from", "ifRunning",
                                        "afterDone", "manual", "cron", "every"};
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    while (json_next(start, &cursor, &key, &value)) {
        bool found = false;

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            found = found || text_is(key, known[i]);
        }
        if (!found || (text_is(key, "from") && !text_is(json_text_of(value), "now")) ||
            ((text_is(key, "ifRunning") || text_is(key, "afterDone")) &&
             !text_is(json_text_of(value), "ignore"))) {
            return false;
        }
    }
    return true;
}

/* The schedule. False: our own words have to say it. */
static bool put_schedule(struct export *export, struct json *document)
{
    const struct json *starts = json_member(export->flow, "start");
    const struct json *first = json_at(starts, 0);
    size_t count = json_count(starts);
    struct json *schedule = json_object();
    struct json *on = json_object();
    struct json *list = json_array();
    bool good = true;
    int64_t every;

    for (size_t i = 0; i < count; i++) {
        struct json *filter = export_filter(export, json_at(starts, i));

        good = good && is_usual(json_at(starts, i)) &&
               (count == 1 || json_member(json_at(starts, i), "topic") != NULL);
        json_drop(filter, TEXT("correlate"));
        json_push(list, filter);
    }
    if (json_member(first, "topic") != NULL) {
        json_put(on, count == 1 ? TEXT("one") : TEXT("any"),
                 json_copy(count == 1 ? json_at(list, 0) : list));
        json_put(schedule, TEXT("on"), json_copy(on));
    } else if (json_member(first, "cron") != NULL) {
        json_put_text(schedule, "cron", json_member_text(first, "cron"));
    } else if (json_int64(json_member(first, "every"), &every)) {
        json_put(schedule, TEXT("every"), export_duration(every));
    }
    if (json_count(schedule) > 0) {
        json_put(document, TEXT("schedule"), json_copy(schedule));
    }
    json_free(schedule);
    json_free(on);
    json_free(list);
    return good;
}

static struct json *starts_of(const struct export *export)
{
    const struct json *aliases = json_member(json_member(export->flow, "info"), "aliases");
    const struct json *starts = json_member(export->flow, "start");
    struct json *made = json_array();

    for (size_t i = 0; i < json_count(starts); i++) {
        struct json *start = json_open_copy(json_at(starts, i));
        struct json *plain;

        if (json_member(start, "topic") != NULL) {
            json_put(start, TEXT("topic"),
                     json_copy(json_get(aliases, json_member_text(start, "topic"))));
        }
        if (text_is(json_member_text(start, "ifRunning"), "ignore")) {
            json_drop(start, TEXT("ifRunning"));
        }
        if (text_is(json_member_text(start, "afterDone"), "ignore")) {
            json_drop(start, TEXT("afterDone"));
        }
        plain = export_plain(TEXT(""), start);
        json_push(made, plain);
        json_free(start);
    }
    return made;
}

/* It has no limit, nor have waits in it, and that is meant. */
static bool is_endless(const struct export *export)
{
    const struct json *limit = json_member(export->flow, "timeout");

    return (limit == NULL || text_is(json_text_of(limit), "none")) &&
           !flow_found(export->found, "F409", TEXT("")) &&
           !flow_found(export->found, "F410", TEXT(""));
}

/* Some step within says how it is undone. */
static bool undoes(const struct json *value)
{
    struct json_cursor cursor = {0};
    const struct json *inner;
    struct text name;
    bool found = false;

    for (size_t i = 0; json_kind(value) == JSON_ARRAY && i < json_count(value) && !found; i++) {
        found = undoes(json_at(value, i));
    }
    while (json_kind(value) == JSON_OBJECT && !found && json_next(value, &cursor, &name, &inner)) {
        found = text_is(name, "compensate") || undoes(inner);
    }
    return found;
}

static struct json *own_of(struct export *export, bool usual_start)
{
    static const char *const keys[] = {"services", "saga",   "early",    "remember",
                                       "keep",     "alerts", "warnAfter"};
    const struct json *flow = export->flow;
    struct text path = json_member_text(json_member(flow, "key"), "path");
    struct json *own = json_object();

    json_put(own, TEXT("version"), json_copy(json_member(flow, "version")));
    if (json_member(flow, "key") != NULL) {
        json_put(own, TEXT("key"),
                 path.bytes > 0 ? json_text(path) : json_copy(json_member(flow, "key")));
    }
    if (text_is(json_member_text(flow, "mode"), "observe")) {
        json_put_string(own, "mode", "observe");
    }
    if (!usual_start) {
        struct json *starts = starts_of(export);

        json_put(own, TEXT("start"),
                 json_copy(json_count(starts) == 1 ? json_at(starts, 0) : starts));
        json_free(starts);
    }
    json_put(own, TEXT("topics"), topics_of(export));
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        put_plain(export, own, keys[i]);
    }
    if (json_member(flow, "handle") != NULL) {
        json_put(own, TEXT("handle"), json_copy(json_member(flow, "handle")));
    }
    if (is_endless(export)) {
        json_put_string(own, "timeout", "none");
    }
    export->is_last = true;
    if (json_member(flow, "onFailure") != NULL) {
        json_put(own, TEXT("onFailure"), export_steps(export, json_member(flow, "onFailure")));
    }
    if (json_count(json_member(flow, "always")) > 0) {
        json_put(own, TEXT("always"), export_steps(export, json_member(flow, "always")));
    }
    export->is_last = false;
    return own;
}

static struct json *head_of(struct export *export, bool usual_start)
{
    const struct json *info = json_member(export->flow, "info");
    struct json *head = json_object();
    struct json *metadata = json_object();
    struct buffer version = {0};

    json_put_string(head, "dsl", DSL);
    json_put_string(head, "namespace", NAMESPACE);
    json_put_text(head, "name", json_member_text(export->flow, "flow"));
    buffer_addf(&version, "%" PRId64 ".0.0", json_member_int(export->flow, "version", 1));
    json_put_text(head, "version", buffer_text(&version));
    buffer_release(&version);
    if (json_member(info, "title") != NULL) {
        json_put_text(head, "title", json_member_text(info, "title"));
    }
    if (json_member(info, "description") != NULL) {
        json_put_text(head, "summary", json_member_text(info, "description"));
    }
    if (json_member(info, "labels") != NULL) {
        json_put(head, TEXT("tags"), json_copy(json_member(info, "labels")));
    }
    json_put(metadata, TEXT("baton"), own_of(export, usual_start));
    json_put(head, TEXT("metadata"), metadata);
    return head;
}

/* `{KEY: {PART: template}}` */
static void put_part(struct export *export, struct json *document, const char *key,
                     const char *part, const struct json *template)
{
    struct json *inner;

    if (template != NULL) {
        inner = json_object();
        json_put(inner, text_of(part), export_template(export, template));
        json_put(document, text_of(key), inner);
    }
}

static struct json *document_of(struct export *export)
{
    struct json *document = json_object();
    struct json *rest = json_object();
    bool usual = put_schedule(export, rest);
    struct json *timeout = export_span(export, json_member(export->flow, "timeout"));

    json_put(document, TEXT("document"), head_of(export, usual));
    put_part(export, document, "input", "from", json_member(export->flow, "data"));
    if (json_member(rest, "schedule") != NULL) {
        json_put(document, TEXT("schedule"), json_copy(json_member(rest, "schedule")));
    }
    if (timeout != NULL) {
        struct json *after = json_object();

        json_put(after, TEXT("after"), timeout);
        json_put(document, TEXT("timeout"), after);
    }
    json_put(document, TEXT("do"), export_steps(export, json_member(export->flow, "do")));
    put_part(export, document, "output", "as", json_member(export->flow, "result"));
    json_free(rest);
    return document;
}

enum status ows_export(struct text definition, const struct diagnostics *found, struct buffer *yaml,
                       struct error *err)
{
    struct export export = {.found = found};
    struct json *flow = NULL;
    struct json *document;
    enum status status = json_parse(definition, &flow, err);

    if (status != STATUS_OK) {
        return status;
    }
    export.flow = flow;
    export.undoes = undoes(json_member(flow, "do"));
    document = document_of(&export);
    if (export.is_standard) {
        status = fail(err, STATUS_REJECT, "it is a document of the standard already");
    } else {
        yaml_write(document, yaml);
    }
    json_free(document);
    json_free(flow);
    buffer_release(&export.text);
    return status;
}
