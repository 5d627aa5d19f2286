/*
 * Which value comes first. As json_compare(), but it spends fuel: a few steps of an expression can
 * make values that share their parts, and comparing those takes as long as if they did not.
 */
#include <stdlib.h>
#include <string.h>

#include "expr/eval.h"

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

struct text *order_keys(const struct json *object, size_t *count)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text *keys;
    struct text key;

    *count = 0;
    keys = calloc(json_count(object) + 1, sizeof(*keys));
    CHECK(keys != NULL);
    while (json_next(object, &cursor, &key, &value)) {
        keys[(*count)++] = key;
    }
    qsort(keys, *count, sizeof(*keys), compare_names);
    return keys;
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_arrays(struct evaluator *ev, const struct json *a, const struct json *b)
{
    size_t count = json_count(a) < json_count(b) ? json_count(a) : json_count(b);
    int order = 0;

    for (size_t i = 0; i < count && order == 0 && ev->fuel >= 0; i++) {
        order = order_compare(ev, json_at(a, i), json_at(b, i));
    }
    return order != 0 ? order : compare_sizes(json_count(a), json_count(b));
}

/* First the sorted keys, as arrays of strings, then the values in their order. */
static int compare_objects(struct evaluator *ev, const struct json *a, const struct json *b)
{
    size_t count_a;
    size_t count_b;
    struct text *keys_a = order_keys(a, &count_a);
    struct text *keys_b = order_keys(b, &count_b);
    int order = 0;

    (void)eval_spend(ev, count_a + count_b);
    for (size_t i = 0; i < count_a && i < count_b && order == 0; i++) {
        order = text_compare(keys_a[i], keys_b[i]);
    }
    order = order != 0 ? order : compare_sizes(count_a, count_b);
    for (size_t i = 0; i < count_a && order == 0 && ev->fuel >= 0; i++) {
        order = order_compare(ev, json_get(a, keys_a[i]), json_get(b, keys_b[i]));
    }
    free(keys_a);
    free(keys_b);
    return order;
}

int order_compare(struct evaluator *ev, const struct json *a, const struct json *b)
{
    enum json_kind kind = json_kind(a);
    size_t bytes;

    if (a == b || !eval_spend(ev, 1)) {
        return 0;
    }
    if (kind != json_kind(b)) {
        return kind < json_kind(b) ? -1 : 1; /* The kinds are declared in jq's order. */
    }
    if (kind == JSON_ARRAY) {
        return compare_arrays(ev, a, b);
    }
    if (kind == JSON_OBJECT) {
        return compare_objects(ev, a, b);
    }
    if (kind == JSON_TEXT) {
        bytes = json_text_of(a).bytes < json_text_of(b).bytes ? json_text_of(a).bytes
                                                              : json_text_of(b).bytes;
        (void)eval_spend(ev, bytes / 64);
    }
    return json_compare(a, b);
}

static bool equal_objects(struct evaluator *ev, const struct json *a, const struct json *b)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    const struct json *other;
    struct text key;

    while (ev->fuel >= 0 && json_next(a, &cursor, &key, &value)) {
        other = json_get(b, key);
        if (other == NULL || !order_equal(ev, value, other)) {
            return false;
        }
    }
    return true;
}

bool order_equal(struct evaluator *ev, const struct json *a, const struct json *b)
{
    enum json_kind kind = json_kind(a);

    if (a == b || !eval_spend(ev, 1)) {
        return true;
    }
    if (kind != json_kind(b)) {
        return false;
    }
    if (kind == JSON_TEXT) {
        (void)eval_spend(ev, json_text_of(a).bytes / 64);
        return text_equal(json_text_of(a), json_text_of(b));
    }
    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return json_compare(a, b) == 0;
    }
    if (json_count(a) != json_count(b)) {
        return false;
    }
    if (kind == JSON_OBJECT) {
        return equal_objects(ev, a, b);
    }
    for (size_t i = 0; i < json_count(a) && ev->fuel >= 0; i++) {
        if (!order_equal(ev, json_at(a, i), json_at(b, i))) {
            return false;
        }
    }
    return true;
}

static void merge(struct evaluator *ev, struct keyed *items, size_t middle, size_t count,
                  struct keyed *room)
{
    size_t left = 0;
    size_t right = middle;

    for (size_t i = 0; i < count; i++) {
        bool take_right = right < count && (left == middle || order_compare(ev, items[left].key,
                                                                            items[right].key) > 0);
        room[i] = take_right ? items[right++] : items[left++];
    }
    memcpy(items, room, count * sizeof(*items));
}

static void sort_within(struct evaluator *ev, struct keyed *items, size_t count, struct keyed *room)
{
    size_t middle = count / 2;

    if (count < 2 || ev->fuel < 0) {
        return;
    }
    sort_within(ev, items, middle, room);
    sort_within(ev, items + middle, count - middle, room);
    merge(ev, items, middle, count, room);
}

/* Our own merge sort: qsort() may not be stable, and some are unsafe when the order they are given
 * is none, as it is once the fuel is used up. */
void order_sort(struct evaluator *ev, struct keyed *keyed, size_t count)
{
    struct keyed *room = calloc(count + 1, sizeof(*room));

    CHECK(room != NULL);
    sort_within(ev, keyed, count, room);
    free(room);
}
