#include "expr/template.h"

#include <stdio.h>
#include <stdlib.h>

#include "expr/branch.h"

#define ARENA_BYTES 512 /* To begin with. */

struct compiler {
    struct template *template;
    const struct expr_scope *scope;
    struct template_problem *problem;
};

static struct branch *compile_value(struct compiler *compiler, const struct json *source);

static struct branch *constant(struct compiler *compiler, struct json *value)
{
    struct branch *branch = arena_alloc(&compiler->template->arena, sizeof(*branch));

    branch->kind = BRANCH_CONSTANT;
    branch->value = value;
    json_push(compiler->template->constants, value);
    return branch;
}

static void keep_expr(struct template *template, struct expr *expr)
{
    if (template->expr_count == template->expr_capacity) {
        template->expr_capacity = template->expr_capacity == 0 ? 8 : template->expr_capacity * 2;
        template->exprs = realloc(template->exprs, template->expr_capacity * sizeof(struct expr *));
        CHECK(template->exprs != NULL);
    }
    template->exprs[template->expr_count++] = expr;
    template->variables |= expr_variables(expr);
}

/* `from` to `end` of a text, with `$${` read as `${`. */
static struct text literal_of(struct compiler *compiler, struct text text, size_t from, size_t end)
{
    struct buffer out = {0};
    struct text literal;

    while (from < end) {
        bool escape = text_starts(text_sub(text, from, end - from), TEXT("$${"));
        from += escape ? 1 : 0;
        buffer_add_text(&out, text_sub(text, from, escape ? 2 : 1));
        from += escape ? 2 : 1;
    }
    literal = arena_text(&compiler->template->arena, buffer_text(&out));
    buffer_release(&out);
    return literal;
}

static bool compile_piece(struct compiler *compiler, const struct json *source,
                          const struct template_piece *piece, struct part *part)
{
    struct text text = text_sub(json_text_of(source), piece->source_offset, piece->source_bytes);

    if (expr_compile(text, compiler->scope, &part->expr, &compiler->problem->expr) != STATUS_OK) {
        compiler->problem->string = source;
        compiler->problem->unclosed = false;
        compiler->problem->expr.offset += piece->source_offset;
        return false;
    }
    keep_expr(compiler->template, part->expr);
    return true;
}

static struct branch *fail_unclosed(struct compiler *compiler, const struct json *source,
                                    size_t offset)
{
    struct template_problem *problem = compiler->problem;

    *problem = (struct template_problem){.string = source, .unclosed = true};
    problem->expr.kind = EXPR_PROBLEM_SYNTAX;
    problem->expr.offset = offset;
    problem->expr.bytes = 2;
    (void)snprintf(problem->expr.text, sizeof(problem->expr.text), "'${' is not closed");
    return NULL;
}

static size_t count_pieces(struct text text, bool *unclosed, size_t *offset)
{
    struct template_piece piece;
    size_t count = 0;
    size_t from = 0;

    while (template_next_piece(text, from, &piece, unclosed)) {
        count++;
        from = piece.offset + piece.bytes;
    }
    *offset = piece.offset;
    return count;
}

static struct branch *compile_text(struct compiler *compiler, const struct json *source)
{
    struct text text = json_text_of(source);
    struct arena *arena = &compiler->template->arena;
    struct template_piece piece = {0};
    struct branch *branch;
    bool unclosed = false;
    size_t from = 0;
    size_t pieces;
    size_t offset;

    pieces = count_pieces(text, &unclosed, &offset);
    if (unclosed) {
        return fail_unclosed(compiler, source, offset);
    }
    if (pieces == 0) {
        return constant(compiler, json_text(literal_of(compiler, text, 0, text.bytes)));
    }
    branch = arena_alloc(arena, sizeof(*branch));
    branch->parts = arena_array(arena, 2 * pieces + 1, sizeof(*branch->parts));
    while (template_next_piece(text, from, &piece, &unclosed)) {
        if (piece.offset > from) {
            branch->parts[branch->count++].literal = literal_of(compiler, text, from, piece.offset);
        }
        if (!compile_piece(compiler, source, &piece, &branch->parts[branch->count++])) {
            return NULL;
        }
        from = piece.offset + piece.bytes;
    }
    if (from < text.bytes) {
        branch->parts[branch->count++].literal = literal_of(compiler, text, from, text.bytes);
    }
    branch->kind = branch->count == 1 ? BRANCH_EXPR : BRANCH_TEXT;
    return branch;
}

/* Of a branch whose children are all constant: the value itself. */
static struct branch *fold(struct compiler *compiler, struct branch *branch)
{
    struct json *value;

    for (size_t i = 0; i < branch->count; i++) {
        if (branch->children[i]->kind != BRANCH_CONSTANT) {
            return branch;
        }
    }
    value = branch->kind == BRANCH_ARRAY ? json_array() : json_object();
    for (size_t i = 0; i < branch->count; i++) {
        struct json *child = json_copy(branch->children[i]->value);
        if (branch->kind == BRANCH_ARRAY) {
            json_push(value, child);
        } else {
            json_put(value, branch->keys[i], child);
        }
    }
    return constant(compiler, value);
}

static struct branch *compile_array(struct compiler *compiler, const struct json *source)
{
    struct arena *arena = &compiler->template->arena;
    struct branch *branch = arena_alloc(arena, sizeof(*branch));

    branch->kind = BRANCH_ARRAY;
    branch->children = arena_array(arena, json_count(source) + 1, sizeof(struct branch *));
    for (size_t i = 0; i < json_count(source); i++) {
        branch->children[i] = compile_value(compiler, json_at(source, i));
        if (branch->children[i] == NULL) {
            return NULL;
        }
        branch->count++;
    }
    return fold(compiler, branch);
}

static struct branch *compile_object(struct compiler *compiler, const struct json *source)
{
    struct arena *arena = &compiler->template->arena;
    struct branch *branch = arena_alloc(arena, sizeof(*branch));
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    branch->kind = BRANCH_OBJECT;
    branch->keys = arena_array(arena, json_count(source) + 1, sizeof(struct text));
    branch->children = arena_array(arena, json_count(source) + 1, sizeof(struct branch *));
    while (json_next(source, &cursor, &key, &value)) {
        branch->keys[branch->count] = arena_text(arena, key);
        branch->children[branch->count] = compile_value(compiler, value);
        if (branch->children[branch->count] == NULL) {
            return NULL;
        }
        branch->count++;
    }
    return fold(compiler, branch);
}

static struct branch *compile_value(struct compiler *compiler, const struct json *source)
{
    switch (json_kind(source)) {
    case JSON_TEXT:
        return compile_text(compiler, source);
    case JSON_ARRAY:
        return compile_array(compiler, source);
    case JSON_OBJECT:
        return compile_object(compiler, source);
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
        return constant(compiler, json_copy(source));
    }
    CHECK(!"unknown kind of JSON value");
    return NULL;
}

enum status template_compile(const struct json *source, const struct expr_scope *scope,
                             struct template **template, struct template_problem *problem)
{
    struct template *made = calloc(1, sizeof(*made));
    struct compiler compiler = {.template = made, .scope = scope, .problem = problem};

    CHECK(made != NULL);
    *template = NULL;
    *problem = (struct template_problem){0};
    made->arena.first_bytes = ARENA_BYTES;
    made->constants = json_array();
    made->root = compile_value(&compiler, source);
    if (made->root == NULL) {
        template_free(made);
        return STATUS_REJECT;
    }
    *template = made;
    return STATUS_OK;
}

void template_free(struct template *template)
{
    if (template == NULL) {
        return;
    }
    for (uint32_t i = 0; i < template->expr_count; i++) {
        expr_free(template->exprs[i]);
    }
    free(template->exprs);
    json_free(template->constants);
    arena_release(&template->arena);
    free(template);
}

uint64_t template_variables(const struct template *template)
{
    return template->variables;
}

uint32_t template_expr_count(const struct template *template)
{
    return template->expr_count;
}

const struct expr *template_expr_at(const struct template *template, uint32_t index)
{
    CHECK(index < template->expr_count);
    return template->exprs[index];
}

bool template_is_constant(const struct template *template)
{
    return template->root->kind == BRANCH_CONSTANT;
}

struct text template_constant_text(const struct template *template, struct arena *arena)
{
    struct expr_env nothing = {.input = NULL};
    struct text text = TEXT("");
    struct json *value = NULL;

    if (template != NULL && template_is_constant(template) &&
        template_render(template, &nothing, &value, NULL) == STATUS_OK) {
        text = arena_text(arena, json_text_of(value));
    }
    json_free(value);
    return text;
}
