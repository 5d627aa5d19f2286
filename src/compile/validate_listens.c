/* F403: two listens that are open at once and would take each other's messages. */
#include "compile/checker.h"
#include "compile/grow.h"

struct open_listen {
    uint32_t step; /* Of a handler: the block that it belongs to, or STEP_NONE. */
    bool is_handler;
    const struct json *listen; /* Of the definition. */
    const struct json *item;   /* Of it. */
    const struct node *node;
    struct text what; /* Topic or signal. */
};

struct open_listens {
    struct open_listen *items;
    uint32_t count;
    uint32_t capacity;
};

static void collect_listen(struct checker *checker, struct open_listens *all,
                           struct open_listen one, const struct json *listen,
                           const struct node *nodes)
{
    one.listen = listen;
    for (size_t i = 0; listen != NULL; i++) {
        struct text topic;

        one.item = listen_at(listen, i, nodes, &one.node);
        if (one.item == NULL) {
            return;
        }
        topic = json_member_text(one.item, "topic");
        one.what = topic.bytes > 0 ? topic : json_member_text(one.item, "signal");
        all->items = grow(&checker->arena, all->items, all->count, &all->capacity,
                          sizeof(*all->items));
        all->items[all->count++] = one;
    }
}

/* Handlers with a finding are left out of the definition: then their places are not known. */
static void collect_handlers(struct checker *checker, struct open_listens *all, uint32_t step,
                             const struct json *handle, const struct node *nodes)
{
    if (nodes == NULL || nodes->kind != NODE_LIST || nodes->count != json_count(handle)) {
        return;
    }
    for (uint32_t i = 0; i < nodes->count; i++) {
        collect_listen(checker, all, (struct open_listen){.step = step, .is_handler = true},
                       json_member(json_at(handle, i), "listen"),
                       node_get(nodes->items[i], "listen"));
    }
}

static void collect(struct checker *checker, struct open_listens *all)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        if (step->action == OBJECT_LISTEN_STEP) {
            collect_listen(checker, all, (struct open_listen){.step = i},
                           json_member(step->json, "listen"), node_get(step->node, "listen"));
        } else if (step->action == OBJECT_DO) {
            collect_handlers(checker, all, i, json_member(step->json, "handle"),
                             node_get(step->node, "handle"));
        }
    }
}

/* The list is one of a catch: it runs when the others of its step do not any more. */
static bool is_catch_list(const struct plan *plan, const struct plan_step *around, uint32_t list)
{
    for (uint32_t i = 0; i < around->block_count; i++) {
        const struct plan_block *block = &around->blocks[i];

        if (block->is_catch && block->first != STEP_NONE &&
            plan->steps[block->first].list == list) {
            return true;
        }
    }
    return false;
}

/* The for whose items, side by side, hold both, or the fork whose branches do; else STEP_NONE. */
static uint32_t side_by_side(const struct plan *plan, uint32_t one, uint32_t other)
{
    for (uint32_t at = plan->steps[one].parent; at != STEP_NONE; at = plan->steps[at].parent) {
        const struct plan_step *around = &plan->steps[at];
        uint32_t first = plan_list_within(plan, at, one);
        uint32_t second = plan_list_within(plan, at, other);

        if (second == UINT32_MAX || is_catch_list(plan, around, first) ||
            is_catch_list(plan, around, second)) {
            continue;
        }
        if (around->action == OBJECT_FORK_STEP && first != second) {
            return at;
        }
        if (around->action == OBJECT_FOR_STEP &&
            json_member_int(json_member(around->json, "for"), "parallel", 1) > 1) {
            return at;
        }
    }
    return STEP_NONE;
}

/* A handler is open while anything within its block is. */
static bool is_around(const struct plan *plan, const struct open_listen *handler,
                      const struct open_listen *other)
{
    uint32_t step = other->step;

    if (!handler->is_handler ||
        (handler->step == STEP_NONE && step != STEP_NONE && plan->steps[step].in_failure)) {
        return false;
    }
    while (step != STEP_NONE && step != handler->step) {
        const struct plan_step *at = &plan->steps[step];

        /* In a catch of the block it has come to its end. */
        if (at->parent == handler->step && at->parent != STEP_NONE && !at->aside &&
            is_catch_list(plan, &plan->steps[at->parent], at->list)) {
            return false;
        }
        step = at->parent;
    }
    return step == handler->step;
}

/* `one` stands in what a handler or reminder does; `other` is what goes on beside that. */
static bool is_beside(const struct plan *plan, uint32_t one, uint32_t other)
{
    for (uint32_t at = one; at != STEP_NONE; at = plan->steps[at].parent) {
        const struct plan_step *step = &plan->steps[at];
        uint32_t top = other;

        if (!step->aside || step->undo_of != STEP_NONE) {
            continue;
        }
        while (top != STEP_NONE && top != step->parent && plan->steps[top].parent != step->parent) {
            top = plan->steps[top].parent;
        }
        if (top == STEP_NONE) {
            continue;
        }
        /* A reminder's own step waits; handlers of one place work one after the other. */
        if (top == step->parent ||
            (!plan->steps[top].aside && !plan->steps[top].in_failure &&
             (step->parent == STEP_NONE ||
              !is_catch_list(plan, &plan->steps[step->parent], plan->steps[top].list)))) {
            return true;
        }
    }
    return false;
}

static bool same(const struct json *a, const struct json *b)
{
    return a == b || (a != NULL && b != NULL && json_equal(a, b));
}

static bool reads(struct text source, struct text variable)
{
    for (size_t at = 0; variable.bytes > 0 && at + 1 + variable.bytes <= source.bytes; at++) {
        if (source.data[at] == '$' &&
            text_equal(text_sub(source, at + 1, variable.bytes), variable)) {
            return true;
        }
    }
    return false;
}

/* No message can be for both. */
static bool are_separate(const struct plan *plan, const struct open_listen *one,
                         const struct open_listen *other, uint32_t around)
{
    struct text type = json_member_text(one->item, "type");
    struct text type_other = json_member_text(other->item, "type");
    struct text when = json_member_text(one->item, "when");
    struct text when_other = json_member_text(other->item, "when");
    const struct json *loop = around == STEP_NONE ? NULL
                                                  : json_member(plan->steps[around].json, "for");
    struct text identity = json_member_text(json_member(one->item, "key"), "instance");

    if ((type.bytes > 0 && type_other.bytes > 0 && !text_equal(type, type_other)) ||
        !same(json_member(one->item, "key"), json_member(other->item, "key"))) {
        return true;
    }
    /* Each item of a for may listen for a value of its own. */
    if (reads(identity, json_member_text(loop, "each")) ||
        reads(identity, json_member_text(loop, "at"))) {
        return true;
    }
    if (when.bytes == 0 || when_other.bytes == 0) {
        return false;
    }
    return !text_equal(when, when_other) || reads(when, json_member_text(loop, "each")) ||
           reads(when, json_member_text(loop, "at"));
}

static void report(struct checker *checker, const struct open_listen *one,
                   const struct open_listen *other)
{
    bool is_signal = json_member(one->item, "signal") != NULL;

    if (one == other) {
        diagnostics_error(checker->diagnostics, "F403", node_place(other->node),
                          "the items of the for listen to %s '%.*s' side by side: tell them apart "
                          "by a 'when' or a key that reads the loop variable",
                          is_signal ? "signal" : "topic", TEXT_ARG(other->what));
        return;
    }
    diagnostics_error(checker->diagnostics, "F403", node_place(other->node),
                      "two listens to %s '%.*s' may be open at once: tell their messages apart by "
                      "'when' or 'type'",
                      is_signal ? "signal" : "topic", TEXT_ARG(other->what));
    diagnostics_note(checker->diagnostics, node_place(one->node), "the other one");
}

/* May both be open at once? *around is then the for or fork in which they are side by side. */
static bool are_open_at_once(const struct plan *plan, const struct open_listen *one,
                             const struct open_listen *other, uint32_t *around)
{
    *around = STEP_NONE;
    if (one != other && (is_around(plan, one, other) || is_around(plan, other, one))) {
        return true;
    }
    if (one->step == STEP_NONE || other->step == STEP_NONE) {
        return false;
    }
    *around = side_by_side(plan, one->step, other->step);
    return *around != STEP_NONE ||
           (!one->is_handler && !other->is_handler &&
            (is_beside(plan, one->step, other->step) || is_beside(plan, other->step, one->step)));
}

static bool are_of_one_listen(const struct open_listen *one, const struct open_listen *other)
{
    return one != other && one->listen == other->listen;
}

static bool are_about_the_same(const struct open_listen *one, const struct open_listen *other)
{
    return text_equal(one->what, other->what) && (json_member(one->item, "signal") == NULL) ==
                                                     (json_member(other->item, "signal") == NULL);
}

void validate_listens(struct checker *checker, const struct node *root, const struct json *flow)
{
    struct open_listens all = {0};

    collect(checker, &all);
    collect_handlers(checker, &all, STEP_NONE, json_member(flow, "handle"),
                     node_get(root, "handle"));
    for (uint32_t i = 0; i < all.count; i++) {
        for (uint32_t k = 0; k <= i; k++) {
            const struct open_listen *one = &all.items[k];
            const struct open_listen *other = &all.items[i];
            uint32_t around;

            if (are_about_the_same(one, other) && !are_of_one_listen(one, other) &&
                are_open_at_once(&checker->plan, one, other, &around) &&
                !are_separate(&checker->plan, one, other, around)) {
                report(checker, one, other);
                break;
            }
        }
    }
}
