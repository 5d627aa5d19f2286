/* Where the steps of a definition stand: lists within lists, and the variables of loops. */
#include "base/limits.h"
#include "compile/build.h"

static const char *const actions[] = {"request", "emit",     "listen", "wait", "set",
                                      "switch",  "raise",    "end",    "do",   "fork",
                                      "for",     "rollback", "run",    NULL};

size_t place_count_each(const struct json *lists)
{
    size_t count = 0;

    for (size_t i = 0; i < json_count(lists); i++) {
        count += place_count(json_member(json_at(lists, i), "do"));
    }
    return count;
}

size_t place_count(const struct json *list)
{
    size_t count = 0;

    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *step = json_at(list, i);

        count += 1 + place_count(json_member(step, "do"));
        count += place_count_each(json_member(step, "switch")) +
                 place_count_each(json_member(step, "catch"));
        count += place_count_each(json_member(step, "handle"));
        count += place_count(json_member(json_member(step, "remind"), "do"));
        count += place_count(json_member(json_member(step, "compensate"), "do"));
        count += place_count_each(json_member(json_member(step, "fork"), "branches"));
    }
    return count;
}

struct text step_where(struct builder *builder, uint32_t index)
{
    return arena_printf(&builder->flow->arena, "step '%.*s'",
                        TEXT_ARG(builder->flow->steps[index].name));
}

static void place_step(struct builder *builder, uint32_t index, const struct json *json)
{
    struct step *step = &builder->flow->steps[index];
    struct text name = json_member_text(json, "step");
    uint32_t found = 0;

    builder->sources[index] = json;
    step->first_step = STEP_NONE;
    step->in_undo = builder->in_undo;
    step->name = arena_text(&builder->flow->arena, name);
    if (name.bytes == 0 || map_get(&builder->step_names, name) != NULL) {
        build_refuse(builder, TEXT("steps"), "number %u has no name of its own", index + 1);
        return;
    }
    map_put(&builder->step_names, step->name, (void *)((uintptr_t)index + 1));
    for (uint32_t kind = 0; actions[kind] != NULL; kind++) {
        bool is_action = kind != STEP_BLOCK || json_member(json, "for") == NULL;

        if (is_action && json_member(json, actions[kind]) != NULL) {
            step->kind = (enum step_kind)kind;
            found++;
        }
    }
    if (found != 1) {
        build_refuse(builder, step_where(builder, index), "it has %u actions", found);
    }
}

static void place_cases(struct builder *builder, uint32_t index)
{
    const struct json *cases = json_member(builder->sources[index], "switch");
    struct step *step = &builder->flow->steps[index];

    if (cases == NULL || json_kind(cases) != JSON_ARRAY) {
        build_refuse(builder, step_where(builder, index), "'switch' is no list");
        return;
    }
    step->choice.case_count = (uint32_t)json_count(cases);
    step->choice.cases = arena_array(&builder->flow->arena, json_count(cases) + 1,
                                     sizeof(*step->choice.cases));
    for (uint32_t i = 0; i < step->choice.case_count && !build_failed(builder); i++) {
        const struct json *block = json_member(json_at(cases, i), "do");

        step->choice.cases[i].first_step = block == NULL ? STEP_NONE
                                                         : place_list(builder, block, index);
    }
}

static void place_catches(struct builder *builder, uint32_t index)
{
    const struct json *catches = json_member(builder->sources[index], "catch");
    struct step *step = &builder->flow->steps[index];

    step->catcher_count = (uint32_t)json_count(catches);
    step->catchers = arena_array(&builder->flow->arena, json_count(catches) + 1,
                                 sizeof(*step->catchers));
    for (uint32_t i = 0; i < step->catcher_count && !build_failed(builder); i++) {
        const struct json *list = json_member(json_at(catches, i), "do");

        step->catchers[i].first_step = list == NULL ? STEP_NONE : place_list(builder, list, index);
    }
}

static void place_branches(struct builder *builder, uint32_t index)
{
    const struct json *branches = json_member(json_member(builder->sources[index], "fork"),
                                              "branches");
    struct step *step = &builder->flow->steps[index];

    if (branches == NULL || json_kind(branches) != JSON_ARRAY || json_count(branches) == 0) {
        build_refuse(builder, step_where(builder, index), "a fork without branches");
        return;
    }
    step->branch_count = (uint32_t)json_count(branches);
    step->branches = arena_array(&builder->flow->arena, json_count(branches),
                                 sizeof(*step->branches));
    for (uint32_t i = 0; i < step->branch_count && !build_failed(builder); i++) {
        const struct json *branch = json_at(branches, i);

        step->branches[i].name = arena_text(&builder->flow->arena,
                                            json_member_text(branch, "name"));
        step->branches[i].first_step = place_list(builder, json_member(branch, "do"), index);
    }
}

/* The lists within a step. */
static void place_lists(struct builder *builder, uint32_t index)
{
    const struct json *json = builder->sources[index];
    enum step_kind kind = builder->flow->steps[index].kind;

    if (kind == STEP_SWITCH) {
        place_cases(builder, index);
    } else if (kind == STEP_FORK) {
        place_branches(builder, index);
    } else if (kind == STEP_BLOCK || kind == STEP_FOR) {
        builder->loop_lists[index] = builder->list_count;
        builder->flow->steps[index].first_step = place_list(builder, json_member(json, "do"),
                                                            index);
        place_handlers(builder, json_member(json, "handle"), index);
    }
    if (!build_failed(builder) && json_member(json, "remind") != NULL) {
        place_remind(builder, json_member(json, "remind"), index);
    }
    if (!build_failed(builder) && json_member(json_member(json, "compensate"), "do") != NULL) {
        place_undo(builder, json_member(json, "compensate"), index);
    }
    if (!build_failed(builder) && json_member(json, "catch") != NULL) {
        place_catches(builder, index);
    }
}

uint32_t place_list(struct builder *builder, const struct json *list, uint32_t parent)
{
    struct flow *flow = builder->flow;
    uint32_t number = builder->list_count++;
    uint32_t first = flow->step_count;
    uint32_t previous = STEP_NONE;

    if (list == NULL || json_kind(list) != JSON_ARRAY || json_count(list) == 0) {
        build_refuse(builder, TEXT("steps"), "an empty list, or none");
        return STEP_NONE;
    }
    for (size_t i = 0; i < json_count(list) && !build_failed(builder); i++) {
        uint32_t index = flow->step_count++;

        flow->steps[index].parent = parent;
        flow->steps[index].next = STEP_NONE;
        builder->lists[index] = number;
        if (previous != STEP_NONE) {
            flow->steps[previous].next = index;
        }
        previous = index;
        place_step(builder, index, json_at(list, i));
        if (!build_failed(builder)) {
            place_lists(builder, index);
        }
    }
    return first;
}

/* Add the variables of the for `index`; gives how many there are then. */
static void add_loop(struct builder *builder, uint32_t index)
{
    static const char *const keys[] = {"each", "at"};
    const struct json *json = json_member(builder->sources[index], "for");

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct text name = json_member_text(json, keys[i]);

        if (name.bytes == 0) {
            continue;
        }
        if (builder->scope.count == EXPR_VARIABLES_MAX) {
            build_refuse(builder, step_where(builder, index), "too many loops within loops");
            return;
        }
        builder->scope.names[builder->scope.count++] = arena_text(&builder->flow->arena, name);
    }
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
void place_scope(struct builder *builder, uint32_t index)
{
    const struct flow *flow = builder->flow;
    uint32_t parent = flow->steps[index].parent;

    if (parent == STEP_NONE) {
        builder->scope = *flow_scope();
        return;
    }
    place_scope(builder, parent);
    if (flow->steps[parent].kind == STEP_FOR &&
        builder->lists[index] == builder->loop_lists[parent]) {
        add_loop(builder, parent);
    }
}

static void build_join(struct section *section, struct step *step, uint32_t most)
{
    static const char *const joins[] = {"all", "first", "race", NULL};
    const struct json *join = section_get(section, "join");
    int64_t count;

    if (join != NULL && json_int64(join, &count)) {
        step->join = JOIN_COUNT;
        step->join_count = count >= 1 && count <= most ? (uint32_t)count : 1;
        if (count < 1 || count > most) {
            build_refuse(section->builder, section->where, "'join' can never be met");
        }
        return;
    }
    step->join = (enum join_kind)section_choice(section, "join", joins);
}

static void build_fork(struct section *outer, struct step *step)
{
    struct section section = section_open(outer->builder, section_get(outer, "fork"), outer->where);

    build_join(&section, step, step->branch_count);
    (void)section_get(&section, "branches"); /* Were placed. */
    for (uint32_t i = 0; i < step->branch_count; i++) {
        if (step->branches[i].name.bytes == 0) {
            build_refuse(outer->builder, outer->where, "a branch without a name");
        }
    }
    section_close(&section);
}

static void build_for(struct section *outer, struct step *step)
{
    static const char *const choices[] = {"fail", "collect", NULL};
    struct builder *builder = outer->builder;
    struct section section = section_open(builder, section_get(outer, "for"), outer->where);
    struct loop *loop = arena_alloc(&builder->flow->arena, sizeof(*loop));

    (void)section_get(outer, "do"); /* Was placed. */
    *loop = (struct loop){.each_slot = builder->scope.count, .parallel = 1};
    step->loop = loop;
    loop->in = section_expr(&section, "in");
    (void)section_need_text(&section, "each");
    if (section_text(&section, "at").bytes > 0) {
        loop->at_slot = loop->each_slot + 1;
    }
    if (json_member(section.json, "batch") != NULL) {
        loop->batch = (uint32_t)section_integer(&section, "batch", 1, LOOP_ITEMS_MAX);
    }
    loop->parallel = (uint32_t)section_integer(&section, "parallel", 1, LOOP_PARALLEL_MAX);
    loop->pause = section_span(&section, "pause");
    loop->collect = section_choice(&section, "onError", choices) == 1;
    build_join(&section, step, LOOP_ITEMS_MAX);
    add_loop(builder, (uint32_t)(step - builder->flow->steps));
    loop->condition = section_expr(&section, "while");
    loop->result = section_expr(&section, "result");
    section_close(&section);
    if (loop->in == NULL) {
        build_refuse(builder, outer->where, "'for' has no 'in'");
    }
}

static void build_rollback(struct section *section, struct step *step)
{
    const struct json *json = section_get(section, "rollback");

    step->rollback.all = text_is(json_text_of(json), "all");
    if (step->rollback.all) {
        return;
    }
    step->rollback.steps = arena_array(&section->builder->flow->arena, json_count(json) + 1,
                                       sizeof(*step->rollback.steps));
    for (size_t i = 0; i < json_count(json); i++) {
        struct text name = json_text_of(json_at(json, i));

        if (map_get(&section->builder->step_names, name) == NULL) {
            build_refuse(section->builder, section->where, "'rollback' names no step");
            return;
        }
        step->rollback.steps[step->rollback.step_count++] = arena_text(
            &section->builder->flow->arena, name);
    }
}

void build_block(struct section *section, struct step *step)
{
    if (step->kind == STEP_FORK) {
        build_fork(section, step);
    } else if (step->kind == STEP_FOR) {
        build_for(section, step);
    } else if (step->kind == STEP_ROLLBACK) {
        build_rollback(section, step);
    } else {
        (void)section_get(section, "do"); /* Was placed. */
        build_handlers(section, step->handlers, step->handler_count, step->name);
    }
}

static void build_catcher(struct section *outer, const struct json *json, struct catcher *catcher)
{
    struct section section = section_open(outer->builder, json, outer->where);
    const struct json *errors = section_need(&section, "error");

    catcher->errors = arena_array(&outer->builder->flow->arena, json_count(errors) + 1,
                                  sizeof(*catcher->errors));
    for (size_t i = 0; i < json_count(errors); i++) {
        catcher->errors[catcher->error_count++] = arena_text(&outer->builder->flow->arena,
                                                             json_text_of(json_at(errors, i)));
    }
    catcher->when = section_expr(&section, "when");
    catcher->rollback = json_is_true(section_need(&section, "rollback"));
    (void)section_get(&section, "do"); /* Was placed. */
    section_close(&section);
}

void build_catches(struct section *section, struct step *step)
{
    const struct json *catches = section_get(section, "catch");

    if (catches != NULL && (step->kind == STEP_SWITCH || step->kind == STEP_END)) {
        build_refuse(section->builder, section->where, "'catch' does not belong here");
        return;
    }
    for (uint32_t i = 0; i < step->catcher_count; i++) {
        build_catcher(section, json_at(catches, i), &step->catchers[i]);
    }
}
