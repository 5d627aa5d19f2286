/*
 * build - what the parts of flow_build share. A definition comes from a topic: outside input. The
 * readers below refuse what is missing, of a wrong kind, out of range or unknown; the first refusal
 * is kept, and from then on they give harmless values, so that callers need not look each time.
 */
#ifndef BATON_COMPILE_BUILD_H
#define BATON_COMPILE_BUILD_H

#include "base/map.h"
#include "compile/flow_file.h"

#define SECTION_KEYS_MAX 40

struct builder {
    struct flow *flow;
    struct error *err;
    enum status status;
    uint32_t expr_capacity;
    uint32_t template_capacity;
    struct map step_names;       /* Name to index + 1. */
    const struct json **sources; /* Of each step. */
    uint32_t *lists;             /* Steps of one list share a number. */
    uint32_t *loop_lists;        /* Of each for: the number of its list. */
    uint32_t list_count;
    uint32_t awaited_capacity;
    uint32_t signal_capacity;
    bool in_undo;            /* The block of an undo is being placed. */
    struct expr_scope scope; /* The variables of flow_scope(), then those of the loops around. */
    /* Source -> struct expr: those that the checker has compiled. NULL: this is no trial. */
    const struct map *compiled;
};

/* An object of the definition and the keys that were asked for. */
struct section {
    struct builder *builder;
    const struct json *json;
    struct text where; /* "step 'charge'" */
    const char *asked[SECTION_KEYS_MAX];
    uint32_t asked_count;
};

/* flow_build.c: whether flow_build() would take it, where all its expressions were compiled already:
 * those in `compiled` are not compiled again, and of templates the first alone. */
MUST_CHECK enum status flow_build_try(struct text definition, const struct map *compiled,
                                      struct error *err);

void build_refuse(struct builder *builder, struct text where, const char *format, ...)
    PRINTF_LIKE(3, 4);
bool build_failed(const struct builder *builder);

struct section section_open(struct builder *builder, const struct json *json, struct text where);
/* Refuse keys that nobody asked for. */
void section_close(struct section *section);
const struct json *section_get(struct section *section, const char *key); /* NULL if absent. */
const struct json *section_need(struct section *section, const char *key);
/* Texts are copied into the flow's arena. Empty if absent. */
struct text section_text(struct section *section, const char *key);
struct text section_need_text(struct section *section, const char *key);
int64_t section_integer(struct section *section, const char *key, int64_t least, int64_t most);
/* The index of the text in `words`, which ends with NULL; 0 if it is absent. */
uint32_t section_choice(struct section *section, const char *key, const char *const *words);
struct expr *section_expr(struct section *section, const char *key);         /* NULL if absent. */
struct template *section_template(struct section *section, const char *key); /* NULL if absent. */
struct span section_span(struct section *section, const char *key);

struct expr *build_expr(struct builder *builder, struct text source, struct text where);
struct template *build_template(struct builder *builder, const struct json *source,
                                struct text where);

/* build_parts.c */
struct correlation build_correlation(struct builder *builder, const struct json *json,
                                     struct text where);
const struct retry_policy *build_policy(struct builder *builder, const struct json *json,
                                        struct text where);
struct reply_rule build_reply(struct builder *builder, const struct json *json, struct text where);
void build_topics(struct builder *builder, const struct json *json, const struct json *info);
void build_services(struct builder *builder, const struct json *json);

/* build_steps.c */
void build_steps(struct section *section, const struct json *info);

/* build_blocks.c: where each step stands, before any is built. */
size_t place_count(const struct json *list);       /* All steps in a list and below. */
size_t place_count_each(const struct json *lists); /* The same of each object's `do`. */
/* Gives the first step. Recursion is bounded by JSON_DEPTH_MAX. */
uint32_t place_list(struct builder *builder, const struct json *list, uint32_t parent);
/* build_handle.c: the same for the lists of handlers; `parent` STEP_NONE: the flow's own. */
void place_handlers(struct builder *builder, const struct json *handle, uint32_t parent);
/* What the handlers of a block, or the flow, wait for. `route`: what they belong to. */
void build_handlers(struct section *outer, struct handler *handlers, uint32_t count,
                    struct text route);
/* The same of the list of a `remind`, and when it runs. */
void place_remind(struct builder *builder, const struct json *json, uint32_t step);
void build_remind(struct section *outer, struct step *step);
/* build_undo.c: the same of the block of an undo, and what undoes a step. */
void place_undo(struct builder *builder, const struct json *json, uint32_t step);
void build_undo(struct section *outer, struct step *step);
/* build_steps.c: what a step or an undo sends. */
struct message_spec build_message(struct section *section);
void build_cancel(struct section *outer, struct message_spec *message);
/* Each attempt has a limit: the service's, if the definition says none. */
struct span build_timeout(const struct builder *builder, const struct message_spec *message,
                          struct span span);
/* Make the variables of the loops around the step known. */
void place_scope(struct builder *builder, uint32_t index);
/* What the actions do, fork, for and rollback, and catches, have of their own. */
void build_block(struct section *section, struct step *step);
void build_catches(struct section *section, struct step *step);
/* build_listen.c: `route` names what waits, as in struct awaited. */
struct listen build_listen(struct builder *builder, const struct json *json, struct text where,
                           struct text route);
/* "step 'charge'" */
struct text step_where(struct builder *builder, uint32_t index);

#endif
