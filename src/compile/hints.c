/* What was probably meant, said behind a finding about what stands there. */
#include "compile/checker.h"

#include <ctype.h>

#include "compile/lines.h"

/* What other languages call it. */
static const char *const literals[][2] = {
    {"yes", "true"},  {"no", "false"},  {"on", "true"},   {"off", "false"},      {"True", "true"},
    {"TRUE", "true"}, {"Yes", "true"},  {"No", "false"},  {"False", "false"},    {"FALSE", "false"},
    {"nil", "null"},  {"NULL", "null"}, {"Null", "null"}, {"undefined", "null"}, {"None", "null"},
};

void hint_comment(struct checker *checker, const struct node *node)
{
    const struct document *document = node->document;
    struct text source = document->source;
    size_t at = document->lines[node->end_line - 1];

    if (node->style != STYLE_PLAIN) {
        return;
    }
    for (uint32_t i = 1; i < node->end_column && at < source.bytes; i++) {
        at += character_bytes(source, at);
    }
    while (at < source.bytes && (source.data[at] == ' ' || source.data[at] == '\t')) {
        at++;
    }
    if (at < source.bytes && source.data[at] == '#') {
        diagnostics_warn(checker->diagnostics, "F310", node_place(node),
                         "' #' cut the rest of this expression off as a comment: quote it");
    }
}

void hint_bare_expression(struct checker *checker, const struct node *node)
{
    struct text text = node->text;
    struct expr_problem problem;
    struct expr *expr;
    char quote;

    if (node->style != STYLE_PLAIN || text.bytes < 2 ||
        (text.data[0] != '.' && text.data[0] != '$') ||
        (isalpha((unsigned char)text.data[1]) == 0 && text.data[1] != '_')) {
        return;
    }
    if (expr_compile(text, &checker->scope, &expr, &problem) != STATUS_OK) {
        return;
    }
    expr_free(expr);
    quote = text_find(text, '"') == SIZE_MAX ? '"' : '\'';
    diagnostics_warn(
        checker->diagnostics, "F311", node_place(node),
        "this stays the text '%.*s': write %c${ %.*s }%c for what it reads, or quote it",
        TEXT_ARG(text), quote, TEXT_ARG(text), quote);
}

static char before(struct text source, size_t at)
{
    while (at > 0 && isspace((unsigned char)source.data[at - 1]) != 0) {
        at--;
    }
    return at == 0 ? '\0' : source.data[at - 1];
}

static char behind(struct text source, size_t at)
{
    while (at < source.bytes && isspace((unsigned char)source.data[at]) != 0) {
        at++;
    }
    return at < source.bytes ? source.data[at] : '\0';
}

static const char *literal_for(struct text name)
{
    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        if (text_is(name, literals[i][0])) {
            return literals[i][1];
        }
    }
    return NULL;
}

/* `error` where there is `$error`. */
static const char *variable_for(struct checker *checker, struct text name)
{
    uint64_t known = known_variables(checker);
    uint32_t common = flow_scope()->count;

    for (uint32_t i = 0; i < checker->scope.count; i++) {
        bool is_known = i >= common || (known >> i & 1) != 0; /* Those of loops are behind. */

        if (is_known && text_equal(checker->scope.names[i], name)) {
            return arena_printf(&checker->arena, "$%.*s", TEXT_ARG(name)).data;
        }
    }
    return NULL;
}

const char *hint_variable(struct checker *checker, const struct expr_problem *problem)
{
    if (problem->suggestion[0] != '\0') {
        return did_you_mean(checker, text_of(problem->suggestion));
    }
    return arena_printf(&checker->arena, " (a field is '.%s')", problem->name).data;
}

const char *hint_name(struct checker *checker, struct text source,
                      const struct expr_problem *problem)
{
    struct text name = text_of(problem->name);
    size_t end = problem->offset + name.bytes;
    const char *meant = literal_for(name);
    char next = behind(source, end);

    /* After a hyphen it is the second half of a key, which F307 speaks of. */
    if (next == '(' || before(source, problem->offset) == '|' ||
        (problem->offset > 0 && source.data[problem->offset - 1] == '-')) {
        return did_you_mean(checker, text_of(problem->suggestion));
    }
    meant = meant == NULL ? variable_for(checker, name) : meant;
    if (meant != NULL) {
        return did_you_mean(checker, text_of(meant));
    }
    if (problem->suggestion[0] != '\0' && name.bytes > 3) {
        return did_you_mean(checker, text_of(problem->suggestion));
    }
    return arena_printf(&checker->arena,
                        next == '.' || next == '[' ? " (a field is '.%.*s')"
                                                   : " (a field is '.%.*s', text is '\"%.*s\"')",
                        TEXT_ARG(name), TEXT_ARG(name))
        .data;
}

bool is_key_of_steps(struct text key)
{
    for (enum object object = OBJECT_STEP; object < OBJECT_ACTIONS_END; object++) {
        if (fields_find(object, key) != NULL) {
            return true;
        }
    }
    return false;
}
