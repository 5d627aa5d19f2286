#include "model/instance.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_FIRST 4u

/* Arrays have no capacity of their own: it is the count rounded up to a power of two. */
static size_t items_capacity(uint32_t count)
{
    size_t capacity = ITEMS_FIRST;

    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

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

static void *items_copy(const void *items, uint32_t count, size_t item_bytes)
{
    void *copy;

    if (count == 0) {
        return NULL;
    }
    copy = malloc(items_capacity(count) * item_bytes);
    CHECK(copy != NULL);
    memcpy(copy, items, count * item_bytes);
    return copy;
}

static struct text name_of(struct text flow_name, struct text key)
{
    size_t bytes = flow_name.bytes + 1 + key.bytes;
    char *name = malloc(bytes + 1);

    CHECK(name != NULL);
    if (flow_name.bytes > 0) {
        memcpy(name, flow_name.data, flow_name.bytes);
    }
    name[flow_name.bytes] = ':';
    if (key.bytes > 0) {
        memcpy(name + flow_name.bytes + 1, key.data, key.bytes);
    }
    name[bytes] = '\0';
    return (struct text){name, bytes};
}

struct instance *instance_new(struct text flow_name, struct text key)
{
    struct instance *instance = calloc(1, sizeof(*instance));

    CHECK(instance != NULL);
    instance->name = name_of(flow_name, key);
    instance->flow_bytes = flow_name.bytes;
    instance->activation_next = 1;
    instance->mail_next = 1;
    return instance;
}

struct instance *instance_copy(const struct instance *instance)
{
    struct instance *copy = malloc(sizeof(*copy));

    CHECK(copy != NULL);
    *copy = *instance;
    copy->name = (struct text){text_dup(instance->name), instance->name.bytes};
    copy->data = json_copy(instance->data);
    copy->error = json_copy(instance->error);
    copy->result = json_copy(instance->result);
    copy->ids = json_copy(instance->ids);
    copy->frames = items_copy(instance->frames, instance->frame_count, sizeof(*copy->frames));
    for (uint32_t i = 0; i < copy->frame_count; i++) {
        copy->frames[i].error = json_copy(copy->frames[i].error);
    }
    copy->timers = items_copy(instance->timers, instance->timer_count, sizeof(*copy->timers));
    copy->stack = items_copy(instance->stack, instance->undo_count, sizeof(*copy->stack));
    for (uint32_t i = 0; i < copy->undo_count; i++) {
        copy->stack[i].message = json_copy(copy->stack[i].message);
    }
    copy->mailbox = items_copy(instance->mailbox, instance->mail_count, sizeof(*copy->mailbox));
    for (uint32_t i = 0; i < copy->mail_count; i++) {
        copy->mailbox[i].message = json_copy(copy->mailbox[i].message);
    }
    return copy;
}

void instance_free(struct instance *instance)
{
    if (instance == NULL) {
        return;
    }
    free((char *)(uintptr_t)instance->name.data);
    json_free(instance->data);
    json_free(instance->error);
    json_free(instance->result);
    json_free(instance->ids);
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        json_free(instance->frames[i].error);
    }
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        json_free(instance->stack[i].message);
    }
    for (uint32_t i = 0; i < instance->mail_count; i++) {
        json_free(instance->mailbox[i].message);
    }
    free(instance->frames);
    free(instance->timers);
    free(instance->stack);
    free(instance->mailbox);
    free(instance);
}

struct text instance_flow_name(const struct instance *instance)
{
    return (struct text){instance->name.data, instance->flow_bytes};
}

struct text instance_key(const struct instance *instance)
{
    size_t skip = instance->flow_bytes + 1;

    CHECK(instance->name.bytes >= skip);
    return (struct text){instance->name.data + skip, instance->name.bytes - skip};
}

bool instance_has_ended(const struct instance *instance)
{
    switch (instance->status) {
    case RUN_NONE:
    case RUN_EMBRYO:
    case RUN_RUNNING:
    case RUN_COMPENSATING:
    case RUN_FINISHING:
        return false;
    case RUN_COMPLETED:
    case RUN_FAILED:
    case RUN_CANCELLED:
    case RUN_EXPIRED:
        return true;
    }
    CHECK(false && "unknown run status");
    return false;
}

bool instance_is_stuck(const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (instance->frames[i].state == FRAME_STUCK) {
            return true;
        }
    }
    return false;
}

const struct frame *instance_find_frame(const struct instance *instance, uint32_t activation)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (instance->frames[i].activation == activation) {
            return &instance->frames[i];
        }
    }
    return NULL;
}

struct frame *instance_frame(struct instance *instance, uint32_t activation)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (instance->frames[i].activation == activation) {
            return &instance->frames[i];
        }
    }
    return NULL;
}

const struct undo *instance_find_undo(const struct instance *instance, uint32_t activation)
{
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        if (instance->stack[i].activation == activation) {
            return &instance->stack[i];
        }
    }
    return NULL;
}

struct undo *instance_undo(struct instance *instance, uint32_t activation)
{
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        if (instance->stack[i].activation == activation) {
            return &instance->stack[i];
        }
    }
    return NULL;
}

struct frame *instance_add_frame(struct instance *instance)
{
    struct frame *frame;

    instance->frames = items_grow(instance->frames, instance->frame_count, sizeof(*frame));
    frame = &instance->frames[instance->frame_count++];
    memset(frame, 0, sizeof(*frame));
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
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (instance->frames[i].activation == activation) {
            void *items = instance->frames;

            json_free(instance->frames[i].error);
            instance->frame_count = items_remove(&items, instance->frame_count, i,
                                                 sizeof(struct frame));
            instance->frames = items;
            return;
        }
    }
}

struct undo *instance_add_undo(struct instance *instance)
{
    struct undo *undo;

    instance->stack = items_grow(instance->stack, instance->undo_count, sizeof(*undo));
    undo = &instance->stack[instance->undo_count++];
    memset(undo, 0, sizeof(*undo));
    return undo;
}

void instance_drop_undo(struct instance *instance, uint32_t activation)
{
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        if (instance->stack[i].activation == activation) {
            void *items = instance->stack;

            json_free(instance->stack[i].message);
            instance->undo_count = items_remove(&items, instance->undo_count, i,
                                                sizeof(struct undo));
            instance->stack = items;
            return;
        }
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

const struct timer *instance_timer(const struct instance *instance, enum timer_kind kind,
                                   uint32_t owner)
{
    for (uint32_t i = 0; i < instance->timer_count; i++) {
        if (instance->timers[i].kind == kind && instance->timers[i].owner == owner) {
            return &instance->timers[i];
        }
    }
    return NULL;
}

/* By owner, then kind: the order depends on what is armed, not on when it was armed. */
static bool timer_is_before(const struct timer *timer, enum timer_kind kind, uint32_t owner)
{
    return timer->owner < owner || (timer->owner == owner && timer->kind < kind);
}

void instance_arm(struct instance *instance, enum timer_kind kind, uint32_t owner, int64_t due_ms)
{
    uint32_t place = 0;

    while (place < instance->timer_count &&
           timer_is_before(&instance->timers[place], kind, owner)) {
        place++;
    }
    if (place == instance->timer_count || instance->timers[place].kind != kind ||
        instance->timers[place].owner != owner) {
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
    for (uint32_t i = 0; i < instance->timer_count; i++) {
        if (instance->timers[i].kind == kind && instance->timers[i].owner == owner) {
            timer_remove(instance, i);
            return;
        }
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
