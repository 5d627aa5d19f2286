/* Tasks of the standard's grammar that have others do something: call, run. */
#include <string.h>

#include "compile/ows.h"

/* How the members of `with` are read. */
enum reading { READING_AS_IT_IS, READING_TEMPLATE, READING_EXPR, READING_DURATION, READING_PARTS };

struct argument {
    const char *key;
    const char *ours; /* NULL: the same. */
    enum reading reading;
    bool of_reply; /* `.` is the payload of a reply. */
};

static const struct argument reply_arguments[] = {
    {"success", NULL, READING_EXPR, true},  {"failure", NULL, READING_EXPR, true},
    {"error", NULL, READING_EXPR, true},    {"reason", NULL, READING_EXPR, true},
    {"progress", NULL, READING_EXPR, true}, {NULL, NULL, READING_AS_IT_IS, false},
};

static const struct argument call_arguments[] = {
    {"service", "request", READING_AS_IT_IS, false},
    {"type", NULL, READING_TEMPLATE, false},
    {"key", NULL, READING_EXPR, false},
    {"value", NULL, READING_TEMPLATE, false},
    {"headers", NULL, READING_TEMPLATE, false},
    {"reply", NULL, READING_PARTS, true},
    {"timeout", NULL, READING_DURATION, false},
    {"warnAfter", NULL, READING_DURATION, false},
    {"retry", NULL, READING_AS_IT_IS, false},
    {"heartbeat", NULL, READING_DURATION, false},
    {"cancel", NULL, READING_TEMPLATE, false},
    {"compensate", NULL, READING_PARTS, false},
    {"pivot", NULL, READING_AS_IT_IS, false},
    {"inDoubt", NULL, READING_AS_IT_IS, false},
    {"note", NULL, READING_TEMPLATE, false},
    {NULL, NULL, READING_AS_IT_IS, false},
};

static const struct argument undo_arguments[] = {
    {"service", "request", READING_AS_IT_IS, false},
    {"topic", "emit", READING_AS_IT_IS, false},
    {"type", NULL, READING_TEMPLATE, false},
    {"key", NULL, READING_EXPR, false},
    {"value", NULL, READING_TEMPLATE, false},
    {"headers", NULL, READING_TEMPLATE, false},
    {"reply", NULL, READING_PARTS, true},
    {"timeout", NULL, READING_DURATION, false},
    {"retry", NULL, READING_AS_IT_IS, false},
    {NULL, NULL, READING_AS_IT_IS, false},
};

static const struct argument *argument_of(const struct argument *arguments, struct text key)
{
    for (; arguments->key != NULL; arguments++) {
        if (text_is(key, arguments->key)) {
            return arguments;
        }
    }
    return NULL;
}

static bool put_arguments(struct ows *ows, const struct node *with,
                          const struct argument *arguments, struct node *into);

static const struct node *read_argument(struct ows *ows, const struct argument *argument,
                                        const struct node *value)
{
    struct expr_scope around = ows->scope;
    bool is_undo = strcmp(argument->key, "compensate") == 0;
    struct node *parts;

    switch (argument->reading) {
    case READING_AS_IT_IS:
        return value;
    case READING_TEMPLATE:
        return ows_template(ows, value, OWS_HERE);
    case READING_EXPR:
        return ows_expr(ows, value, argument->of_reply ? OWS_SELF : OWS_HERE);
    case READING_DURATION:
        return ows_duration(ows, value);
    case READING_PARTS:
        if (node_is_scalar(value)) {
            return value; /* `none` */
        }
        parts = ows_map(ows, value);
        if (is_undo) {
            ows_know(ows, value, TEXT("error"), TEXT("$error"));
        }
        parts = put_arguments(ows, value, is_undo ? undo_arguments : reply_arguments, parts) ? parts
                                                                                             : NULL;
        ows->scope = around;
        return parts;
    }
    CHECK(!"unknown reading");
    return NULL;
}

/* Recursion ends with the tables. */
static bool put_arguments(struct ows *ows, const struct node *with,
                          const struct argument *arguments, struct node *into)
{
    bool good = true;

    if (with->kind != NODE_MAP) {
        expected(ows->checker, with, "a map");
        return false;
    }
    for (uint32_t i = 0; i < with->count; i++) {
        const struct pair *pair = &with->pairs[i];
        const struct argument *argument = argument_of(arguments, pair->key->text);
        const struct node *value;

        if (pair->repeated) {
            continue;
        }
        if (argument == NULL) {
            diagnostics_error(ows->checker->diagnostics, "F101", node_place(pair->key),
                              "unknown key '%.*s' in %s", TEXT_ARG(pair->key->text), OWS_CALL);
            good = false;
            continue;
        }
        value = read_argument(ows, argument, pair->value);
        good = value != NULL && good;
        if (value != NULL) {
            ows_put_pair(ows, into,
                         ows_text(ows, pair->key,
                                  text_of(argument->ours == NULL ? argument->key : argument->ours)),
                         value);
        }
    }
    /* What it sends is the data, unless it says else: never what the engine keeps beside it. */
    if (arguments != reply_arguments && node_pair(with, "value") == NULL) {
        ows_put(ows, into, "value", ows_embrace(ows, with, OWS_HERE));
    }
    return good;
}

bool ows_call(struct ows *ows, struct node *step)
{
    const struct node *call = ows->task->action->value;
    const struct node *with = node_get(ows->task->node, "with");

    if (call->kind != NODE_TEXT || !text_is(call->text, OWS_CALL)) {
        ows_refuse(ows, call, "a call of '%.*s'; it has %s", TEXT_ARG(call->text), OWS_CALL);
        return false;
    }
    if (with == NULL || node_get(with, "service") == NULL) {
        diagnostics_error(ows->checker->diagnostics, "F102",
                          node_place(with == NULL ? ows->task->key : with),
                          "missing required 'service' in with");
        return false;
    }
    return put_arguments(ows, with, call_arguments, step) && ows_result(ows, step, TEXT(""));
}

/* NULL: the latest, or a finding was made. */
static const struct node *version_of(struct ows *ows, const struct node *node)
{
    int64_t number;

    if (node == NULL || text_is(node->text, "latest")) {
        return NULL;
    }
    number = ows_version(node->text);
    if (number == 0) {
        expected(ows->checker, node, "latest, or a version such as '1.0.0'");
        return NULL;
    }
    return ows_number(ows, node, number);
}

bool ows_run(struct ows *ows, struct node *step)
{
    static const char *const keys[] = {"workflow", "await", "return", "container",
                                       "script",   "shell", NULL};
    static const char *const workflow_keys[] = {"namespace", "name", "version", "input", NULL};
    static const char *const others[] = {"container", "script", "shell", "return"};
    const struct node *run = ows->task->action->value;
    const struct node *workflow = node_get(run, "workflow");
    const struct node *await = node_get(run, "await");
    const struct node *input;

    if (!ows_keys(ows, run, "run", keys)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (node_pair(run, others[i]) != NULL) {
            ows_refuse(ows, node_pair(run, others[i])->key, "'%s' of a run", others[i]);
            return false;
        }
    }
    if (workflow == NULL || !ows_keys(ows, workflow, "workflow", workflow_keys) ||
        node_get(workflow, "name") == NULL) {
        return workflow != NULL || (expected(ows->checker, run, "a workflow"), false);
    }
    input = node_get(workflow, "input");
    ows_put(ows, step, "run", ows_template(ows, node_get(workflow, "name"), OWS_HERE));
    ows_put(ows, step, "version", version_of(ows, node_get(workflow, "version")));
    ows_put(ows, step, "input",
            input == NULL ? ows_embrace(ows, workflow, TEXT("null"))
                          : ows_template(ows, input, OWS_HERE));
    if (await != NULL) {
        ows_put(ows, step, "await", await);
    }
    return !ows->task->gives || ows_result(ows, step, TEXT(""));
}
