/*
 * An undo that is a block of steps. While it is at work the frame of the undo is open, and below it
 * stands a block whose document is the one that was kept when the undo was armed, with what its own
 * steps add: nothing of it gets out. An error that no catch in it takes is a failed attempt of the
 * undo; the next one begins the block anew.
 */
#include "core/undo_block.h"
#include "core/known.h"

void undo_block_open(struct decision *d, uint32_t undo)
{
    struct frame *frame = instance_frame(d->after, undo);
    uint32_t step = frame->step;
    const struct undo_spec *spec = d->flow->steps[step].compensate;
    struct sight sight = {.step = &d->flow->steps[step], .attempt = frame->attempt};
    struct error err = {0};
    uint32_t block;
    int64_t ms = -1;

    frame->state = FRAME_OPEN;
    json_free(frame->error);
    frame->error = NULL;
    effect_decide(d->effects, "undo of %.*s: attempt %u begins",
                  TEXT_ARG(d->flow->steps[step].name), frame->attempt);
    block = block_add(d, undo, step, BLOCK_UNDO, 0)->activation;
    sight.scope = block;
    if (span_length(d, &spec->timeout, &sight, &ms, &err) != STATUS_OK) {
        undo_block_failed(d, block, problem_expression(d, sight.step, sight.attempt, &err));
        return;
    }
    if (ms >= 0) {
        instance_arm(d->after, TIMER_BLOCK, block, span_after(d->event->time_ms, ms));
    }
    d->inline_steps = 0; /* A runaway loop must not take its steps away. */
    advance(d, block, spec->first_step);
}

static void end(struct decision *d, uint32_t block)
{
    block_clear(d, block);
    block_close(d, block);
}

void undo_block_done(struct decision *d, uint32_t block)
{
    uint32_t undo = instance_find_frame(d->after, block)->parent;

    end(d, block);
    undo_end(d, undo, "done");
}

void undo_block_failed(struct decision *d, uint32_t block, struct json *error)
{
    uint32_t undo = instance_find_frame(d->after, block)->parent;

    end(d, block);
    request_failed(d, undo, error);
}

void undo_block_end_all(struct decision *d)
{
    uint32_t i = 0;

    while (i < d->after->frame_count) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_UNDO) {
            end(d, frame->activation);
            i = 0;
        } else {
            i++;
        }
    }
}

struct frame *undo_block_around(const struct decision *d, uint32_t scope)
{
    while (scope != 0) {
        struct frame *frame = instance_frame(d->after, scope);

        if (frame == NULL || (frame->kind == FRAME_BLOCK && frame->role == BLOCK_UNDO)) {
            return frame;
        }
        scope = frame->parent;
    }
    return NULL;
}

static const struct json *kept(const struct decision *d, const struct frame *block,
                               const char *member)
{
    const struct frame *frame = instance_find_frame(d->after, block->parent);
    const struct undo *undo = instance_find_undo(d->after, frame->undo_of);

    return undo == NULL ? NULL : json_member(undo->message, member);
}

const struct json *undo_block_data(const struct decision *d, const struct frame *block)
{
    return kept(d, block, "data");
}

const struct json *undo_block_loops(const struct decision *d, const struct frame *block)
{
    return kept(d, block, "loops");
}

/* "release/2/0": which step it is, and of which items. */
static void add_path(const struct decision *d, uint32_t scope, const struct step *step,
                     struct buffer *out)
{
    buffer_add_text(out, step->name);
    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        if (frame->kind == FRAME_BLOCK && frame->role == BLOCK_ITERATION) {
            buffer_addf(out, "/%u", frame->index);
        }
        scope = frame->parent;
    }
}

static void put_number(struct frame *frame, const char *member, struct text name, uint32_t number)
{
    const struct json *old = block_get(frame, member);
    struct json *all = old == NULL ? json_object() : json_open_copy(old);

    json_put(all, name, json_integer(number));
    block_put(frame, member, all);
}

static uint32_t number_of(const struct frame *frame, const char *member, struct text name)
{
    const struct json *number = json_get(block_get(frame, member), name);
    int64_t value = 0;

    return number != NULL && json_int64(number, &value) ? (uint32_t)value : 0;
}

uint32_t undo_block_key(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation)
{
    struct frame *block = undo_block_around(d, scope);
    struct buffer path = {0};
    struct frame *undo;
    uint32_t times;
    uint32_t key;

    if (block == NULL) {
        return 0;
    }
    undo = instance_frame(d->after, block->parent);
    add_path(d, scope, &d->flow->steps[step], &path);
    times = number_of(block, "entered", buffer_text(&path)) + 1;
    put_number(block, "entered", buffer_text(&path), times);
    buffer_addf(&path, "#%u", times);
    key = number_of(undo, "known", buffer_text(&path));
    if (key == 0) {
        key = activation;
        put_number(undo, "known", buffer_text(&path), key);
    }
    buffer_release(&path);
    return key;
}

uint32_t undo_block_key_of(const struct frame *frame)
{
    return (uint32_t)json_member_int(frame->local, "key", 0);
}

void undo_block_mark(const struct decision *d, uint32_t scope, uint32_t key, struct effect *effect)
{
    const struct frame *block = undo_block_around(d, scope);
    const struct frame *undo;

    if (block == NULL) {
        return;
    }
    undo = instance_find_frame(d->after, block->parent);
    effect->in_undo = true;
    effect->undo_of = undo->undo_of;
    effect->undo_of_step = known_undone(d, undo);
    effect->key_activation = key;
}
