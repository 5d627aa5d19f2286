/* `fork`: branches side by side, and when they are enough. */
#include "core/decision.h"

struct json *fork_open(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    uint32_t activation = block_add(d, scope, step, BLOCK_FORK, 0)->activation;
    struct json *error = block_arm(d, activation, TIMER_BLOCK);

    if (error != NULL) {
        block_close(d, activation);
        return error;
    }
    block_put(instance_frame(d->after, activation), "done", json_object());
    for (uint32_t i = 0; i < at->branch_count; i++) {
        uint32_t branch = block_add(d, activation, step, BLOCK_BRANCH, i)->activation;

        advance(d, branch, at->branches[i].first_step);
    }
    return NULL;
}

/* What the branches gave, in the order in which the flow names them. */
static struct json *results_of(const struct step *step, const struct json *done)
{
    struct json *results = json_object();

    for (uint32_t i = 0; i < step->branch_count; i++) {
        const struct json *value = json_get(done, step->branches[i].name);

        if (value != NULL) {
            json_put(results, step->branches[i].name, json_copy(value));
        }
    }
    return results;
}

void fork_branch_done(struct decision *d, uint32_t activation)
{
    const struct frame *branch = instance_find_frame(d->after, activation);
    uint32_t outer = branch->parent;
    uint32_t index = branch->index;
    const struct step *step = &d->flow->steps[branch->step];
    struct text name = step->branches[index].name;
    struct json *added = json_copy(block_get(branch, "added"));
    struct frame *fork;
    struct json *done;

    effect_decide(d->effects, "%.*s: branch %.*s done", TEXT_ARG(step->name), TEXT_ARG(name));
    block_close(d, activation);
    if (block_is_settled(d, outer)) {
        json_free(added);
        block_settle(d, outer, NULL);
        return;
    }
    fork = instance_frame(d->after, outer);
    if (step->join == JOIN_FIRST || step->join == JOIN_RACE) {
        struct json *result = json_object();

        json_put_text(result, "which", name);
        json_put(result, TEXT("value"), added);
        block_settle(d, outer, result);
        return;
    }
    done = json_open_copy(block_get(fork, "done"));
    json_put(done, name, added);
    block_put(fork, "done", done);
    if (step->join == JOIN_COUNT ? json_count(done) >= step->join_count
                                 : json_count(done) == step->branch_count) {
        block_settle(d, outer, results_of(step, done));
    }
}

struct json *fork_branch_failed(struct decision *d, uint32_t activation, struct json *error)
{
    const struct frame *branch = instance_find_frame(d->after, activation);
    const struct frame *fork = instance_find_frame(d->after, branch->parent);
    const struct step *step = &d->flow->steps[fork->step];
    uint32_t lost = (uint32_t)json_count(block_get(fork, "lost")) + 1;
    uint32_t need = step->join == JOIN_FIRST ? 1 : step->join_count;
    uint32_t outer = fork->activation;
    bool is_settled = block_is_settled(d, outer);

    if (!is_settled &&
        (step->join == JOIN_ALL || step->join == JOIN_RACE || step->branch_count - lost < need)) {
        return error;
    }
    if (fail_stick_undecided(d, activation, error)) {
        return error;
    }
    effect_decide(d->effects, "%.*s: branch %.*s failed, set aside: %s", TEXT_ARG(step->name),
                  TEXT_ARG(step->branches[branch->index].name), problem_text(d, error));
    json_free(error);
    block_lose(d, activation);
    if (is_settled) {
        block_settle(d, outer, NULL);
    }
    return NULL;
}

void fork_unwound(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    struct json *result = json_copy(block_get(frame, "result"));
    struct frame was = *frame;

    was.error = NULL;
    was.local = NULL;
    block_close(d, activation);
    advance_done(d, &was, result);
    json_free(result);
}
