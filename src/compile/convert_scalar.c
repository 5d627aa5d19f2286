/* Values that are one scalar, or a plain list or map of scalars. */
#include <ctype.h>
#include <string.h>

#include "base/duration.h"
#include "compile/checker.h"

#define ERROR_NAME_BYTES_MAX 128
#define TOPIC_NAME_BYTES_MAX 249

bool is_identifier(struct text text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c > 0x7F || (isalpha(c) == 0 && c != '_' && (i == 0 || isdigit(c) == 0))) {
            return false;
        }
    }
    return text.bytes > 0;
}

bool node_names_flow(struct text text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        bool lower = c >= 'a' && c <= 'z';

        if (!lower && (i == 0 || (c != '-' && (c < '0' || c > '9')))) {
            return false;
        }
    }
    return text.bytes > 0 && text.bytes <= 63;
}

static bool is_made_of(struct text text, const char *others, size_t bytes_max)
{
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c > 0x7F || (isalnum(c) == 0 && (c == 0 || strchr(others, c) == NULL))) {
            return false;
        }
    }
    return text.bytes > 0 && text.bytes <= bytes_max;
}

static struct json *bad_name(struct checker *checker, const struct node *node, const char *rule)
{
    diagnostics_error(checker->diagnostics, "F108", node_place(node), "bad name '%.*s': %s",
                      TEXT_ARG(node->text), rule);
    return NULL;
}

struct json *convert_name(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    struct text text = node->text;

    if (node->kind != NODE_TEXT) {
        return expected(checker, node, "a name");
    }
    if (field->shape == SHAPE_FLOW_NAME && !node_names_flow(text)) {
        return bad_name(checker, node, "a flow is named [a-z][a-z0-9-]*, at most 63 characters");
    }
    if (field->shape == SHAPE_NAME && !is_identifier(text)) {
        return bad_name(checker, node, "letters, digits and '_', no digit first");
    }
    if (field->shape == SHAPE_STEP_NAME && !is_identifier(text)) {
        return bad_name(checker, node, "a step is named [A-Za-z_][A-Za-z0-9_]*");
    }
    if (field->shape == SHAPE_STEP_NAME && (text_is(text, "continue") || text_is(text, "end") ||
                                            text_is(text, "any") || text_is(text, "all"))) {
        return bad_name(checker, node, "continue, end, any and all have a meaning of their own");
    }
    if (field->shape == SHAPE_TOPIC_NAME && (!is_made_of(text, "._-", TOPIC_NAME_BYTES_MAX) ||
                                             text_is(text, ".") || text_is(text, ".."))) {
        return bad_name(checker, node,
                        "a topic on the broker is named [A-Za-z0-9._-]+, at most 249 characters");
    }
    if (field->shape == SHAPE_HEADER_NAME && !is_made_of(text, "!#$%&'*+-.^_`|~:/", 256)) {
        return bad_name(checker, node, "not the name of a header");
    }
    return json_text(text);
}

struct json *convert_number(struct checker *checker, const struct field *field,
                            const struct node *node)
{
    const struct node *problem = NULL;
    struct json *value = node->kind == NODE_NUMBER ? node_json(node, &problem) : NULL;
    int64_t number = 0;

    if (field->shape == SHAPE_FACTOR) {
        if (value != NULL && json_double(value) >= 1 && json_double(value) <= 1e6) {
            return value;
        }
        json_free(value);
        return expected(checker, node, "a number of at least 1");
    }
    if (value == NULL || !json_int64(value, &number)) {
        json_free(value);
        return expected(checker, node, "an integer");
    }
    json_free(value);
    if (number > field->most) {
        diagnostics_error(checker->diagnostics, "F701", node_place(node),
                          "%s: %lld is above the limit of %lld", field->key, (long long)number,
                          (long long)field->most);
        return NULL;
    }
    if (number < field->least) {
        const char *range = arena_printf(&checker->arena, "an integer from %lld to %lld",
                                         (long long)field->least, (long long)field->most)
                                .data;

        return expected(checker, node, range);
    }
    return json_integer(number);
}

struct json *convert_percent(struct checker *checker, const struct field *field,
                             const struct node *node)
{
    struct text text = node->text;
    int64_t percent = -1;

    (void)field;
    if (node->kind != NODE_TEXT || !text_ends(text, TEXT("%")) ||
        !text_to_int64(text_sub(text, 0, text.bytes - 1), &percent) || percent < 0 ||
        percent > 100) {
        return expected(checker, node, "a percentage from 0% to 100%");
    }
    return json_integer(percent);
}

struct json *convert_bool(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    if (node->kind == NODE_BOOL && (node->truth || field->shape == SHAPE_BOOL)) {
        return json_bool(node->truth);
    }
    if (node_is_yes_no(node)) {
        return expected(checker, node, "true or false (yes and no are text here)");
    }
    return expected(checker, node, field->shape == SHAPE_BOOL ? "true or false" : "true");
}

/* The next word of a list such as "a b" at *at. */
static bool next_word(const char *words, size_t *at, struct text *word)
{
    *at += strspn(words + *at, " ");
    *word = (struct text){words + *at, strcspn(words + *at, " ")};
    *at += word->bytes;
    return word->bytes > 0;
}

static struct json *not_one_of(struct checker *checker, const struct node *node, const char *words)
{
    struct buffer list = {0};
    struct text nearest = {0};
    uint32_t best = UINT32_MAX;
    struct text word;

    for (size_t at = 0; next_word(words, &at, &word);) {
        buffer_addf(&list, "%s%.*s", list.bytes > 0 ? ", " : "", TEXT_ARG(word));
        if (node_is_scalar(node) && fields_is_near(node->text, word, &best)) {
            nearest = word;
        }
    }
    if (!node_is_scalar(node)) {
        expected(checker, node,
                 arena_printf(&checker->arena, "one of %s", buffer_string(&list)).data);
    } else {
        diagnostics_error(checker->diagnostics, "F104", node_place(node),
                          "'%.*s' is not one of: %s%s", TEXT_ARG(node->text), buffer_string(&list),
                          did_you_mean(checker, nearest));
    }
    buffer_release(&list);
    return NULL;
}

struct json *convert_choice(struct checker *checker, const struct field *field,
                            const struct node *node)
{
    struct text word;

    for (size_t at = 0; node_is_scalar(node) && next_word(field->values, &at, &word);) {
        if (text_equal(word, node->text)) {
            return json_text(word);
        }
    }
    return not_one_of(checker, node, field->values);
}

static void push_error_name(struct checker *checker, const struct node *item, struct json *list)
{
    if (item->kind != NODE_TEXT) {
        expected(checker, item, "the name of an error");
    } else if (!is_made_of(item->text, checker->standard ? "._-/:" : "._-", ERROR_NAME_BYTES_MAX)) {
        bad_name(checker, item, "an error is named [A-Za-z0-9._-]+");
    } else {
        json_push(list, json_text(item->text));
    }
}

struct json *convert_error_names(struct checker *checker, const struct field *field,
                                 const struct node *node)
{
    bool single = field->shape == SHAPE_ERRORS && node->kind == NODE_TEXT;
    struct json *list;

    if (node->kind != NODE_LIST && !single) {
        return expected(checker, node,
                        field->shape == SHAPE_ERRORS ? "the name of an error, or a list of them"
                                                     : "a list of error names");
    }
    list = json_array();
    if (single) {
        push_error_name(checker, node, list);
    }
    for (uint32_t i = 0; i < node->count && !single; i++) {
        push_error_name(checker, node->items[i], list);
    }
    return list;
}

struct json *convert_texts(struct checker *checker, const struct field *field,
                           const struct node *node)
{
    static const struct field header = {.key = "headers", .shape = SHAPE_HEADER_NAME};
    static const struct field ours = {
        .key = "headers", .shape = SHAPE_CHOICE, .values = FIELDS_HEADERS};
    struct json *out;

    if (node->kind != NODE_MAP) {
        return expected(checker, node, "a map of texts");
    }
    out = json_object();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        struct json *value = NULL;

        if (pair->repeated) {
            continue;
        }
        if (field->shape == SHAPE_RENAMES) {
            struct json *known = convert_choice(checker, &ours, pair->key);

            value = known == NULL ? NULL : convert_name(checker, &header, pair->value);
            json_free(known);
        } else if (pair->key->kind != NODE_TEXT) {
            expected(checker, pair->key, "a name");
        } else if (pair->value->kind != NODE_TEXT) {
            expected(checker, pair->value, "text");
        } else {
            value = json_text(pair->value->text);
        }
        if (value != NULL) {
            json_put(out, pair->key->text, value);
        }
    }
    return out;
}

struct json *convert_from(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    int64_t ms;

    (void)field;
    if (node->kind == NODE_TEXT) {
        if (text_is(node->text, "now") || text_is(node->text, "earliest")) {
            return json_text(node->text);
        }
        if (time_parse(node->text, &ms, NULL) == STATUS_OK) {
            return json_integer(ms);
        }
    }
    return expected(checker, node, "now, earliest, or a time such as 2026-01-31T00:00:00Z");
}

struct json *convert_as(struct checker *checker, const struct field *field, const struct node *node)
{
    (void)field;
    if (node->kind == NODE_BOOL && !node->truth) {
        return json_bool(false);
    }
    if (node->kind != NODE_TEXT) {
        return expected(checker, node, "a name or false");
    }
    if (!is_identifier(node->text)) {
        return bad_name(checker, node, "a result is named [A-Za-z_][A-Za-z0-9_]*");
    }
    return json_text(node->text);
}

struct json *convert_text(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    (void)field;
    return node->kind == NODE_TEXT ? json_text(node->text) : expected(checker, node, "text");
}
