/* `start`: each says one thing that starts instances, and only what belongs to that. */
#include "base/duration.h"
#include "compile/checker.h"
#include "compile/zone_file.h"

static const char *const kinds[] = {"topic", "manual", "cron", "every", "batch"};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* Keys that need the one that is named beside them. */
static const struct {
    const char *key;
    const char *needs;
} dependent[] = {
    {"type", "topic"}, {"when", "topic"}, {"from", "topic"}, {"zone", "cron"}, {"batch", "topic"},
};

/* Each batch is an instance of its own: none is there before it. */
static const char *const of_one_instance[] = {"ifRunning", "afterDone"};

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

static void check_batch(struct checker *checker, const struct node *node)
{
    const struct pair *batch = node_pair(node, "batch");
    const struct node *within = node_get(batch == NULL ? NULL : batch->value, "within");
    struct error err;
    int64_t ms;

    for (size_t i = 0; batch != NULL && i < sizeof(of_one_instance) / sizeof(char *); i++) {
        const struct pair *pair = node_pair(node, of_one_instance[i]);

        if (pair != NULL) {
            diagnostics_error(
                checker->diagnostics, "F111", node_place(pair->key),
                "'%s' is not allowed on 'batch': each batch is an instance of its own",
                of_one_instance[i]);
        }
    }
    if (within != NULL && within->kind == NODE_TEXT &&
        duration_parse(within->text, &ms, &err) == STATUS_OK && ms < 1) {
        diagnostics_error(checker->diagnostics, "F103", node_place(within),
                          "expected more than no time, found %.*s", TEXT_ARG(within->text));
    }
}

static bool gather_alike(const struct node *one, const struct node *other)
{
    const struct node *topic = node_get(one, "topic");
    const struct node *same = node_get(other, "topic");

    return topic != NULL && same != NULL && node_is_scalar(topic) && node_is_scalar(same) &&
           text_equal(topic->text, same->text) && node_pair(one, "batch") != NULL &&
           node_pair(other, "batch") != NULL;
}

/* Messages of one topic are gathered together. */
static void check_batch_topics(struct checker *checker, const struct node *start)
{
    for (uint32_t i = 0; start->kind == NODE_LIST && i < start->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (gather_alike(start->items[i], start->items[k])) {
                diagnostics_error(checker->diagnostics, "F111",
                                  node_place(node_pair(start->items[i], "batch")->key),
                                  "'batch' is not allowed twice on one topic");
                diagnostics_note(checker->diagnostics,
                                 node_place(node_pair(start->items[k], "batch")->key),
                                 "the other one");
            }
        }
    }
}

static void check_clock(struct checker *checker, const struct node *node)
{
    const struct node *fields = node_get(node, "cron");
    const struct node *name = node_get(node, "zone");
    const struct pair *catch_up = node_pair(node, "catchUp");
    const struct node *every = node_get(node, "every");
    struct zone zone = {0};
    struct cron cron;
    struct error err;
    int64_t ms;

    if (catch_up != NULL && fields == NULL && every == NULL) {
        diagnostics_error(checker->diagnostics, "F111", node_place(catch_up->key),
                          "'catchUp' is only allowed with 'cron' or 'every'");
    }
    if (every != NULL && every->kind == NODE_TEXT &&
        duration_parse(every->text, &ms, &err) == STATUS_OK && ms < MS_PER_SECOND) {
        diagnostics_error(checker->diagnostics, "F103", node_place(every),
                          "expected a second or more, found %.*s", TEXT_ARG(every->text));
    }
    if (name != NULL && node_is_scalar(name) &&
        zone_load(name->text, &checker->arena, &zone, &err) != STATUS_OK) {
        diagnostics_error(checker->diagnostics, "F606", node_place(name), "%s", err.text);
    }
    if (fields == NULL || !node_is_scalar(fields)) {
        return;
    }
    if (cron_parse(fields->text, &cron, &err) != STATUS_OK) {
        diagnostics_error(checker->diagnostics, "F605", node_place(fields), "cron: %s", err.text);
    } else if (cron_next(&cron, &zone, 0) == INT64_MAX) {
        diagnostics_error(checker->diagnostics, "F605", node_place(fields),
                          "cron: such a time never comes");
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
        check_clock(checker, start);
        check_batch(checker, start);
    }
    for (uint32_t i = 0; start->kind == NODE_LIST && i < start->count; i++) {
        if (start->items[i]->kind == NODE_MAP) {
            check_start(checker, start->items[i]);
            check_clock(checker, start->items[i]);
            check_batch(checker, start->items[i]);
        }
    }
    check_batch_topics(checker, start);
}
