/* What a step leaves behind: its result in the document, its note, the seal of a pivot. */
#include "base/limits.h"
#include "core/decision.h"

#define MEASURED_MAX ((size_t)STATE_BYTES_MAX * 2)
#define ITEM_BYTES 64 /* Keys and punctuation around what is added; generous. */

static size_t size_of(const struct json *value)
{
    return value == NULL ? 0 : json_size(value, MEASURED_MAX) + ITEM_BYTES;
}

/* Bytes of everything that can grow. */
static size_t measure(const struct instance *instance)
{
    size_t bytes = size_of(instance->data) + size_of(instance->error) + size_of(instance->ids);

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
        instance->bytes_most += size_of(added) + name_bytes;
    }
    if (instance->bytes_most == 0 || instance->bytes_most > STATE_BYTES_MAX) {
        instance->bytes_most = measure(instance);
    }
    return instance->bytes_most <= STATE_BYTES_MAX;
}

struct json *result_put_data(struct decision *d, const struct step *step, struct json *data,
                             const struct json *added)
{
    struct json *old = d->after->data;

    d->after->data = data;
    if (!result_fits(d->after, added, step->as.bytes)) {
        json_free(data);
        d->after->data = old;
        d->after->bytes_most = 0;
        return problem_of_step(d, step, 0, "runtime", "the state of the run would be too large");
    }
    json_free(old);
    return NULL;
}

struct json *result_keep(struct decision *d, const struct step *step, uint32_t attempt,
                         const struct json *result)
{
    struct json *kept = NULL;
    struct json *data;
    struct json *error;
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
    json_put(data, step->as, json_copy(kept));
    error = result_put_data(d, step, data, kept);
    json_free(kept);
    return error;
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
