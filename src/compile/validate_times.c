/* Limits in time that are missing, or that cannot be met together. */
#include "compile/checker.h"

#include "base/duration.h"

#define DELAYS_MAX 10000 /* Summed; the rest of a longer policy changes nothing for a person. */

/* A fixed span, or -1 for none, endless and computed ones. */
static int64_t fixed_ms(const struct json *object, const char *key)
{
    return json_member_int(object, key, -1);
}

static const char *span_text(struct checker *checker, int64_t ms)
{
    char text[TIME_TEXT_BYTES];

    duration_format(ms, text);
    return arena_text(&checker->arena, text_of(text)).data;
}

/* The limit of a step as a whole: its own, or the flow's if that is all there is. -1: none. That of a
 * request is the limit of each attempt. */
static int64_t limit_of(const struct json *flow, const struct json *step, bool *is_own)
{
    int64_t own = fixed_ms(step, "timeout");
    int64_t whole = fixed_ms(flow, "timeout");

    bool is_each = json_member(step, "request") != NULL && json_member(step, "retry") != NULL;

    *is_own = own >= 0 && !is_each && (whole < 0 || own <= whole);
    return *is_own ? own : whole;
}

/* `flow` is NULL for the flow itself, and where its timeout has done its work. */
static void check_warn_after(struct checker *checker, const struct json *flow,
                             const struct node *node, const struct json *json)
{
    int64_t warn_after = fixed_ms(json, "warnAfter");
    bool is_own;
    int64_t limit = limit_of(flow, json, &is_own);

    if (warn_after >= 0 && limit >= 0 && warn_after >= limit) {
        diagnostics_warn(checker->diagnostics, "F603", node_place(node_get(node, "warnAfter")),
                         "it never warns: warnAfter is not below the %stimeout of %s",
                         is_own ? "" : "flow's ", span_text(checker, limit));
    }
}

/* F602 */
static void check_remind(struct checker *checker, const struct json *flow,
                         const struct plan_step *step)
{
    const struct json *remind = json_member(step->json, "remind");
    const struct node *node = node_get(step->node, "remind");
    bool is_own;
    int64_t limit = limit_of(flow, step->json, &is_own);
    int64_t first = fixed_ms(remind, "every");
    const struct json *at = json_at(json_member(remind, "at"), 0);

    if (first < 0 && (at == NULL || !json_int64(at, &first))) {
        return;
    }
    if (limit >= 0 && first >= limit) {
        node = node_get(node, at == NULL ? "every" : "at");
        diagnostics_warn(checker->diagnostics, "F602", node_place(node),
                         "it never reminds: the %s timeout of %s comes first",
                         is_own ? "step's" : "flow's", span_text(checker, limit));
    }
}

static bool has_limit(const struct checker *checker, const struct plan_step *step)
{
    while (node_pair(step->node, "timeout") == NULL) {
        if (step->parent == STEP_NONE) {
            return false;
        }
        step = &checker->plan.steps[step->parent];
    }
    return true;
}

static void check_listen(struct checker *checker, const struct json *flow,
                         const struct plan_step *step)
{
    const struct json *limit = json_member(flow, "timeout");
    const struct pair *pair = node_pair(step->node, "listen");
    bool flow_ends = limit != NULL && !text_is(json_text_of(limit), "none");

    if (!has_limit(checker, step) && (!flow_ends || step->in_failure) && !checker->may_wait) {
        diagnostics_warn(
            checker->diagnostics, "F409", node_place(pair == NULL ? step->name_node : pair->key),
            "'%.*s' waits for ever: there is no timeout on the step%s ('%stimeout: none' if "
            "intended)",
            TEXT_ARG(step->name),
            flow_ends ? " or what is around it, and that of the flow does not count any more in "
                        "onFailure and always"
                      : ", what is around it or the flow",
            checker->standard ? "document.metadata.baton." : "");
        diagnostics_step(checker->diagnostics, step->name);
    }
}

static void check_fits_flow(struct checker *checker, const struct json *flow,
                            const struct plan_step *step)
{
    int64_t limit = fixed_ms(flow, "timeout");
    int64_t timeout = fixed_ms(step->json, "timeout");
    int64_t wait = fixed_ms(step->json, "wait");
    const struct node *node = node_get(step->node, "timeout");

    if (limit < 0) {
        return;
    }
    if (timeout > limit) {
        diagnostics_warn(checker->diagnostics, "F601",
                         node_place(node == NULL ? step->name_node : node),
                         "the step's timeout of %s exceeds the flow's of %s",
                         span_text(checker, timeout), span_text(checker, limit));
    }
    if (wait > limit) {
        diagnostics_warn(checker->diagnostics, "F601", node_place(node_get(step->node, "wait")),
                         "the wait of %s exceeds the flow's timeout of %s",
                         span_text(checker, wait), span_text(checker, limit));
    }
}

/* All delays between the tries, without jitter; stops above `most`. */
static int64_t delays_ms(const struct json *policy, int64_t most)
{
    int64_t attempts = json_member_int(policy, "attempts", 1);
    int64_t delay = json_member_int(policy, "delay", 0);
    int64_t longest = json_member_int(policy, "max", 0);
    double factor = json_double(json_member(policy, "factor"));
    struct text backoff = json_member_text(policy, "backoff");
    double next = (double)delay;
    int64_t sum = 0;

    for (int64_t i = 1; i < attempts && i < DELAYS_MAX && sum <= most; i++) {
        sum += next > (double)longest ? longest : (int64_t)next;
        if (text_is(backoff, "exponential") && next < (double)longest) {
            next *= factor;
        } else if (text_is(backoff, "linear")) {
            next += (double)delay;
        }
    }
    return sum;
}

static void check_retries(struct checker *checker, const struct json *flow,
                          const struct plan_step *step)
{
    const struct json *policy = json_member(step->json, "retry");
    const struct node *node = node_get(step->node, "retry");
    int64_t total = json_member_int(policy, "total", 0);
    int64_t limit = total > 0 ? total : fixed_ms(flow, "timeout");

    if (policy == NULL || limit <= 0 || delays_ms(policy, limit) <= limit) {
        return;
    }
    diagnostics_warn(checker->diagnostics, "F604",
                     node_place(node == NULL ? step->name_node : node),
                     "%lld attempts cannot fit: the delays between them alone exceed the %s of %s",
                     (long long)json_member_int(policy, "attempts", 1),
                     total > 0 ? "policy's total" : "flow's timeout", span_text(checker, limit));
}

void validate_times(struct checker *checker, const struct node *root, const struct json *flow)
{
    if (node_pair(root, "timeout") == NULL) {
        const struct node *name = node_get(root, "flow");

        diagnostics_warn(checker->diagnostics, "F410", node_place(name == NULL ? root : name),
                         "the flow has no timeout: a run may stay open for ever ('timeout: none' "
                         "if intended)");
    }
    check_warn_after(checker, NULL, root, flow);
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];
        /* The flow's timeout has done its work when undos and onFailure begin. */
        const struct json *within = step->undo_of != STEP_NONE || step->in_failure ? NULL : flow;

        check_warn_after(checker, within, step->node, step->json);
        check_remind(checker, within, step);
        check_fits_flow(checker, within, step);
        check_retries(checker, within, step);
        if (step->undo_of != STEP_NONE) {
            continue;
        }
        if (step->action == OBJECT_LISTEN_STEP) {
            check_listen(checker, flow, step);
        }
    }
}
