#include "verify/explore.h"

#include <stdlib.h>
#include <string.h>

static void *grow(void *items, size_t count, size_t bytes)
{
    void *wider = realloc(items, count * bytes);

    CHECK(wider != NULL);
    return wider;
}

/* Each for around a step may have it done once for each item. */
static uint64_t most_of(const struct flow *flow, uint32_t step, const struct verify_bounds *bounds)
{
    uint64_t most = bounds->rounds;

    for (step = flow->steps[step].parent; step != STEP_NONE; step = flow->steps[step].parent) {
        if (flow->steps[step].kind == STEP_FOR) {
            most *= bounds->items;
        }
    }
    return most;
}

void explorer_init(struct explorer *explorer, struct flow *flow, const struct verify_bounds *bounds,
                   const struct verify_unsaid *unsaid, verify_transition *decide,
                   struct verify_report *report)
{
    *explorer = (struct explorer){.flow = flow,
                                  .bounds = *bounds,
                                  .unsaid = *unsaid,
                                  .decide = decide,
                                  .report = report,
                                  .last = STATE_NONE};
    bound_flow(flow, bounds);
    world_init(&explorer->world, flow, bounds);
    roles_init(&explorer->roles, flow);
    explorer->choices = (struct choices){
        .flow = flow,
        .roles = &explorer->roles,
        .bounds = &explorer->bounds,
        .reached = calloc(flow->step_count + 1, sizeof(bool)),
    };
    explorer->most = calloc(flow->step_count + 1, sizeof(uint64_t));
    CHECK(explorer->choices.reached != NULL && explorer->most != NULL);
    for (uint32_t i = 0; i < flow->step_count; i++) {
        explorer->most[i] = most_of(flow, i, bounds);
    }
    explorer->judge = choices_judge(&explorer->choices);
    explorer->effects.arena = &explorer->arena;
}

static uint32_t *slot_of(struct explorer *explorer, struct canon_key key)
{
    uint32_t mask = explorer->slot_count - 1;
    uint32_t at = (uint32_t)key.words[0] & mask;

    while (explorer->slots[at] != 0) {
        const struct canon_key *there = &explorer->keys[explorer->slots[at] - 1];

        if (memcmp(there, &key, sizeof(key)) == 0) {
            break;
        }
        at = (at + 1) & mask;
    }
    return &explorer->slots[at];
}

static void widen_slots(struct explorer *explorer)
{
    free(explorer->slots);
    explorer->slot_count = explorer->slot_count == 0 ? 1024 : explorer->slot_count * 2;
    explorer->slots = calloc(explorer->slot_count, sizeof(*explorer->slots));
    CHECK(explorer->slots != NULL);
    for (uint32_t i = 0; i < explorer->count; i++) {
        *slot_of(explorer, explorer->keys[i]) = i + 1;
    }
}

static void widen(struct explorer *explorer)
{
    uint32_t capacity = explorer->capacity == 0 ? 512 : explorer->capacity * 2;

    explorer->keys = grow(explorer->keys, capacity, sizeof(*explorer->keys));
    explorer->arrivals = grow(explorer->arrivals, capacity, sizeof(*explorer->arrivals));
    explorer->open = grow(explorer->open, capacity, sizeof(struct instance *));
    explorer->loose = grow(explorer->loose, capacity, sizeof(*explorer->loose));
    explorer->left = grow(explorer->left, capacity, sizeof(*explorer->left));
    explorer->capacity = capacity;
}

static void count_end(struct explorer *explorer, const struct instance *instance)
{
    struct verify_report *report = explorer->report;

    switch (instance->status) {
    case RUN_COMPLETED:
        report->completed++;
        return;
    case RUN_FAILED:
    case RUN_CANCELLED:
        if (instance->sealed) {
            report->sealed++;
        } else {
            report->compensated++;
        }
        return;
    case RUN_EXPIRED:
        report->expired++;
        return;
    case RUN_NONE:
    case RUN_EMBRYO:
    case RUN_RUNNING:
    case RUN_COMPENSATING:
    case RUN_FINISHING:
    case RUN_HELD:
        report->stuck += instance_is_stuck(instance);
        return;
    }
    CHECK(!"unknown status");
}

/* The state's number; takes `instance` over. `*is_new`: it was not there. */
static uint32_t add_state(struct explorer *explorer, struct instance *instance,
                          struct canon_key key, bool *is_new)
{
    uint32_t *slot;
    uint32_t state;

    if ((uint64_t)explorer->count * 2 >= explorer->slot_count) {
        widen_slots(explorer);
    }
    slot = slot_of(explorer, key);
    *is_new = *slot == 0;
    if (!*is_new) {
        instance_free(instance);
        return *slot - 1;
    }
    if (explorer->count == explorer->capacity) {
        widen(explorer);
    }
    state = explorer->count++;
    *slot = state + 1;
    explorer->keys[state] = key;
    explorer->arrivals[state] = (struct arrival){.from = STATE_NONE};
    explorer->left[state] = STEP_NONE;
    explorer->loose[state] = instance_has_ended(instance);
    count_end(explorer, instance);
    if (explorer->loose[state]) {
        instance_free(instance);
        instance = NULL;
    }
    explorer->open[state] = instance;
    return state;
}

static void add_edge(struct explorer *explorer, uint32_t from, uint32_t to)
{
    if (from == to) {
        return;
    }
    if (explorer->edge_count == explorer->edge_capacity) {
        explorer->edge_capacity = explorer->edge_capacity == 0 ? 4096 : explorer->edge_capacity * 2;
        explorer->edges = grow(explorer->edges, explorer->edge_capacity, sizeof(struct edge));
    }
    explorer->edges[explorer->edge_count++] = (struct edge){from, to};
}

/* More undos of one step than loops are followed for. */
static bool is_beyond(const struct explorer *explorer, const struct instance *after)
{
    for (uint32_t i = 0; i < after->undo_count; i++) {
        uint32_t step = after->stack[i].step;
        uint64_t count = 0;

        for (uint32_t k = 0; k < after->undo_count; k++) {
            count += after->stack[k].step == step && after->stack[k].state != UNDO_GROUP;
        }
        if (count > explorer->most[step]) {
            return true;
        }
    }
    return false;
}

enum transition_result explorer_try(struct explorer *explorer, const struct instance *before,
                                    const struct move *move, struct instance **after)
{
    struct json *payload;
    struct event event = move_event(&explorer->world, before, move, &payload);
    enum transition_result result;

    choices_begin(&explorer->choices, event.time_ms);
    explorer->report->transitions++;
    result = explorer->decide(explorer->flow, before, &event, &explorer->judge, after,
                              &explorer->effects);
    json_free(payload);
    return result;
}

static struct arrival arrival_of(const struct explorer *explorer, uint32_t from,
                                 const struct move *move)
{
    struct arrival arrival = {.from = from, .move = *move};

    arrival.given = (uint8_t)explorer->choices.count;
    memcpy(arrival.taken, explorer->choices.taken, sizeof(arrival.taken));
    return arrival;
}

/* The first step that has been done and that nothing undoes; `before` is that of the state before. */
static uint32_t left_after(const struct explorer *explorer, uint32_t before)
{
    for (uint32_t i = 0; i < explorer->flow->step_count && before == STEP_NONE; i++) {
        if (verify_lacks(explorer->unsaid.undo, i) &&
            rules_say_done(&explorer->effects, "", explorer->flow->steps[i].name)) {
            return i;
        }
    }
    return before;
}

static struct canon_key key_of(struct explorer *explorer, const struct instance *instance,
                               uint32_t left)
{
    struct canon_key key = canon_key(instance, &explorer->bounds, &explorer->room);

    key.words[1] += left == STEP_NONE ? 0 : left + 1;
    return key;
}

/* One move with one combination of choices. False: a rule is broken. */
static bool expand_one(struct explorer *explorer, uint32_t state, const struct instance *before,
                       const struct move *move)
{
    struct instance *after = NULL;
    struct trial trial = {.flow = explorer->flow,
                          .move = move,
                          .choices = &explorer->choices,
                          .before = before,
                          .effects = &explorer->effects,
                          .unsaid = explorer->unsaid};
    struct canon_key key;
    bool is_counted;
    bool is_new;
    uint32_t to;

    trial.result = explorer_try(explorer, before, move, &after);
    if (trial.result == TRANSITION_VOID) {
        return true;
    }
    if (explorer->choices.cut || is_beyond(explorer, after)) {
        explorer->report->cut++;
        explorer->loose[state] = true;
        instance_free(after);
        return true;
    }
    if (move->kind == MOVE_OPERATOR && trial.result == TRANSITION_APPLIED) {
        explorer->helped = move->activation;
    }
    trial.left = left_after(explorer, explorer->left[state]);
    key = key_of(explorer, after, trial.left);
    trial.after = after;
    trial.is_same = memcmp(&key, &explorer->keys[state], sizeof(key)) == 0;
    explorer->verdict = rules_judge(&trial);
    if (explorer->verdict.broken != VERIFY_NOTHING) {
        explorer->last = state;
        explorer->last_move = arrival_of(explorer, state, move);
        explorer->has_last_move = true;
        instance_free(after);
        return false;
    }
    if (move_terminates(move)) {
        instance_free(after);
        return true;
    }
    is_counted = explorer_counts_on(explorer, &trial);
    to = add_state(explorer, after, key, &is_new);
    if (is_new) {
        explorer->arrivals[to] = arrival_of(explorer, state, move);
        explorer->left[to] = trial.left;
    }
    if (is_counted) {
        add_edge(explorer, state, to);
    }
    return true;
}

/* The last of what an operator may say about something stuck has been tried: did anything help? */
static bool is_helpless(const struct explorer *explorer, uint32_t index)
{
    const struct move *move = &explorer->moves.items[index];

    return move->kind == MOVE_OPERATOR && move->word != OPERATOR_CANCEL &&
           explorer->helped != move->activation &&
           (index + 1 == explorer->moves.count ||
            explorer->moves.items[index + 1].activation != move->activation);
}

static void fail_helpless(struct explorer *explorer, uint32_t state, const struct instance *before,
                          uint32_t activation)
{
    const struct frame *frame = instance_find_frame(before, activation);

    explorer->verdict = (struct verdict){
        .broken = VERIFY_NO_HELP, .step = frame->step, .is_undo = frame->kind == FRAME_UNDO};
    explorer->last = state;
}

static bool expand(struct explorer *explorer, uint32_t state)
{
    struct instance *before = explorer->open[state];
    bool goes_on = true;

    explorer->open[state] = NULL;
    explorer->helped = 0;
    moves_find(&explorer->world, before, &explorer->moves);
    for (uint32_t i = 0; i < explorer->moves.count && goes_on; i++) {
        choices_reset(&explorer->choices);
        do {
            goes_on = expand_one(explorer, state, before, &explorer->moves.items[i]);
        } while (goes_on && choices_next(&explorer->choices));
        if (goes_on && is_helpless(explorer, i)) {
            fail_helpless(explorer, state, before, explorer->moves.items[i].activation);
            goes_on = false;
        }
    }
    effect_clear(&explorer->effects);
    arena_reset(&explorer->arena);
    instance_free(before);
    return goes_on;
}

void explorer_run(struct explorer *explorer)
{
    struct instance *first = instance_new(explorer->flow->name, TEXT(WORLD_KEY));
    struct canon_key key = canon_key(first, &explorer->bounds, &explorer->room);
    bool is_new;

    (void)add_state(explorer, first, key, &is_new);
    explorer->report->complete = true;
    for (uint32_t state = 0; state < explorer->count; state++) {
        if (explorer->count > explorer->bounds.states) {
            explorer->report->complete = false;
            break;
        }
        if (explorer->open[state] != NULL && !expand(explorer, state)) {
            break;
        }
    }
    explorer->report->states = explorer->count;
}

void explorer_release(struct explorer *explorer)
{
    for (uint32_t i = 0; i < explorer->count; i++) {
        instance_free(explorer->open[i]);
    }
    free(explorer->keys);
    free(explorer->arrivals);
    free(explorer->open);
    free(explorer->loose);
    free(explorer->left);
    free(explorer->slots);
    free(explorer->edges);
    free(explorer->most);
    free(explorer->choices.reached);
    free(explorer->moves.items);
    effect_release(&explorer->effects);
    arena_release(&explorer->arena);
    buffer_release(&explorer->room);
    roles_release(&explorer->roles);
    world_release(&explorer->world);
}
