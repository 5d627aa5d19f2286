/* Finds `${ ... }` in a text. */
#include "expr/template.h"

#define NESTING_MAX 256

/* What we are inside of: '{' braces, '(' parentheses, '"' a string. */
struct nesting {
    char open[NESTING_MAX];
    size_t depth;
};

static bool enter(struct nesting *nesting, char open)
{
    if (nesting->depth == NESTING_MAX) {
        return false;
    }
    nesting->open[nesting->depth++] = open;
    return true;
}

static char inside(const struct nesting *nesting)
{
    return nesting->open[nesting->depth - 1];
}

/* One character of a string; goes past it. */
static bool pass_string(struct text text, size_t *at, struct nesting *nesting)
{
    char c = text.data[(*at)++];

    if (c == '"') {
        nesting->depth--;
    } else if (c == '\\' && *at < text.bytes) {
        if (text.data[*at] == '(' && !enter(nesting, '(')) {
            return false;
        }
        (*at)++;
    }
    return true;
}

/* One character of an expression; goes past it. */
static bool pass_code(struct text text, size_t *at, struct nesting *nesting)
{
    char c = text.data[(*at)++];

    if (c == '"' || c == '{' || c == '(') {
        return enter(nesting, c);
    }
    if ((c == '}' && inside(nesting) == '{') || (c == ')' && inside(nesting) == '(')) {
        nesting->depth--;
    }
    return true;
}

/* Behind the brace that closes the one before `from`. False if there is none. */
static bool find_end(struct text text, size_t from, size_t *end)
{
    struct nesting nesting = {.open = {'{'}, .depth = 1};
    bool whole = true;

    while (whole && nesting.depth > 0 && from < text.bytes) {
        whole = inside(&nesting) == '"' ? pass_string(text, &from, &nesting)
                                        : pass_code(text, &from, &nesting);
    }
    *end = from;
    return whole && nesting.depth == 0;
}

bool template_next_piece(struct text text, size_t from, struct template_piece *piece,
                         bool *unclosed)
{
    size_t end;

    *piece = (struct template_piece){0};
    *unclosed = false;
    while (from < text.bytes) {
        struct text rest = text_sub(text, from, text.bytes - from);
        if (text_starts(rest, TEXT("$${"))) {
            from += 3;
            continue;
        }
        if (!text_starts(rest, TEXT("${"))) {
            from++;
            continue;
        }
        piece->offset = from;
        if (!find_end(text, from + 2, &end)) {
            *unclosed = true;
            return false;
        }
        piece->bytes = end - from;
        piece->source_offset = from + 2;
        piece->source_bytes = piece->bytes - 3;
        return true;
    }
    return false;
}
