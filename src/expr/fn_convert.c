/* Functions that turn values into texts and back. */
#include <string.h>

#include "base/limits.h"
#include "expr/builtin.h"

enum outcome eval_to_text(struct evaluator *ev, const struct json *value, struct buffer *out)
{
    size_t bytes;

    if (json_kind(value) == JSON_TEXT) {
        buffer_add_text(out, json_text_of(value));
        return eval_spend(ev, eval_bytes(json_text_of(value).bytes)) ? OUTCOME_OK : OUTCOME_LIMIT;
    }
    /* Measured first: a value that shares its parts may be endless when written out. */
    bytes = json_size(value, EXPR_OUTPUT_BYTES_MAX);
    if (bytes > EXPR_OUTPUT_BYTES_MAX) {
        return eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX);
    }
    if (!eval_spend(ev, eval_bytes(bytes))) {
        return OUTCOME_LIMIT;
    }
    json_write(value, out);
    return OUTCOME_OK;
}

static enum outcome finish_text(struct evaluator *ev, struct buffer *text, struct json **value)
{
    enum outcome outcome = text->full ? eval_exceed(ev, "a text of more than %d bytes",
                                                    EXPR_OUTPUT_BYTES_MAX)
                                      : eval_text(ev, buffer_text(text), value);

    buffer_release(text);
    return outcome;
}

enum outcome builtin_tostring(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    if (json_kind(input) == JSON_TEXT) {
        *value = json_copy(input);
        return OUTCOME_OK;
    }
    return builtin_tojson(ev, node, input, arguments, value);
}

enum outcome builtin_tojson(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json *const *arguments, struct json **value)
{
    struct buffer text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    enum outcome outcome = OUTCOME_OK;

    (void)node;
    (void)arguments;
    if (json_kind(input) == JSON_TEXT) { /* With its quotes. */
        outcome = eval_spend(ev, eval_bytes(json_text_of(input).bytes)) ? OUTCOME_OK
                                                                        : OUTCOME_LIMIT;
        json_write(input, &text);
    } else {
        outcome = eval_to_text(ev, input, &text);
    }
    if (outcome != OUTCOME_OK) {
        buffer_release(&text);
        return outcome;
    }
    return finish_text(ev, &text, value);
}

enum outcome builtin_fromjson(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    struct error err = {{0}};

    (void)arguments;
    if (json_kind(input) != JSON_TEXT) {
        return eval_raise(ev, node, "fromjson takes a string, not %s", kind_name(input));
    }
    if (!eval_spend(ev, json_text_of(input).bytes / 4)) { /* A value may be one byte of text. */
        return OUTCOME_LIMIT;
    }
    if (json_parse(json_text_of(input), value, &err) != STATUS_OK) {
        *value = NULL;
        return eval_raise(ev, node, "no JSON: %s", err.text);
    }
    return OUTCOME_OK;
}

static struct text trimmed(struct text text)
{
    while (text.bytes > 0 && strchr(" \t\n\r", text.data[0]) != NULL && text.data[0] != '\0') {
        text = text_sub(text, 1, text.bytes - 1);
    }
    while (text.bytes > 0 && strchr(" \t\n\r", text.data[text.bytes - 1]) != NULL &&
           text.data[text.bytes - 1] != '\0') {
        text.bytes--;
    }
    return text;
}

enum outcome builtin_tonumber(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    struct text text = trimmed(json_text_of(input));

    (void)arguments;
    if (json_kind(input) == JSON_NUMBER) {
        *value = json_copy(input);
        return OUTCOME_OK;
    }
    if (json_kind(input) != JSON_TEXT) {
        return eval_raise(ev, node, "tonumber takes a string or a number, not %s",
                          kind_name(input));
    }
    /* Looked at first, so that a long text of something else is not parsed. */
    if (text.bytes > 0 && (text.data[0] == '-' || (text.data[0] >= '0' && text.data[0] <= '9')) &&
        eval_spend(ev, eval_bytes(text.bytes)) && json_parse(text, value, NULL) == STATUS_OK) {
        return OUTCOME_OK;
    }
    *value = NULL;
    return eval_raise(ev, node, "the string is no number");
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode(struct text text, struct buffer *out)
{
    for (size_t i = 0; i < text.bytes; i += 3) {
        size_t left = text.bytes - i;
        uint32_t group = (uint32_t)(unsigned char)text.data[i] << 16;

        group |= left > 1 ? (uint32_t)(unsigned char)text.data[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)(unsigned char)text.data[i + 2] : 0;
        buffer_add_char(out, digits[group >> 18]);
        buffer_add_char(out, digits[(group >> 12) & 63U]);
        buffer_add_char(out, left > 1 ? digits[(group >> 6) & 63U] : '=');
        buffer_add_char(out, left > 2 ? digits[group & 63U] : '=');
    }
}

enum outcome builtin_base64(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json *const *arguments, struct json **value)
{
    struct buffer plain = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    struct buffer text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    enum outcome outcome = eval_to_text(ev, input, &plain);

    (void)node;
    (void)arguments;
    if (outcome != OUTCOME_OK) {
        buffer_release(&plain);
        return outcome;
    }
    encode(buffer_text(&plain), &text);
    text.full = text.full || plain.full;
    buffer_release(&plain);
    return finish_text(ev, &text, value);
}

/* False if a byte is no digit of base 64, or one digit stands alone. */
static bool decode(struct text text, struct buffer *out)
{
    uint32_t group = 0;
    size_t count = 0;

    while (text.bytes > 0 && text.data[text.bytes - 1] == '=') {
        text.bytes--;
    }
    for (size_t i = 0; i < text.bytes; i++) {
        const char *digit = text.data[i] == '\0' ? NULL : strchr(digits, text.data[i]);
        if (digit == NULL) {
            return false;
        }
        group = group << 6 | (uint32_t)(digit - digits);
        count++;
        if (count == 4) {
            buffer_add_char(out, (char)(group >> 16 & 255U));
            buffer_add_char(out, (char)(group >> 8 & 255U));
            buffer_add_char(out, (char)(group & 255U));
            group = 0;
            count = 0;
        }
    }
    if (count > 1) {
        group <<= 6 * (4 - count);
        buffer_add_char(out, (char)(group >> 16 & 255U));
        if (count > 2) {
            buffer_add_char(out, (char)(group >> 8 & 255U));
        }
    }
    return count != 1;
}

enum outcome builtin_base64d(struct evaluator *ev, const struct node *node,
                             const struct json *input, struct json *const *arguments,
                             struct json **value)
{
    struct buffer coded = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    struct buffer text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    enum outcome outcome = eval_to_text(ev, input, &coded);

    (void)arguments;
    if (outcome == OUTCOME_OK && !coded.full && !decode(buffer_text(&coded), &text)) {
        outcome = eval_raise(ev, node, "the string is not base64");
    }
    text.full = text.full || coded.full;
    buffer_release(&coded);
    if (outcome != OUTCOME_OK) {
        buffer_release(&text);
        return outcome;
    }
    return finish_text(ev, &text, value);
}
