#include "verify/choices.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/limits.h"

static uint32_t choose(struct choices *choices, uint32_t width)
{
    uint32_t index = choices->count;

    if (width <= 1 || choices->cut) {
        return 0;
    }
    if (index == CHOICES_MAX) {
        choices->cut = true;
        return 0;
    }
    if (index >= choices->given) {
        choices->taken[index] = 0;
    }
    choices->widths[index] = (uint8_t)width;
    choices->count++;
    return choices->taken[index];
}

static const char *step_name(const struct choices *choices, uint32_t step, char room[80])
{
    struct text name = step == STEP_NONE ? choices->flow->name : choices->flow->steps[step].name;

    (void)snprintf(room, 80, "'%.*s'", TEXT_ARG(name));
    return room;
}

static void tell(struct choices *choices, const struct role *role, const char *what)
{
    char room[80];

    if (choices->telling != NULL && choices->told_count < CHOICES_MAX) {
        choices->told[choices->told_count++] = arena_printf(choices->telling, what,
                                                            step_name(choices, role->step, room));
    }
}

/* Whether an expression that may fail does; the first is that it does not. */
static bool fails(struct choices *choices, const struct role *role, struct error *err)
{
    if (!choices->bounds->failing || choices->failed || role->kind == ROLE_HARMLESS ||
        role->kind == ROLE_WHEN || choose(choices, 2) == 0) {
        return false;
    }
    choices->failed = true;
    tell(choices, role, "an expression of %s cannot be evaluated");
    (void)fail(err, STATUS_REJECT, "it cannot be evaluated");
    return true;
}

static bool is_constant(const struct expr *expr)
{
    const struct expr_path *paths;

    return expr_variables(expr) == 0 && expr_paths(expr, &paths) == 0;
}

static void on_enter(void *self, uint32_t step)
{
    struct choices *choices = self;

    choices->reached[step] = choices->reached[step] || !choices->cut;
    if (++choices->entered == INLINE_TRANSITIONS_MAX && !choices->cut) {
        choices->circle = true;
    }
}

/* A reply says the same to all who ask the same. */
static bool find_answer(const struct choices *choices, const struct expr *expr, uint32_t scope,
                        enum outcome *outcome)
{
    for (uint32_t i = 0; i < choices->answer_count; i++) {
        if (choices->answers[i].expr == expr && choices->answers[i].scope == scope) {
            *outcome = choices->answers[i].outcome;
            return true;
        }
    }
    return false;
}

static uint32_t scope_that_counts(const struct expr *expr, uint32_t scope)
{
    const uint64_t same_for_all = 1u << VARIABLE_FLOW | 1u << VARIABLE_INSTANCE |
                                  1u << VARIABLE_MESSAGE | 1u << VARIABLE_NOW;

    return (expr_variables(expr) & ~same_for_all) == 0 ? 0 : scope;
}

/* A loop in one transition asks the same again and again. */
static void count_repeats(struct choices *choices, const struct expr *expr)
{
    for (uint32_t i = 0; i < choices->repeated_count; i++) {
        if (choices->repeated[i].expr == expr) {
            choices->cut = choices->cut || ++choices->repeated[i].times > REPEATS_MAX;
            return;
        }
    }
    if (choices->repeated_count < REPEATED_MAX) {
        choices->repeated[choices->repeated_count].expr = expr;
        choices->repeated[choices->repeated_count++].times = 1;
    }
}

static void tell_truth(struct choices *choices, const struct role *role, bool truth)
{
    switch (role->kind) {
    case ROLE_CONDITION:
        tell(choices, role, truth ? "the 'if' of %s holds" : "the 'if' of %s does not hold");
        return;
    case ROLE_CASE:
        tell(choices, role, truth ? "a case of %s holds" : "a case of %s does not hold");
        return;
    case ROLE_WHILE:
        tell(choices, role, truth ? "the 'while' of %s holds" : "the 'while' of %s does not hold");
        return;
    case ROLE_WHEN:
        tell(choices, role, truth ? "a condition of %s holds" : "a condition of %s does not hold");
        return;
    case ROLE_SUCCESS:
    case ROLE_FAILURE:
    case ROLE_PROGRESS:
    case ROLE_OTHER:
    case ROLE_ERROR_NAME:
    case ROLE_HARMLESS:
    case ROLE_SPAN:
    case ROLE_WAIT_SPAN:
    case ROLE_UNTIL:
    case ROLE_ITEMS:
    case ROLE_OBJECT:
    case ROLE_TEXT:
        return;
    }
    CHECK(!"unknown role");
}

static enum status on_test(void *self, const struct expr *expr, uint32_t scope,
                           const struct json *about, bool *truth, struct error *err)
{
    struct choices *choices = self;
    const struct role *role = roles_find(choices->roles, expr);
    bool is_reply = role->kind == ROLE_SUCCESS || role->kind == ROLE_FAILURE ||
                    role->kind == ROLE_PROGRESS;
    enum outcome outcome;

    if (is_constant(expr)) {
        struct expr_env env = {0};

        return expr_test(expr, &env, truth, err);
    }
    scope = scope_that_counts(expr, scope);
    if (!is_reply || about == NULL || !find_answer(choices, expr, scope, &outcome)) {
        if (fails(choices, role, err)) {
            outcome = OUTCOME_FAILS;
        } else {
            outcome = choose(choices, 2) == 0 ? OUTCOME_TRUE : OUTCOME_FALSE;
            tell_truth(choices, role, outcome == OUTCOME_TRUE);
        }
        if (is_reply && choices->answer_count < ANSWERS_MAX) {
            choices->answers[choices->answer_count].expr = expr;
            choices->answers[choices->answer_count].scope = scope;
            choices->answers[choices->answer_count++].outcome = outcome;
        } else if (!is_reply) {
            count_repeats(choices, expr);
        }
    }
    if (outcome == OUTCOME_FAILS) {
        return fail(err, STATUS_REJECT, "it cannot be evaluated");
    }
    *truth = outcome == OUTCOME_TRUE;
    return STATUS_OK;
}

static struct json *choose_name(struct choices *choices, const struct role *role)
{
    uint32_t index = choose(choices, choices->roles->name_count);
    struct text name = choices->roles->names[index];

    if (choices->telling != NULL && choices->told_count < CHOICES_MAX) {
        choices->told[choices->told_count++] = arena_printf(choices->telling, "the error is '%.*s'",
                                                            TEXT_ARG(name));
    }
    (void)role;
    return json_text(name);
}

static struct json *choose_time(struct choices *choices, const struct role *role)
{
    bool past = choose(choices, 2) == 1;
    char text[TIME_TEXT_BYTES];

    tell(choices, role, past ? "the time that %s waits for has passed" : "%s waits for a time");
    time_format(past ? choices->now_ms : choices->now_ms + MS_PER_HOUR * 24 * 366, text);
    return json_string(text);
}

static struct json *choose_items(struct choices *choices, const struct role *role)
{
    uint32_t count = choose(choices, choices->bounds->items + 1);
    struct json *items = json_array();
    char room[80];

    for (uint32_t i = 0; i < count; i++) {
        json_push(items, json_null());
    }
    if (choices->telling != NULL && choices->told_count < CHOICES_MAX) {
        choices->told[choices->told_count++] = arena_printf(choices->telling, "%s has %u %s",
                                                            step_name(choices, role->step, room),
                                                            count, count == 1 ? "item" : "items");
    }
    return items;
}

static struct json *value_of(struct choices *choices, const struct role *role)
{
    switch (role->kind) {
    case ROLE_ERROR_NAME:
        return choose_name(choices, role);
    case ROLE_SPAN:
        return json_string("1h");
    case ROLE_WAIT_SPAN:
        return json_string(choose(choices, 2) == 0 ? "1h" : "0s");
    case ROLE_UNTIL:
        return choose_time(choices, role);
    case ROLE_ITEMS:
        return choose_items(choices, role);
    case ROLE_OBJECT:
        return json_object();
    case ROLE_TEXT:
        return json_string("x");
    case ROLE_OTHER:
    case ROLE_SUCCESS:
    case ROLE_FAILURE:
    case ROLE_PROGRESS:
    case ROLE_HARMLESS:
    case ROLE_CONDITION:
    case ROLE_CASE:
    case ROLE_WHILE:
    case ROLE_WHEN:
        return json_null();
    }
    CHECK(!"unknown role");
    return json_null();
}

static enum status on_eval(void *self, const struct expr *expr, struct json **value,
                           struct error *err)
{
    struct choices *choices = self;
    const struct role *role = roles_find(choices->roles, expr);

    if (is_constant(expr) && role->kind != ROLE_ITEMS) {
        struct expr_env env = {0};

        return expr_eval(expr, &env, value, err);
    }
    if (role->kind != ROLE_ERROR_NAME && fails(choices, role, err)) {
        return STATUS_REJECT;
    }
    *value = value_of(choices, role);
    return STATUS_OK;
}

static enum status on_render(void *self, const struct template *template, struct json **value,
                             struct error *err)
{
    struct choices *choices = self;
    const struct role *role = roles_find(choices->roles, template);

    if (template_is_constant(template)) {
        struct expr_env env = {0};

        return template_render(template, &env, value, err);
    }
    if (fails(choices, role, err)) {
        return STATUS_REJECT;
    }
    *value = value_of(choices, role);
    return STATUS_OK;
}

void choices_begin(struct choices *choices, int64_t now_ms)
{
    choices->now_ms = now_ms;
    choices->count = 0;
    choices->cut = false;
    choices->circle = false;
    choices->failed = false;
    choices->entered = 0;
    choices->answer_count = 0;
    choices->repeated_count = 0;
    choices->told_count = 0;
}

bool choices_next(struct choices *choices)
{
    for (uint32_t i = choices->count; i > 0; i--) {
        if (choices->taken[i - 1] + 1u < choices->widths[i - 1]) {
            choices->taken[i - 1]++;
            choices->given = i;
            return true;
        }
    }
    return false;
}

void choices_reset(struct choices *choices)
{
    choices->given = 0;
}

bool choices_said(const struct choices *choices, enum role_kind kind, enum outcome outcome)
{
    for (uint32_t i = 0; i < choices->answer_count; i++) {
        if (choices->answers[i].outcome == outcome &&
            roles_find(choices->roles, choices->answers[i].expr)->kind == kind) {
            return true;
        }
    }
    return false;
}

struct judge choices_judge(struct choices *choices)
{
    return (struct judge){
        .self = choices, .enter = on_enter, .test = on_test, .eval = on_eval, .render = on_render};
}
