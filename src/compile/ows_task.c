/* Lists of tasks of the standard's grammar: how each is laid out, its input, output and export. */
#include "compile/ows.h"

static const char *const actions[] = {"call",  "do",  "emit", "for",    "fork", "listen",
                                      "raise", "run", "set",  "switch", "try",  "wait"};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

bool ows_result(struct ows *ows, struct node *step, struct text raw)
{
    const struct node *as = node_get(node_get(ows->task->node, "output"), "as");
    const struct node *at = ows->task->key;
    struct node *keep = NULL;

    ows_put(ows, step, "as", ows_text(ows, at, TEXT("data")));
    if (as != NULL && !ows_mentions(as, "output")) {
        keep = ows_either(ows, as, raw);
        if (keep == NULL) {
            return false;
        }
    } else if (raw.bytes > 0) {
        keep = ows_embrace(ows, at, raw);
    }
    ows_put(ows, step, "keep", keep);
    return true;
}

static bool action_step(struct ows *ows, struct node *step, struct node *list)
{
    const struct ows_task *task = ows->task;
    struct text action = task->action->key->text;
    const struct node *value = task->action->value;

    if (text_is(action, "set")) {
        struct node *set = ows_map(ows, value);

        ows_put(ows, set, "data", ows_template(ows, value, OWS_HERE));
        ows_put(ows, step, "set", set);
        ows_put(ows, step, "replace", ows_bool(ows, value, true));
        return set->count > 0;
    }
    if (text_is(action, "wait")) {
        struct node *span = ows_duration(ows, value);

        ows_put(ows, step, "wait", span);
        return span != NULL;
    }
    if (text_is(action, "call")) {
        return ows_call(ows, step);
    }
    if (text_is(action, "do")) {
        return ows_do(ows, step);
    }
    if (text_is(action, "emit")) {
        return ows_emit(ows, step, list);
    }
    if (text_is(action, "for")) {
        return ows_for(ows, step);
    }
    if (text_is(action, "fork")) {
        return ows_fork(ows, step);
    }
    if (text_is(action, "listen")) {
        return ows_listen(ows, step);
    }
    if (text_is(action, "raise")) {
        return ows_raise(ows, step);
    }
    if (text_is(action, "run")) {
        return ows_run(ows, step);
    }
    return text_is(action, "switch") ? ows_switch(ows, step) : ows_try(ows, step);
}

bool ows_keeps_input(const struct node *task)
{
    const struct node *as = node_get(node_get(task, "output"), "as");

    return as != NULL && as->kind == NODE_TEXT &&
           (text_is(as->text, "$input") || text_is(as->text, "${ $input }"));
}

/* An event of a topic that leaves the data as it is: one step does. */
static bool only_sends(const struct node *node)
{
    const struct node *event = node_get(node_get(node, "emit"), "event");
    const struct node *source = node_get(node_get(event, "with"), "source");

    return source != NULL && node_is_scalar(source) &&
           text_starts(source->text, TEXT("kafka://")) && ows_keeps_input(node);
}

/* What output.as and export.as do after the step; the kept input is forgotten with the last. */
static bool finish_task(struct ows *ows, struct node *list)
{
    const struct ows_task *task = ows->task;
    const struct node *as = node_get(node_get(task->node, "output"), "as");
    const struct node *export = node_get(node_get(task->node, "export"), "as");
    struct text kept = ows_printf(ows, "in_%.*s", TEXT_ARG(task->step));
    struct text input = ows->meanings[OWS_INPUT];
    struct node *last = NULL;
    bool good = true;

    if (task->saves) {
        ows->meanings[OWS_INPUT] = ows_printf(ows, "$data.%.*s", TEXT_ARG(kept));
    }
    ows->meanings[OWS_OUTPUT] = OWS_HERE;
    if (as != NULL && !only_sends(task->node) && (!task->gives || ows_mentions(as, "output"))) {
        last = ows_set(ows, as, "out", "data", ows_either(ows, as, OWS_HERE));
        good = last != NULL;
        ows_push(ows, list, last);
    }
    if (export != NULL) {
        last = ows_set(ows, export, "export", "context", ows_either(ows, export, OWS_HERE));
        good = last != NULL && good;
        ows_push(ows, list, last);
    }
    if (task->saves && last != NULL) {
        struct node *set = (struct node *)(uintptr_t)node_get(last, "set");

        ows_put(ows, set, kept.data, ows_embrace(ows, task->key, TEXT("null")));
    }
    ows->meanings[OWS_OUTPUT] = (struct text){0};
    ows->meanings[OWS_INPUT] = input;
    return good;
}

static bool wrapped_task(struct ows *ows, struct node *block)
{
    const struct ows_task *task = ows->task;
    const struct node *from = node_get(node_get(task->node, "input"), "from");
    struct node *list = ows_array(ows, task->key);
    struct node *step = ows_step(ows, task->key, task->step);
    bool good = true;

    if (from != NULL) {
        struct node *set = ows_set(ows, from, "from", "data", ows_either(ows, from, OWS_HERE));

        good = set != NULL;
        ows_push(ows, list, set);
    }
    if (task->saves) {
        struct text kept = ows_printf(ows, "in_%.*s", TEXT_ARG(task->step));

        ows_push(ows, list,
                 ows_set(ows, task->key, "in", kept.data, ows_embrace(ows, task->key, OWS_HERE)));
    }
    good = action_step(ows, step, list) && good;
    ows_push(ows, list, step);
    good = finish_task(ows, list) && good;
    ows_put(ows, block, "do", list);
    return good;
}

static bool refuse_schemas(struct ows *ows, const struct node *node)
{
    static const char *const parts[] = {"input", "output", "export"};
    static const char *const from[] = {"from", "schema", NULL};
    static const char *const as[] = {"as", "schema", NULL};
    bool good = true;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct node *part = node_get(node, parts[i]);

        if (part == NULL) {
            continue;
        }
        good = ows_keys(ows, part, parts[i], i == 0 ? from : as) && good;
        if (i == 2 && ows->in_fork && node_pair(part, "as") != NULL) {
            ows_refuse(ows, node_pair(part, "as")->key,
                       "'export' within a 'fork', whose branches do not see each other");
            good = false;
        }
        if (node_pair(part, "schema") != NULL) {
            ows_refuse(ows, node_pair(part, "schema")->key, "validation by a schema");
            good = false;
        }
    }
    return good;
}

static struct node *translate_task(struct ows *ows, struct ows_list *list, struct ows_task *task,
                                   struct node *into)
{
    const struct ows_task *around = ows->task;
    const struct node *condition = node_get(task->node, "if");
    const struct node *then = node_get(task->node, "then");
    const struct node *timeout = node_get(task->node, "timeout");
    struct node *step;
    bool good;

    ows->task = task;
    ows->list = list;
    step = ows_step(ows, task->key, task->outer);
    good = refuse_schemas(ows, task->node);
    if (condition != NULL) {
        ows_put(ows, step, "if", ows_expr(ows, condition, OWS_HERE));
    }
    if (timeout != NULL) {
        ows_put(ows, step, "timeout", ows_timeout(ows, timeout));
    }
    if (then != NULL) {
        ows_put(ows, step, "then", ows_directive(ows, then));
    }
    if (node_get(task->own, "warnAfter") != NULL) {
        ows_put(ows, step, "warnAfter", ows_duration(ows, node_get(task->own, "warnAfter")));
    }
    if (node_get(task->own, "note") != NULL) {
        ows_put(ows, step, "note", ows_template(ows, node_get(task->own, "note"), OWS_HERE));
    }
    good = (task->wraps ? wrapped_task(ows, step) : action_step(ows, step, into)) && good;
    ows->list = list;
    ows->task = around;
    return good ? step : NULL;
}

/* May `timeout` stand on its step, and mean the whole of it? */
static bool takes_timeout(struct text action)
{
    return text_is(action, "listen") || text_is(action, "run") || text_is(action, "do") ||
           text_is(action, "fork") || text_is(action, "for") || text_is(action, "try");
}

static bool mentions_input(const struct node *node)
{
    return ows_mentions(node_get(node_get(node, "output"), "as"), "input") ||
           ows_mentions(node_get(node_get(node, "export"), "as"), "input");
}

static bool says_no(const struct node *node)
{
    return node != NULL && node->kind == NODE_BOOL && !node->truth;
}

/* How the task is laid out, which `then` has to know before it is read. */
static void plan_task(struct ows *ows, struct ows_task *task)
{
    const struct node *node = task->node;
    struct text action = task->action->key->text;
    const struct node *as = node_get(node_get(node, "output"), "as");
    bool export = node_get(node_get(node, "export"), "as") != NULL;
    bool after = as != NULL && !only_sends(node);
    bool ours = node_pair(task->own, "ours") != NULL;

    task->gives = text_is(action, "call") || text_is(action, "fork") || text_is(action, "listen") ||
                  (text_is(action, "run") && !says_no(node_get(node_get(node, "run"), "await")));
    if (task->gives) {
        after = ows_mentions(as, "output");
    }
    task->saves = ((after || export) && mentions_input(node)) ||
                  (text_is(action, "try") && !ours) ||
                  (text_is(action, "for") && ows_mentions(node_get(node, "while"), "input"));
    task->wraps = after || export || task->saves ||
                  node_get(node_get(node, "input"), "from") != NULL ||
                  (text_is(action, "emit") && !only_sends(node)) ||
                  (node_get(node, "timeout") != NULL && !takes_timeout(action));
    task->step = ows_name(ows, task->key->text);
    task->outer = task->wraps ? ows_name(ows, ows_printf(ows, "%.*s_task", TEXT_ARG(task->step)))
                              : task->step;
}

/* The pair that says what the task does. */
static const struct pair *find_action(struct ows *ows, const struct node *key,
                                      const struct node *node)
{
    static const char *const known[] = {
        "call",    "do",     "emit",     "for",  "fork",  "listen", "raise",   "run",
        "set",     "switch", "try",      "wait", "if",    "input",  "output",  "export",
        "timeout", "then",   "metadata", "with", "catch", "while",  "foreach", NULL};
    const struct pair *found = NULL;

    if (!ows_keys(ows, node, "task", known)) {
        return NULL;
    }
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        const struct pair *pair = node_pair(node, actions[i]);

        if (pair == NULL || (text_is(pair->key->text, "do") && node_pair(node, "for") != NULL)) {
            continue;
        }
        if (found != NULL) {
            diagnostics_error(ows->checker->diagnostics, "F107", node_place(pair->key),
                              "two actions: '%.*s' and '%.*s'", TEXT_ARG(found->key->text),
                              TEXT_ARG(pair->key->text));
            return NULL;
        }
        found = pair;
    }
    if (found == NULL) {
        diagnostics_error(
            ows->checker->diagnostics, "F106", node_place(key),
            "task '%.*s' has no action: say one of call, do, emit, for, fork, listen, "
            "raise, run, set, switch, try, wait",
            TEXT_ARG(key->text));
    }
    return found;
}

/* What a task has of ours. What an export says there and nobody reads would be lost. */
static bool knows_own(struct ows *ows, const struct node *own)
{
    static const char *const known[] = {"ours", "rollback", "retry", "end", "warnAfter", "note"};
    bool good = own->kind == NODE_MAP;

    for (uint32_t i = 0; good && i < own->count; i++) {
        const struct node *key = own->pairs[i].key;
        bool found = false;

        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
            found = found || text_is(key->text, known[k]);
        }
        if (!found) {
            ows_refuse(ows, key, "'%.*s' of metadata.baton", TEXT_ARG(key->text));
            good = false;
        }
    }
    return good;
}

static bool find_task(struct ows *ows, const struct node *item, struct text pointer, uint32_t index,
                      struct ows_task *task)
{
    if (item->kind != NODE_MAP || item->count == 0 || !node_is_scalar(item->pairs[0].key)) {
        expected(ows->checker, item, "a task, that is a map from its name to what it does");
        return false;
    }
    if (item->count > 1) {
        diagnostics_error(ows->checker->diagnostics, "F112", node_place(item->pairs[1].key),
                          "two tasks in one list item: is a dash missing, or is it indented too "
                          "little?");
        return false;
    }
    task->key = item->pairs[0].key;
    task->node = item->pairs[0].value;
    task->action = find_action(ows, task->key, task->node);
    task->own = node_get(node_get(task->node, "metadata"), "baton");
    if (task->own != NULL && !knows_own(ows, task->own)) {
        return false;
    }
    task->pointer = ows_printf(ows, "%.*s/%u/%.*s", TEXT_ARG(pointer), index,
                               TEXT_ARG(task->key->text));
    return task->action != NULL;
}

static void add_exit(struct ows *ows, const struct node *at, const struct ows_list *list,
                     struct node *steps)
{
    struct node *step = ows_map(ows, at);

    if (list->exit.bytes > 0) {
        ows_put(ows, step, "step", ows_text(ows, at, list->exit));
        ows_put(ows, step, "set", ows_map(ows, at));
        ows_push(ows, steps, step);
    }
}

struct node *ows_tasks(struct ows *ows, const struct node *node, struct text pointer,
                       bool cannot_leave)
{
    struct ows_list *around = ows->list;
    struct ows_list list = {.is_root = text_is(pointer, "/do"), .cannot_leave = cannot_leave};
    struct node *steps;
    uint32_t first = ows->index;
    bool good = true;

    ows->index = 0;
    if (node == NULL || node->kind != NODE_LIST) {
        return node == NULL ? NULL : (expected(ows->checker, node, "a list of tasks"), NULL);
    }
    steps = ows_array(ows, node);
    list.tasks = arena_array(&ows->checker->arena, node->count + 1, sizeof(*list.tasks));
    for (uint32_t i = 0; i < node->count; i++) {
        struct ows_task *task = &list.tasks[list.count];

        if (find_task(ows, node->items[i], pointer, first + i, task)) {
            plan_task(ows, task);
            list.count++;
        } else {
            good = false;
        }
    }
    for (uint32_t i = 0; i < list.count; i++) {
        struct node *step = translate_task(ows, &list, &list.tasks[i], steps);

        good = step != NULL && good;
        ows_push(ows, steps, step);
    }
    add_exit(ows, node, &list, steps);
    ows->list = around;
    return good ? steps : NULL;
}
