/* The plan of a migration: what it may say, and its expressions. They see the instance document alone. */
#include "base/limits.h"
#include "core/migrating.h"
#include "expr/template.h"

static bool is_object(const struct json *value)
{
    return value != NULL && json_kind(value) == JSON_OBJECT;
}

static enum status compile_where(const struct json *plan, struct expr **expr, struct error *err)
{
    const struct json *where = json_member(plan, "where");
    struct expr_problem problem;

    *expr = NULL;
    if (where == NULL) {
        return STATUS_OK;
    }
    if (json_kind(where) != JSON_TEXT ||
        expr_compile(json_text_of(where), &(struct expr_scope){0}, expr, &problem) != STATUS_OK) {
        return fail(err, STATUS_REJECT, "where: %s",
                    json_kind(where) == JSON_TEXT ? problem.text : "not an expression");
    }
    return STATUS_OK;
}

static enum status compile_data(const struct json *plan, struct template **data, struct error *err)
{
    const struct json *source = json_member(plan, "data");
    struct template_problem problem;

    *data = NULL;
    if (source == NULL) {
        return STATUS_OK;
    }
    if (template_compile(source, &(struct expr_scope){0}, data, &problem) != STATUS_OK) {
        return fail(err, STATUS_REJECT, "data: %s",
                    problem.unclosed ? "'${' is not closed" : problem.expr.text);
    }
    return STATUS_OK;
}

static enum status check_step(struct text name, const struct json *said, const struct flow *old,
                              const struct flow *new, struct error *err)
{
    struct text to = is_object(said) ? json_member_text(said, "to") : json_text_of(said);
    const struct json *as = json_member(said, "as");

    if (to.bytes == 0) {
        return fail(err, STATUS_REJECT, "steps.%.*s: neither a step nor {to, as}", TEXT_ARG(name));
    }
    if (as != NULL && !text_is(json_text_of(as), "skipped")) {
        return fail(err, STATUS_REJECT, "steps.%.*s: 'as' can only be 'skipped'", TEXT_ARG(name));
    }
    if (old != NULL && flow_find_step(old, name) == UINT32_MAX) {
        return fail(err, STATUS_REJECT, "steps.%.*s: version %d has no step '%.*s'", TEXT_ARG(name),
                    old->version, TEXT_ARG(name));
    }
    if (old != NULL && flow_find_step(new, to) == UINT32_MAX) {
        return fail(err, STATUS_REJECT, "steps.%.*s: version %d has no step '%.*s'", TEXT_ARG(name),
                    new->version, TEXT_ARG(to));
    }
    return STATUS_OK;
}

static enum status check_steps(const struct json *plan, const struct flow *old,
                               const struct flow *new, struct error *err)
{
    const struct json *steps = json_member(plan, "steps");
    struct json_cursor cursor = {0};
    const struct json *said;
    struct text name;
    enum status status = STATUS_OK;

    if (steps == NULL) {
        return STATUS_OK;
    }
    if (!is_object(steps)) {
        return fail(err, STATUS_REJECT, "steps: not a map");
    }
    while (status == STATUS_OK && json_next(steps, &cursor, &name, &said)) {
        status = check_step(name, said, old, new, err);
    }
    return status;
}

enum status migrate_check(const struct json *plan, const struct flow *old, const struct flow *new,
                          struct error *err)
{
    const struct json *timers = json_member(plan, "timers");
    struct template *data = NULL;
    struct expr *where = NULL;
    enum status status;

    if (!is_object(plan)) {
        return fail(err, STATUS_REJECT, "the plan is no object");
    }
    if (timers != NULL && !text_is(json_text_of(timers), "keep") &&
        !text_is(json_text_of(timers), "reset")) {
        return fail(err, STATUS_REJECT, "timers: 'keep' or 'reset'");
    }
    status = check_steps(plan, old, new, err);
    if (status == STATUS_OK) {
        status = compile_where(plan, &where, err);
    }
    if (status == STATUS_OK) {
        status = compile_data(plan, &data, err);
    }
    expr_free(where);
    template_free(data);
    return status;
}

enum status migrate_data(const struct json *plan, const struct instance *instance,
                         struct json **data, struct error *err)
{
    struct expr_env env = {.input = instance->data};
    struct template *template = NULL;
    enum status status = compile_data(plan, &template, err);

    *data = NULL;
    if (status == STATUS_OK && template != NULL && instance->data != NULL) {
        status = template_render(template, &env, data, err);
        if (status != STATUS_OK) {
            status = fail_in(err, STATUS_REJECT, "data");
        }
    }
    template_free(template);
    if (status == STATUS_OK && *data != NULL &&
        (!is_object(*data) || json_exceeds(*data, STATE_BYTES_MAX))) {
        json_free(*data);
        *data = NULL;
        status = fail(err, STATUS_REJECT, "data: not an object, or too large");
    }
    return status;
}

enum migrate_verdict migrate_where(const struct instance *instance, const struct json *plan,
                                   struct buffer *why)
{
    struct text from = json_member_text(plan, "from");
    struct expr_env env = {.input = instance->data};
    struct expr *where = NULL;
    struct error err = {0};
    bool truth = true;

    if (from.bytes > 0 && !text_is(from, instance->flow_hash)) {
        buffer_addf(why, "it does not go by the version that is migrated");
        return MIGRATE_LEFT_OUT;
    }
    if (compile_where(plan, &where, &err) == STATUS_OK && where != NULL &&
        expr_test(where, &env, &truth, &err) != STATUS_OK) {
        buffer_addf(why, "where: %s", err.text);
        truth = false;
    } else if (!truth) {
        buffer_addf(why, "'where' does not hold");
    }
    expr_free(where);
    return truth ? MIGRATE_FITS : MIGRATE_LEFT_OUT;
}
