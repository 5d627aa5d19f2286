/* Expressions of the standard's grammar, written anew with what their variables stand for. */
#include <ctype.h>
#include <string.h>

#include "compile/ows.h"

#define USES_MAX 256

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct text trim(struct text text)
{
    while (text.bytes > 0 && is_blank(text.data[0])) {
        text = text_sub(text, 1, text.bytes - 1);
    }
    while (text.bytes > 0 && is_blank(text.data[text.bytes - 1])) {
        text.bytes--;
    }
    return text;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

/* `$task` and its like are no values of ours: only some of their members can be had. */
struct member {
    uint32_t variable;
    const char *path;
    struct text source;
};

static struct text of_document(struct ows *ows, const char *key)
{
    const struct node *value = node_get(node_get(ows->root, "document"), key);

    return ows_quote(ows, value == NULL ? TEXT("") : value->text);
}

static bool find_member(struct ows *ows, uint32_t variable, struct text after, struct text *source,
                        size_t *bytes)
{
    struct member members[] = {
        {OWS_TASK, ".name", ows_quote(ows, ows->task == NULL ? TEXT("") : ows->task->key->text)},
        {OWS_TASK, ".reference", ows_quote(ows, ows->task == NULL ? TEXT("") : ows->task->pointer)},
        {OWS_TASK, ".input", ows->meanings[OWS_INPUT]},
        {OWS_WORKFLOW, ".id", TEXT("$instance.run")},
        {OWS_WORKFLOW, ".startedAt.iso8601", TEXT("$instance.startedAt")},
        {OWS_WORKFLOW, ".definition.document.name", of_document(ows, "name")},
        {OWS_WORKFLOW, ".definition.document.namespace", of_document(ows, "namespace")},
        {OWS_WORKFLOW, ".definition.document.version", of_document(ows, "version")},
        {OWS_RUNTIME, ".name", TEXT("\"baton\"")},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct text path = text_of(members[i].path);

        if (members[i].variable == variable && text_starts(after, path) &&
            (after.bytes == path.bytes || !is_word(after.data[path.bytes]))) {
            *source = members[i].source;
            *bytes = path.bytes;
            return true;
        }
    }
    return false;
}

static void report_member(struct ows *ows, const struct node *node, size_t offset,
                          uint32_t variable)
{
    static const char *const known[] = {
        [OWS_INPUT] = "",
        [OWS_OUTPUT] = "",
        [OWS_CONTEXT] = "",
        [OWS_TASK] = ".name, .reference, .input",
        [OWS_WORKFLOW] = ".id, .startedAt.iso8601, .definition.document.name, .namespace, .version",
        [OWS_RUNTIME] = ".name",
    };
    struct text name = ows->scope.names[variable];
    struct place place = node_place_in(node, offset, name.bytes + 1);

    if (variable < OWS_FIXED_COUNT && known[variable][0] != '\0') {
        diagnostics_error(ows->checker->diagnostics, "F302", place,
                          "of '$%.*s' this engine has only %s", TEXT_ARG(name), known[variable]);
    } else {
        diagnostics_error(ows->checker->diagnostics, "F302", place, "'$%.*s' is not available here",
                          TEXT_ARG(name));
    }
}

/* `source` stands at byte `base` of the node's text. False after a finding. */
static bool replace_uses(struct ows *ows, const struct node *node, size_t base,
                         const struct expr *expr, struct buffer *out)
{
    struct expr_use uses[USES_MAX];
    struct text source = expr_source(expr);
    uint32_t count = expr_uses(expr, uses, USES_MAX);
    size_t done = 0;

    if (count == USES_MAX) {
        diagnostics_error(ows->checker->diagnostics, "F701", node_place(node),
                          "the expression reads variables too often: %d times at most",
                          USES_MAX - 1);
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct text name = ows->scope.names[uses[i].variable];
        struct text meaning = ows->meanings[uses[i].variable];
        size_t end = uses[i].offset + 1 + name.bytes;
        size_t more = 0;

        if (uses[i].offset < done) {
            continue; /* A part of the tree that stands in it twice. */
        }
        if (meaning.bytes == 0 &&
            !find_member(ows, uses[i].variable, text_sub(source, end, source.bytes - end), &meaning,
                         &more)) {
            report_member(ows, node, base + uses[i].offset, uses[i].variable);
            return false;
        }
        buffer_add_text(out, text_sub(source, done, uses[i].offset - done));
        if (uses[i].shorthand) {
            buffer_add_text(out, name);
            buffer_add_text(out, TEXT(": "));
        }
        buffer_add_char(out, '(');
        buffer_add_text(out, meaning);
        buffer_add_char(out, ')');
        done = end + more;
    }
    buffer_add_text(out, text_sub(source, done, source.bytes - done));
    return true;
}

static struct text rewrite(struct ows *ows, const struct node *node, size_t base,
                           struct text source, struct text here)
{
    struct expr_problem problem;
    struct buffer out = {0};
    struct text made = {0};
    struct expr *expr;

    if (expr_compile(source, &ows->scope, &expr, &problem) != STATUS_OK) {
        report_expr_problem(ows->checker, node, base, &problem);
        return made;
    }
    if (here.bytes > 0) {
        buffer_add_text(&out, here);
        buffer_add_text(&out, TEXT(" | ("));
    }
    if (replace_uses(ows, node, base, expr, &out)) {
        buffer_add_text(&out, here.bytes > 0 ? TEXT(")") : TEXT(""));
        made = arena_text(&ows->checker->arena, buffer_text(&out));
    }
    if (made.bytes > 0 && text_is(source, ".") && here.bytes > 0) {
        made = here;
    }
    expr_free(expr);
    buffer_release(&out);
    return made;
}

struct text ows_source(struct ows *ows, const struct node *node, struct text here)
{
    struct text source = trim(node->text);
    size_t base = (size_t)(source.data - node->text.data);

    if (!node_is_scalar(node) || source.bytes == 0) {
        expected(ows->checker, node, "an expression");
        return (struct text){0};
    }
    if (text_starts(source, TEXT("${"))) {
        struct template_piece piece;
        bool unclosed = false;

        if (!template_next_piece(node->text, base, &piece, &unclosed)) {
            report_unclosed(ows->checker, node, base);
            return (struct text){0};
        }
        if (piece.offset != base || piece.bytes != source.bytes) {
            expected(ows->checker, node, "one expression and nothing around it");
            return (struct text){0};
        }
        source = trim(text_sub(node->text, piece.source_offset, piece.source_bytes));
        base = (size_t)(source.data - node->text.data);
    }
    return rewrite(ows, node, base, source, here);
}

struct node *ows_expr(struct ows *ows, const struct node *node, struct text here)
{
    struct text source = ows_source(ows, node, here);

    return source.bytes == 0 ? NULL : ows_text(ows, node, source);
}

static struct node *template_text(struct ows *ows, const struct node *node, struct text here)
{
    struct text text = trim(node->text);
    struct template_piece piece;
    bool unclosed = false;
    struct text source;

    if (text_starts(text, TEXT("${"))) {
        source = ows_source(ows, node, here);
        return source.bytes == 0 ? NULL : ows_embrace(ows, node, source);
    }
    for (size_t i = 0; i + 2 < text.bytes; i++) {
        unclosed = unclosed || memcmp(text.data + i, "$${", 3) == 0; /* Ours alone. */
    }
    if (unclosed || template_next_piece(node->text, 0, &piece, &unclosed) || unclosed) {
        ows_refuse(ows, node,
                   "an expression within text: write the whole as one, ${ \"...\\(...)\" }");
        return NULL;
    }
    /* Without an expression it is literal. Shared, so that it keeps its style and its place. */
    return (struct node *)(uintptr_t)node;
}

struct node *ows_template(struct ows *ows, const struct node *node, struct text here)
{
    struct node *made;
    bool good = true;

    switch (node->kind) {
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_NUMBER:
        return (struct node *)(uintptr_t)node;
    case NODE_TEXT:
        return template_text(ows, node, here);
    case NODE_LIST:
        made = ows_array(ows, node);
        for (uint32_t i = 0; i < node->count; i++) {
            struct node *item = ows_template(ows, node->items[i], here);

            good = item != NULL && good;
            ows_push(ows, made, item);
        }
        return good ? made : NULL;
    case NODE_MAP:
        made = ows_map(ows, node);
        for (uint32_t i = 0; i < node->count; i++) {
            struct node *item = node->pairs[i].repeated
                                    ? NULL
                                    : ows_template(ows, node->pairs[i].value, here);

            good = (item != NULL || node->pairs[i].repeated) && good;
            ows_put_pair(ows, made, node->pairs[i].key, item);
        }
        return good ? made : NULL;
    }
    CHECK(!"unknown kind of node");
    return NULL;
}

struct node *ows_either(struct ows *ows, const struct node *node, struct text here)
{
    struct text source;

    if (node->kind == NODE_MAP) {
        return ows_template(ows, node, here);
    }
    source = ows_source(ows, node, here);
    return source.bytes == 0 ? NULL : ows_embrace(ows, node, source);
}

static bool text_mentions(struct text text, struct text name)
{
    for (size_t at = 0; at + 1 + name.bytes <= text.bytes; at++) {
        size_t end = at + 1 + name.bytes;

        if (text.data[at] == '$' && memcmp(text.data + at + 1, name.data, name.bytes) == 0 &&
            (end == text.bytes || !is_word(text.data[end]))) {
            return true;
        }
    }
    return false;
}

bool ows_mentions(const struct node *node, const char *name)
{
    bool found = false;

    if (node == NULL) {
        return false;
    }
    if (node_is_scalar(node)) {
        return text_mentions(node->text, text_of(name));
    }
    for (uint32_t i = 0; i < node->count && !found; i++) {
        found = ows_mentions(node->kind == NODE_MAP ? node->pairs[i].value : node->items[i], name);
    }
    return found;
}

void ows_know(struct ows *ows, const struct node *at, struct text name, struct text meaning)
{
    struct expr_scope *scope = &ows->scope;

    if (!is_identifier(name)) {
        diagnostics_error(ows->checker->diagnostics, "F108", node_place(at),
                          "bad name '%.*s': a variable is named [A-Za-z_][A-Za-z0-9_]*",
                          TEXT_ARG(name));
        return;
    }
    for (uint32_t i = 0; i < scope->count; i++) {
        if (text_equal(scope->names[i], name) && i < OWS_FIXED_COUNT) {
            diagnostics_error(ows->checker->diagnostics, "F108", node_place(at),
                              "bad name '%.*s': '$%.*s' has a meaning already", TEXT_ARG(name),
                              TEXT_ARG(name));
            return;
        }
    }
    if (scope->count == EXPR_VARIABLES_MAX) {
        diagnostics_error(ows->checker->diagnostics, "F701", node_place(at),
                          "too many variables at once: no room for another");
        return;
    }
    /* The scope is searched from its front, so what an inner one hides gives up its name. */
    for (uint32_t i = 0; i < scope->count; i++) {
        if (text_equal(scope->names[i], name)) {
            scope->names[i] = TEXT("");
        }
    }
    ows->meanings[scope->count] = meaning;
    scope->names[scope->count++] = name;
}
