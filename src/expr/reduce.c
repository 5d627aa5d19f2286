/* What makes one value of many: first, last, any, all, and sort_by with its like. */
#include <stdlib.h>

#include "expr/builtin.h"

/* Keeps the first or the last of what comes. */
struct keeper {
    struct sink sink;
    struct json *value;
    enum outcome answer;
};

static enum outcome keep(struct sink *sink, struct evaluator *ev, struct json *value,
                         const struct trail *trail)
{
    struct keeper *keeper = (struct keeper *)sink;

    (void)ev;
    (void)trail;
    json_free(keeper->value);
    keeper->value = value;
    return keeper->answer;
}

enum outcome reduce_first_or_last(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct json **value)
{
    struct keeper keeper = {.sink = {keep}};
    enum outcome outcome;

    keeper.answer = node->kind == NODE_FIRST ? OUTCOME_STOP : OUTCOME_OK;
    outcome = eval_each(ev, node->items[0], input, &keeper.sink);
    if (outcome != OUTCOME_OK && outcome != OUTCOME_STOP) {
        json_free(keeper.value);
        return outcome;
    }
    /* jq: the last of nothing is null, the first of nothing is nothing. */
    *value = keeper.value == NULL && node->kind == NODE_LAST ? json_null() : keeper.value;
    return OUTCOME_OK;
}

/* any() and all(): of each item of the input, until one decides. */
struct decider {
    struct sink sink;
    bool wanted;
    bool found;
};

static enum outcome decide(struct sink *sink, struct evaluator *ev, struct json *value,
                           const struct trail *trail)
{
    struct decider *decider = (struct decider *)sink;

    (void)ev;
    (void)trail;
    decider->found = json_is_truthy(value) == decider->wanted;
    json_free(value);
    return decider->found ? OUTCOME_STOP : OUTCOME_OK;
}

enum outcome reduce_any_or_all(struct evaluator *ev, const struct node *node,
                               const struct json *input, struct json **value)
{
    struct decider decider = {.sink = {decide}, .wanted = node->kind == NODE_ANY};
    struct json_cursor cursor = {0};
    enum json_kind kind = json_kind(input);
    enum outcome outcome = OUTCOME_OK;
    const struct json *item;
    struct text key;

    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return eval_raise(ev, node, "cannot iterate over %s", kind_name(input));
    }
    for (size_t i = 0; kind == JSON_ARRAY && i < json_count(input) && outcome == OUTCOME_OK; i++) {
        outcome = eval_each(ev, node->items[0], json_at(input, i), &decider.sink);
    }
    while (kind == JSON_OBJECT && outcome == OUTCOME_OK && json_next(input, &cursor, &key, &item)) {
        outcome = eval_each(ev, node->items[0], item, &decider.sink);
    }
    if (outcome != OUTCOME_OK && outcome != OUTCOME_STOP) {
        return outcome;
    }
    *value = json_bool(decider.found == decider.wanted);
    return OUTCOME_OK;
}

/* f of every item, as an array, so that several outputs compare one after the other. */
static enum outcome key_of(struct evaluator *ev, const struct node *f, const struct json *item,
                           struct keyed *keyed)
{
    struct collector collector = collector_of();
    enum outcome outcome = eval_each(ev, f, item, &collector.sink);

    keyed->item = item;
    keyed->key = collector.array;
    return outcome;
}

enum outcome reduce_by(struct evaluator *ev, const struct node *node, const struct json *input,
                       struct json **value)
{
    size_t count = json_count(input);
    enum outcome outcome = OUTCOME_OK;
    struct keyed *keyed;
    size_t made = 0;

    if (json_kind(input) != JSON_ARRAY) {
        return eval_raise(ev, node, "%s takes an array, not %s", node->builtin->name,
                          kind_name(input));
    }
    keyed = calloc(count + 1, sizeof(*keyed));
    CHECK(keyed != NULL);
    while (made < count && outcome == OUTCOME_OK) {
        outcome = key_of(ev, node->items[0], json_at(input, made), &keyed[made]);
        made++;
    }
    if (outcome == OUTCOME_OK) {
        outcome = node->builtin->by(ev, keyed, count, value);
    }
    for (size_t i = 0; i < made; i++) {
        json_free(keyed[i].key);
    }
    free(keyed);
    return outcome;
}
