/* Objects whose action decides which other keys they may have: steps and undos. */
#include "compile/schema.h"

static bool is_action(const struct field *field)
{
    return (field->flags & FIELD_ACTION) != 0;
}

/* The row that says what the step does. */
static const struct field *action_row(enum object object)
{
    const struct fields *fields = fields_of(object);

    for (uint32_t i = 0; i < fields->count; i++) {
        if (is_action(&fields->items[i])) {
            return &fields->items[i];
        }
    }
    return NULL;
}

static struct json *required(const char *key)
{
    struct json *out = json_object();

    json_put(out, TEXT("required"), schema_list(json_string(key)));
    return out;
}

/* An object whose action decides which other keys it may have. */
struct choice {
    enum object common;          /* Whose keys may stand on all. */
    const enum object *variants; /* One object an action. */
    uint32_t count;
};

static bool is_allowed(const struct field *common, uint32_t variant)
{
    return (common->actions >> variant & 1) != 0;
}

static bool has_key(enum object object, const char *key)
{
    return fields_find(object, text_of(key)) != NULL;
}

/* True where the variant's action is given: its key is there, and no action that has a key of the
 * same name besides (`for` has a `do`, which is an action when it stands alone). */
static struct json *is_variant(const struct choice *choice, uint32_t variant)
{
    const char *key = action_row(choice->variants[variant])->key;
    struct json *out = required(key);
    struct json *others = json_array();

    for (uint32_t i = 0; i < choice->count; i++) {
        if (i != variant && has_key(choice->variants[i], key)) {
            json_push(others, required(action_row(choice->variants[i])->key));
        }
    }
    if (json_count(others) > 0) {
        struct json *any = json_object();

        json_put(any, TEXT("anyOf"), others);
        json_put(out, TEXT("not"), any);
    } else {
        json_free(others);
    }
    return out;
}

/* What a rule collects. */
struct allowed {
    struct json *names;
    struct json *properties; /* Without those that the properties of the whole tell in full. */
    struct json *required;
};

static void allow(struct allowed *allowed, enum object object, const struct field *field)
{
    bool required = (field->flags & FIELD_REQUIRED) != 0;

    json_push(allowed->names, json_string(field->key));
    if (is_action(field) || (required && object == OBJECT_STEP)) {
        return;
    }
    json_put(allowed->properties, text_of(field->key), schema_property(object, field));
    if (required) {
        json_push(allowed->required, json_string(field->key));
    }
}

/* If it is this action: these keys and no others. */
static struct json *rule_of(const struct choice *choice, uint32_t variant)
{
    const struct fields *common = fields_of(choice->common);
    const struct fields *own = fields_of(choice->variants[variant]);
    struct allowed allowed = {json_array(), json_object(), json_array()};
    struct json *names = json_object();
    struct json *then = json_object();
    struct json *out = json_object();

    for (uint32_t i = 0; i < common->count; i++) {
        if (is_allowed(&common->items[i], variant)) {
            allow(&allowed, choice->common, &common->items[i]);
        }
    }
    for (uint32_t i = 0; i < own->count; i++) {
        allow(&allowed, choice->variants[variant], &own->items[i]);
    }
    json_put(names, TEXT("enum"), allowed.names);
    json_put(then, TEXT("properties"), allowed.properties);
    json_put(then, TEXT("propertyNames"), names);
    json_put(then, TEXT("required"), allowed.required);
    json_put(out, TEXT("if"), is_variant(choice, variant));
    json_put(out, TEXT("then"), then);
    return out;
}

/* Allowed, but suggested only by the rule that says where. */
static struct json *quiet(struct json *property)
{
    json_put_bool(property, "doNotSuggest", true);
    return property;
}

static void put_quietly(struct json *properties, const struct fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        struct json *property;

        if (json_member(properties, field->key) == NULL) {
            property = json_object();
            json_put_string(property, "description", field->doc);
            json_put(properties, text_of(field->key), quiet(property));
        }
    }
}

/* Where there is no action yet, one is missing, and all are suggested; where there is one, no other. */
static struct json *missing_action(const struct choice *choice)
{
    struct json *properties = json_object();
    struct json *actions = json_array();
    struct json *any = json_object();
    struct json *otherwise = json_object();
    struct json *out = json_object();

    for (uint32_t i = 0; i < choice->count; i++) {
        const struct field *action = action_row(choice->variants[i]);

        if (action != NULL) {
            json_put(properties, text_of(action->key),
                     schema_property(choice->variants[i], action));
            json_push(actions, required(action->key));
        }
    }
    json_put(any, TEXT("anyOf"), actions);
    json_put(otherwise, TEXT("properties"), properties);
    json_put(otherwise, TEXT("anyOf"), json_copy(actions));
    json_put(out, TEXT("if"), any);
    json_put(out, TEXT("else"), otherwise);
    return out;
}

static struct json *chosen_object(const struct choice *choice)
{
    const struct fields *common = fields_of(choice->common);
    struct json *properties = json_object();
    struct json *rules = schema_list(missing_action(choice));
    struct json *out = schema_object();

    for (uint32_t i = 0; i < common->count; i++) {
        if ((common->items[i].flags & FIELD_REQUIRED) != 0) {
            json_put(properties, text_of(common->items[i].key),
                     schema_property(choice->common, &common->items[i]));
        }
    }
    for (uint32_t i = 0; i < choice->count; i++) {
        const struct field *action = action_row(choice->variants[i]);

        if (action != NULL) {
            json_put(properties, text_of(action->key),
                     quiet(schema_property(choice->variants[i], action)));
            json_push(rules, rule_of(choice, i));
        }
    }
    put_quietly(properties, common);
    for (uint32_t i = 0; i < choice->count; i++) {
        put_quietly(properties, fields_of(choice->variants[i]));
    }
    json_put(out, TEXT("properties"), properties);
    schema_add_required(out, choice->common);
    json_put(out, TEXT("allOf"), rules);
    return out;
}

struct json *schema_step(void)
{
    enum object actions[OBJECT_ACTIONS_END - OBJECT_REQUEST];
    struct choice choice = {.common = OBJECT_STEP, .variants = actions};

    for (enum object i = OBJECT_REQUEST; i < OBJECT_ACTIONS_END; i++) {
        actions[choice.count++] = i;
    }
    return chosen_object(&choice);
}

struct json *schema_undo(void)
{
    static const enum object actions[] = {OBJECT_UNDO_REQUEST, OBJECT_EMIT, OBJECT_UNDO_BLOCK};
    struct choice choice = {.common = OBJECT_UNDO, .variants = actions, .count = 3};

    return chosen_object(&choice);
}
