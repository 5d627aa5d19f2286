#include "compile/yaml_hint.h"

#include <string.h>

static struct text line_text(const struct document *document, size_t line)
{
    size_t from;
    size_t to;

    if (line >= document->line_count) {
        return TEXT("");
    }
    from = document->lines[line];
    to = line + 1 < document->line_count ? document->lines[line + 1] : document->source.bytes;
    return text_sub(document->source, from, to - from);
}

static size_t find(struct text text, struct text part, size_t from)
{
    for (size_t at = from; at + part.bytes <= text.bytes; at++) {
        if (memcmp(text.data + at, part.data, part.bytes) == 0) {
            return at;
        }
    }
    return SIZE_MAX;
}

static bool has_tab_indent(struct text line)
{
    size_t indent = 0;

    while (indent < line.bytes && line.data[indent] == ' ') {
        indent++;
    }
    return indent < line.bytes && line.data[indent] == '\t';
}

/* "${ .a == "b" }": the second quote ends the text. */
static bool has_quote_in_quotes(struct text line)
{
    for (size_t at = find(line, TEXT("\"${"), 0); at != SIZE_MAX;
         at = find(line, TEXT("\"${"), at + 1)) {
        for (size_t i = at + 3; i < line.bytes && line.data[i] != '}'; i++) {
            if (line.data[i] == '"' && line.data[i - 1] != '\\') {
                return true;
            }
        }
    }
    return false;
}

/* The line leaves a double quote open. */
static bool leaves_quote_open(struct text line)
{
    bool open = false;

    for (size_t i = 0; i < line.bytes; i++) {
        if (!open && (line.data[i] == '\'' || line.data[i] == '#')) {
            return false; /* Who knows. */
        }
        if (line.data[i] == '\\') {
            i++;
        } else if (line.data[i] == '"') {
            open = !open;
        }
    }
    return open;
}

static const char *hint_quotes(const struct document *document, const struct yaml_trouble *trouble)
{
    size_t first = trouble->context != NULL ? trouble->context_line : trouble->line;

    for (size_t line = first; line <= trouble->line; line++) {
        if (has_quote_in_quotes(line_text(document, line))) {
            return " (a \" within \"${ }\" is written \\\", or the whole stands in '...')";
        }
        if (leaves_quote_open(line_text(document, line))) {
            return " (is a quote not closed?)";
        }
    }
    return NULL;
}

/* `${` that is not quoted. */
static const char *hint_expression(struct text line)
{
    size_t at = find(line, TEXT("${"), 0);

    while (at != SIZE_MAX && at > 0 && (line.data[at - 1] == '"' || line.data[at - 1] == '\'')) {
        at = find(line, TEXT("${"), at + 1);
    }
    if (at == SIZE_MAX) {
        return NULL;
    }
    return text_find(line, '{') < at ? " (inside { } quote the expression)"
                                     : " (quote it: a jq object contains ': ')";
}

static bool says(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

/* What the words of the finding tell. */
static const char *hint_problem(const struct document *document, const struct yaml_trouble *trouble)
{
    struct text line = line_text(document, trouble->line);
    size_t colon = find(line, TEXT(": "), 0);

    if (says(trouble->problem, "mapping values are not allowed")) {
        return colon < trouble->column ? " (quote text that holds ': ')"
                                       : " (is the line indented too far?)";
    }
    if (says(trouble->context, "scanning an alias") ||
        says(trouble->context, "scanning an anchor")) {
        return " (quote text that begins with '*' or '&')";
    }
    if (says(trouble->problem, "cannot start any token")) {
        return " (quote text that begins with such a character)";
    }
    if (says(trouble->problem, "could not find expected ':'")) {
        return " (a key and its value are written 'key: value', with a blank)";
    }
    if (says(trouble->problem, "expected '-' indicator")) {
        return " (the dashes of a list stand below each other)";
    }
    if (says(trouble->problem, "expected key")) {
        return " (the keys of a map stand below each other)";
    }
    return "";
}

const char *yaml_hint(const struct document *document, const struct yaml_trouble *trouble)
{
    const char *hint;

    for (size_t back = 0; back < 2 && back <= trouble->line; back++) {
        if (has_tab_indent(line_text(document, trouble->line - back))) {
            return " (indent with spaces, not with tabs)";
        }
    }
    hint = hint_quotes(document, trouble);
    for (size_t back = 0; back < 2 && back <= trouble->line && hint == NULL; back++) {
        hint = hint_expression(line_text(document, trouble->line - back));
    }
    return hint != NULL ? hint : hint_problem(document, trouble);
}
