/* The variables of the loops that a step stands in. */
#include "core/undo_block.h"

void scope_put_loop(const struct loop *loop, const struct json *item, uint32_t index,
                    struct json **loops)
{
    char slot[INTEGER_TEXT_BYTES];

    if (*loops == NULL) {
        *loops = json_object();
    }
    json_put(*loops, text_unsigned(loop->each_slot, slot), json_copy(item));
    if (loop->at_slot != 0) {
        json_put(*loops, text_unsigned(loop->at_slot, slot), json_integer(index));
    }
}

/* `inner` (taken over; or NULL) with the variables of the loops around it. */
static struct json *with_loops(const struct json *around, struct json *inner)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text slot;

    while (json_next(around, &cursor, &slot, &value)) {
        inner = inner == NULL ? json_object() : inner;
        json_put(inner, slot, json_copy(value));
    }
    return inner;
}

struct json *scope_loops(const struct decision *d, uint32_t scope)
{
    struct json *loops = NULL;

    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        CHECK(frame != NULL);
        if (frame->role == BLOCK_ITERATION) {
            scope_put_loop(d->flow->steps[frame->step].loop, block_get(frame, "each"), frame->index,
                           &loops);
        } else if (frame->role == BLOCK_UNDO) {
            return with_loops(undo_block_loops(d, frame), loops);
        }
        scope = frame->parent;
    }
    return loops;
}
