/* Events of the standard's grammar: emit, listen, filters. An event whose source is kafka://TOPIC is
 * a message of that topic; all others go through one topic of the namespace, as CloudEvents. */
#include <string.h>

#include "compile/ows.h"

#define EVENTS_ALIAS "cloudevents"

static const struct text scheme = TEXT_INIT("kafka://");
static const struct text signal_scheme = TEXT_INIT("signal://");

/* The topic of events that name none, once it is needed. */
static struct text events_topic(struct ows *ows, const struct node *at)
{
    const struct node *namespace = node_get(node_get(ows->root, "document"), "namespace");
    struct node *key;
    struct node *type;

    if (ows->events == NULL) {
        ows->events = ows_map(ows, at);
        key = ows_map(ows, at);
        type = ows_map(ows, at);
        ows_put(ows, key, "record", ows_bool(ows, at, true));
        ows_put(ows, type, "path", ows_text(ows, at, TEXT(".type")));
        ows_put(ows, ows->events, "name",
                ows_text(ows, at, ows_printf(ows, "%.*s.events", TEXT_ARG(namespace->text))));
        ows_put(ows, ows->events, "key", key);
        ows_put(ows, ows->events, "type", type);
    }
    return TEXT(EVENTS_ALIAS);
}

/* By alias, or by the name on the broker. */
static struct text topic_of(struct ows *ows, const struct node *source)
{
    struct text name = text_sub(source->text, scheme.bytes, source->text.bytes - scheme.bytes);
    const struct node *topics = node_get(ows->own, "topics");

    for (uint32_t i = 0; topics != NULL && topics->kind == NODE_MAP && i < topics->count; i++) {
        const struct node *value = topics->pairs[i].value;
        const struct node *real = value->kind == NODE_MAP ? node_get(value, "name") : value;

        if (real != NULL && text_equal(real->text, name)) {
            return topics->pairs[i].key->text;
        }
    }
    return name;
}

static bool is_topic(const struct node *source)
{
    return source != NULL && node_is_scalar(source) && text_starts(source->text, scheme);
}

static struct node *event_of(struct ows *ows, const struct node *with)
{
    struct node *event = ows_template(ows, with, OWS_HERE);
    struct node *made;

    if (event == NULL || event->kind != NODE_MAP) {
        return NULL;
    }
    made = ows_map(ows, with);
    if (node_pair(with, "id") == NULL) {
        ows_put(ows, made, "id", ows_embrace(ows, with, TEXT("uuid")));
    }
    if (node_pair(with, "specversion") == NULL) {
        ows_put(ows, made, "specversion", ows_text(ows, with, TEXT("1.0")));
    }
    if (node_pair(with, "time") == NULL) {
        ows_put(ows, made, "time", ows_embrace(ows, with, TEXT("$now")));
    }
    for (uint32_t i = 0; i < event->count; i++) {
        ows_put_pair(ows, made, event->pairs[i].key, event->pairs[i].value);
    }
    return made;
}

/* Its type is that of the message, unless it only repeats the name of the topic. */
static void put_type(struct ows *ows, const struct node *with, struct node *step)
{
    const struct node *source = node_get(with, "source");
    const struct node *type = node_get(with, "type");
    struct text name = text_sub(source->text, scheme.bytes, source->text.bytes - scheme.bytes);

    if (!text_equal(type->text, name)) {
        ows_put(ows, step, "type", ows_template(ows, type, OWS_HERE));
    }
}

/* The event is the output: it becomes the data first, and what is sent is taken from there. */
static bool emit_kept(struct ows *ows, const struct node *with, struct node *step,
                      struct node *list)
{
    const struct node *source = node_get(with, "source");
    struct node *event = event_of(ows, with);

    if (event == NULL) {
        return false;
    }
    ows_push(ows, list, ows_set(ows, with, "event", "data", event));
    if (!text_equal(node_get(with, "type")->text,
                    text_sub(source->text, scheme.bytes, source->text.bytes - scheme.bytes))) {
        ows_put(ows, step, "type", ows_embrace(ows, with, TEXT("$data.data.type")));
    }
    if (node_get(with, "key") != NULL) {
        ows_put(ows, step, "key", ows_text(ows, with, TEXT("$data.data.key")));
    }
    ows_put(ows, step, "value", ows_embrace(ows, with, TEXT("$data.data.data")));
    if (node_get(with, "headers") != NULL) {
        ows_put(ows, step, "headers", ows_embrace(ows, with, TEXT("$data.data.headers")));
    }
    return true;
}

/* A message of a topic. */
static bool emit_message(struct ows *ows, const struct node *with, struct node *step,
                         struct node *list)
{
    static const char *const keys[] = {"source", "type", "data", "key", "headers", NULL};
    const struct node *source = node_get(with, "source");
    const struct node *key = node_get(with, "key");
    struct node *value;

    if (!ows_keys(ows, with, "event of a topic", keys)) {
        return false;
    }
    ows_put(ows, step, "emit", ows_text(ows, source, topic_of(ows, source)));
    if (!ows_keeps_input(ows->task->node)) {
        return emit_kept(ows, with, step, list);
    }
    put_type(ows, with, step);
    value = node_get(with, "data") == NULL ? ows_embrace(ows, with, OWS_HERE)
                                           : ows_template(ows, node_get(with, "data"), OWS_HERE);
    ows_put(ows, step, "key", key == NULL ? NULL : ows_expr(ows, key, OWS_HERE));
    ows_put(ows, step, "value", value);
    if (node_get(with, "headers") != NULL) {
        ows_put(ows, step, "headers", ows_template(ows, node_get(with, "headers"), OWS_HERE));
    }
    return value != NULL;
}

/* The event becomes the data first, so that what is sent and what is kept have one id. */
bool ows_emit(struct ows *ows, struct node *step, struct node *list)
{
    static const char *const keys[] = {"event", NULL};
    static const char *const event_keys[] = {"with", NULL};
    const struct node *emit = ows->task->action->value;
    const struct node *event = node_get(emit, "event");
    const struct node *with = node_get(event, "with");
    struct node *made;

    if (!ows_keys(ows, emit, "emit", keys) || event == NULL ||
        !ows_keys(ows, event, "event", event_keys) || with == NULL || with->kind != NODE_MAP) {
        return with == NULL &&
               (expected(ows->checker, emit, "an event, with its attributes"), false);
    }
    for (int i = 0; i < 2; i++) {
        if (node_get(with, i == 0 ? "source" : "type") == NULL) {
            diagnostics_error(ows->checker->diagnostics, "F102", node_place(with),
                              "missing required '%s' in event", i == 0 ? "source" : "type");
            return false;
        }
    }
    if (is_topic(node_get(with, "source"))) {
        return emit_message(ows, with, step, list);
    }
    made = event_of(ows, with);
    ows_push(ows, list, ows_set(ows, with, "event", "data", made));
    ows_put(ows, step, "emit", ows_text(ows, with, events_topic(ows, with)));
    ows_put(ows, step, "value", ows_embrace(ows, with, OWS_HERE));
    return made != NULL;
}

/* ---- listen ---- */

/* `correlate`: one rule, which says where the key sits. */
static bool filter_key(struct ows *ows, const struct node *correlate, struct node *out)
{
    static const char *const keys[] = {"from", "expect", NULL};
    const struct node *own = node_get(ows->own, "key");
    const struct node *rule;
    const struct node *expect;
    struct node *from;

    if (correlate->kind != NODE_MAP || correlate->count != 1) {
        ows_refuse(ows, correlate, "more than one rule of 'correlate', or none");
        return false;
    }
    rule = correlate->pairs[0].value;
    expect = node_get(rule, "expect");
    if (!ows_keys(ows, rule, "correlate", keys) || node_get(rule, "from") == NULL) {
        return false;
    }
    from = ows_expr(ows, node_get(rule, "from"), OWS_SELF);
    if (expect != NULL) {
        struct node *wanted = ows_expr(ows, expect, OWS_SELF);

        if (own == NULL || wanted == NULL || !text_equal(own->text, wanted->text)) {
            ows_refuse(
                ows, expect,
                "'expect' of anything but the key of the instance (document.metadata.baton.key)");
            return false;
        }
    }
    ows_put(ows, out, "key", from);
    return from != NULL;
}

static bool add_condition(struct ows *ows, const struct pair *pair, bool plain, struct text *when)
{
    struct text one;

    if (text_is(pair->key->text, "data")) {
        one = ows_source(ows, pair->value, plain ? OWS_SELF : TEXT(".data"));
        if (one.bytes == 0) {
            return false;
        }
        one = ows_printf(ows, "(%.*s)", TEXT_ARG(one));
    } else if (plain || pair->value->kind != NODE_TEXT ||
               text_starts(pair->value->text, TEXT("${"))) {
        ows_refuse(ows, pair->key, "a filter by '%.*s' here", TEXT_ARG(pair->key->text));
        return false;
    } else {
        one = ows_printf(ows, ".%.*s == %.*s", TEXT_ARG(pair->key->text),
                         TEXT_ARG(ows_quote(ows, pair->value->text)));
    }
    *when = when->bytes == 0 ? one
                             : ows_printf(ows, "%.*s and %.*s", TEXT_ARG(*when), TEXT_ARG(one));
    return true;
}

bool ows_filter(struct ows *ows, const struct node *filter, struct node *out, struct text *data)
{
    static const char *const keys[] = {"with", "correlate", NULL};
    const struct node *with = node_get(filter, "with");
    const struct node *source = node_get(with, "source");
    const struct node *type = node_get(with, "type");
    const struct node *correlate = node_get(filter, "correlate");
    bool signal = source != NULL && node_is_scalar(source) &&
                  text_starts(source->text, signal_scheme);
    bool plain = signal || is_topic(source);
    struct text when = TEXT("");

    if (!ows_keys(ows, filter, "filter", keys)) {
        return false;
    }
    if (with == NULL || with->kind != NODE_MAP || with->count == 0) {
        expected(ows->checker, filter, "attributes of the event, 'with'");
        return false;
    }
    if (signal) {
        ows_put(ows, out, "signal",
                ows_text(ows, source,
                         text_sub(source->text, signal_scheme.bytes,
                                  source->text.bytes - signal_scheme.bytes)));
    } else {
        ows_put(ows, out, "topic",
                ows_text(ows, with, plain ? topic_of(ows, source) : events_topic(ows, with)));
    }
    if (type != NULL) {
        ows_put(ows, out, "type", type);
    }
    for (uint32_t i = 0; i < with->count; i++) {
        const struct node *value = with->pairs[i].value;

        if (value != type && !(plain && value == source) &&
            !add_condition(ows, &with->pairs[i], plain, &when)) {
            return false;
        }
    }
    if (when.bytes > 0) {
        ows_put(ows, out, "when", ows_text(ows, with, when));
    }
    *data = plain ? TEXT(".") : TEXT(".data");
    return correlate == NULL || filter_key(ows, correlate, out);
}

/* `any` and `all`: entries e1, e2 …; *raw makes the list of what came of the result. */
static struct node *several(struct ows *ows, const struct node *list, bool any, bool envelope,
                            struct text *raw)
{
    struct node *entries = ows_array(ows, list);
    struct text choice = TEXT("");

    for (uint32_t i = 0; i < list->count; i++) {
        struct node *entry = ows_map(ows, list->items[i]);
        struct text data;

        if (!ows_filter(ows, list->items[i], entry, &data)) {
            return NULL;
        }
        data = envelope ? TEXT(".") : data;
        ows_put(ows, entry, "as", ows_text(ows, list->items[i], ows_printf(ows, "e%u", i + 1)));
        ows_push(ows, entries, entry);
        if (any) {
            choice = ows_printf(ows, "%.*s%s .which == \"e%u\" then (.value | %.*s) ",
                                TEXT_ARG(choice), i == 0 ? "if" : "elif", i + 1, TEXT_ARG(data));
        } else {
            choice = ows_printf(ows, "%.*s%s(.e%u | %.*s)", TEXT_ARG(choice), i == 0 ? "" : ", ",
                                i + 1, TEXT_ARG(data));
        }
    }
    *raw = ows_printf(ows, any ? "[%.*selse null end]" : "[%.*s]", TEXT_ARG(choice));
    return entries;
}

bool ows_listen(struct ows *ows, struct node *step)
{
    static const char *const keys[] = {"to", "read", NULL};
    static const char *const strategies[] = {"one", "any", "all", NULL};
    const struct node *listen = ows->task->action->value;
    const struct node *to = node_get(listen, "to");
    const struct node *read = node_get(listen, "read");
    const struct node *any = node_get(to, "any");
    const struct node *all = node_get(to, "all");
    struct node *made = ows_map(ows, listen);
    bool envelope = read != NULL && text_is(read->text, "envelope");
    struct text raw = TEXT("[.]");
    struct text data;

    if (node_pair(ows->task->node, "foreach") != NULL ||
        (read != NULL && text_is(read->text, "raw"))) {
        ows_refuse(ows, ows->task->action->key, "'foreach' and 'read: raw' of a listen");
        return false;
    }
    if (!ows_keys(ows, listen, "listen", keys) || to == NULL ||
        !ows_keys(ows, to, "listen.to", strategies)) {
        return to != NULL || (expected(ows->checker, listen, "to: one, any or all"), false);
    }
    if (any != NULL || all != NULL) {
        const struct node *list = any != NULL ? any : all;
        struct node *entries;

        if (list->kind != NODE_LIST || list->count == 0) {
            ows_refuse(ows, list, "any event at all");
            return false;
        }
        entries = several(ows, list, any != NULL, envelope, &raw);
        ows_put(ows, made, any != NULL ? "any" : "all", entries);
    } else if (node_get(to, "one") != NULL && ows_filter(ows, node_get(to, "one"), made, &data)) {
        raw = ows_printf(ows, "[%.*s]", TEXT_ARG(envelope ? TEXT(".") : data));
    }
    ows_put(ows, step, "listen", made);
    return made->count > 0 && ows_result(ows, step, raw);
}
