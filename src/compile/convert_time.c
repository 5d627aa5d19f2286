/* Durations and spans. */
#include "base/duration.h"
#include "compile/checker.h"

#define DURATION_FORMS "such as 30s, 5m, 1h30m or PT30S"

/* Of the shapes that lead here. */
static bool may_be_expr(const struct field *field)
{
    return field != NULL && field->shape != SHAPE_DURATION;
}

static struct json *duration_error(struct checker *checker, const struct field *field,
                                   const struct node *node)
{
    bool is_bare = node->kind == NODE_TEXT && text_starts(node->text, TEXT("."));
    char found[64];

    diagnostics_error(
        checker->diagnostics, "F105", node_place(node),
        node->kind == NODE_NUMBER ? "a duration needs a unit, %s: found %s%s"
                                  : "expected a duration, %s: found %s%s",
        DURATION_FORMS, node_describe(node, found),
        is_bare && may_be_expr(field) ? " (an expression is written \"${ ... }\" here)" : "");
    return NULL;
}

static int64_t unit_ms(struct text unit)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"weeks", 7 * MS_PER_DAY},  {"days", MS_PER_DAY},       {"hours", MS_PER_HOUR},
                 {"minutes", MS_PER_MINUTE}, {"seconds", MS_PER_SECOND}, {"milliseconds", 1}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (text_is(unit, units[i].name)) {
            return units[i].ms;
        }
    }
    return 0;
}

/* {minutes: 1, seconds: 30} */
static struct json *duration_of_units(struct checker *checker, const struct field *field,
                                      const struct node *node)
{
    int64_t total = 0;

    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        int64_t unit = node_is_scalar(pair->key) ? unit_ms(pair->key->text) : 0;
        int64_t count;

        if (unit == 0) {
            return expected(checker, pair->key,
                            "one of weeks, days, hours, minutes, seconds, milliseconds");
        }
        if (pair->value->kind != NODE_NUMBER || !text_to_int64(pair->value->text, &count) ||
            count < 0 || count > DURATION_MAX_MS / unit) {
            return expected(checker, pair->value, "a number of them");
        }
        total += pair->repeated ? 0 : count * unit;
        if (total > DURATION_MAX_MS) {
            return duration_error(checker, field, node);
        }
    }
    return node->count == 0 ? duration_error(checker, field, node) : json_integer(total);
}

struct json *convert_duration(struct checker *checker, const struct field *field,
                              const struct node *node)
{
    int64_t ms;

    if (node->kind == NODE_MAP) {
        return duration_of_units(checker, field, node);
    }
    if (node->kind != NODE_TEXT || duration_parse(node->text, &ms, NULL) != STATUS_OK) {
        return duration_error(checker, field, node);
    }
    return json_integer(ms);
}

struct json *convert_span(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    struct json *source;
    struct json *span;

    if (node->kind == NODE_TEXT && text_is(node->text, "none")) {
        return json_text(node->text);
    }
    if (node->kind != NODE_TEXT || !text_starts(node->text, TEXT("${"))) {
        return convert_duration(checker, field, node);
    }
    source = convert_expr(checker, field, node);
    if (source == NULL) {
        return NULL;
    }
    span = json_object();
    json_put(span, TEXT("expr"), source);
    return span;
}
