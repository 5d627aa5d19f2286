/* Expressions and templates inside scalars: compiled for their findings, at the exact column. */
#include <ctype.h>
#include <string.h>

#include "compile/checker.h"
#include "compile/grow.h"

#define WARNINGS_MAX 16
#define BIT(variable) (UINT64_C(1) << (variable))

uint64_t known_variables(const struct checker *checker)
{
    uint64_t common = BIT(VARIABLE_FLOW) | BIT(VARIABLE_INSTANCE) | BIT(VARIABLE_NOW);
    bool fails = checker->in_failure || checker->in_undo || checker->in_catch;
    uint64_t error = fails ? BIT(VARIABLE_ERROR) : 0;
    bool in_call = checker->in_undo && checker->undo_owner == STEP_NONE;

    if (checker->step < checker->plan.count && checker->context == CONTEXT_STEP && !in_call &&
        checker->plan.steps[checker->step].action == OBJECT_REQUEST) {
        common |= BIT(VARIABLE_PROGRESS);
    }
    common |= checker->standard ? BIT(VARIABLE_DATA) : 0;
    common |= (checker->in_remind ? BIT(VARIABLE_COUNT) : 0) |
              (checker->in_handler ? BIT(VARIABLE_MESSAGE) : 0);
    switch (checker->context) {
    case CONTEXT_KEY:
        return 0;
    case CONTEXT_START:
    case CONTEXT_DATA:
        return (common & ~BIT(VARIABLE_DATA)) | BIT(VARIABLE_MESSAGE);
    case CONTEXT_MESSAGE:
        return common | error | BIT(VARIABLE_STEP) | BIT(VARIABLE_MESSAGE) | BIT(VARIABLE_DATA);
    case CONTEXT_INHERIT:
    case CONTEXT_STEP:
    case CONTEXT_NOTE:
    case CONTEXT_KEEP:
        return common | error | BIT(VARIABLE_STEP);
    case CONTEXT_ITEM:
        return common | error | BIT(VARIABLE_STEP) | BIT(VARIABLE_DATA);
    case CONTEXT_OPEN:
    case CONTEXT_RESULT:
        return common;
    }
    CHECK(!"unknown context");
    return 0;
}

static const char *where_available(uint32_t variable)
{
    switch (variable) {
    case VARIABLE_ERROR:
        return " (only in catch, onFailure, always and compensate)";
    case VARIABLE_MESSAGE:
        return " (only where '.' is a message or a reply, and in handlers)";
    case VARIABLE_DATA:
        return " (only where '.' is a message or a reply; elsewhere '.' is the data)";
    case VARIABLE_STEP:
        return " (only in steps)";
    case VARIABLE_COUNT:
        return " (only in remind)";
    case VARIABLE_PROGRESS:
        return " (only in what a request sends)";
    default:
        return "";
    }
}

/* Where `$name` stands in the source. */
static size_t find_variable(struct text source, struct text name)
{
    for (size_t at = 0; at + 1 + name.bytes <= source.bytes; at++) {
        size_t end = at + 1 + name.bytes;

        if (source.data[at] == '$' && memcmp(source.data + at + 1, name.data, name.bytes) == 0 &&
            (end == source.bytes ||
             (isalnum((unsigned char)source.data[end]) == 0 && source.data[end] != '_'))) {
            return at;
        }
    }
    return 0;
}

/* `source` stands at byte `base` of the node's text. */
static void check_variables(struct checker *checker, const struct node *node, size_t base,
                            const struct expr *expr)
{
    const struct expr_scope *scope = flow_scope();
    uint64_t wrong = expr_variables(expr) & ~known_variables(checker);
    struct text source = expr_source(expr);

    /* Variables of loops are known only where they may be read. */
    for (uint32_t slot = 0; slot < scope->count; slot++) {
        if ((wrong & BIT(slot)) != 0) {
            struct text name = scope->names[slot];
            size_t at = find_variable(source, name);

            diagnostics_error(
                checker->diagnostics, "F302", node_place_in(node, base + at, name.bytes + 1),
                "'$%.*s' is not available here%s", TEXT_ARG(name), where_available(slot));
        }
    }
}

/* `.charge.paymentId` reads "charge"; what is no plain key is of no use to the checker. */
static struct text root_of(struct text path)
{
    size_t bytes = 1;

    if (path.bytes < 2 || path.data[0] != '.') {
        return TEXT("");
    }
    while (bytes < path.bytes && path.data[bytes] != '.' && path.data[bytes] != '[') {
        bytes++;
    }
    path = text_sub(path, 1, bytes - 1);
    return is_identifier(path) ? path : TEXT("");
}

static enum read_at read_at(const struct checker *checker)
{
    if (checker->context == CONTEXT_RESULT) {
        return READ_RESULT;
    }
    if (checker->context == CONTEXT_NOTE) {
        return READ_AFTER;
    }
    return checker->in_undo ? READ_UNDO : READ_BEFORE;
}

static void keep_reads(struct checker *checker, const struct node *node, size_t base,
                       const struct expr *expr)
{
    const struct expr_path *paths;
    uint32_t count = expr_paths(expr, &paths);

    if (checker->context != CONTEXT_STEP && checker->context != CONTEXT_NOTE &&
        checker->context != CONTEXT_RESULT) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct text root = root_of(paths[i].path);

        if (root.bytes == 0) {
            continue;
        }
        checker->reads = grow(&checker->arena, checker->reads, checker->read_count,
                              &checker->read_capacity, sizeof(*checker->reads));
        checker->reads[checker->read_count++] = (struct read){
            .node = node,
            .offset = base + paths[i].offset,
            .bytes = root.bytes + 1,
            .root = arena_text(&checker->arena, root),
            .guarded = paths[i].guarded,
            .at = read_at(checker),
            .step = checker->step};
    }
}

void report_expr_problem(struct checker *checker, const struct node *node, size_t base,
                         const struct expr_problem *problem)
{
    struct place place = node_place_in(node, base + problem->offset, problem->bytes);
    struct text source = text_sub(node->text, base, node->text.bytes - base);

    switch (problem->kind) {
    case EXPR_PROBLEM_SYNTAX:
        diagnostics_error(checker->diagnostics, "F301", place, "%s%s", problem->text,
                          did_you_mean(checker, text_of(problem->suggestion)));
        hint_comment(checker, node);
        return;
    case EXPR_PROBLEM_UNKNOWN_VARIABLE:
        diagnostics_error(checker->diagnostics, "F302", place, "'$%s' is not a variable%s",
                          problem->name, hint_variable(checker, problem));
        return;
    case EXPR_PROBLEM_UNKNOWN_FUNCTION:
        diagnostics_error(checker->diagnostics, "F303", place, "unknown function '%s'%s",
                          problem->name, hint_name(checker, source, problem));
        return;
    case EXPR_PROBLEM_FORBIDDEN_FUNCTION:
        diagnostics_error(checker->diagnostics, "F304", place, "%s", problem->text);
        return;
    }
}

static void lint(struct checker *checker, const struct node *node, size_t base, struct text source)
{
    struct expr_warning warnings[WARNINGS_MAX];
    uint32_t count = expr_lint(source, warnings, WARNINGS_MAX);

    for (uint32_t i = 0; i < count && i < WARNINGS_MAX; i++) {
        bool subtraction = warnings[i].kind == EXPR_WARNING_SUBTRACTION;

        diagnostics_warn(checker->diagnostics, subtraction ? "F307" : "F309",
                         node_place_in(node, base + warnings[i].offset, warnings[i].bytes), "%s",
                         warnings[i].text);
    }
}

/* False after an error. */
static bool check_expr(struct checker *checker, const struct node *node, size_t base,
                       struct text source)
{
    struct expr_problem problem;
    struct expr *expr;

    lint(checker, node, base, source);
    if (expr_compile(source, &checker->scope, &expr, &problem) != STATUS_OK) {
        report_expr_problem(checker, node, base, &problem);
        return false;
    }
    check_variables(checker, node, base, expr);
    keep_reads(checker, node, base, expr);
    expr_free(map_put(&checker->compiled, expr_source(expr), expr));
    return true;
}

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

void report_unclosed(struct checker *checker, const struct node *node, size_t from)
{
    struct text text = node->text;

    while (from + 1 < text.bytes && (text.data[from] != '$' || text.data[from + 1] != '{' ||
                                     (from > 0 && text.data[from - 1] == '$'))) {
        from++;
    }
    diagnostics_error(checker->diagnostics, "F305", node_place_in(node, from, 2),
                      "'${' is not closed");
    hint_comment(checker, node);
}

struct json *convert_expr(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    struct text source = trim(node->text);
    size_t base = (size_t)(source.data - node->text.data);

    (void)field;
    if (node->kind == NODE_LIST || node->kind == NODE_MAP) {
        char found[64];

        diagnostics_error(checker->diagnostics, "F103", node_place(node),
                          "expected an expression, found %s: quote it", node_describe(node, found));
        return NULL;
    }
    if (node->kind == NODE_NULL && node->text.bytes == 0) {
        return expected(checker, node, "an expression");
    }
    if (text_starts(source, TEXT("${"))) {
        struct template_piece piece;
        bool unclosed = false;

        if (!template_next_piece(node->text, base, &piece, &unclosed)) {
            report_unclosed(checker, node, base);
            return NULL;
        }
        if (piece.offset != base || piece.bytes != source.bytes) {
            return expected(checker, node, "one expression and nothing around it");
        }
        source = trim(text_sub(node->text, piece.source_offset, piece.source_bytes));
        base = (size_t)(source.data - node->text.data);
    }
    return check_expr(checker, node, base, source) ? json_text(source) : NULL;
}

static bool check_template_text(struct checker *checker, const struct node *node)
{
    struct template_piece piece;
    bool unclosed = false;
    bool good = true;
    size_t from = 0;

    while (template_next_piece(node->text, from, &piece, &unclosed)) {
        struct text source = text_sub(node->text, piece.source_offset, piece.source_bytes);

        good = check_expr(checker, node, piece.source_offset, source) && good;
        from = piece.offset + piece.bytes;
    }
    if (unclosed) {
        report_unclosed(checker, node, from);
        good = false;
    }
    if (from == 0 && !unclosed) {
        hint_bare_expression(checker, node);
    }
    return good;
}

/* Recursion is bounded by YAML_DEPTH_MAX. */
static bool check_template(struct checker *checker, const struct node *node)
{
    bool good = true;

    switch (node->kind) {
    case NODE_NULL:
    case NODE_BOOL:
    case NODE_NUMBER:
        return true;
    case NODE_TEXT:
        return check_template_text(checker, node);
    case NODE_LIST:
        for (uint32_t i = 0; i < node->count; i++) {
            good = check_template(checker, node->items[i]) && good;
        }
        return good;
    case NODE_MAP:
        for (uint32_t i = 0; i < node->count; i++) {
            if (!node->pairs[i].repeated) {
                good = check_template(checker, node->pairs[i].value) && good;
            }
        }
        return good;
    }
    CHECK(!"unknown kind of node");
    return false;
}

static bool is_whole_expr(struct text text)
{
    struct template_piece piece;
    bool unclosed = false;

    return template_next_piece(text, 0, &piece, &unclosed) && piece.offset == 0 &&
           piece.bytes == text.bytes;
}

static const char *wanted_of_template(const struct field *field, const struct node *node)
{
    bool text = node->kind == NODE_TEXT;

    if (field == NULL) {
        return NULL;
    }
    if (field->shape == SHAPE_TEXT_TEMPLATE && !text) {
        return "text";
    }
    if (field->shape == SHAPE_STATUS_TEMPLATE && !text && node->kind != NODE_NUMBER) {
        return "an HTTP status or an expression";
    }
    if (field->shape == SHAPE_MAP_TEMPLATE && node->kind != NODE_MAP &&
        (!text || !is_whole_expr(node->text))) {
        return "a map";
    }
    return NULL;
}

struct json *convert_template(struct checker *checker, const struct field *field,
                              const struct node *node)
{
    const char *wanted = wanted_of_template(field, node);
    const struct node *problem = NULL;
    struct json *value;

    if (wanted != NULL) {
        return expected(checker, node, wanted);
    }
    if (!check_template(checker, node)) {
        return NULL;
    }
    value = node_json(node, &problem);
    if (value == NULL) {
        return expected(checker, problem,
                        problem->kind == NODE_NUMBER ? "a number of at most 64 bits, or quoted"
                                                     : "text as a key");
    }
    return value;
}
