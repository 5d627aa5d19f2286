/* Reading what is expected: only its form; what it is held against is known after the run. */
#include <string.h>

#include "app/flow_test_keys.h"
#include "base/duration.h"

/* ---- values ---- */

/* Any value; `${ }` in it has to compile. */
void flow_test_read_hope(struct dev_reader *reader, const struct node *node, void *out)
{
    struct template *unused = NULL;

    dev_read_template(reader, node, &unused);
    *(const struct node **)out = node;
}

void flow_test_read_hopes(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_LIST) {
        dev_wrong(reader, node, "a list; [] says that there is none");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != NODE_MAP) {
            dev_wrong(reader, node->items[i], "a map");
        }
    }
    flow_test_read_hope(reader, node, out);
}

void flow_test_read_error(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_TEXT && node->kind != NODE_MAP) {
        dev_wrong(reader, node, "the name of an error, or members of $error");
        return;
    }
    flow_test_read_hope(reader, node, out);
}

void flow_test_read_end(struct dev_reader *reader, const struct node *node, void *out)
{
    static const char *const ends[] = {"completed", "failed", "cancelled",
                                       "expired",   "open",   "stuck"};

    for (size_t i = 0; node->kind == NODE_TEXT && i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (text_is(node->text, ends[i])) {
            *(const struct node **)out = node;
            return;
        }
    }
    dev_wrong(reader, node, "completed, failed, cancelled, expired, open or stuck");
}

void flow_test_read_number(struct dev_reader *reader, const struct node *node, void *out)
{
    int64_t number;

    if (node->kind != NODE_NUMBER || !text_to_int64(node->text, &number) || number < 0) {
        dev_wrong(reader, node, "a whole number");
        return;
    }
    *(const struct node **)out = node;
}

void flow_test_read_names(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_LIST) {
        dev_wrong(reader, node, "a list of steps; [] says that there is none");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != NODE_TEXT) {
            dev_wrong(reader, node->items[i], "the name of a step");
        }
    }
    *(const struct node **)out = node;
}

/* "2h", "2h..3h" */
void flow_test_read_took(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_expect *expect = out;
    struct text from = node->text;
    struct text to = from;
    struct error err;

    if (node->kind != NODE_TEXT) {
        dev_wrong(reader, node, "a duration such as 2h, or a range such as 2h..3h");
        return;
    }
    for (size_t i = 0; i + 1 < node->text.bytes; i++) {
        if (memcmp(node->text.data + i, "..", 2) == 0) {
            from = text_sub(node->text, 0, i);
            to = text_sub(node->text, i + 2, node->text.bytes);
            break;
        }
    }
    if (duration_parse(from, &expect->took_from_ms, &err) != STATUS_OK ||
        duration_parse(to, &expect->took_to_ms, &err) != STATUS_OK) {
        diagnostics_error(reader->diagnostics, "D105", node_place(node), "%s", err.text);
        return;
    }
    expect->took = node;
}

/* ---- commands ---- */

static void check_command(struct dev_reader *reader, const struct node *node)
{
    static const char *const keys[] = {"times", "topic", "type", "key", "value", "attempt"};
    const struct node *number = node;

    if (node->kind == NODE_MAP) {
        number = node_get(node, "times");
        for (uint32_t i = 0; i < node->count; i++) {
            bool known = false;

            for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
                known = known || text_is(node->pairs[i].key->text, keys[k]);
            }
            if (!known) {
                diagnostics_error(reader->diagnostics, "D101", node_place(node->pairs[i].key),
                                  "unknown key '%.*s'; known are times, topic, type, key, value, "
                                  "attempt",
                                  TEXT_ARG(node->pairs[i].key->text));
            }
        }
    }
    if (number != NULL) {
        const struct node *unused;

        flow_test_read_number(reader, number, &unused);
    }
}

void flow_test_read_commands(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map of steps");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        check_command(reader, node->pairs[i].value);
    }
    flow_test_read_hope(reader, node, out);
}

/* ---- instances ---- */

void flow_test_read_expect(struct dev_reader *reader, const struct node *node, void *out)
{
    flow_test_map(reader, FLOW_TEST_EXPECT, node, out);
    if (node->kind == NODE_MAP && node->count == 0) {
        diagnostics_error(reader->diagnostics, "D108", node_place(node),
                          "nothing is expected, so the case cannot fail");
    }
}

/* The reader of the document bounds how deep this goes. */
void flow_test_read_instances(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_expect *expect = out;

    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map of instances");
        return;
    }
    expect->instances = node;
    expect->of = arena_array(&reader->services->arena, (size_t)node->count + 1,
                             sizeof(*expect->of));
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *one = node->pairs[i].value;

        flow_test_read_expect(reader, one, &expect->of[i]);
        if (one->kind == NODE_MAP &&
            (node_get(one, "instances") != NULL || node_get(one, "deadLetters") != NULL)) {
            diagnostics_error(reader->diagnostics, "D108", node_place(one),
                              "'instances' and 'deadLetters' stand beside the first instance only");
        }
    }
}
