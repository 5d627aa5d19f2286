#include "app/flow_test_keys.h"

#include <stddef.h>

#include "json/json.h"

#define IN_FILE(field) offsetof(struct flow_test, field)
#define IN_CASE(field) offsetof(struct flow_test_case, field)
#define IN_SEND(field) offsetof(struct flow_test_send, field)
#define IN_ANSWER(field) offsetof(struct flow_test_answer, field)
#define IN_EXPECT(field) offsetof(struct flow_test_expect, field)

#define ANYTHING "{}"
#define TEXT_SCHEMA "{\"type\": \"string\"}"
#define MAP_SCHEMA "{\"type\": \"object\"}"
#define LIST_SCHEMA "{\"type\": \"array\"}"
#define COUNT_SCHEMA "{\"type\": \"integer\", \"minimum\": 1}"
#define NAMES_SCHEMA "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"
#define SPAN_SCHEMA "{\"$ref\": \"#/definitions/duration\"}"
#define SPANS_SCHEMA "{\"$ref\": \"#/definitions/span\"}"
#define ANSWERS_SCHEMA "{\"$ref\": \"#/definitions/answers\"}"
#define MAPS_SCHEMA "{\"type\": \"array\", \"items\": {\"type\": \"object\"}}"

/* clang-format off */
static const struct flow_test_key file_keys[] = {
    {"flows", flow_test_read_paths, IN_FILE(flows), false, NAMES_SCHEMA,
     "The flow files, relative to this one, the one that is tested first; else the one of the same name"},
    {"clock", flow_test_read_clock, IN_FILE(clock_ms), false, "{\"type\": \"string\", \"format\": \"date-time\"}",
     "The time at which each case begins; else 2026-01-01T09:00:00Z"},
    {"start", dev_read_template, IN_FILE(start), false, ANYTHING,
     "The start message of all cases; a case's own is merged into it"},
    {"answers", flow_test_read_answers, IN_FILE(answers), false, ANSWERS_SCHEMA,
     "What services answer in all cases, where a case does not say else"},
    {"cases", flow_test_read_cases, 0, true,
     "{\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/definitions/case\"}}",
     "The cases; each in a world of its own"},
    {NULL, NULL, 0, false, NULL, NULL}};

static const struct flow_test_key case_keys[] = {
    {"case", dev_read_text, IN_CASE(name), true, TEXT_SCHEMA, "What the case shows"},
    {"start", dev_read_template, IN_CASE(start), false, ANYTHING,
     "The message to the flow's start topic, sent at once; or what it is started with by hand"},
    {"send", flow_test_read_sends, IN_CASE(sends), false,
     "{\"type\": \"array\", \"items\": {\"$ref\": \"#/definitions/send\"}}",
     "What else comes from outside, and when"},
    {"answers", flow_test_read_answers, IN_CASE(answers), false, ANSWERS_SCHEMA,
     "What services answer, by step, or by 'undo STEP'"},
    {"until", dev_read_span, IN_CASE(until_ms), false, SPAN_SCHEMA,
     "Stop then; else when nothing can happen any more"},
    {"replay", flow_test_read_replay, IN_CASE(replay), false, TEXT_SCHEMA,
     "Instead of all else: a recorded run (baton debug --record), whose events the flow has to take as it did then"},
    {"expect", flow_test_read_expect, IN_CASE(expect), false, "{\"$ref\": \"#/definitions/expect\"}",
     "What has to be so at the end"},
    {NULL, NULL, 0, false, NULL, NULL}};

static const struct flow_test_key send_keys[] = {
    {"at", dev_read_span, IN_SEND(at_ms), false, SPAN_SCHEMA, "When, since the case began; else at once"},
    {"topic", dev_read_text, IN_SEND(topic), false, TEXT_SCHEMA,
     "Alias or name of the topic; else the flow's only start topic"},
    {"value", dev_read_template, IN_SEND(value), false, ANYTHING, "The payload; ${ $now } is the time then"},
    {"type", dev_read_text, IN_SEND(type), false, TEXT_SCHEMA, "The message type"},
    {"key", dev_read_template, IN_SEND(key), false, "{\"type\": [\"string\", \"number\"]}",
     "Key of the record; else the business key"},
    {"headers", dev_read_headers, IN_SEND(headers), false, MAP_SCHEMA, "Headers of the record"},
    {"signal", flow_test_read_signal, 0, false, TEXT_SCHEMA, "This signal is given to the instance; 'value' is its data"},
    {"cancel", flow_test_read_cancel, 0, false, TEXT_SCHEMA, "An operator cancels the instance, for this reason"},
    {"pause", flow_test_read_pause, 0, false, TEXT_SCHEMA, "An operator pauses the instance, for this reason"},
    {"resume", flow_test_read_resume, 0, false, TEXT_SCHEMA, "An operator lets it go on, for this reason"},
    {"retry", flow_test_read_retry, 0, false, TEXT_SCHEMA, "An operator has the stuck step, or 'undo STEP', tried again"},
    {"skip", flow_test_read_skip, 0, false, TEXT_SCHEMA, "An operator leaves the stuck 'undo STEP' undone"},
    {"done", flow_test_read_done, 0, false, TEXT_SCHEMA, "An operator says that what is stuck was done"},
    {"failed", flow_test_read_failed, 0, false, TEXT_SCHEMA, "An operator says that the stuck pivot did not take place"},
    {"instance", dev_read_text, IN_SEND(instance), false, TEXT_SCHEMA,
     "Key of the instance that the operator means; else the first"},
    {NULL, NULL, 0, false, NULL, NULL}};

static const struct flow_test_key answer_keys[] = {
    {"reply", flow_test_read_reply, 0, false, ANYTHING, "The reply; `.` is the value of the command"},
    {"type", dev_read_text, IN_ANSWER(said.heading.type), false, TEXT_SCHEMA, "The message type of what is answered"},
    {"headers", dev_read_headers, IN_ANSWER(said.heading.headers), false, MAP_SCHEMA,
     "Headers of what is answered; `.` is the value of the command"},
    {"failure", flow_test_read_failure, 0, false,
     "{\"anyOf\": [{\"type\": [\"boolean\", \"string\"]}, {\"type\": \"object\", \"properties\": {\"error\": "
     "{\"type\": \"string\"}, \"reason\": {\"type\": \"string\"}}, \"additionalProperties\": false}]}",
     "A refusal made from the flow's rules: true, the error's name, or {error, reason}"},
    {"silence", flow_test_read_silence, 0, false, "{\"const\": true}", "No reply at all"},
    {"after", dev_read_span, IN_ANSWER(said.delay_ms), false, SPAN_SCHEMA, "How long it takes; else no time"},
    {"twice", flow_test_read_twice, 0, false, SPAN_SCHEMA, "The same again, so much later"},
    {"progress", flow_test_read_progress, 0, false,
     "{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 64, \"items\": {\"type\": \"object\", \"properties\": "
     "{\"after\": {\"$ref\": \"#/definitions/duration\"}, \"reply\": {}, "
     "\"type\": {\"type\": \"string\"}, \"headers\": {\"type\": \"object\"}}, \"required\": [\"reply\"], "
     "\"additionalProperties\": false}}",
     "Signs of life that come before: each with the time since the command, `after`, and its payload, `reply`"},
    {"when", dev_read_expr, IN_ANSWER(when), false, "{\"type\": [\"string\", \"boolean\"]}",
     "Only to commands for which this holds; `.` is their value"},
    {"times", dev_read_count, IN_ANSWER(times), false, COUNT_SCHEMA, "To so many commands"},
    {NULL, NULL, 0, false, NULL, NULL}};

static const struct flow_test_key expect_keys[] = {
    {"end", flow_test_read_end, IN_EXPECT(end), false,
     "{\"enum\": [\"completed\", \"failed\", \"cancelled\", \"expired\", \"open\", \"stuck\"]}", "How it ends"},
    {"error", flow_test_read_error, IN_EXPECT(error), false, "{\"type\": [\"string\", \"object\"]}",
     "What failed it: the error's name, or members of $error"},
    {"result", flow_test_read_hope, IN_EXPECT(result), false, ANYTHING, "The completion record"},
    {"data", flow_test_read_hope, IN_EXPECT(data), false, ANYTHING, "The instance document"},
    {"took", flow_test_read_took, 0, false, SPANS_SCHEMA, "From start to end: a span, or a range of two"},
    {"emitted", flow_test_read_hopes, IN_EXPECT(emitted), false, MAPS_SCHEMA,
     "All emitted records in their order: {step, topic, type, key, value}"},
    {"commands", flow_test_read_commands, IN_EXPECT(commands), false, MAP_SCHEMA,
     "By step, or by 'undo STEP': how many commands were sent, or {times, topic, type, key, value} of the last"},
    {"undone", flow_test_read_names, IN_EXPECT(undone), false, NAMES_SCHEMA, "The steps undone, in their order"},
    {"waiting", flow_test_read_names, IN_EXPECT(waiting), false, NAMES_SCHEMA,
     "The steps, or 'undo STEP', that are open at the end"},
    {"ignored", flow_test_read_number, IN_EXPECT(ignored), false, "{\"type\": \"integer\", \"minimum\": 0}",
     "How many messages, replies and operators were ignored"},
    {"alerts", flow_test_read_hopes, IN_EXPECT(alerts), false, MAPS_SCHEMA, "All alerts in their order: {kind, step, detail}"},
    {"deadLetters", flow_test_read_hopes, IN_EXPECT(dead_letters), false, MAPS_SCHEMA,
     "All dead letters of the case in their order: {topic, reason, value}"},
    {"instances", flow_test_read_instances, 0, false,
     "{\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/definitions/expect\"}}",
     "The same of other instances, by key or FLOW:KEY; their latest runs"},
    {NULL, NULL, 0, false, NULL, NULL}};
/* clang-format on */

const struct flow_test_keys *flow_test_keys(enum flow_test_object object)
{
    static const struct flow_test_keys all[FLOW_TEST_OBJECTS] = {
        [FLOW_TEST_FILE] = {"file", file_keys},       [FLOW_TEST_CASE] = {"case", case_keys},
        [FLOW_TEST_SEND] = {"send", send_keys},       [FLOW_TEST_ANSWER] = {"answer", answer_keys},
        [FLOW_TEST_EXPECT] = {"expect", expect_keys},
    };

    CHECK(object < FLOW_TEST_OBJECTS);
    return &all[object];
}

static const struct flow_test_key *find(const struct flow_test_key *keys, struct text name)
{
    for (; keys->name != NULL; keys++) {
        if (text_is(name, keys->name)) {
            return keys;
        }
    }
    return NULL;
}

static void report_unknown(struct dev_reader *reader, const struct flow_test_key *keys,
                           const struct node *key)
{
    const char *best = NULL;
    uint32_t distance = 3;

    for (; keys->name != NULL; keys++) {
        uint32_t edits = text_distance(key->text, text_of(keys->name), distance);

        if (edits < distance) {
            distance = edits;
            best = keys->name;
        }
    }
    if (best != NULL) {
        diagnostics_suggest(reader->diagnostics, text_of(best));
    }
    diagnostics_error(reader->diagnostics, "D101", node_place(key), "unknown key '%.*s'%s%s%s",
                      TEXT_ARG(key->text), best == NULL ? "" : " (did you mean '",
                      best == NULL ? "" : best, best == NULL ? "" : "'?)");
}

void flow_test_map(struct dev_reader *reader, enum flow_test_object object, const struct node *node,
                   void *out)
{
    const struct flow_test_key *keys = flow_test_keys(object)->all;

    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        const struct flow_test_key *key = find(keys, pair->key->text);

        if (key == NULL) {
            report_unknown(reader, keys, pair->key);
        } else if (!pair->repeated) {
            key->read(reader, pair->value, (char *)out + key->offset);
        }
    }
    for (; keys->name != NULL; keys++) {
        if (keys->is_required && node_get(node, keys->name) == NULL) {
            diagnostics_error(reader->diagnostics, "D102", node_place(node),
                              "missing required '%s'", keys->name);
        }
    }
}

/* ---- the schema ---- */

static struct json *parsed(const char *text)
{
    struct json *value = NULL;

    CHECK(json_parse(text_of(text), &value, NULL) == STATUS_OK);
    return value;
}

static struct json *described(const struct flow_test_key *key)
{
    struct json *plain = parsed(key->schema);
    struct json *schema = json_open_copy(plain);
    struct json *all;

    json_free(plain);
    /* What stands beside a $ref is not looked at in draft-07. */
    if (json_member(schema, "$ref") != NULL) {
        all = json_array();
        json_push(all, schema);
        schema = json_object();
        json_put(schema, TEXT("allOf"), all);
    }
    json_put_string(schema, "description", key->doc);
    return schema;
}

static void add_object(struct json *schema, enum flow_test_object object)
{
    struct json *properties = json_object();
    struct json *required = json_array();

    for (const struct flow_test_key *key = flow_test_keys(object)->all; key->name != NULL; key++) {
        json_put(properties, text_of(key->name), described(key));
        if (key->is_required) {
            json_push(required, json_string(key->name));
        }
    }
    json_put_string(schema, "type", "object");
    json_put(schema, TEXT("properties"), properties);
    json_put_bool(schema, "additionalProperties", false);
    if (json_count(required) > 0) {
        json_put(schema, TEXT("required"), required);
    } else {
        json_free(required);
    }
}

struct json *flow_test_schema(void)
{
    static const char answers[] =
        "{\"type\": \"object\", \"additionalProperties\": {\"anyOf\": [{\"enum\": [\"success\", "
        "\"failure\", \"silence\"]}, {\"$ref\": \"#/definitions/answer\"}, {\"type\": \"array\", "
        "\"minItems\": 1, \"items\": {\"anyOf\": [{\"enum\": [\"success\", \"failure\", "
        "\"silence\"]}, {\"$ref\": \"#/definitions/answer\"}]}}]}}";
    struct json *schema = json_object();
    struct json *definitions = json_object();

    json_put_string(schema, "$schema", "http://json-schema.org/draft-07/schema#");
    json_put_string(schema, "title", "Tests of baton flows");
    add_object(schema, FLOW_TEST_FILE);
    for (enum flow_test_object i = FLOW_TEST_CASE; i < FLOW_TEST_OBJECTS; i++) {
        struct json *definition = json_object();

        add_object(definition, i);
        json_put(definitions, text_of(flow_test_keys(i)->name), definition);
    }
    json_put(definitions, TEXT("answers"), parsed(answers));
    json_put(definitions, TEXT("duration"),
             parsed("{\"type\": \"string\", \"examples\": [\"30s\", \"2h\", \"6w\"]}"));
    json_put(definitions, TEXT("span"),
             parsed("{\"type\": \"string\", \"examples\": [\"30s\", \"2h..3h\"]}"));
    json_put(schema, TEXT("definitions"), definitions);
    return schema;
}
