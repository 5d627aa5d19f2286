/* F403: two listens that are open at once and would take each other's messages. */
#include "compile/checker.h"
#include "compile/grow.h"

struct open_listen {
    uint32_t step;
    const struct json *item; /* Of the definition. */
    const struct node *node;
    struct text what; /* Topic or signal. */
};

struct open_listens {
    struct open_listen *items;
    uint32_t count;
    uint32_t capacity;
};

static void collect(struct checker *checker, struct open_listens *all)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];
        const struct json *listen = json_member(step->json, "listen");
        const struct json *item;
        const struct node *node;

        for (size_t k = 0;
             listen != NULL &&
             (item = listen_at(listen, k, node_get(step->node, "listen"), &node)) != NULL;
             k++) {
            struct text topic = json_member_text(item, "topic");

            all->items = grow(&checker->arena, all->items, all->count, &all->capacity,
                              sizeof(*all->items));
            all->items[all->count++] = (struct open_listen){
                i, item, node, topic.bytes > 0 ? topic : json_member_text(item, "signal")};
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

/* The list right within `around` in which `step` stands, at any depth; UINT32_MAX: in none. */
static uint32_t list_within(const struct plan *plan, uint32_t around, uint32_t step)
{
    while (step != STEP_NONE && plan->steps[step].parent != around) {
        step = plan->steps[step].parent;
    }
    return step == STEP_NONE ? UINT32_MAX : plan->steps[step].list;
}

/* The for whose items, side by side, hold both, or the fork whose branches do; else STEP_NONE. */
static uint32_t side_by_side(const struct plan *plan, uint32_t one, uint32_t other)
{
    for (uint32_t at = plan->steps[one].parent; at != STEP_NONE; at = plan->steps[at].parent) {
        const struct plan_step *around = &plan->steps[at];
        uint32_t first = list_within(plan, at, one);
        uint32_t second = list_within(plan, at, other);

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

static bool same(const struct json *a, const struct json *b)
{
    return a == b || (a != NULL && b != NULL && json_equal(a, b));
}

static bool reads(struct text source, struct text variable)
{
    for (size_t at = 0; variable.bytes > 0 && at + 1 + variable.bytes <= source.bytes; at++) {
        if (source.data[at] == '$' &&
            text_equal(text_sub(source, at + 1, at + 1 + variable.bytes), variable)) {
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
    const struct json *loop = json_member(plan->steps[around].json, "for");

    if ((type.bytes > 0 && type_other.bytes > 0 && !text_equal(type, type_other)) ||
        !same(json_member(one->item, "key"), json_member(other->item, "key"))) {
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

    if (one->step == other->step) {
        diagnostics_error(checker->diagnostics, "F403", node_place(other->node),
                          "the items of the for listen to %s '%.*s' side by side: tell them apart "
                          "by a 'when' that reads the loop variable",
                          is_signal ? "signal" : "topic", TEXT_ARG(other->what));
        return;
    }
    diagnostics_error(checker->diagnostics, "F403", node_place(other->node),
                      "two listens to %s '%.*s' may be open at once: tell their messages apart by "
                      "'when' or 'type'",
                      is_signal ? "signal" : "topic", TEXT_ARG(other->what));
    diagnostics_note(checker->diagnostics, node_place(one->node), "the other one");
}

void validate_listens(struct checker *checker)
{
    struct open_listens all = {0};

    collect(checker, &all);
    for (uint32_t i = 0; i < all.count; i++) {
        for (uint32_t k = 0; k <= i; k++) {
            const struct open_listen *one = &all.items[k];
            const struct open_listen *other = &all.items[i];
            uint32_t around;

            if (!text_equal(one->what, other->what) || (one->step == other->step && i != k) ||
                (json_member(one->item, "signal") == NULL) !=
                    (json_member(other->item, "signal") == NULL)) {
                continue;
            }
            around = side_by_side(&checker->plan, one->step, other->step);
            if (around != STEP_NONE && !are_separate(&checker->plan, one, other, around)) {
                report(checker, one, other);
                break;
            }
        }
    }
}
