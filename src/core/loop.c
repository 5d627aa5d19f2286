/* `for`: the same list for every item, some of them side by side. */
#include "base/limits.h"
#include "core/waiting.h"

static struct json *batches_of(const struct json *items, uint32_t batch)
{
    struct json *batches = json_array();
    size_t count = json_count(items);

    for (size_t i = 0; i < count; i += batch) {
        struct json *one = json_array();

        for (size_t k = i; k < count && k < i + batch; k++) {
            json_push(one, json_copy(json_at(items, k)));
        }
        json_push(batches, one);
    }
    return batches;
}

/* The items, the caller's; NULL with an error. */
static struct json *items_of(struct decision *d, uint32_t scope, const struct step *step,
                             struct json **error)
{
    struct sight sight = {.scope = scope, .step = step, .attempt = 1};
    struct json *items = NULL;
    struct json *batches;
    struct error err = {0};

    if (scope_eval(d, step->loop->in, &sight, &items, &err) != STATUS_OK) {
        *error = problem_expression(d, step, 1, &err);
        return NULL;
    }
    if (json_kind(items) != JSON_ARRAY || json_count(items) > LOOP_ITEMS_MAX) {
        *error = problem_of_step(d, step, 1, "expression",
                                 json_kind(items) != JSON_ARRAY ? "'in' needs an array"
                                                                : "'in' gives too many items");
        json_free(items);
        return NULL;
    }
    if (step->loop->batch == 0) {
        return items;
    }
    batches = batches_of(items, step->loop->batch);
    json_free(items);
    return batches;
}

static int64_t counter(const struct frame *frame, const char *key)
{
    return json_member_int(frame->local, key, 0);
}

static struct json *results_of(const struct frame *frame)
{
    /* What was given up has none. */
    return chunks_list(block_get(frame, "results"), (uint32_t)counter(frame, "next"));
}

static void keep_result(struct frame *frame, uint32_t index, struct json *value)
{
    struct json *results = json_copy(block_get(frame, "results"));

    chunks_put(&results, index, value);
    block_put(frame, "results", results);
    block_put(frame, "done", json_integer(counter(frame, "done") + 1));
}

/* Is there to be an iteration for the item at hand? Gives an error. */
static struct json *test_while(struct decision *d, const struct frame *frame, uint32_t index,
                               bool *truth)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = 1};
    struct json *loops;
    struct error err = {0};
    enum status status;

    *truth = true;
    if (step->loop->condition == NULL) {
        return NULL;
    }
    loops = scope_loops(d, frame->parent);
    scope_put_loop(step->loop, json_at(block_get(frame, "items"), index), index, &loops);
    sight.loops = loops;
    status = scope_test(d, step->loop->condition, &sight, truth, &err);
    json_free(loops);
    return status == STATUS_OK ? NULL : problem_expression(d, step, 1, &err);
}

/* Open as many iterations as may be open. Gives an error. */
static struct json *start_items(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    uint32_t count = (uint32_t)json_count(block_get(frame, "items"));
    uint32_t next = (uint32_t)counter(frame, "next");
    uint32_t open = block_children(d, activation);

    for (; next < count && open < step->loop->parallel; next++, open++) {
        struct json *item;
        struct json *error;
        uint32_t inner;
        bool truth;

        error = test_while(d, instance_frame(d->after, activation), next, &truth);
        if (error != NULL) {
            return error;
        }
        if (!truth) {
            block_put(instance_frame(d->after, activation), "items", json_array());
            break;
        }
        frame = block_add(d, activation, (uint32_t)(step - d->flow->steps), BLOCK_ITERATION, next);
        inner = frame->activation;
        item = json_copy(json_at(block_get(instance_frame(d->after, activation), "items"), next));
        block_put(instance_frame(d->after, inner), "each", item);
        advance(d, inner, step->first_step);
    }
    block_put(instance_frame(d->after, activation), "next", json_integer(next));
    return NULL;
}

/* All started iterations have ended, and none is left to start. */
static bool is_through(const struct decision *d, const struct frame *frame)
{
    return (size_t)counter(frame, "next") >= json_count(block_get(frame, "items")) &&
           block_children(d, frame->activation) == 0;
}

/* Open what may be open; complete the for if nothing is left. Gives an error. */
static struct json *start_or_settle(struct decision *d, uint32_t activation)
{
    struct json *error = start_items(d, activation);
    const struct frame *frame = instance_find_frame(d->after, activation);

    if (error == NULL && is_through(d, frame)) {
        block_settle(d, activation, results_of(frame));
    }
    return error;
}

/* The for goes on after an iteration. Gives an error. */
static struct json *go_on(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = 1};
    struct error err = {0};
    int64_t ms = -1;

    if ((size_t)counter(frame, "next") < json_count(block_get(frame, "items"))) {
        if (span_length(d, &step->loop->pause, &sight, &ms, &err) != STATUS_OK) {
            return problem_expression(d, step, 1, &err);
        }
        if (ms > 0) {
            if (instance_timer(d->after, TIMER_PAUSE, activation) == NULL) {
                instance_arm(d->after, TIMER_PAUSE, activation, span_after(d->event->time_ms, ms));
            }
            return NULL;
        }
    }
    return start_or_settle(d, activation);
}

static void fail_loop(struct decision *d, uint32_t activation, struct json *error)
{
    const struct frame *frame = instance_find_frame(d->after, activation);

    fail_step(d, frame->parent, frame->step, activation, error);
}

struct json *loop_open(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct json *error = NULL;
    struct json *items = items_of(d, scope, at, &error);
    struct frame *frame;
    uint32_t activation;

    if (items == NULL) {
        return error;
    }
    frame = block_add(d, scope, step, BLOCK_LOOP, 0);
    activation = frame->activation;
    block_put(frame, "items", items);
    block_put(frame, "results", json_object());
    (void)result_fits(d->after, items, 0);
    error = block_arm(d, activation, TIMER_BLOCK);
    if (error == NULL) {
        error = start_or_settle(d, activation);
    }
    if (error != NULL) {
        block_clear(d, activation);
        block_close(d, activation);
    }
    return error;
}

/* What the iteration leaves. NULL with an error. */
static struct json *value_of(struct decision *d, const struct frame *frame, struct json **error)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {
        .scope = frame->activation, .step = step, .attempt = 1, .input = block_get(frame, "added")};
    struct json *value = NULL;
    struct error err = {0};

    if (step->loop->result == NULL) {
        return json_copy(sight.input);
    }
    if (scope_eval(d, step->loop->result, &sight, &value, &err) != STATUS_OK) {
        *error = problem_expression(d, step, 1, &err);
        return NULL;
    }
    return value;
}

/* The item is over all the same: if a pivot in another one is in doubt, the for stands, and may go on. */
static void fail_without_result(struct decision *d, uint32_t activation, struct json *error)
{
    const struct frame *item = instance_find_frame(d->after, activation);
    uint32_t outer = item->parent;
    uint32_t index = item->index;
    struct json *kept = json_object();

    json_put(kept, TEXT("error"), json_copy(error));
    fail_loop(d, outer, error);
    if (instance_find_frame(d->after, activation) == NULL) {
        json_free(kept);
        return;
    }
    block_close(d, activation);
    keep_result(instance_frame(d->after, outer), index, kept);
}

void loop_item_done(struct decision *d, uint32_t activation)
{
    const struct frame *item = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[item->step];
    uint32_t outer = item->parent;
    uint32_t index = item->index;
    struct json *error = NULL;
    struct json *value;
    struct frame *frame;

    if (block_is_settled(d, outer)) {
        block_close(d, activation);
        block_settle(d, outer, NULL);
        return;
    }
    value = value_of(d, item, &error);
    if (value != NULL && !result_fits(d->after, value, 0)) {
        json_free(value);
        value = NULL;
        error = problem_of_step(d, step, 1, "runtime", "the state of the run would be too large");
    }
    if (value == NULL) {
        fail_without_result(d, activation, error);
        return;
    }
    effect_decide(d->effects, "%.*s: item %u done", TEXT_ARG(step->name), index);
    block_close(d, activation);
    frame = instance_frame(d->after, outer);
    keep_result(frame, index, value);
    if ((step->join == JOIN_FIRST || step->join == JOIN_RACE || step->join == JOIN_COUNT) &&
        counter(frame, "done") >= (step->join == JOIN_COUNT ? step->join_count : 1)) {
        block_settle(d, outer, results_of(frame));
        return;
    }
    error = go_on(d, outer);
    if (error != NULL) {
        fail_loop(d, outer, error);
    }
}

/* Do enough items remain for what the join needs? */
static bool can_spare(const struct step *step, const struct frame *frame)
{
    size_t failed = json_count(block_get(frame, "lost")) + 1;
    size_t need = step->join == JOIN_COUNT ? step->join_count : 1;

    return (step->join == JOIN_FIRST || step->join == JOIN_COUNT) &&
           json_count(block_get(frame, "items")) >= failed + need;
}

struct json *loop_item_failed(struct decision *d, uint32_t activation, struct json *error)
{
    const struct frame *item = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[item->step];
    uint32_t outer = item->parent;
    uint32_t index = item->index;
    struct frame *frame = instance_frame(d->after, outer);
    bool spare = can_spare(step, frame);
    bool is_settled = block_is_settled(d, outer);
    struct json *failure;

    if ((!step->loop->collect && !spare && !is_settled) ||
        fail_stick_undecided(d, activation, error)) {
        return error;
    }
    effect_decide(d->effects, "%.*s: item %u failed, kept beside the results: %s",
                  TEXT_ARG(step->name), index, problem_text(d, error));
    block_lose(d, activation);
    if (is_settled) {
        json_free(error);
        block_settle(d, outer, NULL);
        return NULL;
    }
    if (step->loop->collect) {
        struct json *kept = json_object();

        json_put(kept, TEXT("error"), error);
        keep_result(instance_frame(d->after, outer), index, kept);
    } else {
        json_free(error);
    }
    failure = go_on(d, outer);
    if (failure != NULL) {
        fail_loop(d, outer, failure);
    }
    return NULL;
}

void loop_resume(struct decision *d, uint32_t activation)
{
    struct json *error = start_or_settle(d, activation);

    if (error != NULL) {
        fail_loop(d, activation, error);
    }
}
