/* `compensate` with `do`: a block of steps that undoes a step. */
#include "compile/checker.h"

/* It sees what the step that it undoes saw, but no message or count that was at hand then. */
static struct json *convert_list(struct checker *checker, const struct node *node)
{
    static const struct field field = {.key = "do", .shape = SHAPE_STEPS};
    struct checker around = *checker;
    struct json *list;

    checker->parent = checker->step;
    checker->undo_owner = checker->step;
    checker->list_first = STEP_NONE;
    checker->reading_aside = true;
    checker->in_undo = true;
    checker->in_handler = false;
    checker->in_remind = false;
    list = convert_steps(checker, &field, node);
    checker->reading_aside = false;
    checker->in_undo = around.in_undo;
    checker->in_handler = around.in_handler;
    checker->in_remind = around.in_remind;
    checker->undo_owner = around.undo_owner;
    checker->parent = around.parent;
    checker_keep_block(checker, true);
    return list;
}

static bool is_known(struct text key)
{
    return fields_action(key) != OBJECT_COUNT || fields_find(OBJECT_STEP, key) != NULL ||
           fields_find(OBJECT_UNDO_REQUEST, key) != NULL;
}

static void convert_key(struct checker *checker, const struct pair *pair, struct json *out)
{
    struct text key = pair->key->text;

    if (!node_is_scalar(pair->key)) {
        expected(checker, pair->key, "a key");
    } else if (text_is(key, "do")) {
        struct json *list = convert_list(checker, pair->value);

        if (list != NULL) {
            json_put(out, TEXT("do"), list);
        }
    } else if (fields_find(OBJECT_UNDO, key) != NULL) {
        convert_pair(checker, OBJECT_UNDO, pair, out);
    } else if (is_known(key)) {
        diagnostics_error(checker->diagnostics, "F111", node_place(pair->key),
                          "'%.*s' is not allowed beside 'do' in compensate", TEXT_ARG(key));
    } else {
        report_unknown_key(checker, OBJECT_UNDO, pair->key);
    }
}

struct json *convert_undo_block(struct checker *checker, const struct node *node)
{
    struct json *out = json_object();

    for (uint32_t i = 0; i < node->count; i++) {
        if (!node->pairs[i].repeated) {
            convert_key(checker, &node->pairs[i], out);
        }
    }
    return out;
}
