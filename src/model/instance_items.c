/* What an instance has several of: frames, undos, messages, timers. */
#include <stdlib.h>
#include <string.h>

#include "model/instance_parts.h"

/* Room for one more item after `count`. */
static void *items_grow(void *items, uint32_t count, size_t item_bytes)
{
    bool is_full = count >= ITEMS_FIRST && (count & (count - 1)) == 0;

    if (count != 0 && !is_full) {
        return items;
    }
    items = realloc(items, items_capacity(count + 1) * item_bytes);
    CHECK(items != NULL);
    return items;
}

/* Index of the frame, or of where it would stand: frames and the stack are in the order of their
 * activations, whatever the order in which they came. */
static uint32_t frame_place(const struct instance *instance, uint32_t activation)
{
    uint32_t low = 0;
    uint32_t high = instance->frame_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (instance->frames[middle].activation < activation) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint32_t undo_place(const struct instance *instance, uint32_t activation)
{
    uint32_t low = 0;
    uint32_t high = instance->undo_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (instance->stack[middle].activation < activation) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct frame *instance_frame(struct instance *instance, uint32_t activation)
{
    uint32_t place = frame_place(instance, activation);

    if (place == instance->frame_count || instance->frames[place].activation != activation) {
        return NULL;
    }
    return &instance->frames[place];
}

const struct frame *instance_find_frame(const struct instance *instance, uint32_t activation)
{
    uint32_t place = frame_place(instance, activation);

    if (place == instance->frame_count || instance->frames[place].activation != activation) {
        return NULL;
    }
    return &instance->frames[place];
}

struct undo *instance_undo(struct instance *instance, uint32_t activation)
{
    uint32_t place = undo_place(instance, activation);

    if (place == instance->undo_count || instance->stack[place].activation != activation) {
        return NULL;
    }
    return &instance->stack[place];
}

const struct undo *instance_find_undo(const struct instance *instance, uint32_t activation)
{
    uint32_t place = undo_place(instance, activation);

    if (place == instance->undo_count || instance->stack[place].activation != activation) {
        return NULL;
    }
    return &instance->stack[place];
}

const struct undo *instance_next_undo(const struct instance *instance, uint32_t *at,
                                      uint32_t activation)
{
    while (*at < instance->undo_count && instance->stack[*at].activation < activation) {
        (*at)++;
    }
    return *at < instance->undo_count && instance->stack[*at].activation == activation
               ? &instance->stack[*at]
               : NULL;
}

struct frame *instance_add_frame(struct instance *instance, uint32_t activation)
{
    uint32_t place = frame_place(instance, activation);
    struct frame *frame;

    instance->frames = items_grow(instance->frames, instance->frame_count, sizeof(*frame));
    frame = &instance->frames[place];
    memmove(frame + 1, frame, (instance->frame_count - place) * sizeof(*frame));
    instance->frame_count++;
    *frame = (struct frame){.activation = activation};
    return frame;
}

/* Close the gap that item `index` leaves; gives the new count. An empty array is freed, so that
 * items_grow() may take count 0 as "no memory yet". */
static uint32_t items_remove(void **items, uint32_t count, uint32_t index, size_t item_bytes)
{
    char *gap = (char *)*items + index * item_bytes;

    memmove(gap, gap + item_bytes, (count - index - 1) * item_bytes);
    if (count == 1) {
        free(*items);
        *items = NULL;
    }
    return count - 1;
}

void instance_drop_frame(struct instance *instance, uint32_t activation)
{
    struct frame *frame = instance_frame(instance, activation);
    void *items = instance->frames;

    if (frame != NULL) {
        json_free(frame->error);
        json_free(frame->local);
        instance->frame_count = items_remove(&items, instance->frame_count,
                                             (uint32_t)(frame - instance->frames), sizeof(*frame));
        instance->frames = items;
    }
}

struct undo *instance_add_undo(struct instance *instance, uint32_t activation)
{
    uint32_t place = undo_place(instance, activation);
    struct undo *undo;

    instance->stack = items_grow(instance->stack, instance->undo_count, sizeof(*undo));
    undo = &instance->stack[place];
    memmove(undo + 1, undo, (instance->undo_count - place) * sizeof(*undo));
    instance->undo_count++;
    *undo = (struct undo){.activation = activation};
    return undo;
}

void instance_drop_undo(struct instance *instance, uint32_t activation)
{
    struct undo *undo = instance_undo(instance, activation);
    void *items = instance->stack;

    if (undo != NULL) {
        json_free(undo->message);
        instance->undo_count = items_remove(&items, instance->undo_count,
                                            (uint32_t)(undo - instance->stack), sizeof(*undo));
        instance->stack = items;
    }
}

struct mail *instance_add_mail(struct instance *instance)
{
    struct mail *mail;

    instance->mailbox = items_grow(instance->mailbox, instance->mail_count, sizeof(*mail));
    mail = &instance->mailbox[instance->mail_count++];
    memset(mail, 0, sizeof(*mail));
    return mail;
}

void instance_drop_mail(struct instance *instance, uint32_t number)
{
    for (uint32_t i = 0; i < instance->mail_count; i++) {
        if (instance->mailbox[i].number == number) {
            void *items = instance->mailbox;

            json_free(instance->mailbox[i].message);
            instance->mail_count = items_remove(&items, instance->mail_count, i,
                                                sizeof(struct mail));
            instance->mailbox = items;
            return;
        }
    }
}

/* By owner, then kind: the order depends on what is armed, not on when it was armed. */
static bool timer_is_before(const struct timer *timer, enum timer_kind kind, uint32_t owner)
{
    return timer->owner < owner || (timer->owner == owner && timer->kind < kind);
}

/* Index of the timer, or of where it would stand. */
static uint32_t timer_place(const struct instance *instance, enum timer_kind kind, uint32_t owner)
{
    uint32_t low = 0;
    uint32_t high = instance->timer_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (timer_is_before(&instance->timers[middle], kind, owner)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct timer *instance_timer(const struct instance *instance, enum timer_kind kind,
                                   uint32_t owner)
{
    uint32_t place = timer_place(instance, kind, owner);

    if (place == instance->timer_count || instance->timers[place].kind != kind ||
        instance->timers[place].owner != owner) {
        return NULL;
    }
    return &instance->timers[place];
}

void instance_arm(struct instance *instance, enum timer_kind kind, uint32_t owner, int64_t due_ms)
{
    uint32_t place = timer_place(instance, kind, owner);

    if (instance_timer(instance, kind, owner) == NULL) {
        instance->timers = items_grow(instance->timers, instance->timer_count,
                                      sizeof(*instance->timers));
        memmove(&instance->timers[place + 1], &instance->timers[place],
                (instance->timer_count - place) * sizeof(*instance->timers));
        instance->timer_count++;
    }
    instance->timers[place] = (struct timer){.kind = kind, .owner = owner, .due_ms = due_ms};
}

static void timer_remove(struct instance *instance, uint32_t index)
{
    void *items = instance->timers;

    instance->timer_count = items_remove(&items, instance->timer_count, index,
                                         sizeof(struct timer));
    instance->timers = items;
}

void instance_disarm(struct instance *instance, enum timer_kind kind, uint32_t owner)
{
    const struct timer *timer = instance_timer(instance, kind, owner);

    if (timer != NULL) {
        timer_remove(instance, (uint32_t)(timer - instance->timers));
    }
}

void instance_disarm_owner(struct instance *instance, uint32_t owner)
{
    for (uint32_t i = instance->timer_count; i > 0; i--) {
        if (instance->timers[i - 1].owner == owner) {
            timer_remove(instance, i - 1);
        }
    }
}

int64_t instance_next_due(const struct instance *instance)
{
    int64_t due_ms = INT64_MAX;

    for (uint32_t i = 0; i < instance->timer_count; i++) {
        if (instance->timers[i].due_ms < due_ms) {
            due_ms = instance->timers[i].due_ms;
        }
    }
    return due_ms;
}
