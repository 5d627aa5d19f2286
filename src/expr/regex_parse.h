/*
 * regex_parse - a pattern as a tree. Internal to regex.
 */
#ifndef BATON_EXPR_REGEX_PARSE_H
#define BATON_EXPR_REGEX_PARSE_H

#include "base/arena.h"
#include "base/status.h"

#define CODE_POINT_MAX 0x10FFFFU
#define REPEAT_MAX 1000U /* {n,m} */
#define REPEAT_UNBOUNDED UINT32_MAX

struct range {
    uint32_t first;
    uint32_t last;
};

/* Code points: those in the ranges, or all others. */
struct charset {
    struct range *ranges;
    uint32_t count;
    uint32_t capacity;
    bool negated;
};

struct pattern {
    enum pattern_kind {
        PATTERN_SET,       /* one code point of `set` */
        PATTERN_SEQUENCE,  /* the children, one after the other */
        PATTERN_CHOICE,    /* one of the children */
        PATTERN_REPEAT,    /* the child, min to max times */
        PATTERN_START,     /* ^ \A */
        PATTERN_END,       /* $ \Z: the end, or before a last newline */
        PATTERN_VERY_END,  /* \z */
        PATTERN_BORDER,    /* \b */
        PATTERN_NO_BORDER, /* \B */
    } kind;
    struct charset set;
    uint32_t min;
    uint32_t max;
    struct pattern *child; /* The first one. */
    struct pattern *next;  /* Its sibling. */
};

struct pattern_parser {
    struct arena *arena;
    struct text source;
    size_t at;
    uint32_t depth;
    bool extended; /* x: white space and comments mean nothing. */
    bool dot_all;  /* p: `.` takes newlines too. */
    struct error *err;
};

/* NULL: err is set. */
struct pattern *pattern_parse(struct pattern_parser *parser);

/* The code point at `at`, and its bytes. The text is valid UTF-8 and goes on there. */
uint32_t code_point_at(struct text text, size_t at, size_t *bytes);
bool charset_has(const struct charset *set, uint32_t c);
/* Letters, digits and `_`, as \w sees them. */
bool is_word(uint32_t c);

/* Shared by the files of the parser. */

struct pattern *pattern_fail(struct pattern_parser *parser, const char *format, ...)
    PRINTF_LIKE(2, 3);
void charset_add(struct pattern_parser *parser, struct charset *set, uint32_t first, uint32_t last);
/* Add what \d, \w or \s (in capitals: its opposite) stands for. False if it is none of them. */
bool charset_add_named(struct pattern_parser *parser, struct charset *set, char name);
/* At `[`; goes past `]`. */
struct pattern *pattern_class(struct pattern_parser *parser);
/* At a backslash that stands for one code point, such as \n, \x41 or \. ; goes past it. False: err
 * is set. */
bool pattern_escape(struct pattern_parser *parser, uint32_t *c);
struct pattern *pattern_new(struct pattern_parser *parser, enum pattern_kind kind);

#endif
