/* What the tasks of the standard's grammar are made of: findings, names, steps, directives, durations. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compile/ows.h"

void ows_refuse(struct ows *ows, const struct node *at, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    diagnostics_error(ows->checker->diagnostics, "F114", node_place(at),
                      "not supported by this engine: %s", text);
}

static void report_key(struct ows *ows, const struct node *key, const char *what,
                       const char *const *keys)
{
    struct text nearest = {0};
    uint32_t best = UINT32_MAX;

    for (size_t i = 0; keys[i] != NULL; i++) {
        if (fields_is_near(key->text, text_of(keys[i]), &best)) {
            nearest = text_of(keys[i]);
        }
    }
    diagnostics_error(ows->checker->diagnostics, "F101", node_place(key),
                      "unknown key '%.*s' in %s%s", TEXT_ARG(key->text), what,
                      did_you_mean(ows->checker, nearest));
}

bool ows_keys(struct ows *ows, const struct node *map, const char *what, const char *const *keys)
{
    if (map->kind != NODE_MAP) {
        expected(ows->checker, map, "a map");
        return false;
    }
    for (uint32_t i = 0; i < map->count; i++) {
        const struct node *key = map->pairs[i].key;
        bool known = false;

        for (size_t k = 0; keys[k] != NULL && !known; k++) {
            known = node_is_scalar(key) && text_is(key->text, keys[k]);
        }
        if (!known && !map->pairs[i].repeated) {
            report_key(ows, key, what, keys);
        }
    }
    return true;
}

struct text ows_name(struct ows *ows, struct text wanted)
{
    struct text base = arena_text(&ows->checker->arena, wanted);
    char *bytes = arena_alloc(&ows->checker->arena, wanted.bytes + 2);
    struct text name;

    memcpy(bytes, base.data, base.bytes);
    base = (struct text){bytes, base.bytes};
    for (size_t i = 0; i < base.bytes; i++) {
        if (!is_identifier(text_sub(base, i, 1)) && (bytes[i] < '0' || bytes[i] > '9')) {
            bytes[i] = '_';
        }
    }
    if (!is_identifier(base) || text_is(base, "continue") || text_is(base, "end") ||
        text_is(base, "any") || text_is(base, "all")) {
        memmove(bytes + 1, bytes, base.bytes);
        bytes[0] = '_';
        base.bytes++;
    }
    name = base;
    for (uint32_t i = 2; map_get(&ows->taken, name) != NULL; i++) {
        name = ows_printf(ows, "%.*s_%u", TEXT_ARG(base), i);
    }
    map_put(&ows->taken, name, bytes);
    return name;
}

struct node *ows_step(struct ows *ows, const struct node *at, struct text name)
{
    struct node *step = ows_map(ows, at);

    ows_put(ows, step, "step", ows_text(ows, at, name));
    if (ows->task != NULL) {
        ows_put(ows, step, "reference", ows_text(ows, at, ows->task->pointer));
    }
    return step;
}

struct node *ows_set(struct ows *ows, const struct node *at, const char *suffix, const char *key,
                     const struct node *value)
{
    struct node *step;
    struct node *set;

    if (value == NULL) {
        return NULL;
    }
    step = ows_step(ows, at,
                    ows_name(ows, ows_printf(ows, "%.*s_%s", TEXT_ARG(ows->task->step), suffix)));
    set = ows_map(ows, at);
    ows_put(ows, set, key, value);
    ows_put(ows, step, "set", set);
    ows_put(ows, step, "replace", ows_bool(ows, at, true));
    return step;
}

const struct node *ows_used(struct ows *ows, const char *kind, const struct node *name)
{
    const struct node *items = node_get(node_get(ows->root, "use"), kind);

    for (uint32_t i = 0; items != NULL && items->kind == NODE_MAP && i < items->count; i++) {
        if (node_is_scalar(items->pairs[i].key) &&
            text_equal(items->pairs[i].key->text, name->text)) {
            return items->pairs[i].value;
        }
    }
    diagnostics_error(ows->checker->diagnostics, "F204", node_place(name),
                      "there is no '%.*s' in use.%s", TEXT_ARG(name->text), kind);
    return NULL;
}

struct node *ows_duration(struct ows *ows, const struct node *node)
{
    static const char *const units[] = {"days",    "hours",        "minutes",
                                        "seconds", "milliseconds", NULL};
    static const char *const letters[] = {"d", "h", "m", "s", "ms"};
    struct text made = TEXT("");
    int64_t number;

    if (node->kind == NODE_TEXT && text_starts(node->text, TEXT("${"))) {
        struct text source = ows_source(ows, node, OWS_HERE);

        return source.bytes == 0 ? NULL : ows_embrace(ows, node, source);
    }
    if (node->kind != NODE_MAP) {
        return (struct node *)(uintptr_t)node; /* Text: it is looked at as ours is. */
    }
    if (!ows_keys(ows, node, "duration", units)) {
        return NULL;
    }
    for (size_t i = 0; units[i] != NULL; i++) {
        const struct node *value = node_get(node, units[i]);

        if (value != NULL && value->kind == NODE_NUMBER && text_to_int64(value->text, &number) &&
            number >= 0) {
            made = ows_printf(ows, "%.*s%lld%s", TEXT_ARG(made), (long long)number, letters[i]);
        } else if (value != NULL) {
            expected(ows->checker, value, "a whole number");
            return NULL;
        }
    }
    return ows_text(ows, node, made.bytes == 0 ? TEXT("0s") : made);
}

struct node *ows_timeout(struct ows *ows, const struct node *node)
{
    static const char *const keys[] = {"after", NULL};

    if (node->kind == NODE_TEXT) {
        node = ows_used(ows, "timeouts", node);
    }
    if (node == NULL || !ows_keys(ows, node, "timeout", keys)) {
        return NULL;
    }
    if (node_get(node, "after") == NULL) {
        diagnostics_error(ows->checker->diagnostics, "F102", node_place(node),
                          "missing required 'after' in timeout");
        return NULL;
    }
    return ows_duration(ows, node_get(node, "after"));
}

struct node *ows_directive(struct ows *ows, const struct node *node)
{
    struct ows_list *list = ows->list;
    struct text nearest = {0};
    uint32_t best = UINT32_MAX;

    if (node->kind != NODE_TEXT) {
        expected(ows->checker, node, "continue, exit, end, or the name of a task");
        return NULL;
    }
    if (text_is(node->text, "continue") || text_is(node->text, "end")) {
        return ows_text(ows, node, node->text);
    }
    if (text_is(node->text, "exit")) {
        if (list->cannot_leave) {
            ows_refuse(ows, node, "'exit' from the items of a 'for'; say 'while' there");
            return NULL;
        }
        if (list->exit.bytes == 0 && !list->is_root) {
            list->exit = ows_name(ows, TEXT("exit"));
        }
        return ows_text(ows, node, list->is_root ? TEXT("end") : list->exit);
    }
    for (uint32_t i = 0; i < list->count; i++) {
        if (text_equal(list->tasks[i].key->text, node->text)) {
            return ows_text(ows, node, list->tasks[i].outer);
        }
        if (fields_is_near(node->text, list->tasks[i].key->text, &best)) {
            nearest = list->tasks[i].key->text;
        }
    }
    diagnostics_error(ows->checker->diagnostics, "F204", node_place(node),
                      "'then: %.*s' names no task of this list%s", TEXT_ARG(node->text),
                      did_you_mean(ows->checker, nearest));
    return NULL;
}
