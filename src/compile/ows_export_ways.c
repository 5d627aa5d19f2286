/* The ways that a run may take, as tasks: the cases of a switch, and catches. */
#include <stdio.h>

#include "compile/ows_export.h"

/* Where it goes on behind the switch and its cases. */
static struct json *behind(const struct json *steps, size_t index)
{
    const struct json *step = json_at(steps, index);
    struct text then = json_member_text(step, "then");

    if (then.bytes > 0 && !text_is(then, "continue")) {
        return export_then(steps, then);
    }
    return index + 1 < json_count(steps)
               ? export_then(steps, json_member_text(json_at(steps, index + 1), "step"))
               : json_string("exit");
}

/* The case as one of the standard, which only jumps. Its steps become a task behind the switch. */
static void push_case(struct export *export, const struct json *steps, size_t index, size_t number,
                      struct json *cases, struct json *blocks)
{
    const struct json *step = json_at(steps, index);
    const struct json *ours = json_at(json_member(step, "switch"), number);
    const struct json *list = json_member(ours, "do");
    struct json *made = json_object();
    struct json *item = json_object();
    struct buffer name = {0};
    char word[32];

    snprintf(word, sizeof(word), "case%zu", number + 1);
    buffer_addf(&name, "%.*s_case%zu", TEXT_ARG(json_member_text(step, "step")), number + 1);
    if (json_member(ours, "when") != NULL) {
        json_put(made, TEXT("when"), export_bare(export, json_member_text(ours, "when")));
    }
    if (list != NULL) {
        struct json *block = json_object();
        struct json *block_item = json_object();

        json_put(made, TEXT("then"), json_text(buffer_text(&name)));
        json_put(block, TEXT("do"), export_steps(export, list));
        json_put(block, TEXT("then"), behind(steps, index));
        json_put(block_item, buffer_text(&name), block);
        json_push(blocks, block_item);
    } else if (text_is(json_member_text(ours, "then"), "continue")) {
        json_put(made, TEXT("then"), behind(steps, index));
    } else {
        json_put(made, TEXT("then"), export_then(steps, json_member_text(ours, "then")));
    }
    json_put(item, text_of(word), made);
    json_push(cases, item);
    buffer_release(&name);
}

void export_switch(struct export *export, const struct json *steps, size_t index,
                   struct json *tasks)
{
    const struct json *step = json_at(steps, index);
    const struct json *ours = json_member(step, "switch");
    struct json *task = json_object();
    struct json *item = json_object();
    struct json *cases = json_array();
    struct json *blocks = json_array();

    for (size_t i = 0; i < json_count(ours); i++) {
        push_case(export, steps, index, i, cases, blocks);
    }
    if (json_member(step, "if") != NULL) {
        json_put(task, TEXT("if"), export_bare(export, json_member_text(step, "if")));
    }
    json_put(task, TEXT("switch"), cases);
    json_put(task, TEXT("then"), behind(steps, index));
    json_put(item, json_member_text(step, "step"), task);
    json_push(tasks, item);
    for (size_t i = 0; i < json_count(blocks); i++) {
        json_push(tasks, json_copy(json_at(blocks, i)));
    }
    json_free(blocks);
}

/* ---- catch ---- */

/* The errors of a catch as a condition on their names; NULL: all. */
static struct json *errors_of(const struct json *names)
{
    struct buffer source = {0};
    struct json *made;

    for (size_t i = 0; i < json_count(names); i++) {
        struct text name = json_text_of(json_at(names, i));

        if (text_is(name, "any")) {
            buffer_release(&source);
            return NULL;
        }
        buffer_addf(&source, "%s$error.type == \"%.*s\"", i == 0 ? "" : " or ", TEXT_ARG(name));
    }
    made = json_text(buffer_text(&source));
    buffer_release(&source);
    return made;
}

static struct json *catch_of(struct export *export, const struct json *ours)
{
    struct json *made = json_object();
    struct json *errors = errors_of(json_member(ours, "error"));
    const struct json *when = json_member(ours, "when");
    struct buffer both = {0};

    json_put_string(made, "as", "error");
    if (when != NULL) {
        struct json *bare = export_bare(export, json_text_of(when));

        buffer_addf(&both, "(%.*s)%s%.*s%s", TEXT_ARG(json_text_of(bare)),
                    errors == NULL ? "" : " and (", TEXT_ARG(json_text_of(errors)),
                    errors == NULL ? "" : ")");
        json_free(errors);
        json_free(bare);
        errors = json_text(buffer_text(&both));
    }
    if (errors != NULL) {
        json_put(made, TEXT("when"), errors);
    }
    if (json_member(ours, "do") != NULL) {
        json_put(made, TEXT("do"), export_steps(export, json_member(ours, "do")));
    }
    buffer_release(&both);
    return made;
}

/* The tasks of the block, or the task itself. */
static struct json *guarded(const struct json *step, struct json *task)
{
    struct json *list;
    struct json *item;

    if (json_member(task, "do") != NULL && json_member(step, "for") == NULL) {
        list = json_copy(json_member(task, "do"));
        json_free(task);
        return list;
    }
    list = json_array();
    item = json_object();
    json_put(item, json_member_text(step, "step"), task);
    json_push(list, item);
    return list;
}

/* `ours` says that errors have the engine's names, and that the data stays as it was when they came.
 * A second catch takes what the first does not: it stands around it. */
struct json *export_catch(struct export *export, const struct json *step, struct json *task)
{
    const struct json *catches = json_member(step, "catch");
    const struct json *retry = json_member(step, "request") == NULL ? json_member(step, "retry")
                                                                    : NULL;
    struct json *was = json_copy(task);
    const struct json *timeout = json_member(was, "timeout");
    const struct json *own = json_member(json_member(was, "metadata"), "baton");
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;
    bool is_block = json_member(step, "do") != NULL && json_member(step, "for") == NULL;
    struct json *list = guarded(step, task);

    for (size_t i = 0; i < (json_count(catches) == 0 ? 1 : json_count(catches)); i++) {
        const struct json *ours = json_at(catches, i);
        struct json *made = json_object();
        struct json *catch = ours == NULL ? json_object() : catch_of(export, ours);

        json_put(made, TEXT("try"), list);
        json_put(made, TEXT("catch"), catch);
        export_own(made, "ours", json_bool(true));
        if (ours != NULL && json_member(ours, "rollback") != NULL &&
            !json_is_true(json_member(ours, "rollback"))) {
            export_own(made, "rollback", json_bool(false));
        }
        if (i > 0) {
            export_own(made, "catches", json_integer((int64_t)i + 1));
        }
        if (i == 0 && retry != NULL) {
            export_own(made, "retry", export_plain(TEXT("retry"), retry));
        }
        task = made;
        if (i + 1 < json_count(catches)) {
            list = json_array();
            export_push(list, json_member_text(step, "step"), "_within", made);
        }
    }
    /* What was said of the block is said of what takes its place. */
    if (is_block && timeout != NULL) {
        json_put(task, TEXT("timeout"), json_copy(timeout));
    }
    while (is_block && own != NULL && json_next(own, &cursor, &key, &value)) {
        export_own(task, key.data, json_copy(value));
    }
    json_free(was);
    return task;
}
