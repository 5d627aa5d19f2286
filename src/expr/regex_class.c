/* Sets of characters: classes in brackets, \d and its like, escapes. */
#include <string.h>

#include "expr/regex_parse.h"

static const struct range digit_ranges[] = {{'0', '9'}};
static const struct range hex_ranges[] = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
static const struct range space_ranges[] = {
    {'\t', '\r'},     {' ', ' '},       {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680},
    {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
/* Beyond ASCII by blocks that hold letters, not letter by letter. */
static const struct range word_ranges[] = {
    {'0', '9'},       {'A', 'Z'},       {'_', '_'},       {'a', 'z'},         {0xAA, 0xAA},
    {0xB5, 0xB5},     {0xBA, 0xBA},     {0xC0, 0xD6},     {0xD8, 0xF6},       {0xF8, 0x1FFF},
    {0x2C00, 0x2DFF}, {0x3040, 0xD7FF}, {0xF900, 0xFDFF}, {0xFE70, 0xFEFC},   {0xFF10, 0xFF19},
    {0xFF21, 0xFF3A}, {0xFF41, 0xFF5A}, {0xFF66, 0xFFDC}, {0x10000, 0x1EFFF}, {0x20000, 0x3FFFF}};

static const struct range alpha_ranges[] = {{'A', 'Z'}, {'a', 'z'}};
static const struct range alnum_ranges[] = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
static const struct range upper_ranges[] = {{'A', 'Z'}};
static const struct range lower_ranges[] = {{'a', 'z'}};
static const struct range punct_ranges[] = {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}};
static const struct range blank_ranges[] = {{'\t', '\t'}, {' ', ' '}};
static const struct range cntrl_ranges[] = {{0, 31}, {127, 127}};
static const struct range graph_ranges[] = {{'!', '~'}};
static const struct range print_ranges[] = {{' ', '~'}};

struct named_set {
    const char *name;
    const struct range *ranges;
    uint32_t count;
};

#define NAMED(name, ranges)                                                                        \
    {                                                                                              \
        name, ranges, sizeof(ranges) / sizeof((ranges)[0])                                         \
    }

static const struct named_set escapes[] = {NAMED("d", digit_ranges), NAMED("w", word_ranges),
                                           NAMED("s", space_ranges)};
static const struct named_set posix[] = {
    NAMED("alpha", alpha_ranges), NAMED("digit", digit_ranges), NAMED("alnum", alnum_ranges),
    NAMED("upper", upper_ranges), NAMED("lower", lower_ranges), NAMED("punct", punct_ranges),
    NAMED("space", space_ranges), NAMED("xdigit", hex_ranges),  NAMED("blank", blank_ranges),
    NAMED("cntrl", cntrl_ranges), NAMED("graph", graph_ranges), NAMED("print", print_ranges),
    NAMED("word", word_ranges)};

static bool in_ranges(const struct range *ranges, uint32_t count, uint32_t c)
{
    for (uint32_t i = 0; i < count; i++) {
        if (c >= ranges[i].first && c <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

bool charset_has(const struct charset *set, uint32_t c)
{
    return in_ranges(set->ranges, set->count, c) != set->negated;
}

bool is_word(uint32_t c)
{
    return in_ranges(word_ranges, sizeof(word_ranges) / sizeof(word_ranges[0]), c);
}

void charset_add(struct pattern_parser *parser, struct charset *set, uint32_t first, uint32_t last)
{
    struct range *wider;

    if (set->count == set->capacity) {
        set->capacity = set->capacity == 0 ? 2 : set->capacity * 2;
        wider = arena_array(parser->arena, set->capacity, sizeof(*wider));
        if (set->count > 0) {
            memcpy(wider, set->ranges, set->count * sizeof(*wider));
        }
        set->ranges = wider;
    }
    set->ranges[set->count++] = (struct range){first, last};
}

static void add_all(struct pattern_parser *parser, struct charset *set,
                    const struct named_set *named)
{
    for (uint32_t i = 0; i < named->count; i++) {
        charset_add(parser, set, named->ranges[i].first, named->ranges[i].last);
    }
}

/* What lies between the ranges, which are sorted. */
static void add_others(struct pattern_parser *parser, struct charset *set,
                       const struct named_set *named)
{
    uint32_t from = 0;

    for (uint32_t i = 0; i < named->count; i++) {
        if (named->ranges[i].first > from) {
            charset_add(parser, set, from, named->ranges[i].first - 1);
        }
        from = named->ranges[i].last + 1;
    }
    charset_add(parser, set, from, CODE_POINT_MAX);
}

bool charset_add_named(struct pattern_parser *parser, struct charset *set, char name)
{
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        if (name == escapes[i].name[0]) {
            add_all(parser, set, &escapes[i]);
            return true;
        }
        if (name == escapes[i].name[0] - 'a' + 'A') {
            add_others(parser, set, &escapes[i]);
            return true;
        }
    }
    return false;
}

/* Up to `most` hexadecimal digits at `at`. Gives how many there are. */
static size_t read_hex(struct text source, size_t at, size_t most, uint32_t *value)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;

    *value = 0;
    while (count < most && at + count < source.bytes) {
        char c = source.data[at + count];
        const char *digit;
        c = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
        digit = c == '\0' ? NULL : strchr(digits, c);
        if (digit == NULL) {
            break;
        }
        *value = *value * 16 + (uint32_t)(digit - digits);
        count++;
    }
    return count;
}

/* `\\x41` or `\\x{1F600}`, at the backslash. False: err is set. */
static bool read_code(struct pattern_parser *parser, uint32_t *c)
{
    size_t at = parser->at + 2;
    bool braces = at < parser->source.bytes && parser->source.data[at] == '{';
    size_t digits = read_hex(parser->source, at + (braces ? 1 : 0), braces ? 6 : 2, c);
    size_t end = at + digits + (braces ? 2 : 0);
    bool closed = !braces || (end <= parser->source.bytes && parser->source.data[end - 1] == '}');

    if (digits == 0 || !closed || *c > CODE_POINT_MAX) {
        (void)pattern_fail(parser, "'\\x' needs hexadecimal digits");
        return false;
    }
    parser->at = end;
    return true;
}

bool pattern_escape(struct pattern_parser *parser, uint32_t *c)
{
    static const char names[] = "tnrfae";
    static const char values[] = "\t\n\r\f\a\x1B";
    char name = parser->at + 1 < parser->source.bytes ? parser->source.data[parser->at + 1] : '\0';
    const char *found = name == '\0' ? NULL : strchr(names, name);
    size_t bytes;

    if (parser->at + 1 >= parser->source.bytes) {
        (void)pattern_fail(parser, "a backslash at the end");
        return false;
    }
    if (found != NULL) {
        *c = (uint32_t)values[found - names];
        parser->at += 2;
        return true;
    }
    if (name == 'x') {
        return read_code(parser, c);
    }
    if (name >= '0' && name <= '9') {
        (void)pattern_fail(parser, "'\\%c': back references are not supported", name);
        return false;
    }
    if ((name >= 'a' && name <= 'z') || (name >= 'A' && name <= 'Z')) {
        (void)pattern_fail(parser, "'\\%c' is not supported", name);
        return false;
    }
    *c = code_point_at(parser->source, parser->at + 1, &bytes);
    parser->at += 1 + bytes;
    return true;
}

/* `[:alpha:]` inside a class. False: err is set. */
static bool add_posix(struct pattern_parser *parser, struct charset *set)
{
    struct text rest = text_sub(parser->source, parser->at + 2,
                                parser->source.bytes - parser->at - 2);

    for (size_t i = 0; i < sizeof(posix) / sizeof(posix[0]); i++) {
        struct text name = text_of(posix[i].name);
        if (text_starts(rest, name) &&
            text_starts(text_sub(rest, name.bytes, rest.bytes - name.bytes), TEXT(":]"))) {
            add_all(parser, set, &posix[i]);
            parser->at += 2 + name.bytes + 2;
            return true;
        }
    }
    (void)pattern_fail(parser, "unknown class after '[:'");
    return false;
}

/* One character of a class, perhaps the start of a range. */
static bool read_member(struct pattern_parser *parser, uint32_t *c)
{
    size_t bytes;

    if (parser->source.data[parser->at] == '\\') {
        if (parser->at + 1 < parser->source.bytes && parser->source.data[parser->at + 1] == 'b') {
            *c = '\b';
            parser->at += 2;
            return true;
        }
        return pattern_escape(parser, c);
    }
    *c = code_point_at(parser->source, parser->at, &bytes);
    parser->at += bytes;
    return true;
}

static bool starts_here(const struct pattern_parser *parser, const char *what)
{
    struct text rest = text_sub(parser->source, parser->at, parser->source.bytes - parser->at);

    return text_starts(rest, text_of(what));
}

/* One member, range or named set. False: err is set. */
static bool add_member(struct pattern_parser *parser, struct charset *set)
{
    uint32_t first;
    uint32_t last;

    if (starts_here(parser, "[:")) {
        return add_posix(parser, set);
    }
    if (starts_here(parser, "\\") && parser->at + 1 < parser->source.bytes &&
        charset_add_named(parser, set, parser->source.data[parser->at + 1])) {
        parser->at += 2;
        return true;
    }
    if (!read_member(parser, &first)) {
        return false;
    }
    last = first;
    if (starts_here(parser, "-") && !starts_here(parser, "-]") &&
        parser->at + 1 < parser->source.bytes) {
        parser->at++;
        if (starts_here(parser, "[:") || !read_member(parser, &last) || last < first) {
            (void)pattern_fail(parser, "a range in '[ ]' runs backwards or has no end");
            return false;
        }
    }
    charset_add(parser, set, first, last);
    return true;
}

struct pattern *pattern_class(struct pattern_parser *parser)
{
    struct pattern *pattern = pattern_new(parser, PATTERN_SET);

    parser->at++;
    if (starts_here(parser, "^")) {
        pattern->set.negated = true;
        parser->at++;
    }
    if (starts_here(parser, "]")) { /* As the first one it stands for itself. */
        charset_add(parser, &pattern->set, ']', ']');
        parser->at++;
    }
    while (parser->at < parser->source.bytes) {
        if (starts_here(parser, "]")) {
            parser->at++;
            return pattern;
        }
        if (!add_member(parser, &pattern->set)) {
            return NULL;
        }
    }
    return pattern_fail(parser, "'[' is not closed");
}
