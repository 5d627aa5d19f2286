/* Functions that order or fold arrays. */
#include <stdlib.h>

#include "base/limits.h"
#include "expr/builtin.h"

static struct json *items_of(const struct keyed *keyed, size_t from, size_t end)
{
    struct json *array = json_array();

    for (size_t i = from; i < end; i++) {
        json_push(array, json_copy(keyed[i].item));
    }
    return array;
}

enum outcome builtin_sort_by(struct evaluator *ev, struct keyed *keyed, size_t count,
                             struct json **value)
{
    order_sort(ev, keyed, count);
    *value = items_of(keyed, 0, count);
    return eval_spend(ev, count) ? OUTCOME_OK : OUTCOME_LIMIT;
}

/* The end of the run of equal keys that starts at `from`. */
static size_t run_end(struct evaluator *ev, const struct keyed *keyed, size_t count, size_t from)
{
    size_t end = from + 1;

    while (end < count && order_equal(ev, keyed[from].key, keyed[end].key)) {
        end++;
    }
    return end;
}

enum outcome builtin_group_by(struct evaluator *ev, struct keyed *keyed, size_t count,
                              struct json **value)
{
    size_t end;

    order_sort(ev, keyed, count);
    *value = json_array();
    for (size_t i = 0; i < count; i = end) {
        end = run_end(ev, keyed, count, i);
        json_push(*value, items_of(keyed, i, end));
    }
    return eval_spend(ev, 2 * count) ? OUTCOME_OK : OUTCOME_LIMIT;
}

enum outcome builtin_min_by(struct evaluator *ev, struct keyed *keyed, size_t count,
                            struct json **value)
{
    size_t least = 0;

    for (size_t i = 1; i < count; i++) {
        if (order_compare(ev, keyed[i].key, keyed[least].key) < 0) {
            least = i;
        }
    }
    *value = count == 0 ? json_null() : json_copy(keyed[least].item);
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}

/* Of equal ones the last, as jq. */
enum outcome builtin_max_by(struct evaluator *ev, struct keyed *keyed, size_t count,
                            struct json **value)
{
    size_t most = 0;

    for (size_t i = 1; i < count; i++) {
        if (order_compare(ev, keyed[i].key, keyed[most].key) >= 0) {
            most = i;
        }
    }
    *value = count == 0 ? json_null() : json_copy(keyed[most].item);
    return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
}

static enum outcome unique_by(struct evaluator *ev, struct keyed *keyed, size_t count,
                              struct json **value)
{
    order_sort(ev, keyed, count);
    *value = json_array();
    for (size_t i = 0; i < count; i = run_end(ev, keyed, count, i)) {
        json_push(*value, json_copy(keyed[i].item));
    }
    return eval_spend(ev, count) ? OUTCOME_OK : OUTCOME_LIMIT;
}

/* `by` on the items of an array, each of which is its own key. */
static enum outcome with_items(struct evaluator *ev, const struct node *node,
                               const struct json *input, builtin_by *by, struct json **value)
{
    size_t count = json_count(input);
    struct keyed *keyed;
    enum outcome outcome;

    if (json_kind(input) != JSON_ARRAY) {
        return eval_raise(ev, node, "%s takes an array, not %s", node->builtin->name,
                          kind_name(input));
    }
    if (!eval_spend(ev, count)) {
        return OUTCOME_LIMIT;
    }
    keyed = calloc(count + 1, sizeof(*keyed));
    CHECK(keyed != NULL);
    for (size_t i = 0; i < count; i++) {
        keyed[i].item = json_at(input, i);
        keyed[i].key = json_copy(keyed[i].item);
    }
    outcome = by(ev, keyed, count, value);
    for (size_t i = 0; i < count; i++) {
        json_free(keyed[i].key);
    }
    free(keyed);
    return outcome;
}

enum outcome builtin_sort(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json *const *arguments, struct json **value)
{
    (void)arguments;
    return with_items(ev, node, input, builtin_sort_by, value);
}

enum outcome builtin_unique(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json *const *arguments, struct json **value)
{
    (void)arguments;
    return with_items(ev, node, input, unique_by, value);
}

enum outcome builtin_min(struct evaluator *ev, const struct node *node, const struct json *input,
                         struct json *const *arguments, struct json **value)
{
    (void)arguments;
    return with_items(ev, node, input, builtin_min_by, value);
}

enum outcome builtin_max(struct evaluator *ev, const struct node *node, const struct json *input,
                         struct json *const *arguments, struct json **value)
{
    (void)arguments;
    return with_items(ev, node, input, builtin_max_by, value);
}

/* The sum so far. Texts and arrays grow in place: adding them one by one would copy the whole sum
 * for every item. */
struct sum {
    struct json *value;
    struct buffer text;
    struct json *array;
};

static enum outcome settle(struct evaluator *ev, struct sum *sum)
{
    enum outcome outcome = OUTCOME_OK;

    if (sum->array != NULL) {
        sum->value = sum->array;
        sum->array = NULL;
    } else if (sum->value == NULL) {
        outcome = eval_text(ev, buffer_text(&sum->text), &sum->value);
    }
    return outcome;
}

static enum outcome add_item(struct evaluator *ev, const struct node *node, struct sum *sum,
                             const struct json *item)
{
    struct json *added = NULL;
    enum outcome outcome;

    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    if (sum->value == NULL && sum->array == NULL && json_kind(item) == JSON_TEXT) {
        buffer_add_text(&sum->text, json_text_of(item));
        return sum->text.full
                   ? eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX)
                   : OUTCOME_OK;
    }
    if (sum->array != NULL && json_kind(item) == JSON_ARRAY) {
        for (size_t i = 0; i < json_count(item) && eval_spend(ev, 1); i++) {
            json_push(sum->array, json_copy(json_at(item, i)));
        }
        return ev->fuel >= 0 ? OUTCOME_OK : OUTCOME_LIMIT;
    }
    outcome = settle(ev, sum);
    if (outcome == OUTCOME_OK) {
        outcome = op_apply(ev, node, OP_ADD, sum->value, item, &added);
    }
    if (outcome == OUTCOME_OK) {
        json_free(sum->value);
        sum->value = added;
    }
    return outcome;
}

static enum outcome sum_items(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct sum *sum)
{
    struct json_cursor cursor = {0};
    bool array = json_kind(input) == JSON_ARRAY;
    enum outcome outcome = OUTCOME_OK;
    const struct json *item;
    struct text key;
    bool first = true;

    for (size_t i = 0; outcome == OUTCOME_OK; i++) {
        item = array ? json_at(input, i) : NULL;
        if (array ? item == NULL : !json_next(input, &cursor, &key, &item)) {
            break;
        }
        if (first && json_kind(item) == JSON_ARRAY && eval_spend(ev, json_count(item))) {
            sum->array = json_open_copy(item);
        } else if (first && json_kind(item) != JSON_TEXT) {
            sum->value = json_copy(item);
        } else {
            outcome = add_item(ev, node, sum, item);
        }
        first = false;
    }
    if (first) {
        sum->value = json_null();
    }
    return outcome == OUTCOME_OK ? settle(ev, sum) : outcome;
}

enum outcome builtin_add(struct evaluator *ev, const struct node *node, const struct json *input,
                         struct json *const *arguments, struct json **value)
{
    struct sum sum = {.text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX}};
    enum outcome outcome;

    (void)arguments;
    if (json_kind(input) != JSON_ARRAY && json_kind(input) != JSON_OBJECT) {
        return eval_raise(ev, node, "cannot iterate over %s", kind_name(input));
    }
    outcome = sum_items(ev, node, input, &sum);
    if (outcome == OUTCOME_OK) {
        *value = sum.value;
    } else {
        json_free(sum.value);
    }
    json_free(sum.array);
    buffer_release(&sum.text);
    return outcome;
}

static enum outcome flatten(struct evaluator *ev, const struct json *value, double depth,
                            struct json *flat)
{
    struct json_cursor cursor = {0};
    enum outcome outcome = OUTCOME_OK;
    const struct json *item;
    struct text key;

    for (size_t i = 0; i < json_count(value) && outcome == OUTCOME_OK; i++) {
        if (json_kind(value) == JSON_ARRAY) {
            item = json_at(value, i);
        } else if (!json_next(value, &cursor, &key, &item)) {
            break;
        }
        if (!eval_spend(ev, 1)) {
            return OUTCOME_LIMIT;
        }
        if (json_kind(item) == JSON_ARRAY && depth != 0) {
            outcome = flatten(ev, item, depth - 1, flat);
        } else {
            json_push(flat, json_copy(item));
        }
    }
    return outcome;
}

enum outcome builtin_flatten(struct evaluator *ev, const struct node *node,
                             const struct json *input, struct json *const *arguments,
                             struct json **value)
{
    const struct json *limit = node->item_count > 0 ? arguments[0] : NULL;
    enum json_kind kind = json_kind(input);
    double depth = limit == NULL ? -1 : json_double(limit);
    struct json *flat;
    enum outcome outcome;

    if (limit != NULL && (json_kind(limit) != JSON_NUMBER || depth < 0)) {
        return eval_raise(ev, node, "flatten takes a number that is not negative");
    }
    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return eval_raise(ev, node, "cannot iterate over %s", kind_name(input));
    }
    flat = json_array();
    outcome = flatten(ev, input, depth, flat);
    if (outcome != OUTCOME_OK) {
        json_free(flat);
        return outcome;
    }
    *value = flat;
    return OUTCOME_OK;
}
