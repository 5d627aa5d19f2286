/* What a step leaves behind: its result in the document, its note, the seal of a pivot. */
#include "base/limits.h"
#include "core/decision.h"

#define MEASURED_MAX ((size_t)STATE_BYTES_MAX * 2)
#define ITEM_BYTES 64 /* Keys and punctuation around what is added; generous. */

static size_t size_of(const struct json *value)
{
    return value == NULL ? 0 : json_size(value, MEASURED_MAX) + ITEM_BYTES;
}

static size_t bound_of(const struct json *value)
{
    return value == NULL ? 0 : json_size_bound(value, MEASURED_MAX) + ITEM_BYTES;
}

/* Bytes of everything that can grow. */
static size_t measure(const struct instance *instance)
{
    size_t bytes = size_of(instance->data) + size_of(instance->error) + size_of(instance->ids) +
                   size_of(instance->queue) + size_of(instance->parents) +
                   size_of(instance->paused);

    for (uint32_t i = 0; i < instance->frame_count; i++) {
        bytes += size_of(instance->frames[i].local);
    }
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        bytes += size_of(instance->stack[i].message);
    }
    for (uint32_t i = 0; i < instance->mail_count; i++) {
        bytes += size_of(instance->mailbox[i].message);
    }
    return bytes;
}

bool result_fits(struct instance *instance, const struct json *added, size_t name_bytes)
{
    /* What comes in is counted and what goes away is not, so the sum is never too small; only when
     * it comes to the limit is the whole measured. */
    if (instance->bytes_most != 0) {
        instance->bytes_most += bound_of(added) + name_bytes;
    }
    if (instance->bytes_most == 0 || instance->bytes_most > STATE_BYTES_MAX) {
        instance->bytes_most = measure(instance);
    }
    return instance->bytes_most <= STATE_BYTES_MAX;
}

/* Where steps in `scope` write: the instance document, or what their branch or iteration added. */
static struct json *open_target(const struct decision *d, uint32_t scope)
{
    const struct frame *holder = scope_holder(d, scope);

    return json_open_copy(holder == NULL ? d->after->data : block_get(holder, "added"));
}

/* Write back what open_target() gave, changed by what `added` holds (under a name of so many bytes);
 * takes `target` over. Gives an error if the state would be too large. */
static struct json *put_target(struct decision *d, uint32_t scope, const struct step *step,
                               struct json *target, const struct json *added)
{
    struct frame *holder = scope_holder(d, scope);
    struct json *old = holder == NULL ? d->after->data : json_copy(block_get(holder, "added"));

    scope_forget(d);
    if (holder == NULL) {
        d->after->data = target;
    } else {
        block_put(holder, "added", target);
    }
    if (result_fits(d->after, added, step->as.bytes)) {
        json_free(old);
        return NULL;
    }
    if (holder == NULL) {
        json_free(target);
        d->after->data = old;
    } else {
        block_put(holder, "added", old);
    }
    d->after->bytes_most = 0;
    return problem_of_step(d, step, 0, "runtime", "the state of the run would be too large");
}

struct json *result_merge(struct decision *d, uint32_t scope, const struct step *step,
                          const struct json *value)
{
    struct json *target = open_target(d, scope);
    struct json *whole = json_merge(scope_data(d, scope), value);
    struct json_cursor cursor = {0};
    const struct json *item;
    struct json *error;
    struct text name;

    while (json_next(value, &cursor, &name, &item)) {
        json_put(target, name, json_copy(json_get(whole, name)));
    }
    error = put_target(d, scope, step, target, value);
    json_free(whole);
    return error;
}

struct json *result_replace(struct decision *d, uint32_t scope, const struct step *step,
                            const struct json *value)
{
    struct json *target = open_target(d, scope);
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text name;

    while (json_next(value, &cursor, &name, &item)) {
        json_put(target, name, json_copy(item));
    }
    return put_target(d, scope, step, target, value);
}

struct json *result_keep(struct decision *d, uint32_t scope, const struct step *step,
                         uint32_t attempt, const struct json *result)
{
    struct json *kept = NULL;
    struct json *target;
    struct json *error;
    struct error err = {0};

    if (step->as.bytes == 0) {
        return NULL;
    }
    if (step->keep == NULL) {
        kept = json_copy(result);
    } else {
        struct sight sight = {.scope = scope, .input = result, .step = step, .attempt = attempt};

        if (scope_render(d, step->keep, &sight, &kept, &err) != STATUS_OK) {
            return problem_expression(d, step, attempt, &err);
        }
    }
    target = open_target(d, scope);
    json_put(target, step->as, json_copy(kept));
    error = put_target(d, scope, step, target, kept);
    json_free(kept);
    return error;
}

/* A note is for people: one that fails says so and harms nothing. */
static void note(struct decision *d, uint32_t scope, const struct step *step, uint32_t attempt)
{
    struct sight sight = {.scope = scope, .step = step, .attempt = attempt};
    struct json *value = NULL;
    struct buffer text = {.bytes_max = 1000};
    struct error err = {0};

    if (scope_render(d, step->note, &sight, &value, &err) != STATUS_OK) {
        effect_decide(d->effects, "%.*s: the note cannot be written: %s", TEXT_ARG(step->name),
                      err.text);
        return;
    }
    if (json_kind(value) == JSON_TEXT) {
        buffer_add_text(&text, json_text_of(value));
    } else {
        json_write(value, &text);
    }
    effect_decide(d->effects, "%.*s: note: %.*s", TEXT_ARG(step->name),
                  TEXT_ARG(buffer_text(&text)));
    buffer_release(&text);
    json_free(value);
}

void result_passed(struct decision *d, uint32_t scope, const struct step *step, uint32_t attempt)
{
    if (step->pivot && d->after->status == RUN_RUNNING && !d->after->sealed) {
        d->after->sealed = true;
        effect_decide(d->effects, "%.*s: pivot, the stack is sealed", TEXT_ARG(step->name));
    }
    if (step->note != NULL) {
        note(d, scope, step, attempt);
    }
}
