#include "compile/compare.h"

#include "compile/compare_list.h"
#include "compile/compare_values.h"
#include "compile/grow.h"

static void add(struct comparison *comparison, enum change_kind kind, struct text step,
                struct text text, uint32_t line)
{
    comparison->items = grow(&comparison->arena, comparison->items, comparison->count,
                             &comparison->capacity, sizeof(*comparison->items));
    comparison->items[comparison->count++] = (struct change){
        .kind = kind,
        .step = arena_text(&comparison->arena, step),
        .text = text,
        .line = line,
        .now = kind == CHANGE_REMOVED ? TEXT("") : arena_text(&comparison->arena, step),
        .key = kind == CHANGE_REMOVED ? "do" : NULL,
    };
}

static uint32_t line_of(const struct flow *flow, struct text name)
{
    uint32_t step = flow_find_step(flow, name);

    return step == UINT32_MAX ? 0 : flow->steps[step].line;
}

static const char *action_of(const struct flow *flow, struct text name)
{
    uint32_t step = flow_find_step(flow, name);

    return step == UINT32_MAX ? "step" : step_kind_name(flow->steps[step].kind);
}

/* The step before it in the same list that the other version has too; empty: none. */
static struct text before_it(const struct listing *listing, const struct place_of_step *step,
                             const struct listing *other)
{
    struct text before = TEXT("");

    for (const struct place_of_step *at = listing->items; at < step; at++) {
        const struct place_of_step *there = list_find(other, at->name);

        if (text_equal(at->parent, step->parent) && there != NULL &&
            text_equal(there->parent, step->parent)) {
            before = at->name;
        }
    }
    return before;
}

/* One that was added, and does the same. */
static const struct place_of_step *find_renamed(const struct listing *old,
                                                const struct listing *new,
                                                const struct place_of_step *gone)
{
    for (uint32_t i = 0; i < new->count; i++) {
        if (list_find(old, new->items[i].name) == NULL &&
            values_same_but_name(gone->own, new->items[i].own)) {
            return &new->items[i];
        }
    }
    return NULL;
}

struct pair {
    struct comparison *comparison;
    const struct flow *old;
    const struct flow *new;
    struct listing old_steps;
    struct listing new_steps;
};

static void compare_place(struct pair *pair, const struct place_of_step *was,
                          const struct place_of_step *is)
{
    struct comparison *comparison = pair->comparison;
    struct text before = before_it(&pair->new_steps, is, &pair->old_steps);
    struct text text;

    if (text_equal(was->parent, is->parent) &&
        text_equal(before, before_it(&pair->old_steps, was, &pair->new_steps))) {
        return;
    }
    if (!text_equal(was->parent, is->parent)) {
        text = arena_printf(&comparison->arena, "'%.*s' stands within %s%.*s%s now",
                            TEXT_ARG(is->name), is->parent.bytes > 0 ? "'" : "the flow",
                            TEXT_ARG(is->parent), is->parent.bytes > 0 ? "'" : "");
    } else if (before.bytes > 0) {
        text = arena_printf(&comparison->arena, "'%.*s' comes after '%.*s' now", TEXT_ARG(is->name),
                            TEXT_ARG(before));
    } else {
        text = arena_printf(&comparison->arena, "'%.*s' comes first now", TEXT_ARG(is->name));
    }
    add(comparison, CHANGE_MOVED, was->name, text, line_of(pair->new, is->name));
}

struct edits {
    struct pair *pair;
    struct text step;
};

static void add_edit(void *self, struct text path, struct text was, struct text is)
{
    struct edits *edits = self;
    struct arena *arena = &edits->pair->comparison->arena;
    struct text subject = edits->step.bytes == 0
                              ? TEXT("")
                              : arena_printf(arena, "'%.*s': ", TEXT_ARG(edits->step));
    struct text text;

    if (was.bytes == 0) {
        text = arena_printf(arena, "%.*s'%.*s' is new: %.*s", TEXT_ARG(subject), TEXT_ARG(path),
                            TEXT_ARG(is));
    } else if (is.bytes == 0) {
        text = arena_printf(arena, "%.*s'%.*s' is gone (it was %.*s)", TEXT_ARG(subject),
                            TEXT_ARG(path), TEXT_ARG(was));
    } else {
        text = arena_printf(arena, "%.*s'%.*s' was %.*s, is %.*s", TEXT_ARG(subject),
                            TEXT_ARG(path), TEXT_ARG(was), TEXT_ARG(is));
    }
    add(edits->pair->comparison, CHANGE_EDITED, edits->step, text,
        edits->step.bytes == 0 ? 0 : line_of(edits->pair->new, edits->step));
}

/* What else changed with the name. */
static void compare_renamed(struct pair *pair, const struct place_of_step *was,
                            const struct place_of_step *is)
{
    struct edits edits = {pair, is->name};
    const struct value_visitor visitor = {&edits, &pair->comparison->arena, add_edit};
    struct json *before = values_nameless(was->own);
    struct json *now = values_nameless(is->own);

    values_compare(before, now, &visitor);
    json_free(before);
    json_free(now);
}

static void compare_gone(struct pair *pair, const struct place_of_step *gone)
{
    struct comparison *comparison = pair->comparison;
    const struct place_of_step *renamed = find_renamed(&pair->old_steps, &pair->new_steps, gone);

    if (renamed != NULL) {
        add(comparison, gone->of_handler ? CHANGE_EDITED : CHANGE_RENAMED, gone->name,
            arena_printf(&comparison->arena, "'%.*s' is called '%.*s'", TEXT_ARG(gone->name),
                         TEXT_ARG(renamed->name)),
            line_of(pair->new, renamed->name));
        comparison->items[comparison->count - 1].now = arena_text(&comparison->arena,
                                                                  renamed->name);
        compare_renamed(pair, gone, renamed);
        return;
    }
    add(comparison, gone->of_handler ? CHANGE_EDITED : CHANGE_REMOVED, gone->name,
        arena_printf(&comparison->arena, "'%.*s' (%s) is gone", TEXT_ARG(gone->name),
                     action_of(pair->old, gone->name)),
        0);
}

/* Another kind of action, or a request to another service: whoever waits for the reply gets none. */
static bool compare_action(struct pair *pair, const struct place_of_step *was,
                           const struct place_of_step *is)
{
    struct comparison *comparison = pair->comparison;
    struct text asked = json_member_text(was->json, "request");
    struct text asks = json_member_text(is->json, "request");
    const char *kind_was = action_of(pair->old, was->name);
    const char *kind_is = action_of(pair->new, was->name);
    struct text text;

    if (!text_is(text_of(kind_was), kind_is)) {
        text = arena_printf(&comparison->arena, "the action of '%.*s' was %s, is %s",
                            TEXT_ARG(was->name), kind_was, kind_is);
    } else if (!text_equal(asked, asks)) {
        text = arena_printf(&comparison->arena, "'%.*s' was a request to '%.*s', is one to '%.*s'",
                            TEXT_ARG(was->name), TEXT_ARG(asked), TEXT_ARG(asks));
    } else {
        return false;
    }
    add(comparison, was->of_handler ? CHANGE_EDITED : CHANGE_ACTION, was->name, text,
        line_of(pair->new, was->name));
    return true;
}

static void compare_step(struct pair *pair, const struct place_of_step *was)
{
    const struct place_of_step *is = list_find(&pair->new_steps, was->name);
    struct comparison *comparison = pair->comparison;
    struct edits edits = {pair, was->name};
    const struct value_visitor visitor = {&edits, &comparison->arena, add_edit};

    if (is == NULL) {
        compare_gone(pair, was);
        return;
    }
    compare_place(pair, was, is);
    if (compare_action(pair, was, is)) {
        return;
    }
    values_compare(was->own, is->own, &visitor);
}

static void compare_added(struct pair *pair)
{
    struct comparison *comparison = pair->comparison;

    for (uint32_t i = 0; i < pair->new_steps.count; i++) {
        const struct place_of_step *is = &pair->new_steps.items[i];
        bool is_renamed = false;

        for (uint32_t k = 0; k < pair->old_steps.count && !is_renamed; k++) {
            const struct place_of_step *was = &pair->old_steps.items[k];

            is_renamed = list_find(&pair->new_steps, was->name) == NULL &&
                         find_renamed(&pair->old_steps, &pair->new_steps, was) == is;
        }
        if (list_find(&pair->old_steps, is->name) == NULL && !is_renamed) {
            add(comparison, CHANGE_ADDED, is->name,
                arena_printf(&comparison->arena, "'%.*s' (%s) is new", TEXT_ARG(is->name),
                             action_of(pair->new, is->name)),
                line_of(pair->new, is->name));
        }
    }
}

static bool same(const struct json *a, const struct json *b)
{
    return a == NULL || b == NULL ? a == b : json_equal(a, b);
}

/* A path as it is written, anything else as JSON. */
static struct text tell_key(struct arena *arena, const struct json *key)
{
    struct text path = json_member_text(key, "path");

    return path.bytes > 0 ? arena_text(arena, path) : values_tell(arena, "key", key);
}

static struct text join_keys(struct arena *arena, const struct json *object)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text all = TEXT("");
    struct text key;

    while (json_next(object, &cursor, &key, &value)) {
        all = arena_printf(arena, "%.*s%s'%.*s'", TEXT_ARG(all), all.bytes > 0 ? ", " : "",
                           TEXT_ARG(key));
    }
    return all.bytes > 0 ? all : TEXT("none");
}

static void compare_identity(struct pair *pair, const struct json *was, const struct json *is)
{
    struct comparison *comparison = pair->comparison;
    struct json *was_topics = values_start_topics(was);
    struct json *is_topics = values_start_topics(is);

    if (!same(json_member(was, "key"), json_member(is, "key"))) {
        add(comparison, CHANGE_IDENTITY, TEXT(""),
            arena_printf(&comparison->arena, "the flow's key was %.*s, is %.*s",
                         TEXT_ARG(tell_key(&comparison->arena, json_member(was, "key"))),
                         TEXT_ARG(tell_key(&comparison->arena, json_member(is, "key")))),
            0);
        comparison->items[comparison->count - 1].key = "key";
    }
    if (!json_equal(was_topics, is_topics)) {
        add(comparison, CHANGE_IDENTITY, TEXT(""),
            arena_printf(&comparison->arena, "the start topics were %.*s, are %.*s",
                         TEXT_ARG(join_keys(&comparison->arena, was_topics)),
                         TEXT_ARG(join_keys(&comparison->arena, is_topics))),
            0);
        comparison->items[comparison->count - 1].key = "start";
    }
    json_free(was_topics);
    json_free(is_topics);
}

static struct json *parse(const struct flow *flow)
{
    struct json *json = NULL;
    struct error err;

    /* It was built from this text. */
    CHECK(json_parse(flow->definition, &json, &err) == STATUS_OK);
    return json;
}

void compare_flows(const struct flow *old, const struct flow *new, struct comparison *comparison)
{
    struct json *was = parse(old);
    struct json *is = parse(new);
    struct arena arena = {0};
    struct pair pair = {.comparison = comparison, .old = old, .new = new};
    struct edits edits = {&pair, TEXT("")};
    const struct value_visitor visitor = {&edits, &comparison->arena, add_edit};
    struct json *was_own = values_of_flow(was);
    struct json *is_own = values_of_flow(is);

    *comparison = (struct comparison){0};
    pair.old_steps = list_steps_of(&arena, was);
    pair.new_steps = list_steps_of(&arena, is);
    compare_identity(&pair, was, is);
    values_compare(was_own, is_own, &visitor);
    for (uint32_t i = 0; i < pair.old_steps.count; i++) {
        compare_step(&pair, &pair.old_steps.items[i]);
    }
    compare_added(&pair);
    list_release(&pair.old_steps);
    list_release(&pair.new_steps);
    json_free(was_own);
    json_free(is_own);
    json_free(was);
    json_free(is);
    arena_release(&arena);
}

static bool hinders(enum change_kind kind)
{
    return kind == CHANGE_REMOVED || kind == CHANGE_RENAMED || kind == CHANGE_ACTION ||
           kind == CHANGE_IDENTITY;
}

const struct change *comparison_hinders(const struct comparison *comparison, struct text step)
{
    for (uint32_t i = 0; i < comparison->count; i++) {
        const struct change *change = &comparison->items[i];

        if (hinders(change->kind) && (change->step.bytes == 0 || text_equal(change->step, step))) {
            return change;
        }
    }
    return NULL;
}

void comparison_release(struct comparison *comparison)
{
    arena_release(&comparison->arena);
    *comparison = (struct comparison){0};
}

const char *change_kind_name(enum change_kind kind)
{
    static const char *const names[] = {
        [CHANGE_ADDED] = "added",       [CHANGE_REMOVED] = "removed", [CHANGE_RENAMED] = "renamed",
        [CHANGE_ACTION] = "action",     [CHANGE_MOVED] = "moved",     [CHANGE_EDITED] = "edited",
        [CHANGE_IDENTITY] = "identity",
    };

    return names[kind];
}
