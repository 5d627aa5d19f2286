/* Topics: whether the business key can be read from them, and what is used at all. */
#include "compile/checker.h"

static bool needs_payload(const struct json *rule, bool whole_text)
{
    const struct json *parts = json_member(rule, "parts");
    struct text path = json_member_text(rule, "path");

    for (size_t i = 0; i < json_count(parts); i++) {
        if (needs_payload(json_at(parts, i), whole_text)) {
            return true;
        }
    }
    return path.bytes > 0 && !(whole_text && text_is(path, "."));
}

static size_t part_count(const struct json *rule)
{
    return json_count(json_member(rule, "parts"));
}

static const char *describe_parts(struct checker *checker, const struct json *rule)
{
    return part_count(rule) == 0
               ? "a single value"
               : arena_printf(&checker->arena, "%zu parts", part_count(rule)).data;
}

/* The topic may stand in a file that other flows use as well. */
static void note_flow_key(struct checker *checker)
{
    const struct pair *pair = node_pair(checker->files[0].document->root, "key");

    if (pair != NULL) {
        diagnostics_note(checker->diagnostics, node_place(pair->key), "the key of the flow");
    }
}

/* F402, at the topic, once. */
static void check_key(struct checker *checker, const struct json *flow, struct text name,
                      const struct json *own_rule, const struct node *node)
{
    const struct entry *entry = checker_topic_named(checker, name);
    const struct json *flow_key = json_member(flow, "key");
    const struct json *rule = own_rule;
    struct text format;
    struct place place;

    if (entry == NULL) {
        return;
    }
    if (flow_key == NULL) {
        /* A flow that needs no key for its starts, unless it reads other messages. */
        if (rule == NULL && json_member(entry->json, "key") == NULL &&
            checker->diagnostics->error_count == 0) {
            diagnostics_error(checker->diagnostics, "F402", node_place(entry->pair->key),
                              "topic '%.*s' says no 'key', and neither does the flow: its messages "
                              "cannot be told to belong to an instance",
                              TEXT_ARG(entry->name));
        }
        return;
    }
    place = node_place(own_rule != NULL ? node : entry->pair->key);
    rule = rule != NULL ? rule : json_member(entry->json, "key");
    rule = rule != NULL ? rule : flow_key;
    format = json_member_text(entry->json, "format");
    if (diagnostics_any_at(checker->diagnostics, place)) {
        return;
    }
    if (!text_is(format, "json") && !text_is(format, "avro") &&
        needs_payload(rule, text_is(format, "string"))) {
        diagnostics_error(checker->diagnostics, "F402", place,
                          "the key of topic '%.*s' cannot be read: its format is %.*s; give it "
                          "'key: {header: ...}' or 'key: {record: true}'",
                          TEXT_ARG(entry->name), TEXT_ARG(format));
        note_flow_key(checker);
    } else if (part_count(rule) != part_count(flow_key)) {
        diagnostics_error(
            checker->diagnostics, "F402", place,
            "the key of topic '%.*s' has %s, the key of the flow %s: they never match",
            TEXT_ARG(entry->name), describe_parts(checker, rule),
            describe_parts(checker, flow_key));
        note_flow_key(checker);
    }
}

/* The rule of another identity than the flow's key. */
static void check_identity(struct checker *checker, struct text name, const struct json *rule,
                           const struct node *node)
{
    const struct entry *entry = checker_topic_named(checker, name);
    struct text format;

    if (entry == NULL) {
        return;
    }
    format = json_member_text(entry->json, "format");
    if (!text_is(format, "json") && !text_is(format, "avro") &&
        needs_payload(rule, text_is(format, "string"))) {
        diagnostics_error(checker->diagnostics, "F402", node_place(node),
                          "this key cannot be read from topic '%.*s': its format is %.*s; say "
                          "'message: {header: ...}' or 'message: {record: true}'",
                          TEXT_ARG(entry->name), TEXT_ARG(format));
    }
}

static void check_listen(struct checker *checker, const struct json *flow,
                         const struct json *listen, const struct node *nodes)
{
    const struct json *item;
    const struct node *node;

    for (size_t i = 0; listen != NULL && (item = listen_at(listen, i, nodes, &node)) != NULL; i++) {
        const struct json *key = json_member(item, "key");
        const struct node *key_node = node_get(node, "key");

        if (json_member(key, "message") != NULL) {
            check_identity(checker, json_member_text(item, "topic"), json_member(key, "message"),
                           key_node);
        } else {
            check_key(checker, flow, json_member_text(item, "topic"), key, key_node);
        }
    }
}

static void check_handlers(struct checker *checker, const struct json *flow,
                           const struct json *handle, const struct node *nodes)
{
    for (size_t i = 0; nodes != NULL && nodes->kind == NODE_LIST &&
                       nodes->count == json_count(handle) && i < nodes->count;
         i++) {
        check_listen(checker, flow, json_member(json_at(handle, i), "listen"),
                     node_get(nodes->items[i], "listen"));
    }
}

static void check_keys(struct checker *checker, const struct node *root, const struct json *flow)
{
    const struct json *starts = json_member(flow, "start");

    for (size_t i = 0; i < json_count(starts); i++) {
        const struct json *start = json_at(starts, i);

        if (json_member(start, "batch") == NULL) {
            check_key(checker, flow, json_member_text(start, "topic"), NULL, NULL);
        }
    }
    check_handlers(checker, flow, json_member(flow, "handle"), node_get(root, "handle"));
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        check_listen(checker, flow, json_member(step->json, "listen"),
                     node_get(step->node, "listen"));
        check_handlers(checker, flow, json_member(step->json, "handle"),
                       node_get(step->node, "handle"));
    }
}

/* F209: one topic of the broker under two aliases, read by different rules. */
static void check_aliases(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->topics.count; i++) {
        const struct entry *entry = checker->topics.items[i];
        const struct entry *first;

        if (!entry->used || entry->json == NULL) {
            continue;
        }
        first = checker_topic_named(checker, json_member_text(entry->json, "name"));
        if (first != entry && !json_equal(first->json, entry->json)) {
            diagnostics_error(checker->diagnostics, "F209", node_place(entry->pair->key),
                              "topic '%.*s' is on the broker what '%.*s' is, but is read by other "
                              "rules",
                              TEXT_ARG(entry->name), TEXT_ARG(first->name));
            diagnostics_note(checker->diagnostics, node_place(first->pair->key), "the other one");
        }
    }
}

static void check_used(struct checker *checker, const struct entries *entries)
{
    for (uint32_t i = 0; i < entries->count; i++) {
        const struct entry *entry = entries->items[i];

        if (!entry->used && !entry->of_service && !entry->estate) {
            diagnostics_warn(checker->diagnostics, "F207", node_place(entry->pair->key),
                             "unused %s '%.*s'", entries->kind, TEXT_ARG(entry->name));
        }
    }
}

/* A start says by `when` or `type` that it is about other messages. */
static bool is_told_apart(const struct json *start, const struct json *call)
{
    struct text type = json_member_text(start, "type");
    struct text sent = json_member_text(call, "type");
    bool is_fixed = text_find(sent, '$') == SIZE_MAX;

    return json_member(start, "when") != NULL ||
           (type.bytes > 0 && is_fixed && !text_equal(type, sent));
}

static bool may_start(const struct json *flow, const struct json *call)
{
    const struct json *starts = json_member(flow, "start");
    struct text topic = json_member_text(call, "emit");

    for (size_t i = 0; i < json_count(starts); i++) {
        const struct json *start = json_at(starts, i);

        if (text_equal(json_member_text(start, "topic"), topic) && !is_told_apart(start, call)) {
            return true;
        }
    }
    return false;
}

static void check_emit(struct checker *checker, const struct json *flow, const struct json *call,
                       const struct node *node)
{
    struct text topic = json_member_text(call, "emit");

    if (topic.bytes > 0 && may_start(flow, call)) {
        diagnostics_warn(checker->diagnostics, "F414", node_place(node_get(node, "emit")),
                         "the flow emits to '%.*s', which starts it", TEXT_ARG(topic));
    }
}

/* What people or the clock start gets its key from them. */
static bool takes_messages(const struct node *start)
{
    return node_pair(start, "topic") != NULL && node_pair(start, "batch") == NULL;
}

static bool is_key_needed(const struct node *root)
{
    const struct node *start = node_get(root, "start");

    if (start == NULL || start->kind != NODE_LIST) {
        return start == NULL || start->kind != NODE_MAP || takes_messages(start);
    }
    for (uint32_t i = 0; i < start->count; i++) {
        if (takes_messages(start->items[i])) {
            return true;
        }
    }
    return start->count == 0;
}

void validate_topics(struct checker *checker, const struct node *root, const struct json *flow)
{
    if (node_pair(root, "key") == NULL && is_key_needed(root)) {
        diagnostics_error(checker->diagnostics, "F401", node_place(root),
                          "flow has no 'key': say what identifies an instance, such as "
                          "'key: .orderId'");
    }
    check_aliases(checker);
    check_keys(checker, root, flow);
    check_used(checker, &checker->topics);
    check_used(checker, &checker->services);
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        check_emit(checker, flow, step->json, step->node);
        check_emit(checker, flow, json_member(step->json, "compensate"),
                   node_get(step->node, "compensate"));
    }
}
