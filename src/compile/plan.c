#include "compile/plan.h"

#include <string.h>

#include "base/map.h"

/* A flood over the graph; each step enters the queue once. */
struct flood {
    bool *reached;
    uint32_t *queue;
    uint32_t count;
};

/* Where the run goes when `step` is over, whether it ran (then its `then` counts) or not. */
#define PLAN_NOWHERE (UINT32_MAX - 1)

static uint32_t after(const struct plan *plan, uint32_t step, bool ran)
{
    while (step != STEP_NONE) {
        const struct plan_step *at = &plan->steps[step];

        if (ran && at->then.kind == THEN_STEP && at->then.step != STEP_NONE) {
            return at->then.step;
        }
        if (ran && at->then.kind == THEN_END) {
            return PLAN_END;
        }
        if (at->next != STEP_NONE) {
            return at->next;
        }
        if (at->aside) {
            return PLAN_NOWHERE;
        }
        step = at->parent; /* The list ended: the step around it has run. */
        ran = true;
    }
    return PLAN_END;
}

static void visit_if(void *self, void (*visit)(void *self, uint32_t next), uint32_t next)
{
    if (next != PLAN_NOWHERE) {
        visit(self, next);
    }
}

static void visit_cases(const struct plan *plan, uint32_t step, void *self,
                        void (*visit)(void *self, uint32_t next))
{
    const struct plan_step *at = &plan->steps[step];
    bool covered = false;

    for (uint32_t i = 0; i < at->case_count; i++) {
        const struct plan_case *one = &at->cases[i];

        covered = covered || !one->conditional;
        if (one->first != STEP_NONE) {
            visit(self, one->first);
        } else if (one->then.kind == THEN_END) {
            visit(self, PLAN_END);
        } else if (one->then.kind == THEN_STEP && one->then.step != STEP_NONE) {
            visit(self, one->then.step);
        } else {
            visit_if(self, visit, after(plan, step, true));
        }
    }
    if (!covered) {
        visit_if(self, visit, after(plan, step, true));
    }
}

void plan_successors(const struct plan *plan, uint32_t step, void *self,
                     void (*visit)(void *self, uint32_t next))
{
    const struct plan_step *at = &plan->steps[step];

    if (at->conditional) {
        visit_if(self, visit, after(plan, step, false));
    }
    if (at->action == OBJECT_RAISE_STEP) {
        return;
    }
    if (at->action == OBJECT_END) {
        visit(self, PLAN_END);
        return;
    }
    if (at->action == OBJECT_SWITCH) {
        visit_cases(plan, step, self, visit);
        return;
    }
    for (uint32_t i = 0; i < at->block_count; i++) {
        if (!at->blocks[i].is_catch && at->blocks[i].first != STEP_NONE) {
            visit(self, at->blocks[i].first);
        }
    }
    /* A block is over when its list is; a for may have no item. */
    if (at->action != OBJECT_DO && at->action != OBJECT_TRY && at->action != OBJECT_FORK_STEP) {
        visit_if(self, visit, after(plan, step, true));
    }
}

void plan_catches(const struct plan *plan, uint32_t step, void *self,
                  void (*visit)(void *self, uint32_t next))
{
    for (; step != STEP_NONE; step = plan->steps[step].parent) {
        const struct plan_step *at = &plan->steps[step];

        for (uint32_t i = 0; i < at->block_count; i++) {
            const struct plan_block *block = &at->blocks[i];

            if (block->is_catch && block->first != STEP_NONE) {
                visit(self, block->first);
            } else if (block->is_catch) {
                visit_if(self, visit, after(plan, step, true));
            }
        }
    }
}

uint32_t plan_list_within(const struct plan *plan, uint32_t around, uint32_t step)
{
    while (step != STEP_NONE && plan->steps[step].parent != around) {
        step = plan->steps[step].parent;
    }
    return step == STEP_NONE ? UINT32_MAX : plan->steps[step].list;
}

uint32_t plan_find_in_list(const struct plan *plan, uint32_t list, struct text name)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].list == list && text_equal(plan->steps[i].name, name)) {
            return i;
        }
    }
    return STEP_NONE;
}

static void reach(void *self, uint32_t next)
{
    struct flood *flood = self;

    if (next != PLAN_END && !flood->reached[next]) {
        flood->reached[next] = true;
        flood->queue[flood->count++] = next;
    }
}

static void spread(const struct plan *plan, struct flood *flood)
{
    for (uint32_t i = 0; i < flood->count; i++) {
        plan_successors(plan, flood->queue[i], flood, reach);
        plan_catches(plan, flood->queue[i], flood, reach);
    }
}

bool *plan_reach(const struct plan *plan, struct arena *arena, uint32_t first)
{
    struct flood flood = {.reached = arena_array(arena, plan->count + 1, sizeof(bool)),
                          .queue = arena_array(arena, plan->count + 1, sizeof(uint32_t))};

    if (first != STEP_NONE) {
        reach(&flood, first);
        spread(plan, &flood);
    }
    return flood.reached;
}

/* The fork or for around it: what runs beside the step may fail when that has run. */
static uint32_t step_beside_others(const struct plan *plan, uint32_t step)
{
    do {
        step = plan->steps[step].parent;
    } while (step != STEP_NONE && plan->steps[step].action != OBJECT_FORK_STEP &&
             plan->steps[step].action != OBJECT_FOR_STEP);
    return step;
}

bool *plan_reach_after(const struct plan *plan, struct arena *arena, uint32_t step)
{
    uint32_t around;
    struct flood flood = {.reached = arena_array(arena, plan->count + 1, sizeof(bool)),
                          .queue = arena_array(arena, plan->count + 1, sizeof(uint32_t))};

    plan_successors(plan, step, &flood, reach);
    around = step_beside_others(plan, step);
    if (around != STEP_NONE) {
        plan_catches(plan, around, &flood, reach);
    }
    spread(plan, &flood);
    return flood.reached;
}

bool *plan_reach_after_any(const struct plan *plan, struct arena *arena, const bool *steps)
{
    struct flood flood = {.reached = arena_array(arena, plan->count + 1, sizeof(bool)),
                          .queue = arena_array(arena, plan->count + 1, sizeof(uint32_t))};

    for (uint32_t i = 0; i < plan->count; i++) {
        if (steps[i]) {
            plan_successors(plan, i, &flood, reach);
        }
    }
    spread(plan, &flood);
    return flood.reached;
}

/* One pass of "done before a step is what was done on every way to it", until nothing changes. */
struct meet {
    const struct plan *plan;
    const struct plan_step *from; /* The step at hand. */
    struct plan_done *done;
    const uint64_t *out; /* What is done when the step at hand is over. */
    bool changed;
};

/* A run whose last step this is has completed, so that there is a result. */
static bool completes(const struct plan_step *step)
{
    return !step->in_failure && (step->action != OBJECT_END ||
                                 text_is(json_member_text(step->json, "end"), "completed"));
}

static void meet_row(void *self, uint32_t next)
{
    struct meet *meet = self;
    uint32_t row = next == PLAN_END ? meet->plan->count : next;
    uint64_t *words = &meet->done->words[(size_t)row * meet->done->row_words];

    if (next == PLAN_END && !completes(meet->from)) {
        return;
    }
    for (uint32_t i = 0; i < meet->done->row_words; i++) {
        uint64_t both = words[i] & meet->out[i];

        meet->changed = meet->changed || both != words[i];
        words[i] = both;
    }
}

static void set_row(struct plan_done *done, uint32_t row, int byte)
{
    memset(&done->words[(size_t)row * done->row_words], byte, done->row_words * sizeof(uint64_t));
}

/* The first step of each result's name. Its index + 1 is the value. */
static void name_results(const struct plan *plan, struct map *first)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        struct text result = plan->steps[i].result;

        if (result.bytes > 0 && map_get(first, result) == NULL) {
            map_put(first, result, (void *)(uintptr_t)(i + 1));
        }
    }
}

static void mark_name(uint64_t *row, const struct map *first, struct text name)
{
    uintptr_t found = name.bytes == 0 ? 0 : (uintptr_t)map_get(first, name);

    if (found != 0) {
        row[(found - 1) / 64] |= UINT64_C(1) << ((found - 1) % 64);
    }
}

/* What the step has put stands under these names. */
static void mark_given(const struct plan_step *step, const struct map *first, uint64_t *row)
{
    const struct json *set = json_member(step->json, "set");
    struct json_cursor cursor = {.started = false};
    const struct json *value;
    struct text name;

    mark_name(row, first, step->result);
    while (set != NULL && json_kind(set) == JSON_OBJECT && json_next(set, &cursor, &name, &value)) {
        mark_name(row, first, name);
    }
}

/* With `first`, the bit of a step also stands where another has put something under its result's name. */
static struct plan_done surely(const struct plan *plan, struct arena *arena,
                               const struct map *first)
{
    struct plan_done done = {.row_words = plan->count / 64 + 1};
    uint64_t *out = arena_array(arena, done.row_words, sizeof(*out));
    struct meet meet = {.plan = plan, .done = &done, .out = out, .changed = true};

    done.words = arena_array(arena, (size_t)(plan->count + 1) * done.row_words, sizeof(uint64_t));
    memset(done.words, 0xFF, (size_t)(plan->count + 1) * done.row_words * sizeof(uint64_t));
    if (plan->first != STEP_NONE) {
        set_row(&done, plan->first, 0);
    }
    if (plan->failure != STEP_NONE) {
        set_row(&done, plan->failure, 0); /* Anything may have failed before. */
    }
    if (plan->always != STEP_NONE) {
        set_row(&done, plan->always, 0);
    }
    for (uint32_t i = 0; i < plan->handler_count; i++) {
        set_row(&done, plan->handlers[i], 0);
    }
    while (meet.changed) {
        meet.changed = false;
        for (uint32_t i = 0; i < plan->count; i++) {
            meet.from = &plan->steps[i];
            memcpy(out, &done.words[(size_t)i * done.row_words], done.row_words * sizeof(*out));
            plan_catches(plan, i, &meet, meet_row);
            if (!plan->steps[i].conditional) {
                out[i / 64] |= UINT64_C(1) << (i % 64);
                if (first != NULL) {
                    mark_given(&plan->steps[i], first, out);
                }
            }
            plan_successors(plan, i, &meet, meet_row);
        }
    }
    return done;
}

struct plan_done plan_surely_done(const struct plan *plan, struct arena *arena)
{
    return surely(plan, arena, NULL);
}

struct plan_done plan_surely_there(const struct plan *plan, struct arena *arena)
{
    struct map first = {0};
    struct plan_done there;

    name_results(plan, &first);
    there = surely(plan, arena, &first);
    map_release(&first);
    return there;
}

bool plan_is_done(const struct plan_done *done, uint32_t row, uint32_t step)
{
    return (done->words[(size_t)row * done->row_words + step / 64] >> (step % 64) & 1) != 0;
}
