#include "verify/roles.h"

#include <stdlib.h>

static void add(struct roles *roles, const void *subject, enum role_kind kind, uint32_t step)
{
    if (subject == NULL) {
        return;
    }
    if (roles->count == roles->capacity) {
        roles->capacity = roles->capacity == 0 ? 64 : roles->capacity * 2;
        roles->items = realloc(roles->items, roles->capacity * sizeof(*roles->items));
        CHECK(roles->items != NULL);
    }
    roles->items[roles->count++] = (struct role){subject, kind, step};
}

static void add_reply(struct roles *roles, const struct reply_rule *rule, uint32_t step)
{
    add(roles, rule->success, ROLE_SUCCESS, step);
    add(roles, rule->failure, ROLE_FAILURE, step);
    add(roles, rule->progress, ROLE_PROGRESS, step);
    add(roles, rule->error, ROLE_ERROR_NAME, step);
    add(roles, rule->reason, ROLE_HARMLESS, step);
}

static void add_message(struct roles *roles, const struct message_spec *spec, uint32_t step)
{
    add(roles, spec->type, ROLE_TEXT, step);
    add(roles, spec->key, ROLE_TEXT, step);
    add(roles, spec->headers, ROLE_OBJECT, step);
    add(roles, spec->cancel_type, ROLE_TEXT, step);
    add(roles, spec->heartbeat.expr, ROLE_SPAN, step);
    add_reply(roles, &spec->reply, step);
}

static void add_listen(struct roles *roles, const struct listen *listen, uint32_t step)
{
    add(roles, listen->until, ROLE_WHEN, step);
    for (uint32_t i = 0; i < listen->item_count; i++) {
        add(roles, listen->items[i].when, ROLE_WHEN, step);
        add(roles, listen->items[i].identity, ROLE_TEXT, step);
    }
}

static void add_handlers(struct roles *roles, const struct handler *handlers, uint32_t count,
                         uint32_t step)
{
    for (uint32_t i = 0; i < count; i++) {
        add_listen(roles, &handlers[i].listen, step);
    }
}

static void add_lists(struct roles *roles, const struct step *at, uint32_t step)
{
    for (uint32_t i = 0; i < at->choice.case_count; i++) {
        add(roles, at->choice.cases[i].when, ROLE_CASE, step);
    }
    for (uint32_t i = 0; i < at->catcher_count; i++) {
        add(roles, at->catchers[i].when, ROLE_WHEN, step);
    }
    if (at->loop != NULL) {
        add(roles, at->loop->in, ROLE_ITEMS, step);
        add(roles, at->loop->condition, ROLE_WHILE, step);
        add(roles, at->loop->pause.expr, ROLE_WAIT_SPAN, step);
    }
}

static void add_step(struct roles *roles, const struct step *at, uint32_t step)
{
    add(roles, at->condition, ROLE_CONDITION, step);
    add(roles, at->timeout.expr, ROLE_SPAN, step);
    add(roles, at->warn_after.expr, ROLE_SPAN, step);
    add(roles, at->note, ROLE_HARMLESS, step);
    add_listen(roles, &at->listen, step);
    add_handlers(roles, at->handlers, at->handler_count, step);
    add(roles, at->wait.span.expr, ROLE_WAIT_SPAN, step);
    add(roles, at->wait.until, ROLE_UNTIL, step);
    add(roles, at->set, ROLE_OBJECT, step);
    add(roles, at->raise.error, ROLE_ERROR_NAME, step);
    add(roles, at->raise.title, ROLE_TEXT, step);
    add(roles, at->raise.detail, ROLE_OTHER, step);
    add(roles, at->raise.status, ROLE_TEXT, step);
    add(roles, at->end.reason, ROLE_TEXT, step);
    add(roles, at->run.flow, ROLE_TEXT, step);
    add(roles, at->run.key, ROLE_TEXT, step);
    add_message(roles, &at->message, step);
    if (at->compensate != NULL) {
        add_message(roles, &at->compensate->message, step);
        add(roles, at->compensate->timeout.expr, ROLE_SPAN, step);
    }
    add_lists(roles, at, step);
}

static int by_subject(const void *left, const void *right)
{
    const struct role *a = left;
    const struct role *b = right;

    if (a->subject != b->subject) {
        return (uintptr_t)a->subject < (uintptr_t)b->subject ? -1 : 1;
    }
    return a->step < b->step ? -1 : a->step > b->step;
}

static bool has(const struct text *list, uint32_t count, struct text name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (text_equal(list[i], name)) {
            return true;
        }
    }
    return false;
}

static bool policy_tells_apart(const struct retry_policy *policy, struct text a, struct text b)
{
    if (policy == NULL) {
        return false;
    }
    return has(policy->errors, policy->error_count, a) !=
               has(policy->errors, policy->error_count, b) ||
           has(policy->except_errors, policy->except_error_count, a) !=
               has(policy->except_errors, policy->except_error_count, b);
}

static bool step_tells_apart(const struct step *step, struct text a, struct text b)
{
    for (uint32_t i = 0; i < step->catcher_count; i++) {
        const struct catcher *catcher = &step->catchers[i];

        if (has(catcher->errors, catcher->error_count, a) !=
            has(catcher->errors, catcher->error_count, b)) {
            return true;
        }
    }
    return policy_tells_apart(step->retry, a, b) ||
           (step->compensate != NULL && policy_tells_apart(step->compensate->retry, a, b));
}

/* The core itself knows that these leave open what became of the command. */
static int doubt_of(struct text name)
{
    if (text_is(name, "timeout") || text_is(name, "communication") || text_is(name, "heartbeat")) {
        return 1;
    }
    return text_is(name, "rate-limited") || text_is(name, "breaker-open") ? 2 : 0;
}

static bool tells_apart(const struct flow *flow, struct text a, struct text b)
{
    if (doubt_of(a) != doubt_of(b) || policy_tells_apart(flow->saga_retry, a, b)) {
        return true;
    }
    for (uint32_t i = 0; i < flow->service_count; i++) {
        if (policy_tells_apart(flow->services[i].retry, a, b)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        if (step_tells_apart(&flow->steps[i], a, b)) {
            return true;
        }
    }
    return false;
}

static void add_name(struct roles *roles, const struct flow *flow, struct text name)
{
    if (text_is(name, "any") || text_is(name, "cancelled") || text_is(name, "expression")) {
        return;
    }
    for (uint32_t i = 0; i < roles->name_count; i++) {
        if (!tells_apart(flow, roles->names[i], name)) {
            return;
        }
    }
    roles->names = realloc(roles->names, (roles->name_count + 1) * sizeof(*roles->names));
    CHECK(roles->names != NULL);
    roles->names[roles->name_count++] = name;
}

static void add_names(struct roles *roles, const struct flow *flow, const struct text *names,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add_name(roles, flow, names[i]);
    }
}

static void add_policy(struct roles *roles, const struct flow *flow,
                       const struct retry_policy *policy)
{
    if (policy != NULL) {
        add_names(roles, flow, policy->errors, policy->error_count);
        add_names(roles, flow, policy->except_errors, policy->except_error_count);
    }
}

static void find_names(struct roles *roles, const struct flow *flow)
{
    add_name(roles, flow, TEXT("rejected"));
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];

        for (uint32_t k = 0; k < step->catcher_count; k++) {
            add_names(roles, flow, step->catchers[k].errors, step->catchers[k].error_count);
        }
        add_policy(roles, flow, step->retry);
        add_policy(roles, flow, step->compensate == NULL ? NULL : step->compensate->retry);
    }
    for (uint32_t i = 0; i < flow->service_count; i++) {
        add_policy(roles, flow, flow->services[i].retry);
    }
    add_name(roles, flow, TEXT("timeout"));
    add_name(roles, flow, TEXT("rate-limited"));
}

void roles_init(struct roles *roles, const struct flow *flow)
{
    *roles = (struct roles){0};
    for (uint32_t i = 0; i < flow->start_count; i++) {
        add(roles, flow->starts[i].when, ROLE_WHEN, STEP_NONE);
    }
    add(roles, flow->data, ROLE_OBJECT, STEP_NONE);
    add_handlers(roles, flow->handlers, flow->handler_count, STEP_NONE);
    add(roles, flow->timeout.expr, ROLE_SPAN, STEP_NONE);
    add(roles, flow->warn_after.expr, ROLE_SPAN, STEP_NONE);
    add(roles, flow->result, ROLE_HARMLESS, STEP_NONE);
    for (uint32_t i = 0; i < flow->service_count; i++) {
        add_reply(roles, &flow->services[i].reply, STEP_NONE);
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        add_step(roles, &flow->steps[i], i);
    }
    if (roles->count > 0) {
        qsort(roles->items, roles->count, sizeof(*roles->items), by_subject);
    }
    find_names(roles, flow);
}

const struct role *roles_find(const struct roles *roles, const void *subject)
{
    static const struct role other = {.kind = ROLE_OTHER, .step = STEP_NONE};
    uint32_t low = 0;
    uint32_t high = roles->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if ((uintptr_t)roles->items[middle].subject < (uintptr_t)subject) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < roles->count && roles->items[low].subject == subject ? &roles->items[low] : &other;
}

void roles_release(struct roles *roles)
{
    free(roles->items);
    free(roles->names);
    *roles = (struct roles){0};
}
