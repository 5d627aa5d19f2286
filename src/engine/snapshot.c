#include "engine/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "core/fold.h"

#define STACK_KEY "stack"

void timer_id_format(enum timer_kind kind, uint32_t owner, char out[TIMER_ID_BYTES])
{
    char room[INTEGER_TEXT_BYTES];
    struct text name = text_of(timer_kind_name(kind));
    struct text digits = text_unsigned(owner, room);

    CHECK(name.bytes + 1 + digits.bytes < TIMER_ID_BYTES);
    memcpy(out, name.data, name.bytes);
    out[name.bytes] = '/';
    memcpy(out + name.bytes + 1, digits.data, digits.bytes);
    out[name.bytes + 1 + digits.bytes] = '\0';
}

struct text timer_ref_text(const struct timer *timer, struct run_id run, struct arena *arena)
{
    char run_text[RUN_ID_BYTES];

    run_id_format(run, run_text);
    return arena_printf(arena, "%s/%u/%s", timer_kind_name(timer->kind), timer->owner, run_text);
}

bool timer_ref_parse(struct text text, struct timer_ref *ref)
{
    size_t first = text_find(text, '/');
    size_t last = text_find_last(text, '/');
    int64_t owner;

    if (first == SIZE_MAX || last == first ||
        !timer_kind_of(text_sub(text, 0, first), &ref->kind) ||
        !text_to_int64(text_sub(text, first + 1, last - first - 1), &owner) || owner < 0 ||
        owner > UINT32_MAX) {
        return false;
    }
    ref->owner = (uint32_t)owner;
    return run_id_parse(text_sub(text, last + 1, text.bytes - last - 1), &ref->run);
}

static struct text written(const struct json *value, struct arena *arena)
{
    struct buffer buffer = {0};

    json_write(value, &buffer);
    struct text text = arena_text(arena, buffer_text(&buffer));
    buffer_release(&buffer);
    return text;
}

/* The stack is a field (and in the store a list) of its own, so the state goes without it. */
static struct text state_text(const struct instance *instance, struct arena *arena)
{
    struct json *whole = instance_delta(NULL, instance);
    struct json *state = json_open_copy(whole);

    json_drop(state, TEXT(STACK_KEY));
    struct text text = written(state, arena);
    json_free(state);
    json_free(whole);
    return text;
}

void snapshot_of(const struct instance *instance, const unsigned char hash[DIGEST_BYTES],
                 struct arena *arena, struct snapshot_record *record)
{
    *record = (struct snapshot_record){
        .instance = instance->name,
        .run = instance->run,
        .seq = instance->seq,
        .flow_hash = text_of(instance->flow_hash),
        .status = text_of(run_status_name(instance->status)),
        .state = state_text(instance, arena),
        .timer_count = instance->timer_count,
        .stack_count = instance->undo_count,
        .stack_depth = instance->undo_count,
        .stack_hash = instance_stack_hash(instance),
    };
    memcpy(record->hash, hash, DIGEST_BYTES);
    struct history_timer *timers = arena_array(arena, instance->timer_count, sizeof *timers);
    for (uint32_t i = 0; i < instance->timer_count; i++) {
        timers[i].id = timer_ref_text(&instance->timers[i], instance->run, arena);
        timers[i].due_ms = instance->timers[i].due_ms;
    }
    struct text *stack = arena_array(arena, instance->undo_count, sizeof *stack);
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        struct json *entry = undo_to_json(&instance->stack[i]);
        stack[i] = written(entry, arena);
        json_free(entry);
    }
    record->timers = timers;
    record->stack = stack;
}

/* Takes the entry over. */
static enum status stack_push(struct instance *instance, struct undo undo, struct error *err)
{
    if (instance->undo_count > 0 &&
        instance->stack[instance->undo_count - 1].activation >= undo.activation) {
        json_free(undo.message);
        return fail(err, STATUS_REJECT, "its activation does not rise");
    }
    *instance_add_undo(instance, undo.activation) = undo;
    return STATUS_OK;
}

static enum status stack_fill(const struct snapshot_record *record, struct instance *instance,
                              struct error *err)
{
    for (uint32_t i = 0; i < record->stack_count; i++) {
        struct json *entry = NULL;
        enum status status = json_parse_within(record->stack[i], STATE_DEPTH_MAX, &entry, err);

        if (status == STATUS_OK) {
            struct undo undo = {0};
            status = undo_from_json(entry, &undo, err);
            if (status == STATUS_OK) {
                status = stack_push(instance, undo, err);
            }
        }
        json_free(entry);
        if (status != STATUS_OK) {
            return fail_in(err, STATUS_REJECT, "compensation stack entry %u", i);
        }
    }
    if (instance->undo_count != record->stack_depth ||
        instance_stack_hash(instance) != record->stack_hash) {
        return fail(err, STATUS_REJECT,
                    "the compensation stack has %u entries and is not the one of %u entries that "
                    "the state speaks of",
                    instance->undo_count, record->stack_depth);
    }
    return STATUS_OK;
}

enum status snapshot_to_instance(const struct snapshot_record *record, struct instance **instance,
                                 struct error *err)
{
    struct json *state = NULL;
    enum status status = json_parse_within(record->state, STATE_DEPTH_MAX, &state, err);

    *instance = NULL;
    if (status == STATUS_OK) {
        status = instance_apply(NULL, state, instance, err);
    }
    json_free(state);
    if (status == STATUS_OK) {
        status = stack_fill(record, *instance, err);
    }
    if (status != STATUS_OK) {
        instance_free(*instance);
        *instance = NULL;
        return fail_in(err, STATUS_REJECT, "snapshot of '%.*s'", TEXT_ARG(record->instance));
    }
    return STATUS_OK;
}
