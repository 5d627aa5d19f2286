#include "compile/compare_values.h"

#include "base/duration.h"

#define TOLD_BYTES_MAX 70u

static bool is_one_of(struct text name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (text_is(name, *names)) {
            return true;
        }
    }
    return false;
}

static bool is_duration(struct text key)
{
    static const char *const keys[] = {"timeout", "warnAfter", "early",  "remember", "keep",
                                       "delay",   "max",       "total",  "wait",     "pause",
                                       "minus",   "per",       "within", "openFor",  NULL};

    return is_one_of(key, keys);
}

struct text values_tell(struct arena *arena, const char *key, const struct json *value)
{
    struct buffer out = {0};
    char span[TIME_TEXT_BYTES];
    struct text text;
    int64_t ms;

    if (value == NULL) {
        return TEXT("absent");
    }
    if (is_duration(text_of(key)) && json_kind(value) == JSON_NUMBER && json_int64(value, &ms)) {
        duration_format(ms, span);
        return arena_text(arena, text_of(span));
    }
    json_write(value, &out);
    text = buffer_text(&out);
    if (text.bytes > TOLD_BYTES_MAX) {
        size_t cut = TOLD_BYTES_MAX;

        /* Not within a character. */
        while (cut > 0 && ((unsigned char)text.data[cut] & 0xC0u) == 0x80u) {
            cut--;
        }
        text = arena_printf(arena, "%.*s...", (int)cut, text.data);
    } else {
        text = arena_text(arena, text);
    }
    buffer_release(&out);
    return text;
}

static struct text tell(const struct value_visitor *visitor, struct text key,
                        const struct json *value)
{
    struct text name = arena_text(visitor->arena, key);

    return value == NULL ? TEXT("") : values_tell(visitor->arena, name.data, value);
}

static void compare(const struct json *was, const struct json *is, struct text path,
                    const struct value_visitor *visitor);

static void compare_member(const struct json *was, const struct json *is, struct text path,
                           struct text key, const struct value_visitor *visitor)
{
    struct text inner = path.bytes == 0 ? key
                                        : arena_printf(visitor->arena, "%.*s.%.*s", TEXT_ARG(path),
                                                       TEXT_ARG(key));

    if (was != NULL && is != NULL && json_equal(was, is)) {
        return;
    }
    if (was != NULL && is != NULL && json_kind(was) == JSON_OBJECT &&
        json_kind(is) == JSON_OBJECT) {
        compare(was, is, inner, visitor);
        return;
    }
    visitor->visit(visitor->self, inner, tell(visitor, key, was), tell(visitor, key, is));
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static void compare(const struct json *was, const struct json *is, struct text path,
                    const struct value_visitor *visitor)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    while (json_next(was, &cursor, &key, &value)) {
        compare_member(value, json_get(is, key), path, key, visitor);
    }
    cursor = (struct json_cursor){0};
    while (json_next(is, &cursor, &key, &value)) {
        if (json_get(was, key) == NULL) {
            compare_member(NULL, value, path, key, visitor);
        }
    }
}

void values_compare(const struct json *was, const struct json *is,
                    const struct value_visitor *visitor)
{
    compare(was, is, TEXT(""), visitor);
}

bool values_are_step(const struct json *value)
{
    return json_kind(value) == JSON_OBJECT && json_count(value) > 1 &&
           json_member_text(value, "step").bytes > 0;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static struct json *without(const struct json *value)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct json *copy;
    struct text key;

    if (json_kind(value) == JSON_ARRAY) {
        if (json_count(value) > 0 && values_are_step(json_at(value, 0))) {
            return json_null();
        }
        copy = json_array();
        for (size_t i = 0; i < json_count(value); i++) {
            json_push(copy, without(json_at(value, i)));
        }
        return copy;
    }
    if (json_kind(value) != JSON_OBJECT) {
        return json_copy(value);
    }
    copy = json_object();
    while (json_next(value, &cursor, &key, &item)) {
        json_put(copy, key, without(item));
    }
    return copy;
}

struct json *values_without_steps(const struct json *step)
{
    return without(step);
}

/* A result goes under the step's name unless it says otherwise. */
struct json *values_nameless(const struct json *step)
{
    struct json *copy = json_open_copy(step);

    if (text_equal(json_member_text(step, "as"), json_member_text(step, "step"))) {
        json_drop(copy, TEXT("as"));
    }
    json_drop(copy, TEXT("step"));
    return copy;
}

/* Both ask the same service, or write to or wait for the same topic, with the same type. */
static bool are_alike(const struct json *a, const struct json *b)
{
    static const char *const keys[] = {"request", "emit", "listen", "run", "type", NULL};
    bool any = false;

    for (const char *const *key = keys; *key != NULL; key++) {
        const struct json *one = json_member(a, *key);
        const struct json *other = json_member(b, *key);

        if ((one == NULL) != (other == NULL) || (one != NULL && !json_equal(one, other))) {
            return false;
        }
        any = any || one != NULL;
    }
    return any;
}

bool values_same_but_name(const struct json *a, const struct json *b)
{
    struct json *one = values_nameless(a);
    struct json *other = values_nameless(b);
    bool same = json_equal(one, other) || are_alike(one, other);

    json_free(one);
    json_free(other);
    return same;
}

struct json *values_of_flow(const struct json *definition)
{
    static const char *const others[] = {"do",  "onFailure", "always", "flow", "version",
                                         "key", "info",      "format", NULL};
    struct json *copy = json_object();
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    while (json_next(definition, &cursor, &key, &value)) {
        if (!is_one_of(key, others)) {
            json_put(copy, key, without(value));
        }
    }
    return copy;
}

struct json *values_start_topics(const struct json *definition)
{
    const struct json *starts = json_member(definition, "start");
    struct json *topics = json_object();

    for (size_t i = 0; i < json_count(starts); i++) {
        struct text name = json_member_text(json_at(starts, i), "topic");

        if (name.bytes > 0) {
            json_put(topics, name, json_null());
        }
    }
    return topics;
}
