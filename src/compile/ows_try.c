/* Errors of the standard's grammar: try, catch, retry, raise. */
#include <string.h>

#include "compile/ows.h"

/* The standard has moved: hosts and paths of the URIs of its own errors. */
#define STANDARD_PREFIX "https://serverlessworkflow.io/spec/1.0.0/errors/"

static const char *const prefixes[] = {
    STANDARD_PREFIX,
    "https://serverlessworkflow.io/dsl/errors/types/",
    "https://serverlessworkflow.io/errors/types/",
    "https://open-workflow-specification.org/spec/1.0.0/errors/",
    "https://open-workflow-specification.org/dsl/errors/types/",
    "https://open-workflow-specification.org/errors/types/",
};

static const char *const standard_errors[] = {"configuration",  "validation",    "expression",
                                              "authentication", "authorization", "timeout",
                                              "communication",  "runtime"};

#define PREFIX_COUNT (sizeof(prefixes) / sizeof(prefixes[0]))

/* What comes after the prefix; empty for an error that is not the standard's. */
static struct text word_of(struct text type)
{
    for (size_t i = 0; i < PREFIX_COUNT; i++) {
        struct text prefix = text_of(prefixes[i]);

        if (text_starts(type, prefix)) {
            return text_sub(type, prefix.bytes, type.bytes - prefix.bytes);
        }
    }
    return (struct text){0};
}

/* All that an error of this type may be called: by any URI, and by the engine's own word. */
static struct node *names_of(struct ows *ows, const struct node *type)
{
    struct text word = word_of(type->text);
    struct node *names = ows_array(ows, type);

    if (word.bytes == 0) {
        ows_push(ows, names, ows_text(ows, type, type->text));
        return names;
    }
    for (size_t i = 0; i < sizeof(standard_errors) / sizeof(standard_errors[0]); i++) {
        if (text_is(word, standard_errors[i])) {
            ows_push(ows, names, ows_text(ows, type, word));
        }
    }
    for (size_t i = 0; i < PREFIX_COUNT; i++) {
        ows_push(ows, names,
                 ows_text(ows, type, ows_printf(ows, "%s%.*s", prefixes[i], TEXT_ARG(word))));
    }
    return names;
}

/* `$error` as the standard shows it: its type is a URI. */
static struct text error_shown(void)
{
    return TEXT("$error | {type: (if (.type | test(\"^[a-z-]+$\")) then \"" STANDARD_PREFIX
                "\" + .type else .type end), status: .status, title: .title, detail: .detail, "
                "instance: .instance} | with_entries(select(.value != null))");
}

static struct text both(struct ows *ows, struct text a, struct text b)
{
    return a.bytes == 0 ? b : ows_printf(ows, "%.*s and %.*s", TEXT_ARG(a), TEXT_ARG(b));
}

static struct text filter_member(struct ows *ows, const char *key, const struct node *value)
{
    struct text named = TEXT("");

    if (strcmp(key, "type") == 0 && !text_starts(value->text, TEXT("${"))) {
        struct node *names = names_of(ows, value);

        for (uint32_t i = 0; i < names->count; i++) {
            named = ows_printf(ows, "%.*s%s$error.type == %.*s", TEXT_ARG(named),
                               i == 0 ? "" : " or ",
                               TEXT_ARG(ows_quote(ows, names->items[i]->text)));
        }
        return ows_printf(ows, "(%.*s)", TEXT_ARG(named));
    }
    named = value->kind == NODE_NUMBER ? value->text : ows_quote(ows, value->text);
    if (text_starts(value->text, TEXT("${"))) {
        named = ows_source(ows, value, OWS_HERE);
    }
    return named.bytes == 0
               ? named
               : ows_printf(ows, "($error.%s == (%.*s))",
                            strcmp(key, "details") == 0 ? "detail" : key, TEXT_ARG(named));
}

/* Which errors a catch takes, as a condition; "true" for all. Empty after a finding. */
static struct text filter_of(struct ows *ows, const struct node *catch)
{
    static const char *const keys[] = {"type", "status", "instance", "title", "details", NULL};
    static const char *const with_keys[] = {"with", NULL};
    const struct node *errors = node_get(catch, "errors");
    const struct node *with = node_get(errors, "with");
    const struct node *when = node_get(catch, "when");
    const struct node *except = node_get(catch, "exceptWhen");
    struct text made = TEXT("");

    if ((errors != NULL && !ows_keys(ows, errors, "errors", with_keys)) ||
        (with != NULL && !ows_keys(ows, with, "errors.with", keys))) {
        return made;
    }
    for (size_t i = 0; keys[i] != NULL; i++) {
        const struct node *value = node_get(with, keys[i]);
        struct text one = value == NULL ? TEXT("") : filter_member(ows, keys[i], value);

        if (value != NULL && one.bytes == 0) {
            return one;
        }
        made = value == NULL ? made : both(ows, made, one);
    }
    for (int i = 0; i < 2; i++) {
        const struct node *value = i == 0 ? when : except;
        struct text one = value == NULL ? TEXT("") : ows_source(ows, value, OWS_HERE);

        if (value != NULL && one.bytes == 0) {
            return one;
        }
        if (value != NULL) {
            made = both(ows, made,
                        ows_printf(ows, i == 0 ? "(%.*s)" : "((%.*s) | not)", TEXT_ARG(one)));
        }
    }
    return made.bytes == 0 ? TEXT("true") : made;
}

static bool retry_limit(struct ows *ows, const struct node *limit, struct node *policy)
{
    static const char *const keys[] = {"attempt", "duration", NULL};
    static const char *const attempt_keys[] = {"count", "duration", NULL};
    const struct node *attempt = node_get(limit, "attempt");
    const struct node *count = node_get(attempt, "count");
    const struct node *span = node_get(limit, "duration");
    int64_t number = 999999;

    if (limit == NULL) {
        ows_put(ows, policy, "attempts", ows_number(ows, policy, number));
        return true;
    }
    if (!ows_keys(ows, limit, "limit", keys) ||
        (attempt != NULL && !ows_keys(ows, attempt, "attempt", attempt_keys))) {
        return false;
    }
    if (node_pair(attempt, "duration") != NULL) {
        ows_refuse(ows, node_pair(attempt, "duration")->key,
                   "a limit of each attempt: give the tasks a timeout");
        return false;
    }
    if (count != NULL && (count->kind != NODE_NUMBER || !text_to_int64(count->text, &number) ||
                          number < 0 || number > 999999)) {
        expected(ows->checker, count, "how many times it may be tried again");
        return false;
    }
    /* Ours counts the first attempt as well. */
    ows_put(ows, policy, "attempts",
            ows_number(ows, count == NULL ? limit : count, number + (count == NULL ? 0 : 1)));
    ows_put(ows, policy, "total", span == NULL ? NULL : ows_duration(ows, span));
    return true;
}

static struct node *retry_of(struct ows *ows, const struct node *node, const struct node *catch)
{
    static const char *const keys[] = {"when",  "exceptWhen", "delay", "backoff",
                                       "limit", "jitter",     NULL};
    static const char *const backoffs[] = {"constant", "linear", "exponential"};
    const struct node *with = node_get(node_get(catch, "errors"), "with");
    const struct node *delay;
    struct node *policy;

    node = node->kind == NODE_TEXT ? ows_used(ows, "retries", node) : node;
    if (node == NULL || !ows_keys(ows, node, "retry", keys)) {
        return NULL;
    }
    for (size_t i = 0; keys[i] != NULL; i++) {
        bool bad = i < 2 || strcmp(keys[i], "jitter") == 0;

        if (bad && node_pair(node, keys[i]) != NULL) {
            ows_refuse(ows, node_pair(node, keys[i])->key, "'%s' of a retry", keys[i]);
            return NULL;
        }
    }
    if (node_pair(catch, "when") != NULL || node_pair(catch, "exceptWhen") != NULL ||
        (with != NULL && (with->count != 1 || node_pair(with, "type") == NULL))) {
        ows_refuse(ows, node, "a retry that hangs on more than the type of the error");
        return NULL;
    }
    policy = ows_map(ows, node);
    delay = node_get(node, "delay");
    ows_put(ows, policy, "delay",
            delay == NULL ? ows_text(ows, node, TEXT("0s")) : ows_duration(ows, delay));
    ows_put(ows, policy, "jitter", ows_text(ows, node, TEXT("0%")));
    ows_put(ows, policy, "backoff", ows_text(ows, node, TEXT("constant")));
    ows_put(ows, policy, "max", ows_text(ows, node, TEXT("52w")));
    for (size_t i = 0; i < 3; i++) {
        const struct pair *pair = node_pair(node_get(node, "backoff"), backoffs[i]);

        if (pair != NULL) {
            policy->pairs[2].value = ows_text(ows, pair->key, text_of(backoffs[i]));
        }
    }
    if (with != NULL) {
        ows_put(ows, policy, "errors", names_of(ows, node_get(with, "type")));
    } else {
        struct node *any = ows_array(ows, node);

        ows_push(ows, any, ows_text(ows, node, TEXT("any")));
        ows_put(ows, policy, "errors", any);
    }
    return retry_limit(ows, node_get(node, "limit"), policy) ? policy : NULL;
}

/* An export of ours: errors by the engine's names, and data stays as the tasks have left it. */
static bool is_ours(const struct ows *ows)
{
    return node_pair(ows->task->own, "ours") != NULL;
}

/* The tasks begin with the input of the try, whatever those before them have made of it. */
static struct node *from_input(struct ows *ows, const struct node *at, const char *suffix)
{
    return ows_set(
        ows, at, suffix, "data",
        ows_embrace(ows, at, ows_printf(ows, "$data.in_%.*s", TEXT_ARG(ows->task->step))));
}

static struct node *catch_steps(struct ows *ows, const struct node *catch)
{
    const struct node *as = node_get(catch, "as");
    const struct node *tasks = node_get(catch, "do");
    struct text place = ows_printf(ows, "err_%.*s", TEXT_ARG(ows->task->step));
    struct expr_scope around = ows->scope;
    struct node *steps = ows_array(ows, catch);
    struct node *list = NULL;
    bool ours = is_ours(ows);

    if (!ours) {
        ows_push(ows, steps, from_input(ows, catch, "caught"));
        ows_push(ows, steps,
                 ows_set(ows, catch, "error", place.data, ows_embrace(ows, catch, error_shown())));
    }
    if (tasks == NULL) {
        return steps;
    }
    ows_know(ows, as == NULL ? catch : as, as == NULL ? TEXT("error") : as->text,
             ours ? TEXT("$error") : ows_printf(ows, "$data.%.*s", TEXT_ARG(place)));
    list = ows_tasks(ows, tasks, ows_printf(ows, "%.*s/catch/do", TEXT_ARG(ows->task->pointer)),
                     false);
    ows->scope = around;
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        ows_push(ows, steps, list->items[i]);
    }
    return list == NULL ? NULL : steps;
}

static bool add_catch(struct ows *ows, const struct node *catch, struct node *step)
{
    const struct node *as = node_get(catch, "as");
    struct expr_scope around = ows->scope;
    struct node *made = ows_map(ows, catch);
    struct node *steps;
    struct text filter;

    ows_know(ows, as == NULL ? catch : as, as == NULL ? TEXT("error") : as->text,
             is_ours(ows) ? TEXT("$error") : error_shown());
    filter = filter_of(ows, catch);
    ows->scope = around;
    if (filter.bytes == 0) {
        return false;
    }
    if (!text_is(filter, "true")) {
        ows_put(ows, made, "when", ows_text(ows, catch, filter));
    }
    if (node_get(ows->task->own, "rollback") != NULL) {
        ows_put(ows, made, "rollback", node_get(ows->task->own, "rollback"));
    }
    steps = catch_steps(ows, catch);
    if (steps != NULL && steps->count > 0) {
        ows_put(ows, made, "do", steps);
    }
    ows_put(ows, step, "catch", made);
    return steps != NULL;
}

bool ows_try(struct ows *ows, struct node *step)
{
    static const char *const keys[] = {"errors", "as", "when", "exceptWhen", "retry", "do", NULL};
    const struct node *catch = node_get(ows->task->node, "catch");
    const struct node *retry = node_get(catch, "retry");
    const struct node *own_retry = node_get(ows->task->own, "retry");
    struct node *list = ows_array(ows, ows->task->key);
    struct node *tasks = ows_tasks(ows, ows->task->action->value,
                                   ows_printf(ows, "%.*s/try", TEXT_ARG(ows->task->pointer)),
                                   false);
    struct node *policy = NULL;

    if (catch == NULL) {
        diagnostics_error(ows->checker->diagnostics, "F102", node_place(ows->task->key),
                          "missing required 'catch' in try");
        return false;
    }
    if (tasks == NULL || !ows_keys(ows, catch, "catch", keys)) {
        return false;
    }
    if (!is_ours(ows)) {
        ows_push(ows, list, from_input(ows, ows->task->key, "begin"));
    }
    for (uint32_t i = 0; i < tasks->count; i++) {
        ows_push(ows, list, tasks->items[i]);
    }
    ows_put(ows, step, "try", list);
    if (own_retry != NULL) {
        ows_put(ows, step, "retry", own_retry);
        return catch->count == 0 || add_catch(ows, catch, step);
    }
    if (retry != NULL) {
        policy = retry_of(ows, retry, catch);
        ows_put(ows, step, "retry", policy);
        if (policy == NULL) {
            return false;
        }
    }
    /* Without tasks of its own, a catch that retries only retries: then the error goes on. */
    return (retry != NULL && node_pair(catch, "do") == NULL) || add_catch(ows, catch, step);
}

bool ows_raise(struct ows *ows, struct node *step)
{
    static const char *const keys[] = {"type", "status", "title", "detail", "instance", NULL};
    const struct node *raise = ows->task->action->value;
    static const char *const raise_keys[] = {"error", NULL};
    const struct node *error = node_get(raise, "error");
    struct node *made;

    if (!ows_keys(ows, raise, "raise", raise_keys) || error == NULL) {
        return error != NULL || (expected(ows->checker, raise, "an error"), false);
    }
    error = error->kind == NODE_TEXT ? ows_used(ows, "errors", error) : error;
    if (error == NULL || !ows_keys(ows, error, "error", keys)) {
        return false;
    }
    if (node_get(error, "type") == NULL) {
        diagnostics_error(ows->checker->diagnostics, "F102", node_place(error),
                          "missing required 'type' in error");
        return false;
    }
    if (node_get(ows->task->own, "end") != NULL) {
        const struct node *title = node_get(error, "title");

        ows_put(ows, step, "end", node_get(ows->task->own, "end"));
        ows_put(ows, step, "reason", title == NULL ? NULL : ows_template(ows, title, OWS_HERE));
        return true;
    }
    if (node_pair(error, "instance") != NULL) {
        ows_refuse(ows, node_pair(error, "instance")->key,
                   "an 'instance' of your own: it is the task that raises the error");
        return false;
    }
    made = ows_map(ows, error);
    for (size_t i = 0; i < 4; i++) {
        const struct node *value = node_get(error, keys[i]);
        struct node *template = value == NULL ? NULL : ows_template(ows, value, OWS_HERE);

        if (value != NULL && template == NULL) {
            return false;
        }
        ows_put(ows, made, i == 0 ? "error" : keys[i], template);
    }
    ows_put(ows, step, "raise", made);
    return true;
}
