/* `start`: each says one thing that starts instances, and only what belongs to that. */
#include "compile/checker.h"

static const char *const kinds[] = {"topic", "manual", "cron", "every", "batch"};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* Keys that need the one that is named beside them. */
static const struct {
    const char *key;
    const char *needs;
} dependent[] = {
    {"type", "topic"},
    {"when", "topic"},
    {"from", "topic"},
};

static const struct pair *kind_of(struct checker *checker, const struct node *node)
{
    const struct pair *found = NULL;

    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct pair *pair = node_pair(node, kinds[i]);

        if (pair != NULL && found != NULL && !text_is(pair->key->text, "batch")) {
            diagnostics_error(checker->diagnostics, "F107", node_place(pair->key),
                              "two kinds of start: '%.*s' and '%.*s'", TEXT_ARG(found->key->text),
                              TEXT_ARG(pair->key->text));
            diagnostics_note(checker->diagnostics, node_place(found->key), "the other one");
        }
        found = found == NULL ? pair : found;
    }
    return found;
}

static void check_start(struct checker *checker, const struct node *node)
{
    const struct pair *kind = kind_of(checker, node);

    if (kind == NULL) {
        diagnostics_error(checker->diagnostics, "F102", node_place(node),
                          "missing required 'topic' in start");
        return;
    }
    for (size_t i = 0; i < sizeof(dependent) / sizeof(dependent[0]); i++) {
        const struct pair *pair = node_pair(node, dependent[i].key);

        if (pair != NULL && node_pair(node, dependent[i].needs) == NULL) {
            diagnostics_error(checker->diagnostics, "F111", node_place(pair->key),
                              "'%s' is not allowed on '%.*s'", dependent[i].key,
                              TEXT_ARG(kind->key->text));
        }
    }
}

void validate_starts(struct checker *checker, const struct node *root)
{
    const struct node *start = node_get(root, "start");

    if (start == NULL) {
        return;
    }
    if (start->kind == NODE_MAP) {
        check_start(checker, start);
    }
    for (uint32_t i = 0; start->kind == NODE_LIST && i < start->count; i++) {
        if (start->items[i]->kind == NODE_MAP) {
            check_start(checker, start->items[i]);
        }
    }
}
