/* What the services answer in a case, and whether the flows have the steps that it names. */
#include "app/flow_test_run.h"

/* ---- answering ---- */

static struct flow_test_script *find(const struct flow_test_scripts *scripts,
                                     const struct dev_call *call)
{
    for (uint32_t i = 0; i < scripts->count; i++) {
        struct flow_test_script *script = &scripts->items[i];

        if (script->is_undo == call->is_undo &&
            text_equal(script->step, call->flow->steps[call->step].name)) {
            return script;
        }
    }
    return NULL;
}

/* One entry a command, from above; the last holds for all further ones, and one with `when` for all
 * that meet it, unless `times` says how many. */
static bool applies(const struct flow_test_script *script, uint32_t index,
                    const struct expr_env *env, struct diagnostics *diagnostics)
{
    const struct flow_test_answer *answer = &script->answers[index];
    bool is_last = index + 1 == script->count;
    uint32_t most = answer->times > 0 ? answer->times : answer->when != NULL || is_last ? 0 : 1;
    struct error err;
    bool truth = true;

    if (most > 0 && answer->used >= most) {
        return false;
    }
    if (answer->when != NULL && expr_test(answer->when, env, &truth, &err) != STATUS_OK) {
        diagnostics_error(diagnostics, "D503", answer->place, "when: %s", err.text);
        return false;
    }
    return truth;
}

bool flow_test_script(void *self, const struct dev_call *call, const struct expr_env *env,
                      struct dev_scripted *scripted)
{
    const struct flow_test_scene *scene = self;
    const struct flow_test_scripts *const both[] = {&scene->one->answers, &scene->test->answers};

    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        struct flow_test_script *script = find(both[i], call);

        for (uint32_t k = 0; script != NULL && k < script->count; k++) {
            if (applies(script, k, env, scene->diagnostics)) {
                script->answers[k].used++;
                *scripted = script->answers[k].said;
                return true;
            }
        }
    }
    *scripted = (struct dev_scripted){.outcome = DEV_SUCCESS};
    return true;
}

static void rewind_scripts(const struct flow_test_scripts *scripts)
{
    for (uint32_t i = 0; i < scripts->count; i++) {
        for (uint32_t k = 0; k < scripts->items[i].count; k++) {
            scripts->items[i].answers[k].used = 0;
        }
    }
}

void flow_test_rewind(const struct flow_test *test, struct flow_test_case *one)
{
    rewind_scripts(&test->answers);
    rewind_scripts(&one->answers);
}

/* ---- checking ---- */

static bool asks(const struct step *step, bool is_undo)
{
    const struct message_spec *undo = step_undo_message(step);

    return is_undo ? undo != NULL && undo->is_request : step->kind == STEP_REQUEST;
}

static bool has_call(const struct flow_test_flows *flows, const struct flow_test_script *script,
                     struct text *nearest)
{
    uint32_t distance = 3;

    for (uint32_t i = 0; i < flows->count; i++) {
        for (uint32_t k = 0; k < flows->items[i]->step_count; k++) {
            const struct step *step = &flows->items[i]->steps[k];
            uint32_t edits = text_distance(script->step, step->name, distance);

            if (!asks(step, script->is_undo)) {
                continue;
            }
            if (edits == 0) {
                return true;
            }
            if (edits < distance) {
                distance = edits;
                *nearest = step->name;
            }
        }
    }
    return false;
}

static void check_scripts(const struct flow_test_scripts *scripts,
                          const struct flow_test_flows *flows, struct diagnostics *diagnostics)
{
    for (uint32_t i = 0; i < scripts->count; i++) {
        const struct flow_test_script *script = &scripts->items[i];
        struct text nearest = TEXT("");

        if (has_call(flows, script, &nearest)) {
            continue;
        }
        diagnostics_error(diagnostics, "D204", script->place,
                          "no %s '%.*s' sends a request%s%s%.*s%s",
                          script->is_undo ? "undo of a step" : "step", TEXT_ARG(script->step),
                          nearest.bytes > 0 ? " (did you mean '" : "",
                          nearest.bytes > 0 && script->is_undo ? "undo " : "", TEXT_ARG(nearest),
                          nearest.bytes > 0 ? "'?)" : "");
    }
}

static bool has_step(const struct flow_test_flows *flows, struct text name, struct text *nearest)
{
    static const struct text undo = TEXT_INIT("undo ");
    uint32_t distance = 3;

    if (text_starts(name, undo)) {
        name = text_sub(name, undo.bytes, name.bytes);
    }
    for (uint32_t i = 0; i < flows->count; i++) {
        for (uint32_t k = 0; k < flows->items[i]->step_count; k++) {
            struct text known = flows->items[i]->steps[k].name;
            uint32_t edits = text_distance(name, known, distance);

            if (edits == 0) {
                return true;
            }
            if (edits < distance) {
                distance = edits;
                *nearest = known;
            }
        }
    }
    return false;
}

static void check_step(const struct flow_test_flows *flows, const struct node *node,
                       struct diagnostics *diagnostics)
{
    struct text nearest = TEXT("");

    if (!has_step(flows, node->text, &nearest)) {
        diagnostics_error(diagnostics, "D204", node_place(node), "there is no step '%.*s'%s%.*s%s",
                          TEXT_ARG(node->text), nearest.bytes > 0 ? " (did you mean '" : "",
                          TEXT_ARG(nearest), nearest.bytes > 0 ? "'?)" : "");
    }
}

static void check_expect(const struct flow_test_expect *expect, const struct flow_test_flows *flows,
                         struct diagnostics *diagnostics)
{
    for (uint32_t i = 0; expect->commands != NULL && i < expect->commands->count; i++) {
        check_step(flows, expect->commands->pairs[i].key, diagnostics);
    }
    for (uint32_t i = 0; expect->undone != NULL && i < expect->undone->count; i++) {
        check_step(flows, expect->undone->items[i], diagnostics);
    }
    for (uint32_t i = 0; expect->waiting != NULL && i < expect->waiting->count; i++) {
        check_step(flows, expect->waiting->items[i], diagnostics);
    }
    for (uint32_t i = 0; expect->instances != NULL && i < expect->instances->count; i++) {
        check_expect(&expect->of[i], flows, diagnostics);
    }
}

void flow_test_check(const struct flow_test *test, const struct flow_test_flows *flows,
                     struct diagnostics *diagnostics)
{
    check_scripts(&test->answers, flows, diagnostics);
    for (uint32_t i = 0; i < test->case_count; i++) {
        check_scripts(&test->cases[i].answers, flows, diagnostics);
        check_expect(&test->cases[i].expect, flows, diagnostics);
    }
}
