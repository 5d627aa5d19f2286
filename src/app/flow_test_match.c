#include "app/flow_test_match.h"

#include <stdio.h>
#include <string.h>

#include "base/duration.h"

#define PATH_BYTES 160

static const struct flow *flow_of(const struct flow_test_matching *matching,
                                  const struct fact_instance *instance)
{
    struct text name = text_sub(instance->name, 0, text_find(instance->name, ':'));

    for (uint32_t i = 0; i < matching->flow_count; i++) {
        if (text_equal(matching->flows[i]->name, name)) {
            return matching->flows[i];
        }
    }
    return NULL;
}

/* ---- one instance ---- */

static const char *end_of(const struct fact_instance *instance)
{
    if (instance->state == NULL) {
        return "unknown";
    }
    if (instance_has_ended(instance->state)) {
        return run_status_name(instance->state->status);
    }
    return instance_is_stuck(instance->state) ? "stuck" : "open";
}

static void match_end(const struct flow_test_matching *matching, const struct node *node,
                      const struct fact_instance *instance)
{
    char expected[64];
    char found[320];
    const char *end = end_of(instance);
    const struct json *error = instance->state == NULL ? NULL : instance->state->error;

    if (text_is(node->text, end)) {
        return;
    }
    snprintf(expected, sizeof(expected), "%.*s", TEXT_ARG(node->text));
    if (error != NULL) {
        snprintf(found, sizeof(found), "%s (%.*s: %.*s)", end,
                 TEXT_ARG(json_member_text(error, "type")),
                 TEXT_ARG(json_member_text(error, "title")));
    } else {
        snprintf(found, sizeof(found), "%s", end);
    }
    flow_test_differs(matching->diagnostics, node, "end", expected, found);
}

static void match_took(const struct flow_test_matching *matching,
                       const struct flow_test_expect *expect, const struct fact_instance *instance)
{
    int64_t began_ms = instance->state != NULL && instance->state->started_ms != 0
                           ? instance->state->started_ms
                           : instance->began_ms; /* With early messages it is older. */
    int64_t took_ms = instance->ended_ms - began_ms;
    char expected[64];
    char found[TIME_TEXT_BYTES];

    snprintf(expected, sizeof(expected), "%.*s", TEXT_ARG(expect->took->text));
    if (instance->ended_ms == 0) {
        flow_test_differs(matching->diagnostics, expect->took, "took", expected, "no end");
    } else if (took_ms < expect->took_from_ms - matching->slack_ms ||
               took_ms > expect->took_to_ms + matching->slack_ms) {
        duration_format(took_ms, found);
        flow_test_differs(matching->diagnostics, expect->took, "took", expected, found);
    }
}

static void match_error(const struct flow_test_matching *matching, const struct node *node,
                        const struct json *error)
{
    if (node->kind == NODE_MAP) {
        flow_test_value(matching->diagnostics, node, error, "error");
    } else {
        flow_test_value(matching->diagnostics, node,
                        error == NULL ? NULL : json_member(error, "type"), "error");
    }
}

static void match_emitted(const struct flow_test_matching *matching, const struct node *node,
                          const struct fact_instance *instance)
{
    struct json *emitted = json_array();

    for (uint32_t i = 0; i < instance->sent_count; i++) {
        if (instance->sent[i].is_emitted) {
            json_push(emitted, json_copy(instance->sent[i].seen));
        }
    }
    flow_test_list(matching->diagnostics, node, emitted, "emitted");
    json_free(emitted);
}

/* How many commands a step sent, and the last of them. */
static void match_command(const struct flow_test_matching *matching, const struct pair *pair,
                          const struct fact_instance *instance)
{
    const struct json *last = NULL;
    struct json *found = json_object();
    char path[PATH_BYTES];
    int64_t count = 0;

    for (uint32_t i = 0; i < instance->sent_count; i++) {
        if (text_equal(instance->sent[i].step, pair->key->text)) {
            last = instance->sent[i].seen;
            count++;
        }
    }
    if (last != NULL) {
        json_free(found);
        found = json_open_copy(last);
    }
    json_put_integer(found, "times", count);
    snprintf(path, sizeof(path), "commands.%.*s", TEXT_ARG(pair->key->text));
    flow_test_value(matching->diagnostics, pair->value,
                    pair->value->kind == NODE_MAP ? found : json_member(found, "times"), path);
    json_free(found);
}

static void match_numbers(const struct flow_test_matching *matching, const struct node *node,
                          const struct fact_instance *instance)
{
    struct json *ignored = json_integer(instance->ignored);

    flow_test_value(matching->diagnostics, node, ignored, "ignored");
    json_free(ignored);
}

static void match_waiting(const struct flow_test_matching *matching, const struct node *node,
                          const struct fact_instance *instance)
{
    const struct flow *flow = flow_of(matching, instance);
    struct json *waiting = flow == NULL ? json_array() : facts_waiting(instance, flow);

    flow_test_list(matching->diagnostics, node, waiting, "waiting");
    json_free(waiting);
}

static void match_instance(const struct flow_test_matching *matching,
                           const struct flow_test_expect *expect,
                           const struct fact_instance *instance)
{
    const struct instance *state = instance->state;
    struct diagnostics *diagnostics = matching->diagnostics;

    if (expect->end != NULL) {
        match_end(matching, expect->end, instance);
    }
    if (expect->error != NULL) {
        match_error(matching, expect->error, state == NULL ? NULL : state->error);
    }
    if (expect->result != NULL) {
        flow_test_value(diagnostics, expect->result, state == NULL ? NULL : state->result,
                        "result");
    }
    if (expect->data != NULL) {
        flow_test_value(diagnostics, expect->data, state == NULL ? NULL : state->data, "data");
    }
    if (expect->took != NULL) {
        match_took(matching, expect, instance);
    }
    if (expect->emitted != NULL) {
        match_emitted(matching, expect->emitted, instance);
    }
    for (uint32_t i = 0; expect->commands != NULL && i < expect->commands->count; i++) {
        match_command(matching, &expect->commands->pairs[i], instance);
    }
    if (expect->undone != NULL) {
        flow_test_list(diagnostics, expect->undone, instance->undone, "undone");
    }
    if (expect->waiting != NULL) {
        match_waiting(matching, expect->waiting, instance);
    }
    if (expect->ignored != NULL) {
        match_numbers(matching, expect->ignored, instance);
    }
    if (expect->alerts != NULL) {
        flow_test_list(diagnostics, expect->alerts, instance->alerts, "alerts");
    }
}

/* ---- the case ---- */

static bool asks_for_instance(const struct flow_test_expect *expect)
{
    return expect->end != NULL || expect->error != NULL || expect->result != NULL ||
           expect->data != NULL || expect->took != NULL || expect->emitted != NULL ||
           expect->commands != NULL || expect->undone != NULL || expect->waiting != NULL ||
           expect->ignored != NULL || expect->alerts != NULL;
}

void flow_test_match(const struct flow_test_matching *matching, const struct flow_test_case *one)
{
    const struct flow_test_expect *expect = &one->expect;
    const struct fact_instance *first = facts_find(matching->facts, TEXT(""));

    if (first != NULL) {
        match_instance(matching, expect, first);
    } else if (asks_for_instance(expect)) {
        diagnostics_error(matching->diagnostics, "D502", one->place,
                          "no instance came to be: nothing that was sent starts the flow");
    }
    for (uint32_t i = 0; expect->instances != NULL && i < expect->instances->count; i++) {
        const struct node *name = expect->instances->pairs[i].key;
        const struct fact_instance *other = facts_find(matching->facts, name->text);

        if (other == NULL) {
            diagnostics_error(matching->diagnostics, "D502", node_place(name),
                              "there is no instance '%.*s'", TEXT_ARG(name->text));
        } else {
            match_instance(matching, &expect->of[i], other);
        }
    }
    if (expect->dead_letters != NULL) {
        flow_test_list(matching->diagnostics, expect->dead_letters, matching->facts->letters,
                       "deadLetters");
    }
}
