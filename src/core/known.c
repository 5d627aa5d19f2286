#include "core/known.h"

void known_keep(struct frame *frame, struct text name)
{
    if (json_member(frame->local, "name") == NULL) {
        block_put(frame, "name", json_text(name));
    }
}

void known_keep_undo(struct undo *undo, struct text name)
{
    struct json *message = undo->message == NULL ? json_object() : json_open_copy(undo->message);

    if (json_member(message, "name") == NULL) {
        json_put_text(message, "name", name);
    }
    json_free(undo->message);
    undo->message = message;
}

static struct text name_in(const struct decision *d, const struct json *kept, uint32_t step)
{
    struct text name = json_member_text(kept, "name");

    return name.bytes == 0 ? d->flow->steps[step].name : arena_text(d->effects->arena, name);
}

struct text known_step(const struct decision *d, const struct frame *frame)
{
    return name_in(d, frame->local, frame->step);
}

struct text known_undone(const struct decision *d, const struct frame *frame)
{
    const struct undo *undo = instance_find_undo(d->after, frame->undo_of);

    return name_in(d, undo == NULL ? NULL : undo->message, frame->step);
}
