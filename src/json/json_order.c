/* Which value comes first, and which are equal. */
#include <stdlib.h>
#include <string.h>

#include "json/value.h"

#define MEMBERS_ROOM 32

static int compare_members(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

struct entry *members_sorted(const struct json *object, struct entry *room, size_t room_count)
{
    const struct object_node *node = object_node(object);
    struct entry *entries = room;

    if (node->count > room_count) {
        entries = calloc(node->count, sizeof(*entries));
        CHECK(entries != NULL);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        entries[i] = (struct entry){text_node(node->members[i].key)->data, node->members[i].value};
    }
    qsort(entries, node->count, sizeof(*entries), compare_members);
    return entries;
}

/* Arrays of equal items and objects with equal keys are compared item by item. */
static bool matches(const struct json *a, const struct json *b, bool exact);

static bool numbers_match(const struct json *a, const struct json *b, bool exact)
{
    char room_a[INTEGER_TEXT_BYTES];
    char room_b[INTEGER_TEXT_BYTES];

    return exact ? text_equal(number_text(a, room_a), number_text(b, room_b))
                 : number_compare(a, b) == 0;
}

static bool arrays_match(const struct json *a, const struct json *b, bool exact)
{
    size_t count = json_count(a);

    if (count != json_count(b)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!matches(json_at(a, i), json_at(b, i), exact)) {
            return false;
        }
    }
    return true;
}

static bool objects_match(const struct json *a, const struct json *b, bool exact)
{
    struct json_cursor cursor = {.at = NULL};
    const struct json *value;
    struct text key;

    if (json_count(a) != json_count(b)) {
        return false;
    }
    while (json_next(a, &cursor, &key, &value)) {
        const struct json *other = json_member(b, key.data);

        if (other == NULL || !matches(value, other, exact)) {
            return false;
        }
    }
    return true;
}

static bool matches(const struct json *a, const struct json *b, bool exact)
{
    enum json_kind kind;

    if (a == b) {
        return true;
    }
    kind = json_kind(a);
    if (kind != json_kind(b)) {
        return false;
    }
    switch (kind) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return json_is_true(a) == json_is_true(b);
    case JSON_NUMBER:
        return numbers_match(a, b, exact);
    case JSON_TEXT:
        return text_equal(json_text_of(a), json_text_of(b));
    case JSON_ARRAY:
        return arrays_match(a, b, exact);
    case JSON_OBJECT:
        return objects_match(a, b, exact);
    }
    CHECK(!"unknown kind of JSON value");
    return false;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return matches(a, b, false);
}

bool json_same(const struct json *a, const struct json *b)
{
    return matches(a, b, true);
}

static int compare_arrays(const struct json *a, const struct json *b)
{
    size_t count_a = json_count(a);
    size_t count_b = json_count(b);

    for (size_t i = 0; i < count_a && i < count_b; i++) {
        int order = json_compare(json_at(a, i), json_at(b, i));

        if (order != 0) {
            return order;
        }
    }
    return (count_a > count_b) - (count_a < count_b);
}

/* First the sorted keys as an array of texts, then the values in that order. */
static int compare_sorted(const struct entry *a, size_t count_a, const struct entry *b,
                          size_t count_b)
{
    int order = 0;

    for (size_t i = 0; i < count_a && i < count_b && order == 0; i++) {
        order = strcmp(a[i].key, b[i].key);
    }
    if (order != 0 || count_a != count_b) {
        return order != 0 ? order : (count_a > count_b) - (count_a < count_b);
    }
    for (size_t i = 0; i < count_a && order == 0; i++) {
        order = json_compare(a[i].value, b[i].value);
    }
    return order;
}

static int compare_objects(const struct json *a, const struct json *b)
{
    struct entry room_a[MEMBERS_ROOM];
    struct entry room_b[MEMBERS_ROOM];
    struct entry *members_a = members_sorted(a, room_a, MEMBERS_ROOM);
    struct entry *members_b = members_sorted(b, room_b, MEMBERS_ROOM);
    int order = compare_sorted(members_a, json_count(a), members_b, json_count(b));

    if (members_a != room_a) {
        free(members_a);
    }
    if (members_b != room_b) {
        free(members_b);
    }
    return order;
}

int json_compare(const struct json *a, const struct json *b)
{
    enum json_kind kind_a = json_kind(a);
    enum json_kind kind_b = json_kind(b);

    if (a == b) {
        return 0;
    }
    /* The kinds are declared in this order. */
    if (kind_a != kind_b) {
        return kind_a < kind_b ? -1 : 1;
    }
    switch (kind_a) {
    case JSON_NULL:
        return 0;
    case JSON_BOOL:
        return json_is_true(a) - json_is_true(b);
    case JSON_NUMBER:
        return number_compare(a, b);
    case JSON_TEXT:
        return text_compare(json_text_of(a), json_text_of(b));
    case JSON_ARRAY:
        return compare_arrays(a, b);
    case JSON_OBJECT:
        return compare_objects(a, b);
    }
    CHECK(!"unknown kind of JSON value");
    return 0;
}
