#include "expr/place.h"

#include "expr/builtin.h"

#define INDEX_MAX 16

static bool add_step(struct way *way, const struct step *step)
{
    int64_t index;

    if (way->count == STEPS_ON_THE_WAY_MAX || step->kind == STEP_SLICE) {
        return false;
    }
    if (step->kind == STEP_INDEX &&
        (step->from == NULL || step->from->kind != NODE_LITERAL ||
         !json_int64(step->from->value, &index) || index < 0 || index >= INDEX_MAX)) {
        return false;
    }
    way->steps[way->count++] = step;
    return true;
}

/* Functions behind which a text or number is still recognised. */
static bool keeps_value(const struct node *node)
{
    builtin_call *call = node->builtin->call;

    return node->item_count == 0 &&
           (call == builtin_tostring || call == builtin_tonumber ||
            call == builtin_ascii_downcase || call == builtin_ascii_upcase ||
            call == builtin_floor || call == builtin_round);
}

bool place_follow(const struct node *node, struct way *way)
{
    switch (node->kind) {
    case NODE_IDENTITY:
        return true;
    case NODE_PATH:
        if (node->item_count > 0 && !place_follow(node->items[0], way)) {
            return false;
        }
        for (uint32_t i = 0; i < node->step_count; i++) {
            if (!add_step(way, &node->steps[i])) {
                return false;
            }
        }
        return true;
    case NODE_PIPE:
        for (uint32_t i = 0; i < node->item_count; i++) {
            if (!place_follow(node->items[i], way)) {
                return false;
            }
        }
        return true;
    case NODE_TRY:
    case NODE_ALTERNATIVE:
        return place_follow(node->items[0], way);
    case NODE_CALL:
        return keeps_value(node);
    case NODE_VARIABLE:
        if (way->variable == NULL || *way->variable != node->variable) {
            return false;
        }
        way->count = 0;
        way->is_variable = true;
        return true;
    case NODE_LITERAL:
    case NODE_COMMA:
    case NODE_NEGATE:
    case NODE_BINARY:
    case NODE_AND:
    case NODE_OR:
    case NODE_IF:
    case NODE_ARRAY:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_EMPTY:
    case NODE_FIRST:
    case NODE_LAST:
    case NODE_RANGE:
    case NODE_ANY:
    case NODE_ALL:
    case NODE_BY:
    case NODE_DELETE:
        return false;
    }
    CHECK(!"unknown kind of node");
    return false;
}

static int64_t index_of(const struct step *step)
{
    int64_t index = 0;

    if (step->kind == STEP_INDEX) {
        (void)json_int64(step->from->value, &index);
    }
    return index;
}

const struct json *place_look(const struct json *value, const struct way *way)
{
    for (uint32_t i = 0; i < way->count && value != NULL; i++) {
        const struct step *step = way->steps[i];
        bool is_field = step->kind == STEP_FIELD;

        if (json_kind(value) != (is_field ? JSON_OBJECT : JSON_ARRAY)) {
            return NULL;
        }
        value = is_field ? json_get(value, step->name) : json_at(value, (size_t)index_of(step));
    }
    return value;
}

static struct json *put_from(const struct json *at, const struct way *way, uint32_t from,
                             const struct json *value);

static struct json *put_item(const struct json *array, const struct way *way, uint32_t from,
                             const struct json *value)
{
    size_t index = (size_t)index_of(way->steps[from]);
    size_t count = json_count(array);
    struct json *made = json_array();

    for (size_t i = 0; i < count || i <= index; i++) {
        const struct json *old = json_at(array, i);

        if (i == index) {
            json_push(made, put_from(old, way, from + 1, value));
        } else {
            json_push(made, old == NULL ? json_null() : json_copy(old));
        }
    }
    return made;
}

/* A copy of `at` (NULL: nothing) with `value` at the end of the way. What is in it is replaced. */
static struct json *put_from(const struct json *at, const struct way *way, uint32_t from,
                             const struct json *value)
{
    struct json *made;

    if (from == way->count) {
        return json_copy(value);
    }
    if (way->steps[from]->kind != STEP_FIELD) {
        return put_item(at != NULL && json_kind(at) == JSON_ARRAY ? at : NULL, way, from, value);
    }
    made = at != NULL && json_kind(at) == JSON_OBJECT ? json_open_copy(at) : json_object();
    json_put(made, way->steps[from]->name,
             put_from(json_get(made, way->steps[from]->name), way, from + 1, value));
    return made;
}

struct json *place_put(const struct json *at, const struct way *way, const struct json *value)
{
    return put_from(at, way, 0, value);
}
