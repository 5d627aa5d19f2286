#include "compile/checker.h"

#include <stdio.h>

#include "base/limits.h"

bool node_is_scalar(const struct node *node)
{
    return node->kind != NODE_LIST && node->kind != NODE_MAP;
}

struct json *expected(struct checker *checker, const struct node *node, const char *what)
{
    char found[64];

    diagnostics_error(checker->diagnostics, "F103", node_place(node), "expected %s, found %s", what,
                      node_describe(node, found));
    return NULL;
}

const char *did_you_mean(struct checker *checker, struct text suggestion)
{
    if (suggestion.bytes == 0) {
        return "";
    }
    diagnostics_suggest(checker->diagnostics, suggestion);
    return arena_printf(&checker->arena, " (did you mean '%.*s'?)", TEXT_ARG(suggestion)).data;
}

void report_unknown_key(struct checker *checker, enum object object, const struct node *key)
{
    report_unknown_key_in(checker, object, fields_of(object)->name, key);
}

void report_unknown_key_in(struct checker *checker, enum object object, const char *name,
                           const struct node *key)
{
    struct text near = text_of(fields_suggest(object, key->text));
    /* `headers` is `header` with a letter too much, though steps have it. */
    bool is_near = near.bytes > 0 && (text_starts(key->text, near) || text_starts(near, key->text));
    const char *hint = is_key_of_steps(key->text) && !is_near ? " (it is a key of steps)"
                                                              : did_you_mean(checker, near);

    diagnostics_error(checker->diagnostics, "F101", node_place(key), "unknown key '%.*s' in %s%s",
                      TEXT_ARG(key->text), name, hint);
}

static struct json *convert_list(struct checker *checker, const struct field *field,
                                 const struct node *node)
{
    struct json *list;

    if (node->kind != NODE_MAP && node->kind != NODE_LIST) {
        return expected(checker, node,
                        field->object == OBJECT_START
                            ? "a map such as {topic: ordersCreated}, or a list of them"
                            : "a map or a list of maps");
    }
    if (node->kind == NODE_LIST && node->count == 0) {
        return expected(checker, node, "at least one item");
    }
    list = json_array();
    for (uint32_t i = 0; i < (node->kind == NODE_MAP ? 1 : node->count); i++) {
        const struct node *item_node = node->kind == NODE_MAP ? node : node->items[i];
        struct json *item = convert_object(checker, field->object, item_node);

        if (item != NULL) {
            json_push(list, item);
        }
    }
    return list;
}

static struct json *convert_retry(struct checker *checker, const struct field *field,
                                  const struct node *node)
{
    struct entry *entry;
    struct json *policy;
    int64_t attempts;

    if (node->kind == NODE_MAP) {
        return convert_object(checker, field->object, node);
    }
    if (node->kind == NODE_TEXT) {
        entry = checker_refer(checker, &checker->retries, "F203", node);
        return entry == NULL ? NULL : json_copy(entry->json);
    }
    if (node->kind != NODE_NUMBER || !text_to_int64(node->text, &attempts) || attempts < 1 ||
        attempts > 1000000) {
        return expected(checker, node, "a retry policy: its name, a number of attempts, or a map");
    }
    policy = json_object();
    json_put_integer(policy, "attempts", attempts);
    convert_rest(checker, OBJECT_POLICY, NULL, policy);
    return policy;
}

struct json *convert_reference(struct checker *checker, const struct field *field,
                               const struct node *node)
{
    bool topic = field->shape == SHAPE_TOPIC;
    struct entry *entry;

    if (node->kind != NODE_TEXT) {
        return expected(checker, node, topic ? "the alias of a topic" : "the name of a service");
    }
    entry = topic ? checker_refer(checker, &checker->topics, "F201", node)
                  : checker_refer(checker, &checker->services, "F202", node);
    if (entry == NULL || entry->json == NULL) {
        return NULL;
    }
    return topic ? json_text(json_member_text(entry->json, "name")) : json_text(entry->name);
}

/* A wait's span, or the map of the long form. */
static struct json *convert_wait(struct checker *checker, const struct field *field,
                                 const struct node *node)
{
    if (node->kind == NODE_MAP && node_pair(node, "seconds") == NULL &&
        node_pair(node, "minutes") == NULL && node_pair(node, "hours") == NULL &&
        node_pair(node, "days") == NULL) {
        return convert_object(checker, field->object, node);
    }
    if (node->kind == NODE_TEXT && text_is(node->text, "none")) {
        return expected(checker, node, "a duration or {until}");
    }
    return convert_span(checker, field, node);
}

struct json *convert_raise(struct checker *checker, const struct field *field,
                           const struct node *node)
{
    struct json *raise;
    struct json *name;

    if (node->kind == NODE_MAP) {
        return convert_object(checker, field->object, node);
    }
    if (node->kind != NODE_TEXT) {
        return expected(checker, node, "the name of an error, $error, or a map");
    }
    raise = json_object();
    if (text_is(node->text, "$error")) {
        json_free(convert_expr(checker, field, node)); /* Says so where there is no $error. */
        json_put_bool(raise, "again", true);
        return raise;
    }
    name = convert_template(checker, field, node);
    if (name == NULL) {
        json_free(raise);
        return NULL;
    }
    json_put(raise, TEXT("error"), name);
    return raise;
}

static struct json *convert_map(struct checker *checker, const struct field *field,
                                const struct node *node)
{
    return convert_object(checker, field->object, node);
}

static struct json *(*const converters[SHAPE_COUNT])(struct checker *, const struct field *,
                                                     const struct node *) = {
    [SHAPE_TEXT] = convert_text,
    [SHAPE_FLOW_NAME] = convert_name,
    [SHAPE_STEP_NAME] = convert_name,
    [SHAPE_NAME] = convert_name,
    [SHAPE_TOPIC_NAME] = convert_name,
    [SHAPE_HEADER_NAME] = convert_name,
    [SHAPE_INTEGER] = convert_number,
    [SHAPE_FACTOR] = convert_number,
    [SHAPE_PERCENT] = convert_percent,
    [SHAPE_TRUE] = convert_bool,
    [SHAPE_BOOL] = convert_bool,
    [SHAPE_CHOICE] = convert_choice,
    [SHAPE_NAMES] = convert_error_names,
    [SHAPE_ERRORS] = convert_error_names,
    [SHAPE_VARIABLE] = convert_variable,
    [SHAPE_TEXTS] = convert_texts,
    [SHAPE_RENAMES] = convert_texts,
    [SHAPE_DURATION] = convert_duration,
    [SHAPE_SPAN] = convert_span,
    [SHAPE_EXPR] = convert_expr,
    [SHAPE_TEMPLATE] = convert_template,
    [SHAPE_TEXT_TEMPLATE] = convert_template,
    [SHAPE_STATUS_TEMPLATE] = convert_template,
    [SHAPE_MAP_TEMPLATE] = convert_template,
    [SHAPE_CORRELATION] = convert_correlation,
    [SHAPE_TOPIC] = convert_reference,
    [SHAPE_SERVICE] = convert_reference,
    [SHAPE_RETRY] = convert_retry,
    [SHAPE_FROM] = convert_from,
    [SHAPE_AS] = convert_as,
    [SHAPE_THEN] = convert_text,
    [SHAPE_OBJECT] = convert_map,
    [SHAPE_OBJECTS] = convert_list,
    [SHAPE_CASES] = convert_cases,
    [SHAPE_STEPS] = convert_steps,
    [SHAPE_BODY] = convert_body,
    [SHAPE_CATCHES] = convert_catches,
    [SHAPE_BRANCHES] = convert_branches,
    [SHAPE_FOR] = convert_for,
    [SHAPE_JOIN] = convert_join,
    [SHAPE_VERSION] = convert_version,
    [SHAPE_ROLLBACK] = convert_rollback,
    [SHAPE_HANDLERS] = convert_handlers,
    [SHAPE_REMIND] = convert_remind,
    [SHAPE_SPANS] = convert_spans,
    [SHAPE_TIMES] = convert_times,
    [SHAPE_RATE] = convert_rate,
    [SHAPE_BREAKER] = convert_breaker,
    [SHAPE_LISTEN] = convert_listen,
    [SHAPE_LISTEN_KEY] = convert_listen_key,
    [SHAPE_AWAITED] = convert_awaited,
    [SHAPE_WAIT] = convert_wait,
    [SHAPE_RAISE] = convert_raise,
    [SHAPE_COMPENSATE] = convert_compensate,
};
struct json *convert(struct checker *checker, const struct field *field, const struct node *node)
{
    enum context around = checker->context;
    struct json *value;

    if (field->context != CONTEXT_INHERIT) {
        checker->context = field->context;
    }
    CHECK(converters[field->shape] != NULL);
    value = converters[field->shape](checker, field, node);
    checker->context = around;
    return value;
}

bool convert_pair(struct checker *checker, enum object object, const struct pair *pair,
                  struct json *out)
{
    const struct field *field = fields_find(object, pair->key->text);
    struct json *value;

    if (field == NULL) {
        return false;
    }
    if (field->shape == SHAPE_NAMED || field->shape == SHAPE_FILES) {
        return true; /* Was read before everything else. */
    }
    value = convert(checker, field, pair->value);
    if (value != NULL) {
        json_put(out, pair->key->text, value);
    }
    return true;
}

/* A misspelt key may be why `key` is missing: then it was already said. */
static bool is_excused(enum object object, const struct node *node, const char *key)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *name = node->pairs[i].key;
        const char *meant;

        if (!node_is_scalar(name) || fields_find(object, name->text) != NULL) {
            continue;
        }
        meant = fields_suggest(object, name->text);
        if (meant != NULL && text_equal(text_of(meant), text_of(key))) {
            return true;
        }
    }
    return false;
}

/* Who asks for a pause of an hour and names no longest one does not mean the usual longest one. */
static struct json *not_below_delay(enum object object, const struct field *field,
                                    const struct json *policy, struct json *fallback)
{
    bool is_policy = object == OBJECT_POLICY || object == OBJECT_SAGA_POLICY;
    int64_t delay_ms = json_member_int(policy, "delay", 0);
    int64_t max_ms = 0;

    if (!is_policy || strcmp(field->key, "max") != 0 || !json_int64(fallback, &max_ms) ||
        delay_ms <= max_ms) {
        return fallback;
    }
    json_free(fallback);
    return json_integer(delay_ms);
}

void convert_rest(struct checker *checker, enum object object, const struct node *node,
                  struct json *out)
{
    const struct fields *fields = fields_of(object);

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        struct json *value = NULL;

        if ((node != NULL && node_pair(node, field->key) != NULL) ||
            json_member(out, field->key) != NULL) {
            continue;
        }
        if (node != NULL && (field->flags & FIELD_REQUIRED) != 0 &&
            !is_excused(object, node, field->key)) {
            diagnostics_error(checker->diagnostics, "F102", node_place(node),
                              "missing required '%s' in %s", field->key, fields->name);
        }
        if (field->fallback == NULL) {
            continue;
        }
        if (field->shape == SHAPE_OBJECT) {
            value = json_object();
            convert_rest(checker, field->object, NULL, value);
        } else {
            CHECK(json_parse(text_of(field->fallback), &value, NULL) == STATUS_OK);
            value = not_below_delay(object, field, out, value);
        }
        json_put(out, text_of(field->key), value);
    }
}

struct json *convert_object(struct checker *checker, enum object object, const struct node *node)
{
    struct json *out;

    if (node->kind != NODE_MAP) {
        return expected(checker, node, "a map");
    }
    out = json_object();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];

        if (pair->repeated) {
            continue;
        }
        if (!node_is_scalar(pair->key)) {
            expected(checker, pair->key, "a key");
        } else if (!convert_pair(checker, object, pair, out)) {
            report_unknown_key(checker, object, pair->key);
        }
    }
    convert_rest(checker, object, node, out);
    if ((object == OBJECT_LOCATOR || object == OBJECT_ID) && node->count != 1) {
        json_free(out);
        return expected(checker, node, "one of header, path and record");
    }
    return out;
}
