/* Values of a file of tests against values that were found. */
#include <stdio.h>
#include <string.h>

#include "app/flow_test_match.h"

#define SHOWN_BYTES 160
#define PATH_BYTES 256

void flow_test_differs(struct diagnostics *diagnostics, const struct node *node, const char *path,
                       const char *expected, const char *found)
{
    diagnostics_error(diagnostics, "D501", node_place(node), "%s: expected %s, found %s", path,
                      expected, found);
}

/* The value as JSON, cut; never inside a character. */
static void show(const struct json *value, struct buffer *out)
{
    struct buffer whole = {.data = NULL};
    struct text text;
    size_t bytes = 0;

    if (value == NULL) {
        buffer_add_text(out, TEXT("nothing"));
        return;
    }
    json_write(value, &whole);
    text = buffer_text(&whole);
    while (bytes < text.bytes && bytes < SHOWN_BYTES) {
        size_t step = text_utf8_step(text, bytes);

        bytes += step == 0 ? 1 : step;
    }
    buffer_addf(out, "%.*s%s", (int)bytes, text.data, bytes < text.bytes ? "..." : "");
    buffer_release(&whole);
}

static void differs(struct diagnostics *diagnostics, const struct node *node, const char *path,
                    const struct json *found)
{
    const struct node *problem = NULL;
    struct json *wanted = node_json(node, &problem);
    struct buffer expected = {.data = NULL};
    struct buffer shown = {.data = NULL};

    show(wanted, &expected);
    show(found, &shown);
    flow_test_differs(diagnostics, node, path, buffer_string(&expected), buffer_string(&shown));
    buffer_release(&expected);
    buffer_release(&shown);
    json_free(wanted);
}

/* "${ . > 5 }": a condition on what is found. */
static bool is_condition(const struct node *node, struct text *source)
{
    struct template_piece piece;
    bool unclosed = false;

    if (node->kind != NODE_TEXT || !template_next_piece(node->text, 0, &piece, &unclosed) ||
        piece.offset != 0 || piece.bytes != node->text.bytes) {
        return false;
    }
    *source = text_sub(node->text, piece.source_offset, piece.source_bytes);
    return true;
}

static void match_condition(struct diagnostics *diagnostics, const struct node *node,
                            const struct json *found, const char *path)
{
    struct expr_env env = {.input = found};
    struct expr_problem problem;
    struct buffer shown = {.data = NULL};
    struct expr *expr = NULL;
    struct text source = TEXT("");
    struct error err = {{0}};
    bool truth = false;

    if (!is_condition(node, &source) ||
        expr_compile(source, flow_scope(), &expr, &problem) != STATUS_OK) {
        return; /* Was a finding when the file was read. */
    }
    if (expr_test(expr, &env, &truth, &err) != STATUS_OK) {
        diagnostics_error(diagnostics, "D501", node_place(node), "%s: %s", path, err.text);
    } else if (!truth) {
        show(found, &shown);
        diagnostics_error(diagnostics, "D501", node_place(node),
                          "%s: '%.*s' does not hold for what was found: %s", path, TEXT_ARG(source),
                          buffer_string(&shown));
    }
    buffer_release(&shown);
    expr_free(expr);
}

static void match_map(struct diagnostics *diagnostics, const struct node *node,
                      const struct json *found, const char *path)
{
    char below[PATH_BYTES];

    if (found == NULL || json_kind(found) != JSON_OBJECT) {
        differs(diagnostics, node, path, found);
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];

        snprintf(below, sizeof(below), "%s.%.*s", path, TEXT_ARG(pair->key->text));
        flow_test_value(diagnostics, pair->value, json_get(found, pair->key->text), below);
    }
}

void flow_test_list(struct diagnostics *diagnostics, const struct node *node,
                    const struct json *found, const char *path)
{
    size_t count = found == NULL || json_kind(found) != JSON_ARRAY ? 0 : json_count(found);
    char below[PATH_BYTES];

    for (uint32_t i = 0; i < node->count && i < count; i++) {
        snprintf(below, sizeof(below), "%s[%u]", path, i);
        flow_test_value(diagnostics, node->items[i], json_at(found, i), below);
    }
    for (size_t i = count; i < node->count; i++) {
        snprintf(below, sizeof(below), "%s[%zu]", path, i);
        differs(diagnostics, node->items[i], below, NULL);
    }
    for (size_t i = node->count; i < count; i++) {
        struct buffer shown = {.data = NULL};

        snprintf(below, sizeof(below), "%s[%zu]", path, i);
        show(json_at(found, i), &shown);
        flow_test_differs(diagnostics, node, below, "nothing", buffer_string(&shown));
        buffer_release(&shown);
    }
}

/* The depth is bounded by the reader of the document. */
void flow_test_value(struct diagnostics *diagnostics, const struct node *node,
                     const struct json *found, const char *path)
{
    const struct node *problem = NULL;
    struct text source;
    struct json *wanted;

    if (is_condition(node, &source)) {
        match_condition(diagnostics, node, found, path);
        return;
    }
    switch (node->kind) {
    case NODE_MAP:
        match_map(diagnostics, node, found, path);
        return;
    case NODE_LIST:
        if (found == NULL || json_kind(found) != JSON_ARRAY) {
            differs(diagnostics, node, path, found);
        } else {
            flow_test_list(diagnostics, node, found, path);
        }
        return;
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_NUMBER:
    case NODE_TEXT:
        break;
    }
    wanted = node_json(node, &problem);
    if (wanted == NULL || found == NULL || !json_equal(wanted, found)) {
        differs(diagnostics, node, path, found);
    }
    json_free(wanted);
}
