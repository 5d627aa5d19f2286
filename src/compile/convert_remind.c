/* `remind`: when, and what runs then. */
#include "compile/checker.h"

/* F102, F107, F111 */
static void check_when(struct checker *checker, const struct node *node)
{
    const struct pair *every = node_pair(node, "every");
    const struct pair *at = node_pair(node, "at");
    const struct pair *max = node_pair(node, "max");

    if (every == NULL && at == NULL) {
        diagnostics_error(checker->diagnostics, "F102", node_place(node),
                          "missing required 'every' in remind (or say at)");
    } else if (every != NULL && at != NULL) {
        diagnostics_error(checker->diagnostics, "F107", node_place(at->key),
                          "two times to remind: 'every' and 'at'");
        diagnostics_note(checker->diagnostics, node_place(every->key), "the other one");
    } else if (at != NULL && max != NULL) {
        diagnostics_error(checker->diagnostics, "F111", node_place(max->key),
                          "'max' is not allowed with 'at', which says how often");
    }
}

/* The list that runs beside the step at hand. */
static struct json *convert_list(struct checker *checker, const struct node *node)
{
    static const struct field field = {.key = "do", .shape = SHAPE_STEPS};
    uint32_t around = checker->parent;
    bool in_remind = checker->in_remind;
    struct json *list;

    checker->parent = checker->step;
    checker->list_first = STEP_NONE;
    checker->reading_aside = true;
    checker->in_remind = true;
    list = convert_steps(checker, &field, node);
    checker->in_remind = in_remind;
    checker->reading_aside = false;
    checker->parent = around;
    checker_keep_block(checker, true);
    return list;
}

struct json *convert_remind(struct checker *checker, const struct field *field,
                            const struct node *node)
{
    struct json *out;

    if (node->kind != NODE_MAP) {
        return expected(checker, node, "a map with every or at, and do");
    }
    check_when(checker, node);
    out = json_object();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];

        if (pair->repeated) {
            continue;
        }
        if (!node_is_scalar(pair->key)) {
            expected(checker, pair->key, "a key");
        } else if (text_is(pair->key->text, "do")) {
            struct json *list = convert_list(checker, pair->value);

            if (list != NULL) {
                json_put(out, TEXT("do"), list);
            }
        } else if (!convert_pair(checker, field->object, pair, out)) {
            report_unknown_key(checker, field->object, pair->key);
        }
    }
    convert_rest(checker, field->object, node, out);
    return out;
}

struct json *convert_spans(struct checker *checker, const struct field *field,
                           const struct node *node)
{
    struct json *list;

    if (node->kind != NODE_LIST || node->count == 0) {
        return expected(checker, node, "a list of durations");
    }
    list = json_array();
    for (uint32_t i = 0; i < node->count; i++) {
        struct json *span = convert_span(checker, field, node->items[i]);

        if (span != NULL) {
            json_push(list, span);
        }
    }
    return list;
}
