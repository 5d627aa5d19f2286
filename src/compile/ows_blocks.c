/* Tasks of the standard's grammar that hold others: do, for, fork, switch. */
#include "compile/ows.h"

static struct text below(struct ows *ows, const char *member)
{
    return ows_printf(ows, "%.*s/%s", TEXT_ARG(ows->task->pointer), member);
}

bool ows_do(struct ows *ows, struct node *step)
{
    struct node *list = ows_tasks(ows, ows->task->action->value, below(ows, "do"), false);

    ows_put(ows, step, "do", list);
    return list != NULL;
}

/* `{items, index}` under `name`. */
static struct node *loop_state(struct ows *ows, const struct node *at, struct text items,
                               struct text index)
{
    struct node *state = ows_map(ows, at);

    ows_put(ows, state, "items", ows_embrace(ows, at, items));
    ows_put(ows, state, "index", ows_embrace(ows, at, index));
    return state;
}

static struct text loop_name(const struct node *loop, const char *key, const char *standard)
{
    const struct node *name = node_get(loop, key);

    return name == NULL ? text_of(standard) : name->text;
}

/* The turn: the tasks for one item, with the next item after them. Then again. */
static struct node *loop_turn(struct ows *ows, const struct node *loop, struct text place)
{
    const struct node *node = ows->task->node;
    const struct node *condition = node_get(node, "while");
    struct text input = ows->meanings[OWS_INPUT];
    struct text more = ows_printf(ows, "$data.%.*s.index < ($data.%.*s.items | length)",
                                  TEXT_ARG(place), TEXT_ARG(place));
    struct text name = ows_name(ows, ows_printf(ows, "%.*s_turn", TEXT_ARG(ows->task->step)));
    struct node *turn = ows_step(ows, loop, name);
    struct node *tasks;

    if (condition != NULL) {
        struct text test;

        if (ows->task->saves) {
            ows->meanings[OWS_INPUT] = ows_printf(ows, "$data.in_%.*s", TEXT_ARG(ows->task->step));
        }
        test = ows_source(ows, condition, OWS_HERE);
        ows->meanings[OWS_INPUT] = input;
        if (test.bytes == 0) {
            return NULL;
        }
        more = ows_printf(ows, "(%.*s) and (%.*s)", TEXT_ARG(more), TEXT_ARG(test));
    }
    tasks = ows_tasks(ows, node_get(node, "do"), below(ows, "do"), true);
    if (tasks == NULL) {
        return NULL;
    }
    ows_push(ows, tasks,
             ows_set(ows, loop, "next", place.data,
                     loop_state(ows, loop, ows_printf(ows, "$data.%.*s.items", TEXT_ARG(place)),
                                ows_printf(ows, "$data.%.*s.index + 1", TEXT_ARG(place)))));
    ows_put(ows, turn, "if", ows_text(ows, loop, more));
    ows_put(ows, turn, "do", tasks);
    ows_put(ows, turn, "then", ows_text(ows, loop, name));
    return turn;
}

/* What one turn leaves is what the next begins with, which a `for` of ours would not do. */
bool ows_for(struct ows *ows, struct node *step)
{
    static const char *const keys[] = {"each", "in", "at", NULL};
    const struct node *loop = ows->task->action->value;
    struct text place = ows_printf(ows, "for_%.*s", TEXT_ARG(ows->task->step));
    struct expr_scope around = ows->scope;
    struct node *list = ows_array(ows, loop);
    struct node *turn;
    struct text in;

    if (!ows_keys(ows, loop, "for", keys)) {
        return false;
    }
    if (node_get(loop, "in") == NULL || node_get(ows->task->node, "do") == NULL) {
        diagnostics_error(ows->checker->diagnostics, "F102", node_place(loop),
                          "missing required '%s' in for",
                          node_get(loop, "in") == NULL ? "in" : "do");
        return false;
    }
    in = ows_source(ows, node_get(loop, "in"), OWS_HERE);
    if (in.bytes == 0) {
        return false;
    }
    ows_push(ows, list,
             ows_set(ows, loop, "begin", place.data, loop_state(ows, loop, in, TEXT("0"))));
    ows_know(
        ows, loop, loop_name(loop, "each", "item"),
        ows_printf(ows, "$data.%.*s.items[$data.%.*s.index]", TEXT_ARG(place), TEXT_ARG(place)));
    ows_know(ows, loop, loop_name(loop, "at", "index"),
             ows_printf(ows, "$data.%.*s.index", TEXT_ARG(place)));
    turn = loop_turn(ows, loop, place);
    ows->scope = around;
    ows_push(ows, list, turn);
    ows_push(ows, list,
             ows_set(ows, loop, "done", place.data, ows_embrace(ows, loop, TEXT("null"))));
    ows_put(ows, step, "do", list);
    return turn != NULL;
}

/* One task, as the list of a branch. */
static struct node *branch_list(struct ows *ows, const struct node *item, struct text pointer,
                                uint32_t index)
{
    struct node *one = ows_array(ows, item);

    ows_push(ows, one, item);
    ows->index = index;
    return ows_tasks(ows, one, pointer, false);
}

/* A branch has its data, unless it left that as it was. */
static struct text branch_data(struct ows *ows, const char *of)
{
    return ows_printf(ows, "(%s | if . != null and has(\"data\") then .data else %s end)", of,
                      "$data.data");
}

static struct node *branches_of(struct ows *ows, const struct node *list, struct text *all)
{
    struct node *branches = ows_map(ows, list);

    for (uint32_t i = 0; i < list->count; i++) {
        struct text pointer = ows_printf(ows, "%.*s/fork/branches", TEXT_ARG(ows->task->pointer));
        struct text name = ows_printf(ows, "b%u", i + 1);
        struct node *steps = branch_list(ows, list->items[i], pointer, i);

        if (steps == NULL) {
            return NULL;
        }
        ows_put(ows, branches, name.data, steps);
        *all = ows_printf(ows, "%.*s%s%.*s", TEXT_ARG(*all), i == 0 ? "" : ", ",
                          TEXT_ARG(branch_data(ows, ows_printf(ows, ".b%u", i + 1).data)));
    }
    return branches;
}

bool ows_fork(struct ows *ows, struct node *step)
{
    static const char *const keys[] = {"branches", "compete", NULL};
    const struct node *fork = ows->task->action->value;
    const struct node *list = node_get(fork, "branches");
    const struct node *compete = node_get(fork, "compete");
    bool races = compete != NULL && compete->kind == NODE_BOOL && compete->truth;
    struct text all = TEXT("");
    bool around = ows->in_fork;
    struct node *made;
    struct node *branches;

    if (!ows_keys(ows, fork, "fork", keys)) {
        return false;
    }
    if (list == NULL || list->kind != NODE_LIST || list->count == 0) {
        expected(ows->checker, list == NULL ? fork : list, "a list of branches");
        return false;
    }
    ows->in_fork = true;
    branches = branches_of(ows, list, &all);
    ows->in_fork = around;
    if (branches == NULL) {
        return false;
    }
    made = ows_map(ows, fork);
    ows_put(ows, made, "join", ows_text(ows, fork, races ? TEXT("race") : TEXT("all")));
    ows_put(ows, made, "branches", branches);
    ows_put(ows, step, "fork", made);
    return ows_result(
        ows, step, races ? branch_data(ows, ".value") : ows_printf(ows, "[%.*s]", TEXT_ARG(all)));
}

static struct node *case_of(struct ows *ows, const struct node *node)
{
    static const char *const keys[] = {"when", "then", NULL};
    const struct node *when = node_get(node, "when");
    const struct node *then = node_get(node, "then");
    struct node *made = ows_map(ows, node);

    if (!ows_keys(ows, node, "case", keys)) {
        return NULL;
    }
    if (then == NULL) {
        diagnostics_error(ows->checker->diagnostics, "F102", node_place(node),
                          "missing required 'then' in case");
        return NULL;
    }
    if (when != NULL) {
        ows_put(ows, made, "when", ows_expr(ows, when, OWS_HERE));
    }
    ows_put(ows, made, "then", ows_directive(ows, then));
    return made->count == (when == NULL ? 1 : 2) ? made : NULL;
}

/* The case without a condition may stand anywhere; ours is the last. */
bool ows_switch(struct ows *ows, struct node *step)
{
    const struct node *list = ows->task->action->value;
    struct node *cases = ows_array(ows, list);
    struct node *otherwise = NULL;
    bool good = true;

    if (ows->task->wraps) {
        ows_refuse(ows, ows->task->action->key,
                   "input, output, export or timeout of a 'switch', which leaves data as it is");
        return false;
    }
    if (list->kind != NODE_LIST || list->count == 0) {
        expected(ows->checker, list, "a list of cases");
        return false;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct node *item = list->items[i];
        struct node *made;

        if (item->kind != NODE_MAP || item->count != 1) {
            expected(ows->checker, item, "a case, that is a map from its name to when and then");
            return false;
        }
        made = case_of(ows, item->pairs[0].value);
        good = made != NULL && good;
        if (made != NULL && node_pair(made, "when") == NULL) {
            if (otherwise != NULL) {
                ows_refuse(ows, item, "a second case without 'when'");
                return false;
            }
            otherwise = made;
        } else {
            ows_push(ows, cases, made);
        }
    }
    ows_push(ows, cases, otherwise);
    ows_put(ows, step, "switch", cases);
    return good;
}
