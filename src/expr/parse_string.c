#include <string.h>

#include "expr/builtin.h"
#include "expr/parse.h"

/* A string that is being read: what was read since the last `\( )`, and the parts before. */
struct reader {
    struct parser *parser;
    struct text source;
    struct token quote;
    size_t at; /* Next byte. */
    struct buffer text;
    struct node **parts;
    uint32_t count;
    uint32_t capacity;
};

static void add_part(struct reader *reader, struct node *node)
{
    struct node **wider;

    if (reader->count == reader->capacity) {
        reader->capacity = reader->capacity == 0 ? 4 : reader->capacity * 2;
        wider = arena_array(&reader->parser->expr->arena, reader->capacity, sizeof(struct node *));
        if (reader->count > 0) {
            memcpy(wider, reader->parts, reader->count * sizeof(struct node *));
        }
        reader->parts = wider;
    }
    reader->parts[reader->count++] = node;
}

static void flush_text(struct reader *reader)
{
    struct node *node;

    if (reader->text.bytes > 0) {
        node = node_literal(reader->parser, reader->quote.offset,
                            json_text(buffer_text(&reader->text)));
        CHECK(node != NULL);
        add_part(reader, node);
        buffer_clear(&reader->text);
    }
}

static void add_code_point(struct buffer *text, uint32_t c)
{
    if (c < 0x80) {
        buffer_add_char(text, (char)c);
    } else if (c < 0x800) {
        buffer_add_char(text, (char)(0xC0U | (c >> 6)));
        buffer_add_char(text, (char)(0x80U | (c & 0x3FU)));
    } else if (c < 0x10000) {
        buffer_add_char(text, (char)(0xE0U | (c >> 12)));
        buffer_add_char(text, (char)(0x80U | ((c >> 6) & 0x3FU)));
        buffer_add_char(text, (char)(0x80U | (c & 0x3FU)));
    } else {
        buffer_add_char(text, (char)(0xF0U | (c >> 18)));
        buffer_add_char(text, (char)(0x80U | ((c >> 12) & 0x3FU)));
        buffer_add_char(text, (char)(0x80U | ((c >> 6) & 0x3FU)));
        buffer_add_char(text, (char)(0x80U | (c & 0x3FU)));
    }
}

static bool hex4(struct text source, size_t at, uint32_t *value)
{
    *value = 0;
    for (size_t i = at; i < at + 4; i++) {
        char c = i < source.bytes ? source.data[i] : '\0';
        uint32_t digit;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = (uint32_t)(c - 'a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = (uint32_t)(c - 'A') + 10;
        } else {
            return false;
        }
        *value = *value * 16 + digit;
    }
    return true;
}

/* At `\u`; goes past it, and past the second half of a pair. */
static bool read_unicode(struct reader *reader)
{
    struct text source = reader->source;
    struct token token = {.offset = reader->at, .bytes = 6};
    uint32_t high;
    uint32_t low;

    if (!hex4(source, reader->at + 2, &high)) {
        token.bytes = 2;
        (void)parse_fail(reader->parser, token, "'\\u' needs four hexadecimal digits");
        return false;
    }
    reader->at += 6;
    if (high >= 0xD800 && high <= 0xDFFF) {
        if (high >= 0xDC00 || reader->at + 1 >= source.bytes || source.data[reader->at] != '\\' ||
            source.data[reader->at + 1] != 'u' || !hex4(source, reader->at + 2, &low) ||
            low < 0xDC00 || low > 0xDFFF) {
            (void)parse_fail(reader->parser, token, "this is half of a surrogate pair");
            return false;
        }
        reader->at += 6;
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    add_code_point(&reader->text, high);
    return true;
}

/* At `\(`; goes past the `)`. */
static bool read_interpolation(struct reader *reader, const struct builtin *format)
{
    struct parser *parser = reader->parser;
    struct node *pipe;
    struct node *call;
    struct node *inner;

    flush_text(reader);
    parser->token = lex_next(reader->source, reader->at + 2);
    inner = parse_pipe(parser);
    if (inner == NULL) {
        return false;
    }
    if (parser->token.kind != TOKEN_PAREN_CLOSE) {
        (void)parse_unexpected(parser, "')' of '\\( )'");
        return false;
    }
    reader->at = parser->token.offset + 1;
    call = node_new(parser, NODE_CALL, inner->offset, 0);
    call->builtin = format;
    pipe = node_new(parser, NODE_PIPE, inner->offset, 2);
    pipe->items[0] = inner;
    pipe->items[1] = node_seal(parser, call);
    if (pipe->items[1] == NULL || node_seal(parser, pipe) == NULL) {
        return false;
    }
    add_part(reader, pipe);
    return true;
}

/* At a backslash. */
static bool read_escape(struct reader *reader, const struct builtin *format)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    struct token token = {.offset = reader->at, .bytes = 2};
    char c = reader->at + 1 < reader->source.bytes ? reader->source.data[reader->at + 1] : '\0';
    const char *found = c == '\0' ? NULL : strchr(names, c);

    if (c == '(') {
        return read_interpolation(reader, format);
    }
    if (c == 'u') {
        return read_unicode(reader);
    }
    if (found == NULL) {
        (void)parse_fail(reader->parser, token,
                         "unknown escape; a backslash itself is written '\\\\'");
        return false;
    }
    buffer_add_char(&reader->text, values[found - names]);
    reader->at += 2;
    return true;
}

static bool read_all(struct reader *reader, const struct builtin *format)
{
    while (reader->at < reader->source.bytes) {
        char c = reader->source.data[reader->at];
        if (c == '"') {
            reader->at++;
            return true;
        }
        if (c != '\\') {
            buffer_add_char(&reader->text, c);
            reader->at++;
        } else if (!read_escape(reader, format)) {
            return false;
        }
    }
    (void)parse_fail(reader->parser, reader->quote, "this string is not closed");
    return false;
}

static struct node *finish(struct reader *reader)
{
    struct parser *parser = reader->parser;
    size_t from = reader->quote.offset;
    struct node *node;

    parser->token = lex_next(reader->source, reader->at);
    if (reader->count == 0) {
        return node_literal(parser, from, json_text(buffer_text(&reader->text)));
    }
    flush_text(reader);
    node = node_new(parser, NODE_INTERPOLATE, from, 0);
    node->items = reader->parts;
    node->item_count = reader->count;
    return node_seal(parser, node);
}

struct node *parse_string(struct parser *parser, struct text format)
{
    struct reader reader = {.parser = parser,
                            .source = parser->expr->source,
                            .quote = parser->token,
                            .at = parser->token.offset + 1};
    const struct builtin *builtin = builtin_find(format.bytes > 0 ? format : TEXT("tostring"), 0);
    struct token token = {.offset = parser->token.offset, .bytes = 1};
    struct node *node = NULL;

    if (builtin == NULL) {
        /* Give the text of an unknown formatter, with the place of the formatter. */
        token.text = format;
        token.bytes = format.bytes;
        token.offset = (size_t)(format.data - parser->expr->source.data);
        return parse_format_call(parser, token);
    }
    if (read_all(&reader, builtin)) {
        node = finish(&reader);
    }
    buffer_release(&reader.text);
    return node;
}
