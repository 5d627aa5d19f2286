#include "expr/regex_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define GROUP_DEPTH_MAX 64U
#define STACKED_MAX 8U /* Quantifiers on one another. */

struct pattern *pattern_fail(struct pattern_parser *parser, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(parser->err->text, sizeof(parser->err->text), format, arguments);
    va_end(arguments);
    return NULL;
}

struct pattern *pattern_new(struct pattern_parser *parser, enum pattern_kind kind)
{
    struct pattern *pattern = arena_alloc(parser->arena, sizeof(*pattern));

    pattern->kind = kind;
    return pattern;
}

uint32_t code_point_at(struct text text, size_t at, size_t *bytes)
{
    const unsigned char *c = (const unsigned char *)text.data + at;

    if (c[0] < 0x80) {
        *bytes = 1;
        return c[0];
    }
    if (c[0] < 0xE0) {
        *bytes = 2;
        return (c[0] & 0x1FU) << 6 | (c[1] & 0x3FU);
    }
    if (c[0] < 0xF0) {
        *bytes = 3;
        return (c[0] & 0x0FU) << 12 | (c[1] & 0x3FU) << 6 | (c[2] & 0x3FU);
    }
    *bytes = 4;
    return (c[0] & 0x07U) << 18 | (c[1] & 0x3FU) << 12 | (c[2] & 0x3FU) << 6 | (c[3] & 0x3FU);
}

static char peek(const struct pattern_parser *parser, size_t ahead)
{
    size_t at = parser->at + ahead;

    return at < parser->source.bytes ? parser->source.data[at] : '\0';
}

static bool at_end(const struct pattern_parser *parser)
{
    return parser->at >= parser->source.bytes;
}

static void skip_extended(struct pattern_parser *parser)
{
    while (parser->extended && !at_end(parser)) {
        char c = peek(parser, 0);
        if (c == '#') {
            while (!at_end(parser) && peek(parser, 0) != '\n') {
                parser->at++;
            }
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            parser->at++;
        } else {
            break;
        }
    }
}

static struct pattern *set_of(struct pattern_parser *parser, uint32_t c)
{
    struct pattern *pattern = pattern_new(parser, PATTERN_SET);

    charset_add(parser, &pattern->set, c, c);
    return pattern;
}

static struct pattern *parse_choice(struct pattern_parser *parser);

/* After `(?`: what kind of group it is. False: err is set. */
static bool skip_group_kind(struct pattern_parser *parser)
{
    char kind = peek(parser, 0);
    char next = peek(parser, 1);

    if (kind == ':') {
        parser->at++;
        return true;
    }
    if (kind == '<' && next != '=' && next != '!') {
        size_t close = text_find(
            text_sub(parser->source, parser->at, parser->source.bytes - parser->at), '>');
        if (close != SIZE_MAX) {
            parser->at += close + 1;
            return true;
        }
    }
    (void)pattern_fail(parser, "'(?%c' is not supported: no look-around, no options inside",
                       kind == '\0' ? ' ' : kind);
    return false;
}

static struct pattern *parse_group(struct pattern_parser *parser)
{
    struct pattern *pattern;

    parser->at++;
    if (peek(parser, 0) == '?') {
        parser->at++;
        if (!skip_group_kind(parser)) {
            return NULL;
        }
    }
    if (parser->depth >= GROUP_DEPTH_MAX) {
        return pattern_fail(parser, "groups are nested more than %u deep", GROUP_DEPTH_MAX);
    }
    parser->depth++;
    pattern = parse_choice(parser);
    parser->depth--;
    if (pattern == NULL) {
        return NULL;
    }
    if (peek(parser, 0) != ')') {
        return pattern_fail(parser, "'(' is not closed");
    }
    parser->at++;
    return pattern;
}

/* At a backslash, outside of a class. */
static struct pattern *parse_backslash(struct pattern_parser *parser)
{
    static const char names[] = "AZzbB";
    static const enum pattern_kind kinds[] = {PATTERN_START, PATTERN_END, PATTERN_VERY_END,
                                              PATTERN_BORDER, PATTERN_NO_BORDER};
    char name = peek(parser, 1);
    const char *found = name == '\0' ? NULL : strchr(names, name);
    struct pattern *pattern;
    uint32_t c;

    if (found != NULL) {
        parser->at += 2;
        return pattern_new(parser, kinds[found - names]);
    }
    pattern = pattern_new(parser, PATTERN_SET);
    if (charset_add_named(parser, &pattern->set, name)) {
        parser->at += 2;
        return pattern;
    }
    return pattern_escape(parser, &c) ? set_of(parser, c) : NULL;
}

static struct pattern *parse_atom(struct pattern_parser *parser)
{
    struct pattern *pattern;
    size_t bytes;
    char c = peek(parser, 0);

    switch (c) {
    case '(':
        return parse_group(parser);
    case '[':
        return pattern_class(parser);
    case '\\':
        return parse_backslash(parser);
    case '^':
    case '$':
        parser->at++;
        return pattern_new(parser, c == '^' ? PATTERN_START : PATTERN_END);
    case '.':
        parser->at++;
        pattern = pattern_new(parser, PATTERN_SET);
        pattern->set.negated = true;
        if (!parser->dot_all) {
            charset_add(parser, &pattern->set, '\n', '\n');
        }
        return pattern;
    case '*':
    case '+':
    case '?':
        return pattern_fail(parser, "'%c' has nothing to repeat", c);
    default:
        pattern = set_of(parser, code_point_at(parser->source, parser->at, &bytes));
        parser->at += bytes;
        return pattern;
    }
}

/* Digits at *at; false if there are none. Numbers too large are cut to REPEAT_MAX + 1. */
static bool read_count(const struct pattern_parser *parser, size_t *at, uint32_t *count)
{
    size_t from = *at;

    *count = 0;
    while (*at < parser->source.bytes && parser->source.data[*at] >= '0' &&
           parser->source.data[*at] <= '9') {
        *count = *count * 10 + (uint32_t)(parser->source.data[*at] - '0');
        *count = *count > REPEAT_MAX ? REPEAT_MAX + 1 : *count;
        (*at)++;
    }
    return *at > from;
}

/* `{n}`, `{n,}` or `{n,m}` at the parser's place. False: it is a plain '{'. */
static bool read_bounds(struct pattern_parser *parser, uint32_t *min, uint32_t *max)
{
    size_t at = parser->at + 1;
    bool low = read_count(parser, &at, min);

    *max = *min;
    if (at < parser->source.bytes && parser->source.data[at] == ',') {
        at++;
        if (!read_count(parser, &at, max)) {
            *max = REPEAT_UNBOUNDED;
        }
    }
    if (at >= parser->source.bytes || parser->source.data[at] != '}' || !low) {
        return false;
    }
    parser->at = at + 1;
    return true;
}

/* Is there a quantifier, and which? Goes past it. */
static bool read_quantifier(struct pattern_parser *parser, uint32_t *min, uint32_t *max)
{
    char c = peek(parser, 0);

    if (c == '{') {
        return read_bounds(parser, min, max);
    }
    if (c != '*' && c != '+' && c != '?') {
        return false;
    }
    *min = c == '+' ? 1 : 0;
    *max = c == '?' ? 1 : REPEAT_UNBOUNDED;
    parser->at++;
    return true;
}

static struct pattern *parse_repeat(struct pattern_parser *parser)
{
    struct pattern *pattern = parse_atom(parser);
    struct pattern *repeat;
    uint32_t stacked = 0;
    uint32_t min;
    uint32_t max;

    skip_extended(parser);
    while (pattern != NULL && read_quantifier(parser, &min, &max)) {
        if (pattern->kind >= PATTERN_START) {
            return pattern_fail(parser, "a place such as '^' cannot be repeated");
        }
        if (min > REPEAT_MAX || (max > REPEAT_MAX && max != REPEAT_UNBOUNDED)) {
            return pattern_fail(parser, "more than %u repetitions", REPEAT_MAX);
        }
        if (min > max) {
            return pattern_fail(parser, "{%u,%u} is no range", min, max);
        }
        if (++stacked > STACKED_MAX) {
            return pattern_fail(parser, "too many quantifiers on one another");
        }
        if (peek(parser, 0) == '+') {
            return pattern_fail(parser, "possessive quantifiers are not supported");
        }
        if (peek(parser, 0) == '?') {
            parser->at++; /* Lazy: the same, when only the existence of a match counts. */
        }
        repeat = pattern_new(parser, PATTERN_REPEAT);
        repeat->min = min;
        repeat->max = max;
        repeat->child = pattern;
        pattern = repeat;
        skip_extended(parser);
    }
    return pattern;
}

static struct pattern *parse_sequence(struct pattern_parser *parser)
{
    struct pattern *sequence = pattern_new(parser, PATTERN_SEQUENCE);
    struct pattern **last = &sequence->child;

    skip_extended(parser);
    while (!at_end(parser) && peek(parser, 0) != '|' && peek(parser, 0) != ')') {
        *last = parse_repeat(parser);
        if (*last == NULL) {
            return NULL;
        }
        last = &(*last)->next;
        skip_extended(parser);
    }
    return sequence;
}

static struct pattern *parse_choice(struct pattern_parser *parser)
{
    struct pattern *choice = pattern_new(parser, PATTERN_CHOICE);
    struct pattern **last = &choice->child;

    for (;;) {
        *last = parse_sequence(parser);
        if (*last == NULL) {
            return NULL;
        }
        if (peek(parser, 0) != '|') {
            return choice;
        }
        last = &(*last)->next;
        parser->at++;
    }
}

struct pattern *pattern_parse(struct pattern_parser *parser)
{
    struct pattern *pattern = parse_choice(parser);

    if (pattern != NULL && !at_end(parser)) {
        return pattern_fail(parser, "')' closes nothing");
    }
    return pattern;
}
