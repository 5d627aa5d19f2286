/* Templates at work: a value for what the expressions see. */
#include "base/limits.h"
#include "expr/branch.h"

static enum status render(const struct branch *branch, const struct expr_env *env,
                          struct json **value, struct error *err);

static enum status add_value(struct json *value, struct buffer *out, struct error *err)
{
    if (json_kind(value) == JSON_TEXT) {
        buffer_add_text(out, json_text_of(value));
    } else if (!json_exceeds(value, EXPR_OUTPUT_BYTES_MAX)) {
        json_write(value, out);
    } else {
        out->full = true;
    }
    json_free(value);
    return out->full
               ? fail(err, STATUS_REJECT, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX)
               : STATUS_OK;
}

static enum status render_text(const struct branch *branch, const struct expr_env *env,
                               struct json **value, struct error *err)
{
    struct buffer out = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    enum status status = STATUS_OK;
    struct json *part;

    for (size_t i = 0; i < branch->count && status == STATUS_OK; i++) {
        if (branch->parts[i].expr == NULL) {
            buffer_add_text(&out, branch->parts[i].literal);
            continue;
        }
        status = expr_eval(branch->parts[i].expr, env, &part, err);
        if (status == STATUS_OK) {
            status = add_value(part, &out, err);
        }
    }
    if (status == STATUS_OK) {
        *value = json_text(buffer_text(&out));
    }
    buffer_release(&out);
    return status;
}

static enum status render_children(const struct branch *branch, const struct expr_env *env,
                                   struct json **value, struct error *err)
{
    struct json *whole = branch->kind == BRANCH_ARRAY ? json_array() : json_object();
    enum status status = STATUS_OK;
    struct json *child;

    for (size_t i = 0; i < branch->count && status == STATUS_OK; i++) {
        status = render(branch->children[i], env, &child, err);
        if (status != STATUS_OK) {
            status = branch->kind == BRANCH_ARRAY
                         ? fail_in(err, status, "[%zu]", i)
                         : fail_in(err, status, "'%.*s'",
                                   TEXT_ARG(text_sub(branch->keys[i], 0, 64)));
        } else if (branch->kind == BRANCH_ARRAY) {
            json_push(whole, child);
        } else {
            json_put(whole, branch->keys[i], child);
        }
    }
    if (status != STATUS_OK) {
        json_free(whole);
        return status;
    }
    *value = whole;
    return STATUS_OK;
}

static enum status render(const struct branch *branch, const struct expr_env *env,
                          struct json **value, struct error *err)
{
    switch (branch->kind) {
    case BRANCH_CONSTANT:
        *value = json_copy(branch->value);
        return STATUS_OK;
    case BRANCH_EXPR:
        return expr_eval(branch->parts[0].expr, env, value, err);
    case BRANCH_TEXT:
        return render_text(branch, env, value, err);
    case BRANCH_ARRAY:
    case BRANCH_OBJECT:
        return render_children(branch, env, value, err);
    }
    CHECK(!"unknown kind of branch");
    return STATUS_FATAL;
}

enum status template_render(const struct template *template, const struct expr_env *env,
                            struct json **value, struct error *err)
{
    enum branch_kind kind = template->root->kind;
    enum status status;

    *value = NULL;
    status = render(template->root, env, value, err);
    if (status != STATUS_OK || (kind != BRANCH_ARRAY && kind != BRANCH_OBJECT)) {
        return status;
    }
    /* Each expression kept its limits; together they may still be too much. */
    if (json_exceeds(*value, EXPR_OUTPUT_BYTES_MAX)) {
        status = fail(err, STATUS_REJECT, "a value of more than %d bytes", EXPR_OUTPUT_BYTES_MAX);
    } else if (json_depth(*value, JSON_DEPTH_MAX + 1) > JSON_DEPTH_MAX) {
        status = fail(err, STATUS_REJECT, "a value more than %d deep", JSON_DEPTH_MAX);
    }
    if (status != STATUS_OK) {
        json_free(*value);
        *value = NULL;
    }
    return status;
}
