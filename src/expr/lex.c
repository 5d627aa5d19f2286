#include "expr/lex.h"

#include <string.h>

struct symbol {
    const char *text;
    enum token_kind kind;
};

/* Longest first. */
static const struct symbol symbols[] = {
    {"//=", TOKEN_ASSIGN},      {"?//", TOKEN_QUESTION},  {"|=", TOKEN_ASSIGN},
    {"+=", TOKEN_ASSIGN},       {"-=", TOKEN_ASSIGN},     {"*=", TOKEN_ASSIGN},
    {"/=", TOKEN_ASSIGN},       {"%=", TOKEN_ASSIGN},     {"==", TOKEN_EQUAL},
    {"!=", TOKEN_UNEQUAL},      {"<=", TOKEN_LESS_EQUAL}, {">=", TOKEN_GREATER_EQUAL},
    {"//", TOKEN_ALTERNATIVE},  {"..", TOKEN_DOT_DOT},    {"&&", TOKEN_STRANGE},
    {"||", TOKEN_STRANGE},      {".", TOKEN_DOT},         {"\"", TOKEN_QUOTE},
    {"|", TOKEN_PIPE},          {",", TOKEN_COMMA},       {"<", TOKEN_LESS},
    {">", TOKEN_GREATER},       {"+", TOKEN_PLUS},        {"-", TOKEN_MINUS},
    {"*", TOKEN_STAR},          {"/", TOKEN_SLASH},       {"%", TOKEN_PERCENT},
    {"?", TOKEN_QUESTION},      {":", TOKEN_COLON},       {";", TOKEN_SEMICOLON},
    {"(", TOKEN_PAREN_OPEN},    {")", TOKEN_PAREN_CLOSE}, {"[", TOKEN_BRACKET_OPEN},
    {"]", TOKEN_BRACKET_CLOSE}, {"{", TOKEN_BRACE_OPEN},  {"}", TOKEN_BRACE_CLOSE},
    {"=", TOKEN_ASSIGN},
};

bool lex_is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool lex_is_name(char c)
{
    return lex_is_name_start(c) || is_digit(c);
}

static char at(struct text source, size_t index)
{
    return index < source.bytes ? source.data[index] : '\0';
}

static size_t skip_space(struct text source, size_t from)
{
    while (from < source.bytes) {
        char c = source.data[from];
        if (c == '#') {
            while (from < source.bytes && source.data[from] != '\n') {
                from++;
            }
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            from++;
        } else {
            break;
        }
    }
    return from;
}

static size_t skip_name(struct text source, size_t from)
{
    while (lex_is_name(at(source, from))) {
        from++;
    }
    return from;
}

static size_t skip_digits(struct text source, size_t from)
{
    while (is_digit(at(source, from))) {
        from++;
    }
    return from;
}

static size_t skip_number(struct text source, size_t from)
{
    size_t exponent;

    from = skip_digits(source, from);
    if (at(source, from) == '.') {
        from = skip_digits(source, from + 1);
    }
    if (at(source, from) == 'e' || at(source, from) == 'E') {
        exponent = from + 1;
        if (at(source, exponent) == '+' || at(source, exponent) == '-') {
            exponent++;
        }
        if (is_digit(at(source, exponent))) {
            from = skip_digits(source, exponent);
        }
    }
    return from;
}

/* `from` to `end`, with `skip` bytes of prefix left out of the token's text. */
static struct token make(struct text source, enum token_kind kind, size_t from, size_t end,
                         size_t skip)
{
    return (struct token){.kind = kind,
                          .offset = from,
                          .bytes = end - from,
                          .text = text_sub(source, from + skip, end - from - skip)};
}

static struct token lex_symbol(struct text source, size_t from)
{
    struct text rest = text_sub(source, from, source.bytes - from);
    size_t bytes = 1;

    for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        if (rest.data[0] == symbols[i].text[0] && text_starts(rest, text_of(symbols[i].text))) {
            /* jq 1.6 reads `?//` as one operator; we read what its writer means: `?` and `//`. */
            bytes = symbols[i].kind == TOKEN_QUESTION ? 1 : strlen(symbols[i].text);
            return make(source, symbols[i].kind, from, from + bytes, 0);
        }
    }
    while (((unsigned char)at(source, from + bytes) & 0xC0U) == 0x80U) {
        bytes++; /* The whole character, so that a caret stands under all of it. */
    }
    return make(source, TOKEN_STRANGE, from, from + bytes, 0);
}

struct token lex_next(struct text source, size_t from)
{
    char first;
    char second;

    from = skip_space(source, from);
    if (from >= source.bytes) {
        return (struct token){.kind = TOKEN_END, .offset = source.bytes, .bytes = 0};
    }
    first = at(source, from);
    second = at(source, from + 1);
    if (first == '.' && lex_is_name_start(second)) {
        return make(source, TOKEN_FIELD, from, skip_name(source, from + 1), 1);
    }
    if (first == '@' && lex_is_name(second)) {
        return make(source, TOKEN_FORMAT, from, skip_name(source, from + 1), 0);
    }
    if (first == '$' && lex_is_name_start(second)) {
        return make(source, TOKEN_VARIABLE, from, skip_name(source, from + 1), 1);
    }
    if (lex_is_name_start(first)) {
        return make(source, TOKEN_NAME, from, skip_name(source, from), 0);
    }
    if (is_digit(first) || (first == '.' && is_digit(second))) {
        return make(source, TOKEN_NUMBER, from, skip_number(source, from), 0);
    }
    return lex_symbol(source, from);
}
