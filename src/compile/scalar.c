/* Part of document: what plain scalars mean, and where a byte of a decoded scalar stands. */
#include <string.h>

#include "compile/document.h"
#include "compile/lines.h"

static bool is_one_of(struct text text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

static size_t digits(struct text text, size_t at)
{
    size_t count = 0;

    while (at + count < text.bytes && text.data[at + count] >= '0' &&
           text.data[at + count] <= '9') {
        count++;
    }
    return count;
}

static bool is_based(struct text text)
{
    bool octal = text_starts(text, TEXT("0o"));

    if (text.bytes < 3 || (!octal && !text_starts(text, TEXT("0x")))) {
        return false;
    }
    for (size_t i = 2; i < text.bytes; i++) {
        char c = text.data[i];
        bool digit = c >= '0' && c <= (octal ? '7' : '9');

        if (!digit && (octal || text_find(TEXT("abcdefABCDEF"), c) == SIZE_MAX)) {
            return false;
        }
    }
    return true;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_decimal(struct text text)
{
    size_t at = text.bytes > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    size_t whole = digits(text, at);
    size_t part = 0;

    at += whole;
    if (at < text.bytes && text.data[at] == '.') {
        part = digits(text, at + 1);
        at += 1 + part;
    }
    if (whole + part == 0) {
        return false;
    }
    if (at < text.bytes && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t power;

        at++;
        if (at < text.bytes && (text.data[at] == '-' || text.data[at] == '+')) {
            at++;
        }
        power = digits(text, at);
        if (power == 0) {
            return false;
        }
        at += power;
    }
    return at == text.bytes;
}

enum node_kind scalar_kind(struct text text, bool *truth)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const trues[] = {"true", "True", "TRUE"};
    static const char *const falses[] = {"false", "False", "FALSE"};
    static const char *const odd[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf", "+.INF",
                                      "-.inf", "-.Inf", "-.INF", ".nan",  ".NaN",  ".NAN"};

    /* What begins otherwise is text; most scalars do. */
    if (text.bytes > 0 &&
        (text.data[0] == 0 || strchr("~nNtTfF.+-0123456789", text.data[0]) == NULL)) {
        return NODE_TEXT;
    }
    if (is_one_of(text, nulls, 5)) {
        return NODE_NULL;
    }
    if (is_one_of(text, trues, 3) || is_one_of(text, falses, 3)) {
        *truth = is_one_of(text, trues, 3);
        return NODE_BOOL;
    }
    if (is_decimal(text) || is_based(text) || is_one_of(text, odd, 12)) {
        return NODE_NUMBER;
    }
    return NODE_TEXT;
}

/* A walk along the scalar as it stands in the file, with its decoded text beside it. */
struct walk {
    struct text raw; /* The file, from its first byte. */
    size_t at;       /* In raw. */
    struct text text;
    size_t done; /* In text: what stands before `at`. */
    size_t goal;
};

static bool is_blank(const struct walk *walk, size_t at)
{
    return at < walk->raw.bytes && (walk->raw.data[at] == ' ' || walk->raw.data[at] == '\t');
}

/* A break inside a flow scalar: blanks around it go, one break is a blank, n are n - 1 breaks. */
static bool fold(struct walk *walk)
{
    size_t at = walk->at;
    bool any = false;

    while (at < walk->raw.bytes && (is_blank(walk, at) || line_break(walk->raw, at) > 0)) {
        size_t bytes = line_break(walk->raw, at);

        any = any || bytes > 0;
        at += bytes > 0 ? bytes : 1;
    }
    if (!any) {
        return false;
    }
    walk->at = at;
    if (walk->done < walk->text.bytes && walk->text.data[walk->done] == ' ') {
        walk->done++;
        return true;
    }
    while (walk->done < walk->text.bytes && walk->text.data[walk->done] == '\n') {
        walk->done++;
    }
    return true;
}

static void escape(struct walk *walk)
{
    static const char widths[] = "x\2u\4U\10";
    char c = walk->at + 1 < walk->raw.bytes ? walk->raw.data[walk->at + 1] : 0;
    size_t bytes = line_break(walk->raw, walk->at + 1);

    if (bytes > 0) {
        walk->at += 1 + bytes;
        while (is_blank(walk, walk->at)) {
            walk->at++;
        }
        return;
    }
    walk->at += 2;
    for (size_t i = 0; i + 1 < sizeof(widths); i += 2) {
        if (c != 0 && c == widths[i]) {
            walk->at += (size_t)widths[i + 1];
        }
    }
    walk->done += character_bytes(walk->text, walk->done);
}

static bool walk_character(struct walk *walk)
{
    size_t bytes = character_bytes(walk->text, walk->done);

    if (walk->at + bytes > walk->raw.bytes ||
        memcmp(walk->raw.data + walk->at, walk->text.data + walk->done, bytes) != 0) {
        return false;
    }
    walk->at += bytes;
    walk->done += bytes;
    return true;
}

static bool walk_flow(struct walk *walk, enum node_style style)
{
    if (style != STYLE_PLAIN) {
        walk->at++;
    }
    while (walk->done < walk->goal) {
        if (walk->at >= walk->raw.bytes) {
            return false;
        }
        if (fold(walk)) {
            continue;
        }
        if (style == STYLE_DOUBLE && walk->raw.data[walk->at] == '\\') {
            escape(walk);
            continue;
        }
        if (style == STYLE_SINGLE && walk->raw.data[walk->at] == '\'') {
            walk->at++;
        }
        if (!walk_character(walk)) {
            return false;
        }
    }
    return true;
}

static size_t indent_at(const struct walk *walk, size_t at)
{
    size_t count = 0;

    while (at + count < walk->raw.bytes && walk->raw.data[at + count] == ' ') {
        count++;
    }
    return count;
}

/* Over lines that hold nothing, each a break in the text. */
static void walk_empty_lines(struct walk *walk)
{
    for (;;) {
        size_t indent = indent_at(walk, walk->at);
        size_t bytes = line_break(walk->raw, walk->at + indent);

        if (bytes == 0 || walk->done >= walk->goal || walk->text.data[walk->done] != '\n') {
            return;
        }
        walk->at += indent + bytes;
        walk->done++;
    }
}

static bool walk_block(struct walk *walk, enum node_style style)
{
    size_t extra = 0;
    size_t indent;

    while (walk->at < walk->raw.bytes && line_break(walk->raw, walk->at) == 0) {
        walk->at++;
    }
    walk->at += line_break(walk->raw, walk->at);
    walk_empty_lines(walk);
    while (walk->done + extra < walk->text.bytes && walk->text.data[walk->done + extra] == ' ') {
        extra++;
    }
    indent = indent_at(walk, walk->at);
    if (indent < extra) {
        return false;
    }
    indent -= extra;
    walk->at += indent;
    while (walk->done < walk->goal) {
        size_t bytes = line_break(walk->raw, walk->at);

        if (bytes == 0) {
            if (walk->at >= walk->raw.bytes || !walk_character(walk)) {
                return false;
            }
            continue;
        }
        walk->at += bytes;
        if (walk->text.data[walk->done] != '\n' &&
            (style != STYLE_FOLDED || walk->text.data[walk->done] != ' ')) {
            /* Folded lines with an empty line between them give one break for the two. */
            return false;
        }
        walk->done++;
        if (style == STYLE_FOLDED) {
            while (line_break(walk->raw, walk->at + indent_at(walk, walk->at)) > 0) {
                size_t blank = indent_at(walk, walk->at);

                walk->at += blank + line_break(walk->raw, walk->at + blank);
            }
            while (walk->done < walk->goal && walk->text.data[walk->done] == '\n') {
                walk->done++;
            }
        } else {
            walk_empty_lines(walk);
        }
        if (indent_at(walk, walk->at) < indent) {
            return walk->done >= walk->goal;
        }
        walk->at += indent;
    }
    return true;
}

/* Over an anchor that stands before the scalar. */
static void skip_anchor(struct walk *walk)
{
    if (walk->at >= walk->raw.bytes || walk->raw.data[walk->at] != '&') {
        return;
    }
    while (walk->at < walk->raw.bytes && !is_blank(walk, walk->at) &&
           line_break(walk->raw, walk->at) == 0) {
        walk->at++;
    }
    while (walk->at < walk->raw.bytes &&
           (is_blank(walk, walk->at) || line_break(walk->raw, walk->at) > 0)) {
        walk->at++;
    }
}

static size_t byte_at(const struct document *document, uint32_t line, uint32_t column)
{
    size_t at = document->lines[line - 1];

    for (uint32_t i = 1; i < column && at < document->source.bytes; i++) {
        at += character_bytes(document->source, at);
    }
    return at;
}

bool scalar_locate(const struct node *node, size_t offset, uint32_t *line, uint32_t *column)
{
    const struct document *document = node->document;
    struct walk walk = {.raw = document->source, .text = node->text, .goal = offset};
    struct place place;
    bool found;

    if (node->line == 0 || node->line > document->line_count) {
        return false;
    }
    walk.at = byte_at(document, node->line, node->column);
    skip_anchor(&walk);
    if (node->style == STYLE_LITERAL || node->style == STYLE_FOLDED) {
        found = walk_block(&walk, node->style);
    } else {
        found = walk_flow(&walk, node->style);
    }
    if (!found || walk.at > document->source.bytes) {
        return false;
    }
    place = document_place(document, walk.at);
    *line = place.line;
    *column = place.column;
    return true;
}
