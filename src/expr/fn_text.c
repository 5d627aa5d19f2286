/* Functions of texts. */
#include <string.h>

#include "base/limits.h"
#include "expr/builtin.h"
#include "expr/regex.h"

static bool both_texts(const struct json *a, const struct json *b)
{
    return json_kind(a) == JSON_TEXT && json_kind(b) == JSON_TEXT;
}

enum outcome builtin_startswith(struct evaluator *ev, const struct node *node,
                                const struct json *input, struct json *const *arguments,
                                struct json **value)
{
    if (!both_texts(input, arguments[0])) {
        return eval_raise(ev, node, "startswith takes strings, not %s and %s", kind_name(input),
                          kind_name(arguments[0]));
    }
    *value = json_bool(text_starts(json_text_of(input), json_text_of(arguments[0])));
    return OUTCOME_OK;
}

enum outcome builtin_endswith(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    if (!both_texts(input, arguments[0])) {
        return eval_raise(ev, node, "endswith takes strings, not %s and %s", kind_name(input),
                          kind_name(arguments[0]));
    }
    *value = json_bool(text_ends(json_text_of(input), json_text_of(arguments[0])));
    return OUTCOME_OK;
}

/* What cannot be trimmed stays as it is, whatever its kind. */
enum outcome builtin_ltrimstr(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    struct text text = json_text_of(input);
    struct text prefix = json_text_of(arguments[0]);

    (void)node;
    if (!both_texts(input, arguments[0]) || !text_starts(text, prefix)) {
        *value = json_copy(input);
        return OUTCOME_OK;
    }
    return eval_text(ev, text_sub(text, prefix.bytes, text.bytes - prefix.bytes), value);
}

enum outcome builtin_rtrimstr(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    struct text text = json_text_of(input);
    struct text suffix = json_text_of(arguments[0]);

    (void)node;
    if (!both_texts(input, arguments[0]) || !text_ends(text, suffix)) {
        *value = json_copy(input);
        return OUTCOME_OK;
    }
    return eval_text(ev, text_sub(text, 0, text.bytes - suffix.bytes), value);
}

enum outcome builtin_split(struct evaluator *ev, const struct node *node, const struct json *input,
                           struct json *const *arguments, struct json **value)
{
    if (!both_texts(input, arguments[0])) {
        return eval_raise(ev, node, "split takes strings, not %s and %s", kind_name(input),
                          kind_name(arguments[0]));
    }
    return op_split(ev, input, arguments[0], value);
}

/* null is nothing, false is "false" as in jq 1.6, arrays and objects cannot be joined. */
static enum outcome join_item(struct evaluator *ev, const struct node *node,
                              const struct json *item, struct buffer *text)
{
    enum json_kind kind = json_kind(item);

    if (kind == JSON_ARRAY || kind == JSON_OBJECT) {
        return eval_raise(ev, node, "cannot join %s", kind_name(item));
    }
    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    return kind == JSON_NULL ? OUTCOME_OK : eval_to_text(ev, item, text);
}

enum outcome builtin_join(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json *const *arguments, struct json **value)
{
    struct buffer text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    struct json_cursor cursor = {0};
    enum json_kind kind = json_kind(input);
    enum json_kind by = json_kind(arguments[0]);
    enum outcome outcome = OUTCOME_OK;
    const struct json *item;
    struct text key;

    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return eval_raise(ev, node, "cannot iterate over %s", kind_name(input));
    }
    if (json_count(input) > 1 && by != JSON_TEXT && by != JSON_NULL) {
        return eval_raise(ev, node, "join takes a string, not %s", kind_name(arguments[0]));
    }
    for (size_t i = 0; i < json_count(input) && outcome == OUTCOME_OK; i++) {
        item = json_at(input, i);
        if (kind == JSON_OBJECT && !json_next(input, &cursor, &key, &item)) {
            break;
        }
        if (i > 0) {
            buffer_add_text(&text, json_text_of(arguments[0]));
        }
        outcome = join_item(ev, node, item, &text);
    }
    if (outcome == OUTCOME_OK) {
        outcome = text.full ? eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX)
                            : eval_text(ev, buffer_text(&text), value);
    }
    buffer_release(&text);
    return outcome;
}

/* Letters from `first` on, 26 of them, become those from `other` on. */
static enum outcome change_case(struct evaluator *ev, const struct node *node,
                                const struct json *input, const char letters[2],
                                struct json **value)
{
    struct text text = json_text_of(input);
    struct buffer changed = {0};
    enum outcome outcome;

    if (json_kind(input) != JSON_TEXT) {
        return eval_raise(ev, node, "%s takes a string, not %s", node->builtin->name,
                          kind_name(input));
    }
    buffer_add_text(&changed, text);
    for (size_t i = 0; i < changed.bytes; i++) {
        char c = changed.data[i];
        if (c >= letters[0] && c < letters[0] + 26) {
            changed.data[i] = (char)(c - letters[0] + letters[1]);
        }
    }
    outcome = eval_text(ev, buffer_text(&changed), value);
    buffer_release(&changed);
    return outcome;
}

enum outcome builtin_ascii_downcase(struct evaluator *ev, const struct node *node,
                                    const struct json *input, struct json *const *arguments,
                                    struct json **value)
{
    (void)arguments;
    return change_case(ev, node, input, "Aa", value);
}

enum outcome builtin_ascii_upcase(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct json *const *arguments,
                                  struct json **value)
{
    (void)arguments;
    return change_case(ev, node, input, "aA", value);
}

/* jq also takes pattern and flags as one array. */
static enum outcome test_parts(struct evaluator *ev, const struct node *node,
                               struct json *const *arguments, const struct json **pattern,
                               const struct json **flags)
{
    *pattern = arguments[0];
    *flags = node->item_count > 1 ? arguments[1] : NULL;
    if (node->item_count == 1 && json_kind(arguments[0]) == JSON_ARRAY &&
        json_count(arguments[0]) > 0) {
        *pattern = json_at(arguments[0], 0);
        *flags = json_at(arguments[0], 1);
    }
    if (json_kind(*pattern) != JSON_TEXT) {
        return eval_raise(ev, node, "a regular expression must be a string, not %s",
                          kind_name(*pattern));
    }
    if (*flags != NULL && json_kind(*flags) != JSON_TEXT && json_kind(*flags) != JSON_NULL) {
        return eval_raise(ev, node, "the flags of test must be a string, not %s",
                          kind_name(*flags));
    }
    return OUTCOME_OK;
}

enum outcome builtin_test(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json *const *arguments, struct json **value)
{
    const struct json *pattern;
    const struct json *flags;
    struct regex *own = NULL;
    const struct regex *regex = node->regex;
    struct error err = {{0}};
    enum outcome outcome;
    bool matches;

    if (json_kind(input) != JSON_TEXT) {
        return eval_raise(ev, node, "test takes a string, not %s", kind_name(input));
    }
    if (regex == NULL) {
        outcome = test_parts(ev, node, arguments, &pattern, &flags);
        if (outcome != OUTCOME_OK) {
            return outcome;
        }
        if (!eval_spend(ev, 100 + json_text_of(pattern).bytes)) {
            return OUTCOME_LIMIT;
        }
        if (regex_compile(json_text_of(pattern), json_text_of(flags), &own, &err) != STATUS_OK) {
            return eval_raise(ev, node, "regular expression: %s", err.text);
        }
        regex = own;
    }
    matches = regex_matches(regex, json_text_of(input), &ev->fuel);
    regex_free(own);
    *value = json_bool(matches);
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}
