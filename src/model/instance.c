#include "model/instance.h"

#include <stdlib.h>
#include <string.h>

#include "model/instance_parts.h"

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
    copy->queue = json_copy(instance->queue);
    copy->parents = json_copy(instance->parents);
    copy->paused = json_copy(instance->paused);
    copy->frames = items_copy(instance->frames, instance->frame_count, sizeof(*copy->frames));
    for (uint32_t i = 0; i < copy->frame_count; i++) {
        copy->frames[i].error = json_copy(copy->frames[i].error);
        copy->frames[i].local = json_copy(copy->frames[i].local);
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
    json_free(instance->queue);
    json_free(instance->parents);
    json_free(instance->paused);
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        json_free(instance->frames[i].error);
        json_free(instance->frames[i].local);
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

bool instance_is_internal(struct text name)
{
    return text_starts(name, TEXT("~"));
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
    case RUN_HELD:
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
