/* Reading what services answer. */
#include <stddef.h>
#include <string.h>

#include "app/flow_test_keys.h"

void flow_test_read_reply(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_answer *answer = out;

    answer->said.outcome = DEV_REPLY;
    answer->has_outcome = true;
    dev_read_template(reader, node, &answer->reply);
    answer->said.reply = answer->reply;
}

static void read_refusal(struct dev_reader *reader, const struct node *node,
                         struct dev_failure *failure)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];

        if (text_is(pair->key->text, "error")) {
            dev_read_text(reader, pair->value, &failure->error);
        } else if (text_is(pair->key->text, "reason")) {
            dev_read_text(reader, pair->value, &failure->reason);
        } else {
            diagnostics_error(reader->diagnostics, "D101", node_place(pair->key),
                              "unknown key '%.*s'; a failure has 'error' and 'reason'",
                              TEXT_ARG(pair->key->text));
        }
    }
}

void flow_test_read_failure(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_answer *answer = out;
    struct dev_failure *failure = &answer->said.failure;

    answer->said.outcome = DEV_FAILURE;
    answer->has_outcome = true;
    failure->place = node_place(node);
    if (node->kind == NODE_MAP) {
        read_refusal(reader, node, failure);
    } else if (node->kind == NODE_TEXT) {
        dev_read_text(reader, node, &failure->error);
    } else if (node->kind != NODE_BOOL || !node->truth) {
        dev_wrong(reader, node, "true, the name of an error, or {error, reason}");
    }
}

void flow_test_read_silence(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_answer *answer = out;

    answer->said.outcome = DEV_SILENCE;
    answer->has_outcome = true;
    if (node->kind != NODE_BOOL || !node->truth) {
        dev_wrong(reader, node, "true");
    }
}

void flow_test_read_twice(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_answer *answer = out;

    answer->said.twice = true;
    dev_read_span(reader, node, &answer->said.again_ms);
}

void flow_test_read_progress(struct dev_reader *reader, const struct node *node, void *out)
{
    static const struct dev_key keys[] = {
        {"after", dev_read_span, offsetof(struct dev_sign, delay_ms)},
        {"reply", dev_read_template, offsetof(struct dev_sign, reply)},
        {"type", dev_read_text, offsetof(struct dev_sign, heading.type)},
        {"headers", dev_read_headers, offsetof(struct dev_sign, heading.headers)},
        {NULL, NULL, 0}};
    struct flow_test_answer *answer = out;
    struct dev_sign *signs;

    if (node->kind != NODE_LIST || node->count == 0 || node->count > SIM_SIGNS_MAX) {
        dev_wrong(reader, node, "a list of 1 to 64 signs of life: {after: 5m, reply: {...}}");
        return;
    }
    signs = arena_array(&reader->services->arena, node->count, sizeof(*signs));
    for (uint32_t i = 0; i < node->count; i++) {
        dev_read_map(reader, node->items[i], keys, &signs[i]);
        if (node->items[i]->kind == NODE_MAP && node_get(node->items[i], "reply") == NULL) {
            diagnostics_error(reader->diagnostics, "D102", node_place(node->items[i]),
                              "missing required 'reply'");
        }
    }
    answer->said.signs = signs;
    answer->said.sign_count = node->count;
}

/* One word, or the map. */
static void read_answer(struct dev_reader *reader, const struct node *node,
                        struct flow_test_answer *answer)
{
    static const char *const outcomes[] = {"reply", "failure", "silence"};
    uint32_t count = 0;

    answer->place = node_place(node);
    answer->said.failure.place = answer->place;
    if (node->kind == NODE_TEXT) {
        if (text_is(node->text, "failure")) {
            answer->said.outcome = DEV_FAILURE;
        } else if (text_is(node->text, "silence")) {
            answer->said.outcome = DEV_SILENCE;
        } else if (!text_is(node->text, "success")) {
            dev_wrong(reader, node, "success, failure, silence, or a map such as {reply: {...}}");
        }
        return;
    }
    flow_test_map(reader, FLOW_TEST_ANSWER, node, answer);
    for (size_t i = 0; node->kind == NODE_MAP && i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        count += node_get(node, outcomes[i]) != NULL;
    }
    if (count > 1) {
        diagnostics_error(reader->diagnostics, "D107", node_place(node),
                          "one of 'reply', 'failure' and 'silence' only");
    }
}

static void read_script(struct dev_reader *reader, const struct pair *pair,
                        struct flow_test_script *script)
{
    static const struct text undo = TEXT_INIT("undo ");
    const struct node *node = pair->value;
    uint32_t count = node->kind == NODE_LIST ? node->count : 1;
    struct text step = pair->key->text;

    script->place = node_place(pair->key);
    script->is_undo = text_starts(step, undo);
    script->step = arena_text(&reader->services->arena,
                              script->is_undo ? text_sub(step, undo.bytes, step.bytes) : step);
    if (count == 0) {
        dev_wrong(reader, node, "an answer, or a list of them");
        return;
    }
    script->answers = arena_array(&reader->services->arena, count, sizeof(*script->answers));
    for (uint32_t i = 0; i < count; i++) {
        read_answer(reader, node->kind == NODE_LIST ? node->items[i] : node,
                    &script->answers[script->count++]);
    }
}

void flow_test_read_answers(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_scripts *scripts = out;

    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map of steps");
        return;
    }
    scripts->items = arena_array(&reader->services->arena, node->count, sizeof(*scripts->items));
    for (uint32_t i = 0; i < node->count; i++) {
        if (!node->pairs[i].repeated) {
            read_script(reader, &node->pairs[i], &scripts->items[scripts->count++]);
        }
    }
}
