#include <stdio.h>
#include <string.h>

#include "expr/builtin.h"
#include "expr/parse.h"
#include "expr/regex.h"

static void name_problem(struct parser *parser, enum expr_problem_kind kind, struct token token,
                         struct text name)
{
    struct expr_problem *problem = parser->problem;

    if (problem->bytes > 0) {
        return;
    }
    problem->kind = kind;
    problem->offset = token.offset;
    problem->bytes = token.bytes;
    (void)snprintf(problem->name, sizeof(problem->name), "%.*s", TEXT_ARG(text_sub(name, 0, 60)));
}

static void suggest(struct parser *parser, const char *name)
{
    (void)snprintf(parser->problem->suggestion, sizeof(parser->problem->suggestion), "%s", name);
}

static struct node *unknown_function(struct parser *parser, struct token token, uint32_t arity)
{
    struct expr_problem *problem = parser->problem;
    struct text name = token.text;
    struct text shown = text_sub(name, 0, 60);
    const char *why = builtin_forbidden(name);
    const struct builtin *other = builtin_named(name);
    const char *instead = builtin_of_jq(name);
    const char *near = builtin_suggest(name);

    if (problem->bytes > 0) {
        return NULL;
    }
    name_problem(parser,
                 why != NULL ? EXPR_PROBLEM_FORBIDDEN_FUNCTION : EXPR_PROBLEM_UNKNOWN_FUNCTION,
                 token, name);
    if (why != NULL) {
        (void)snprintf(problem->text, sizeof(problem->text), "'%.*s' is not allowed: %s",
                       TEXT_ARG(shown), why);
    } else if (other != NULL) {
        (void)snprintf(problem->text, sizeof(problem->text),
                       "'%.*s' takes %u argument%s, not %u (arguments are separated by ';')",
                       TEXT_ARG(shown), other->arity, other->arity == 1 ? "" : "s", arity);
    } else if (instead != NULL) {
        (void)snprintf(problem->text, sizeof(problem->text),
                       "'%.*s' of jq is not part of the language%s%s", TEXT_ARG(shown),
                       instead[0] == '\0' ? "" : ": ", instead);
    } else {
        (void)snprintf(problem->text, sizeof(problem->text), "unknown function '%.*s'",
                       TEXT_ARG(shown));
        if (near != NULL) {
            suggest(parser, near);
        }
    }
    return NULL;
}

struct node *parse_variable(struct parser *parser)
{
    struct token token = parser->token;
    const struct expr_scope *scope = parser->scope;
    struct text nearest = {0};
    uint32_t edits = 3;
    struct node *node;

    if (text_is(token.text, "ENV") || text_is(token.text, "__loc__")) {
        struct token whole = token;
        whole.text = text_is(token.text, "ENV") ? TEXT("$ENV") : TEXT("$__loc__");
        return unknown_function(parser, whole, 0);
    }
    for (uint32_t i = 0; scope != NULL && i < scope->count; i++) {
        uint32_t distance;
        if (text_equal(scope->names[i], token.text)) {
            parse_advance(parser);
            node = node_new(parser, NODE_VARIABLE, token.offset, 0);
            node->variable = i;
            parser->expr->variables |= UINT64_C(1) << i;
            return node_seal(parser, node);
        }
        distance = text_distance(scope->names[i], token.text, 2);
        if (distance < edits) {
            edits = distance;
            nearest = scope->names[i];
        }
    }
    if (parser->problem->bytes == 0) {
        name_problem(parser, EXPR_PROBLEM_UNKNOWN_VARIABLE, token, token.text);
        (void)snprintf(parser->problem->text, sizeof(parser->problem->text),
                       "'$%.*s' is not known here", TEXT_ARG(text_sub(token.text, 0, 60)));
        (void)snprintf(parser->problem->suggestion, sizeof(parser->problem->suggestion), "%s%.*s",
                       nearest.bytes > 0 ? "$" : "", TEXT_ARG(text_sub(nearest, 0, 60)));
    }
    return NULL;
}

static struct node *node_of(struct parser *parser, enum node_kind kind, size_t from,
                            struct node *first)
{
    struct node *node = node_new(parser, kind, from, first == NULL ? 0 : 1);

    if (first != NULL) {
        node->items[0] = first;
    }
    return node_seal(parser, node);
}

/* `.[]` and `.[n]` of a desugared call. */
static struct node *path_of(struct parser *parser, size_t from, struct step step)
{
    struct node *node = node_new(parser, NODE_PATH, from, 0);

    step.offset = from;
    step.bytes = parser->token.offset - from;
    node->steps = arena_array(&parser->expr->arena, 1, sizeof(step));
    node->steps[0] = step;
    node->step_count = 1;
    return node_seal(parser, node);
}

static struct node *index_of(struct parser *parser, size_t from, int64_t index)
{
    struct node *key = node_literal(parser, from, json_integer(index));

    return path_of(parser, from, (struct step){.kind = STEP_INDEX, .from = key});
}

static struct node *call_of(struct parser *parser, size_t from, const struct builtin *builtin,
                            struct node **arguments)
{
    struct node *node = node_new(parser, NODE_CALL, from, builtin->arity);

    CHECK(arguments != NULL || builtin->arity == 0);
    node->builtin = builtin;
    for (uint32_t i = 0; i < builtin->arity; i++) {
        node->items[i] = arguments[i];
    }
    return node_seal(parser, node);
}

/* `[.[] | f]` */
static struct node *map_of(struct parser *parser, size_t from, struct node *f)
{
    struct node *pipe = node_new(parser, NODE_PIPE, from, 2);

    pipe->items[0] = path_of(parser, from, (struct step){.kind = STEP_EACH});
    pipe->items[1] = f;
    if (node_seal(parser, pipe) == NULL) {
        return NULL;
    }
    return node_of(parser, NODE_ARRAY, from, pipe);
}

/* `to_entries | map(f) | from_entries` */
static struct node *with_entries_of(struct parser *parser, size_t from, struct node *f)
{
    struct node *pipe = node_new(parser, NODE_PIPE, from, 3);

    pipe->items[0] = call_of(parser, from, builtin_find(TEXT("to_entries"), 0), NULL);
    pipe->items[1] = map_of(parser, from, f);
    pipe->items[2] = call_of(parser, from, builtin_find(TEXT("from_entries"), 0), NULL);
    return pipe->items[1] == NULL ? NULL : node_seal(parser, pipe);
}

static struct node *select_of(struct parser *parser, size_t from, struct node *f)
{
    struct node *node = node_new(parser, NODE_IF, from, 3);

    node->items[0] = f;
    node->items[1] = node_of(parser, NODE_IDENTITY, from, NULL);
    node->items[2] = node_of(parser, NODE_EMPTY, from, NULL);
    return node_seal(parser, node);
}

static struct node *range_of(struct parser *parser, size_t from, struct node **arguments,
                             uint32_t arity)
{
    struct node *node = node_new(parser, NODE_RANGE, from, 3);

    node->items[0] = arity == 1 ? node_literal(parser, from, json_integer(0)) : arguments[0];
    node->items[1] = arity == 1 ? arguments[0] : arguments[1];
    node->items[2] = arity == 3 ? arguments[2] : node_literal(parser, from, json_integer(1));
    return node_seal(parser, node);
}

static struct node *delete_of(struct parser *parser, size_t from, struct node *f)
{
    struct token token = {0};

    CHECK(f != NULL);
    token.offset = f->offset;
    if (!delete_accepts(f)) {
        token.bytes = node_source(parser->expr, f).bytes;
        return parse_fail(parser, token,
                          "del() takes paths, such as del(.a) or del(.lines[] | select(.n == 0))");
    }
    return node_of(parser, NODE_DELETE, from, f);
}

/* A pattern that is written out is compiled once, and a fault in it shown at once. */
static struct node *prepare_test(struct parser *parser, struct node *call)
{
    const struct node *pattern = call->items[0];
    const struct node *flags = call->item_count > 1 ? call->items[1] : NULL;
    struct token token = {.offset = pattern->offset, .bytes = pattern->bytes};
    struct error err = {{0}};
    struct text set = {0};

    if (pattern->kind != NODE_LITERAL || json_kind(pattern->value) != JSON_TEXT) {
        return call;
    }
    if (flags != NULL && (flags->kind != NODE_LITERAL || json_kind(flags->value) != JSON_TEXT)) {
        return call;
    }
    set = flags == NULL ? set : json_text_of(flags->value);
    if (regex_compile(json_text_of(pattern->value), set, &call->regex, &err) != STATUS_OK) {
        token.bytes = node_source(parser->expr, pattern).bytes;
        return parse_fail(parser, token, "regular expression: %s", err.text);
    }
    return call;
}

static struct node *call_node(struct parser *parser, size_t from, const struct builtin *builtin,
                              struct node **arguments)
{
    struct node *node;

    switch (builtin->form) {
    case BUILTIN_CALL:
        node = call_of(parser, from, builtin, arguments);
        return node != NULL && builtin->call == builtin_test ? prepare_test(parser, node) : node;
    case BUILTIN_TRUE:
        return node_literal(parser, from, json_bool(true));
    case BUILTIN_FALSE:
        return node_literal(parser, from, json_bool(false));
    case BUILTIN_NULL:
        return node_literal(parser, from, json_null());
    case BUILTIN_EMPTY:
        return node_of(parser, NODE_EMPTY, from, NULL);
    case BUILTIN_MAP:
        return map_of(parser, from, arguments[0]);
    case BUILTIN_SELECT:
        return select_of(parser, from, arguments[0]);
    case BUILTIN_FIRST_ITEM:
        return index_of(parser, from, 0);
    case BUILTIN_LAST_ITEM:
        return index_of(parser, from, -1);
    case BUILTIN_FIRST:
        return node_of(parser, NODE_FIRST, from, arguments[0]);
    case BUILTIN_LAST:
        return node_of(parser, NODE_LAST, from, arguments[0]);
    case BUILTIN_RANGE:
        return range_of(parser, from, arguments, builtin->arity);
    case BUILTIN_ANY:
    case BUILTIN_ALL:
        return node_of(parser, builtin->form == BUILTIN_ANY ? NODE_ANY : NODE_ALL, from,
                       builtin->arity == 1 ? arguments[0]
                                           : node_of(parser, NODE_IDENTITY, from, NULL));
    case BUILTIN_BY:
        node = node_new(parser, NODE_BY, from, 1);
        node->builtin = builtin;
        node->items[0] = arguments[0];
        return node_seal(parser, node);
    case BUILTIN_WITH_ENTRIES:
        return with_entries_of(parser, from, arguments[0]);
    case BUILTIN_DELETE:
        return delete_of(parser, from, arguments[0]);
    }
    CHECK(!"unknown form of builtin");
    return NULL;
}

struct node *parse_format_call(struct parser *parser, struct token format)
{
    const struct builtin *builtin = builtin_find(format.text, 0);

    if (builtin == NULL) {
        return unknown_function(parser, format, 0);
    }
    return call_of(parser, format.offset, builtin, NULL);
}

struct node *parse_call(struct parser *parser)
{
    struct node *arguments[BUILTIN_ARGUMENTS_MAX + 1] = {0};
    struct token name = parser->token;
    const struct builtin *builtin;
    uint32_t arity = 0;

    /* An unknown name is said before anything that may be wrong in its arguments. */
    if (builtin_named(name.text) == NULL) {
        return unknown_function(parser, name, 0);
    }
    parse_advance(parser);
    if (parse_accept(parser, TOKEN_PAREN_OPEN)) {
        do {
            if (arity > BUILTIN_ARGUMENTS_MAX) {
                return unknown_function(parser, name, arity + 1);
            }
            arguments[arity] = parse_pipe(parser);
            if (arguments[arity] == NULL) {
                return NULL;
            }
            arity++;
        } while (parse_accept(parser, TOKEN_SEMICOLON));
        if (!parse_accept(parser, TOKEN_PAREN_CLOSE)) {
            return parse_unexpected(parser, "')' or ';'");
        }
    }
    builtin = builtin_find(name.text, arity);
    if (builtin == NULL) {
        return unknown_function(parser, name, arity);
    }
    return call_node(parser, name.offset, builtin, arguments);
}
