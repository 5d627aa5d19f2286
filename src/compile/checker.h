/*
 * checker - what the parts of the checker share while one flow file is read. Reading a node and
 * making its part of the resolved definition is one walk (convert_*), driven by the table of
 * fields.h; what concerns several nodes is looked at afterwards (validate_*). A part with a finding
 * is left out of the definition; the walk goes on, so that one run reports all.
 */
#ifndef BATON_COMPILE_CHECKER_H
#define BATON_COMPILE_CHECKER_H

#include "base/map.h"
#include "compile/plan.h"

#define DEFINITION_FORMAT 1 /* Of the resolved definition; see docs/formats/definition.md. */

/* A topic, service or retry policy that has a name. */
struct entry {
    struct text name;
    const struct pair *pair;
    bool estate; /* Not from the flow file itself. */
    bool used;
    bool of_service;   /* A topic that says that the records of a service's are CloudEvents. */
    struct json *json; /* Resolved; NULL if it has findings. */
};

struct entries {
    const char *kind; /* "topic" */
    struct map by_name;
    struct entry **items;
    uint32_t count;
    uint32_t capacity;
};

/* When an expression is evaluated: before its step, after it, in its undo, at the end. */
enum read_at { READ_BEFORE, READ_AFTER, READ_UNDO, READ_RESULT };

/* An expression reads `.root` of the instance document. */
struct read {
    const struct node *node;
    size_t offset; /* In the node's text. */
    size_t bytes;
    struct text root;
    bool guarded;
    enum read_at at;
    uint32_t step; /* STEP_NONE for READ_RESULT. */
};

struct used_file {
    struct text real;          /* Absolute path without links: the same file is read once. */
    struct document *document; /* NULL if it could not be read. */
    bool open;                 /* Its `use` is being followed. */
};

struct checker {
    struct arena arena;
    struct diagnostics *diagnostics;
    struct used_file *files; /* The file itself first. */
    uint32_t file_count;
    uint32_t file_capacity;
    struct entries topics;
    struct entries services;
    struct entries retries;
    bool names_missing; /* A file of `use` could not be read: a finding was made. */
    struct plan plan;
    struct read *reads;
    uint32_t read_count;
    uint32_t read_capacity;
    bool standard; /* The file is in the standard's grammar: `$data` is known in all steps. */
    bool may_wait; /* It says that its waits without limit are meant. */
    /* Where the walk stands. */
    enum context context;
    bool in_failure;
    bool in_undo;
    uint32_t undo_owner; /* The step whose block of an undo is being read, or STEP_NONE. */
    bool in_catch;
    bool in_handler;
    bool in_remind;
    bool reading_aside;      /* The next list is that of a handler. */
    bool list_aside;         /* The step that is added next stands in such a list. */
    bool reading_catch;      /* The next list is that of a catch. */
    bool empty_allowed;      /* It may be empty. */
    struct expr_scope scope; /* The variables of flow_scope(), then those of the loops around. */
    uint32_t step;           /* Being read, or STEP_NONE. */
    uint32_t parent;         /* The step around the list being read, or STEP_NONE. */
    uint32_t depth;          /* Of blocks. */
    uint32_t list_first;     /* First step of the list that was read last, or STEP_NONE. */
    struct map step_names;   /* Name to index + 1. */
    struct map compiled;     /* Source -> struct expr; see flow_build_try(). */
};

/* estate.c: collect and convert the names of `document` (which the checker takes over) and of all
 * that it uses. `path` is where it was read. */
void checker_read_names(struct checker *checker, const char *path, struct document *document);
/* NULL if there is none. */
struct entry *entries_find(const struct entries *entries, struct text name);
/* The name nearest to `name`, or the empty text. */
struct text entries_suggest(const struct entries *entries, struct text name);
/* Find what a scalar names and mark it used; a finding with `id` and NULL if there is none. */
struct entry *checker_refer(struct checker *checker, struct entries *entries, const char *id,
                            const struct node *node);
/* The text of a file. STATUS_FATAL: cannot be read. STATUS_REJECT: above FLOW_FILE_BYTES_MAX. */
MUST_CHECK enum status file_text(const char *path, struct buffer *text, struct error *err);

/* convert_scalar.c: as a flow may be called. */
bool node_names_flow(struct text text);

/* convert.c: NULL when there was a finding. Else the caller's. */
struct json *convert(struct checker *checker, const struct field *field, const struct node *node);
struct json *convert_object(struct checker *checker, enum object object, const struct node *node);
/* Convert one pair by the rows of `object` into `out`. False if it has no such key. */
bool convert_pair(struct checker *checker, enum object object, const struct pair *pair,
                  struct json *out);
/* Report what is missing in `node` and put fallbacks. */
void convert_rest(struct checker *checker, enum object object, const struct node *node,
                  struct json *out);
/* F101, with the nearest of `near`, else of `object`. */
void report_unknown_key(struct checker *checker, enum object object, const struct node *key);
/* The same where the file calls the object by another name. */
void report_unknown_key_in(struct checker *checker, enum object object, const char *name,
                           const struct node *key);
/* F103: expected `what`, found the node. Gives NULL. */
struct json *expected(struct checker *checker, const struct node *node, const char *what);
/* " (did you mean 'x'?)" in the arena, or the empty string. For the finding that is made next, which
 * then holds the suggestion as well. */
const char *did_you_mean(struct checker *checker, struct text suggestion);
bool node_is_scalar(const struct node *node);

/* hints.c */
/* F311: a plain scalar of a template that is an expression in all but the `${ }`. */
void hint_bare_expression(struct checker *checker, const struct node *node);
/* F310: a plain scalar ends before ` #`; say so where that broke the expression. */
void hint_comment(struct checker *checker, const struct node *node);
/* What may be meant by a name that is no function of `source`, and by one that is no variable: as
 * did_you_mean() gives it, or how a member of the document is written. */
const char *hint_name(struct checker *checker, struct text source,
                      const struct expr_problem *problem);
const char *hint_variable(struct checker *checker, const struct expr_problem *problem);
bool is_key_of_steps(struct text key);

/* convert_expr.c: a bit for each variable of flow_scope() that may be read where the walk stands. */
uint64_t known_variables(const struct checker *checker);
/* What is wrong with an expression that stands at byte `base` of the node's text. */
void report_expr_problem(struct checker *checker, const struct node *node, size_t base,
                         const struct expr_problem *problem);
/* F305: no `}` for the `${` at or after byte `from`. */
void report_unclosed(struct checker *checker, const struct node *node, size_t from);

/* One converter a shape; `field` says more where the shape has variants, and may be NULL else. */
struct json *convert_text(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_name(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_number(struct checker *checker, const struct field *field,
                            const struct node *node);
struct json *convert_percent(struct checker *checker, const struct field *field,
                             const struct node *node);
struct json *convert_bool(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_choice(struct checker *checker, const struct field *field,
                            const struct node *node);
struct json *convert_error_names(struct checker *checker, const struct field *field,
                                 const struct node *node);
struct json *convert_texts(struct checker *checker, const struct field *field,
                           const struct node *node);
struct json *convert_from(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_as(struct checker *checker, const struct field *field,
                        const struct node *node);
struct json *convert_duration(struct checker *checker, const struct field *field,
                              const struct node *node);
struct json *convert_span(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_expr(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_template(struct checker *checker, const struct field *field,
                              const struct node *node);
struct json *convert_correlation(struct checker *checker, const struct field *field,
                                 const struct node *node);
struct json *convert_steps(struct checker *checker, const struct field *field,
                           const struct node *node);
struct json *convert_body(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_catches(struct checker *checker, const struct field *field,
                             const struct node *node);
struct json *convert_branches(struct checker *checker, const struct field *field,
                              const struct node *node);
struct json *convert_for(struct checker *checker, const struct field *field,
                         const struct node *node);
struct json *convert_join(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_version(struct checker *checker, const struct field *field,
                             const struct node *node);
struct json *convert_rollback(struct checker *checker, const struct field *field,
                              const struct node *node);
struct json *convert_variable(struct checker *checker, const struct field *field,
                              const struct node *node);
struct json *convert_cases(struct checker *checker, const struct field *field,
                           const struct node *node);
/* The name of a topic or service. */
struct json *convert_reference(struct checker *checker, const struct field *field,
                               const struct node *node);
/* convert_listen.c */
struct json *convert_listen(struct checker *checker, const struct field *field,
                            const struct node *node);
struct json *convert_listen_key(struct checker *checker, const struct field *field,
                                const struct node *node);
struct json *convert_awaited(struct checker *checker, const struct field *field,
                             const struct node *node);
struct json *convert_raise(struct checker *checker, const struct field *field,
                           const struct node *node);
/* convert_handle.c */
struct json *convert_handlers(struct checker *checker, const struct field *field,
                              const struct node *node);
struct json *convert_remind(struct checker *checker, const struct field *field,
                            const struct node *node);
struct json *convert_spans(struct checker *checker, const struct field *field,
                           const struct node *node);
struct json *convert_times(struct checker *checker, const struct field *field,
                           const struct node *node);
struct json *convert_rate(struct checker *checker, const struct field *field,
                          const struct node *node);
struct json *convert_breaker(struct checker *checker, const struct field *field,
                             const struct node *node);
/* Open the place of a step in the plan, in the list of this number. Gives its index. */
uint32_t checker_add_step(struct checker *checker, const struct node *node, uint32_t list);
/* Give the step its name; F109 if it is taken. */
void checker_name_step(struct checker *checker, uint32_t index, const struct node *node,
                       struct text name);
/* A list of the step at hand that is no catch's becomes one of its blocks in the plan. */
void checker_keep_block(struct checker *checker, bool is_catch);
/* What a listen of the definition waits for, one after the other; NULL behind the last. `nodes` is
 * its place in the file, and *node becomes that of the item. */
const struct json *listen_at(const struct json *listen, size_t index, const struct node *nodes,
                             const struct node **node);
struct json *convert_compensate(struct checker *checker, const struct field *field,
                                const struct node *node);
/* convert_undo.c: the map has `do`. */
struct json *convert_undo_block(struct checker *checker, const struct node *node);
bool is_identifier(struct text text);
/* Fill what a request takes over from its service. `undo`: the failure rule is not inherited when
 * the undo has a success rule of its own. */
enum inherit { INHERIT_ALL, INHERIT_FOR_UNDO };
void resolve_request(struct checker *checker, struct json *call, enum inherit inherit);
/* After all steps are read: find what each `then` names. */
void resolve_jumps(struct checker *checker);

/* validate_*.c: findings that concern several nodes. `flow` is the definition so far. */
void validate_topics(struct checker *checker, const struct node *root, const struct json *flow);
/* F408: a flow that only observes sends nothing. */
void validate_mode(struct checker *checker, const struct node *root);
void validate_listens(struct checker *checker, const struct node *root, const struct json *flow);
void validate_calls(struct checker *checker);
void validate_starts(struct checker *checker, const struct node *root);
void validate_runs(struct checker *checker, const struct json *flow);
void validate_paths(struct checker *checker, const struct json *flow);
void validate_saga(struct checker *checker);
void validate_undo_waits(struct checker *checker);
/* What has no place in the block of an undo. */
void validate_undo_blocks(struct checker *checker);
void validate_times(struct checker *checker, const struct node *root, const struct json *flow);
/* The topic of a resolved name on the broker, or NULL. */
const struct entry *checker_topic_named(const struct checker *checker, struct text name);

struct topic_mentions;
/* topic_mentions.c: add the topics of the broker that are used; `all`: those that are not as well. */
void mention_topics(const struct checker *checker, bool all, struct topic_mentions *mentions);

struct value_mentions;
/* value_mentions.c: add the values that are sent in Avro. */
void mention_values(const struct checker *checker, struct value_mentions *mentions);

/* resolve.c: the definition, complete: what belongs to `info`, and the topics and services used.
 * Takes `flow` over. Only without errors. */
struct json *resolve(struct checker *checker, struct json *flow);

#endif
