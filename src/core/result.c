/* What a step leaves behind: its result in the document, its note, the seal of a pivot. */
#include "base/limits.h"
#include "core/decision.h"

static size_t add_size(size_t bytes, const struct json *value)
{
    if (value == NULL || bytes > STATE_BYTES_MAX) {
        return bytes;
    }
    return bytes + json_size(value, STATE_BYTES_MAX - bytes);
}

/* Bytes of everything that can grow without the document. */
static size_t size_around(const struct instance *instance)
{
    size_t bytes = add_size(0, instance->error);

    bytes = add_size(bytes, instance->ids);
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        bytes = add_size(bytes, instance->stack[i].message);
    }
    for (uint32_t i = 0; i < instance->mail_count; i++) {
        bytes = add_size(bytes, instance->mailbox[i].message);
    }
    return bytes;
}

bool result_fits(const struct instance *instance, const struct json *more)
{
    size_t bytes = add_size(size_around(instance), instance->data);

    return add_size(bytes, more) <= STATE_BYTES_MAX;
}

struct json *result_put_data(struct decision *d, const struct step *step, struct json *data)
{
    if (add_size(size_around(d->after), data) > STATE_BYTES_MAX) {
        json_free(data);
        return problem_of_step(d, step, 0, "runtime", "the state of the run would be too large");
    }
    json_free(d->after->data);
    d->after->data = data;
    return NULL;
}

struct json *result_keep(struct decision *d, const struct step *step, uint32_t attempt,
                         const struct json *result)
{
    struct json *kept = NULL;
    struct json *data;
    struct error err = {0};

    if (step->as.bytes == 0) {
        return NULL;
    }
    if (step->keep == NULL) {
        kept = json_copy(result);
    } else {
        struct sight sight = {.input = result, .step = step, .attempt = attempt};

        if (scope_render(d, step->keep, &sight, &kept, &err) != STATUS_OK) {
            return problem_expression(d, step, attempt, &err);
        }
    }
    data = json_open_copy(d->after->data);
    json_put(data, step->as, kept);
    return result_put_data(d, step, data);
}

/* A note is for people: one that fails says so and harms nothing. */
static void note(struct decision *d, const struct step *step, uint32_t attempt)
{
    struct sight sight = {.step = step, .attempt = attempt};
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

void result_passed(struct decision *d, const struct step *step, uint32_t attempt)
{
    if (step->pivot && d->after->status == RUN_RUNNING && !d->after->sealed) {
        d->after->sealed = true;
        effect_decide(d->effects, "%.*s: pivot, the stack is sealed", TEXT_ARG(step->name));
    }
    if (step->note != NULL) {
        note(d, step, attempt);
    }
}
