#include "app/dev_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "model/flow.h"

#define PERMILLE_OF_A_PERCENT 10
#define COUNT_MAX 1000000

void dev_wrong(struct dev_reader *reader, const struct node *node, const char *expected)
{
    char found[64];

    diagnostics_error(reader->diagnostics, "D103", node_place(node), "expected %s, found %s",
                      expected, node_describe(node, found));
}

static void unknown_key(struct dev_reader *reader, const struct node *key,
                        const struct dev_key *keys)
{
    const char *best = NULL;
    uint32_t distance = 3;

    for (size_t i = 0; keys[i].name != NULL; i++) {
        uint32_t edits = text_distance(key->text, text_of(keys[i].name), distance);

        if (edits < distance) {
            distance = edits;
            best = keys[i].name;
        }
    }
    if (best != NULL) {
        diagnostics_error(reader->diagnostics, "D101", node_place(key),
                          "unknown key '%.*s' (did you mean '%s'?)", TEXT_ARG(key->text), best);
        return;
    }
    diagnostics_error(reader->diagnostics, "D101", node_place(key), "unknown key '%.*s'",
                      TEXT_ARG(key->text));
}

void dev_read_map(struct dev_reader *reader, const struct node *node, const struct dev_key *keys,
                  void *out)
{
    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        size_t at = 0;

        while (keys[at].name != NULL && !text_is(pair->key->text, keys[at].name)) {
            at++;
        }
        if (keys[at].name == NULL) {
            unknown_key(reader, pair->key, keys);
        } else if (!pair->repeated) {
            keys[at].read(reader, pair->value, (char *)out + keys[at].offset);
        }
    }
}

void dev_read_text(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_TEXT && node->kind != NODE_NUMBER) {
        dev_wrong(reader, node, "text");
        return;
    }
    *(struct text *)out = arena_text(&reader->services->arena, node->text);
}

void dev_read_bool(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_BOOL) {
        dev_wrong(reader, node, "true or false");
        return;
    }
    *(bool *)out = node->truth;
}

void dev_read_count(struct dev_reader *reader, const struct node *node, void *out)
{
    int64_t value;

    if (node->kind != NODE_NUMBER || !text_to_int64(node->text, &value) || value < 1 ||
        value > COUNT_MAX) {
        dev_wrong(reader, node, "a whole number from 1 on");
        return;
    }
    *(uint32_t *)out = (uint32_t)value;
}

void dev_read_span(struct dev_reader *reader, const struct node *node, void *out)
{
    struct error err;

    if (node->kind != NODE_TEXT) {
        dev_wrong(reader, node, "a duration such as 200ms");
    } else if (duration_parse(node->text, out, &err) != STATUS_OK) {
        diagnostics_error(reader->diagnostics, "D105", node_place(node), "%s", err.text);
    }
}

/* "40%", "0.5%" */
void dev_read_rate(struct dev_reader *reader, const struct node *node, void *out)
{
    struct text text = node->text;
    char number[32];
    char *end = NULL;
    double percent = -1;

    if (node->kind == NODE_TEXT && text_ends(text, TEXT("%")) && text.bytes > 1 &&
        text.bytes < sizeof(number)) {
        memcpy(number, text.data, text.bytes - 1);
        number[text.bytes - 1] = '\0';
        percent = strtod(number, &end);
        percent = *end == '\0' ? percent : -1;
    }
    if (!(percent >= 0 && percent <= 100)) {
        dev_wrong(reader, node, "a rate from 0% to 100%");
        return;
    }
    *(uint32_t *)out = (uint32_t)(percent * PERMILLE_OF_A_PERCENT + 0.5);
}

static void report(struct dev_reader *reader, const struct node *node, size_t base,
                   const struct expr_problem *problem)
{
    struct place place = node_place_in(node, base + problem->offset, problem->bytes);
    bool is_variable = problem->kind == EXPR_PROBLEM_UNKNOWN_VARIABLE;
    bool is_function = problem->kind == EXPR_PROBLEM_UNKNOWN_FUNCTION;

    if (is_variable || is_function) {
        diagnostics_error(reader->diagnostics, "D301", place, "%s%s'",
                          is_variable ? "there is no variable '$" : "unknown function '",
                          problem->name);
        return;
    }
    diagnostics_error(reader->diagnostics, "D301", place, "%s", problem->text);
}

void dev_read_expr(struct dev_reader *reader, const struct node *node, void *out)
{
    struct dev_services *services = reader->services;
    struct expr_problem problem;
    struct expr *expr = NULL;

    if (node->kind == NODE_MAP || node->kind == NODE_LIST || node->kind == NODE_NULL) {
        dev_wrong(reader, node, "an expression such as '.total > 500'");
        return;
    }
    if (expr_compile(node->text, flow_scope(), &expr, &problem) != STATUS_OK) {
        report(reader, node, 0, &problem);
        return;
    }
    services->exprs = realloc(services->exprs, (services->expr_count + 1) * sizeof(struct expr *));
    CHECK(services->exprs != NULL);
    services->exprs[services->expr_count++] = expr;
    *(struct expr **)out = expr;
}

/* Every `${ }` below `node`. False after an error. The depth is bounded by the reader of documents. */
static bool check_pieces(struct dev_reader *reader, const struct node *node)
{
    struct template_piece piece;
    struct expr_problem problem;
    struct expr *expr;
    bool unclosed = false;
    bool good = true;
    size_t from = 0;

    for (uint32_t i = 0; i < node->count; i++) {
        good = check_pieces(reader,
                            node->kind == NODE_MAP ? node->pairs[i].value : node->items[i]) &&
               good;
    }
    while (node->kind == NODE_TEXT && template_next_piece(node->text, from, &piece, &unclosed)) {
        struct text source = text_sub(node->text, piece.source_offset, piece.source_bytes);

        if (expr_compile(source, flow_scope(), &expr, &problem) != STATUS_OK) {
            report(reader, node, piece.source_offset, &problem);
            good = false;
        } else {
            expr_free(expr);
        }
        from = piece.offset + piece.bytes;
    }
    if (unclosed) {
        diagnostics_error(reader->diagnostics, "D301", node_place(node), "'${' is not closed");
    }
    return good && !unclosed;
}

void dev_read_template(struct dev_reader *reader, const struct node *node, void *out)
{
    struct dev_services *services = reader->services;
    struct template_problem problem;
    struct template *template = NULL;
    const struct node *at = node;
    struct json *source;

    if (!check_pieces(reader, node)) {
        return;
    }
    source = node_json(node, &at);
    if (source == NULL) {
        dev_wrong(reader, at, "what can be written as JSON");
        return;
    }
    CHECK(template_compile(source, flow_scope(), &template, &problem) == STATUS_OK);
    json_free(source);
    services->templates = realloc(services->templates,
                                  (services->template_count + 1) * sizeof(struct template *));
    CHECK(services->templates != NULL);
    services->templates[services->template_count++] = template;
    *(struct template **)out = template;
}

void dev_read_headers(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map");
        return;
    }
    dev_read_template(reader, node, out);
}
