/*
 * ows_export - a flow of ours as a document of the Open Workflow Specification, from its resolved
 * definition. The instance document becomes the data that goes from task to task. What the standard
 * has no word for stands in `with` of a call and in `metadata.baton`.
 */
#ifndef BATON_COMPILE_OWS_EXPORT_H
#define BATON_COMPILE_OWS_EXPORT_H

#include "compile/diagnostic.h"
#include "json/json.h"

/* Write the document as YAML. `found` is what the checker found in the flow: what a definition does not
 * hold, that nothing has to be undone and that a wait has no limit, is written unless it is missed there. REJECT: not a definition, or one that was made from such a document
 * and has its file already: err. */
MUST_CHECK enum status ows_export(struct text definition, const struct diagnostics *found,
                                  struct buffer *yaml, struct error *err);

/* ---- internal to the module ---- */

/* What the parts share. */
struct export
{
    const struct json *flow; /* The definition. */
    const struct diagnostics *found;
    bool undoes;        /* Some step is undone. */
    bool is_last;       /* In onFailure and always. */
    struct buffer text; /* Scratch. */
    bool is_standard;   /* A step comes from a document of the standard. */
};

/* ows_export_text.c: expressions and templates. All give values of the caller's. */

/* "${ source }", with the standard's words for our variables. */
struct json *export_expr(struct export *export, struct text source);
/* The bare source, for fields that are always an expression. */
struct json *export_bare(struct export *export, struct text source);
/* A template of ours, whose texts are whole expressions or literal. */
struct json *export_template(struct export *export, const struct json *template);
/* The same as one expression in jq, for `. * {...}`: bytes at the end of `out`. */
void export_source(struct export *export, const struct json *template, struct buffer *out);
/* {seconds: 30} */
struct json *export_duration(int64_t ms);
/* A span: milliseconds or {expr}. NULL for `none` and for none. */
struct json *export_span(struct export *export, const struct json *span);
/* A value of ours as a file has it: durations as text, jitter in percent. `key` is its name. */
struct json *export_plain(struct text key, const struct json *value);

/* ows_export_step.c: a list of steps as a list of tasks. */
struct json *export_steps(struct export *export, const struct json *steps);
/* `then`, as it is said to a step of the list. */
struct json *export_then(const struct json *steps, struct text then);
/* The name by which `then` leads to the step: that of the task around it, if there is one. */
void export_outer(const struct json *step, struct buffer *out);
/* `$input + {name: value}` */
void export_output(struct export *export, struct json *task, const struct json *step,
                   const char *value);
/* Put what only this engine understands. */
void export_own(struct json *task, const char *key, struct json *value);

/* ows_export_call.c */
struct json *export_request(struct export *export, const struct json *step);
struct json *export_emit(struct export *export, const struct json *step);
struct json *export_run(struct export *export, const struct json *step);

/* ows_export_blocks.c */
/* A task of this name, with the suffix, at the end of a list of tasks. */
void export_push(struct json *list, struct text name, const char *suffix, struct json *task);
struct json *export_fork(struct export *export, const struct json *step);
struct json *export_for(struct export *export, const struct json *step);
struct json *export_listen(struct export *export, const struct json *step);
/* An event filter for one thing that a listen, or a start, waits for. */
struct json *export_filter(struct export *export, const struct json *awaited);
/* Step `index` of the list, a switch, and behind it a task for each case that has steps. */
void export_switch(struct export *export, const struct json *steps, size_t index,
                   struct json *tasks);
/* Put the task of a step into a `try` as its catches say; gives the task around it. */
struct json *export_catch(struct export *export, const struct json *step, struct json *task);

/* yaml_write.c: block style, texts quoted where they have to be. */
void yaml_write(const struct json *value, struct buffer *out);

#endif
