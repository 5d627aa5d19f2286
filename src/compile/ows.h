/*
 * ows - the second grammar: a document of the Open Workflow Specification (Serverless Workflow DSL
 * 1.0.x) is written anew as the tree of a flow of ours, which the one checker then reads. Each node
 * of that tree stands where what it was made from stands, so findings have positions in the file.
 *
 * The standard hands one value from task to task. It lives as `data` in the instance document, beside
 * `context` and what composite tasks keep for later; so `.` in a task is `$data.data`.
 */
#ifndef BATON_COMPILE_OWS_H
#define BATON_COMPILE_OWS_H

#include "compile/checker.h"

#define OWS_CALL "kafka-request:1@default" /* The one function of the catalog that we are. */
#define OWS_HERE TEXT("$data.data")        /* What `.` is in a task. */
#define OWS_SELF TEXT("")                  /* `.` is what it is for the engine, too. */

/* The variables of the standard, then those of ours which a document may read as well. */
enum ows_variable {
    OWS_INPUT,
    OWS_OUTPUT,
    OWS_CONTEXT,
    OWS_TASK,
    OWS_WORKFLOW,
    OWS_RUNTIME,
    OWS_FIXED_COUNT,
};

/* A task of a list. */
struct ows_task {
    const struct node *key;  /* Its name. */
    const struct node *node; /* A map. */
    const struct pair *action;
    struct text step;       /* Its step in the flow. */
    struct text outer;      /* What leads to it: the same, or the block around it. */
    struct text pointer;    /* "/do/0/pay" */
    bool wraps;             /* It needs a block of its own. */
    bool saves;             /* Its input is kept beside the data while it runs. */
    bool gives;             /* Its step has a result, which becomes the data. */
    const struct node *own; /* metadata.baton, or NULL. */
};

struct ows_list {
    struct ows_task *tasks;
    uint32_t count;
    struct text exit;  /* Where `then: exit` goes, once that was asked for. */
    bool is_root;      /* Leaving it ends the run. */
    bool cannot_leave; /* The items of a for. */
};

struct ows {
    struct checker *checker;
    const struct node *root;
    const struct node *own; /* document.metadata.baton, or NULL. */
    struct map taken;       /* Names of steps. */
    struct expr_scope scope;
    struct text meanings[EXPR_VARIABLES_MAX]; /* What a variable stands for. */
    struct ows_list *list;
    const struct ows_task *task; /* Being read, or NULL. */
    struct node *events;         /* The topic of events that name none, once it is used. */
    bool in_fork;
    uint32_t index; /* Of the first task of the next list: that of a branch is no list. */
};

/* Write the document anew. NULL: errors are in the diagnostics. Lives in the checker's arena. */
struct node *ows_translate(struct checker *checker, const struct document *document);

/* "1.2.3" is version 1002003 of the flow; 0: no such version. */
int64_t ows_version(struct text text);

/* ---- ows_node.c: nodes that stand where `at` stands ---- */

struct node *ows_map(struct ows *ows, const struct node *at);
struct node *ows_array(struct ows *ows, const struct node *at);
struct node *ows_text(struct ows *ows, const struct node *at, struct text text);
struct node *ows_bool(struct ows *ows, const struct node *at, bool truth);
struct node *ows_number(struct ows *ows, const struct node *at, int64_t number);
void ows_put(struct ows *ows, struct node *map, const char *key, const struct node *value);
void ows_put_pair(struct ows *ows, struct node *map, const struct node *key,
                  const struct node *value);
void ows_push(struct ows *ows, struct node *list, const struct node *item);
/* "${ source }" */
struct node *ows_embrace(struct ows *ows, const struct node *at, struct text source);
/* Text in the checker's arena. */
struct text ows_printf(struct ows *ows, const char *format, ...) PRINTF_LIKE(2, 3);
/* A JSON string of it, as an expression writes one. */
struct text ows_quote(struct ows *ows, struct text text);

/* ---- ows_expr.c ---- */

/* The source of an always-expression, where `.` was `here` (empty: stays). Empty after a finding. */
struct text ows_source(struct ows *ows, const struct node *node, struct text here);
/* The same as a node. NULL after a finding. */
struct node *ows_expr(struct ows *ows, const struct node *node, struct text here);
/* A template; text that only has an expression in it is a finding. NULL after a finding. */
struct node *ows_template(struct ows *ows, const struct node *node, struct text here);
/* `from` and `as`: text is an expression, with `${ }` or without; a map is a template. */
struct node *ows_either(struct ows *ows, const struct node *node, struct text here);
/* Some text in it reads `$name`. */
bool ows_mentions(const struct node *node, const char *name);
/* Name a variable until the scope's count is set back. A finding if it cannot be. */
void ows_know(struct ows *ows, const struct node *at, struct text name, struct text meaning);

/* ---- ows_parts.c ---- */

/* F114 */
void ows_refuse(struct ows *ows, const struct node *at, const char *format, ...) PRINTF_LIKE(3, 4);
/* F101 for each key that is not in `keys`, which ends with NULL. False if it is no map. */
bool ows_keys(struct ows *ows, const struct node *map, const char *what, const char *const *keys);
/* A name for a step that is like `wanted` and not taken. */
struct text ows_name(struct ows *ows, struct text wanted);
/* A step of the task at hand. */
struct node *ows_step(struct ows *ows, const struct node *at, struct text name);
/* `set` that replaces: the step for `key: value`. */
struct node *ows_set(struct ows *ows, const struct node *at, const char *suffix, const char *key,
                     const struct node *value);
/* Where a directive leads, in our words. NULL after a finding. */
struct node *ows_directive(struct ows *ows, const struct node *node);
/* A duration: ISO, a map of units, or an expression. NULL after a finding. */
struct node *ows_duration(struct ows *ows, const struct node *node);
/* `{after}` or a name of use.timeouts. */
struct node *ows_timeout(struct ows *ows, const struct node *node);
/* An item of `use`. NULL after F204. */
const struct node *ows_used(struct ows *ows, const char *kind, const struct node *name);

/* ---- ows_task.c ---- */

/* Does output.as give back the input, so that nothing changes? */
bool ows_keeps_input(const struct node *task);
/* A list of tasks as a list of steps; `pointer` is where it stands. NULL after a finding. */
struct node *ows_tasks(struct ows *ows, const struct node *node, struct text pointer,
                       bool cannot_leave);
/* The result becomes the data: first `raw`, over the result, then what output.as says. */
bool ows_result(struct ows *ows, struct node *step, struct text raw);

/* ---- the kinds of tasks ---- */

/* The steps of one task, into `step`, which has its name already. False after a finding. */
bool ows_do(struct ows *ows, struct node *step);
bool ows_for(struct ows *ows, struct node *step);
bool ows_fork(struct ows *ows, struct node *step);
bool ows_switch(struct ows *ows, struct node *step);
bool ows_try(struct ows *ows, struct node *step);
bool ows_raise(struct ows *ows, struct node *step);
bool ows_call(struct ows *ows, struct node *step);
bool ows_run(struct ows *ows, struct node *step);
bool ows_emit(struct ows *ows, struct node *step, struct node *list);
bool ows_listen(struct ows *ows, struct node *step);

/* ---- ows_event.c ---- */

/* What a filter of events waits for, as `topic`, `type`, `when` and `key` in `out`; the payload's
 * data is then read by *data. False after a finding. */
bool ows_filter(struct ows *ows, const struct node *filter, struct node *out, struct text *data);

#endif
