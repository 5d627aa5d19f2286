#include "verify/canon.h"

#include <stdlib.h>

#include "base/hash.h"

struct writer {
    const struct instance *instance;
    const struct verify_bounds *bounds;
    struct buffer *out;
    uint32_t *numbers; /* The activations that are left, rising. */
    uint32_t count;
};

static int by_value(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return a < b ? -1 : a > b;
}

static void add_char(struct writer *writer, char c)
{
    buffer_add_char(writer->out, c);
}

static void add(struct writer *writer, uint64_t number)
{
    do {
        add_char(writer, (char)('0' + number % 10));
        number /= 10;
    } while (number > 0);
    add_char(writer, ' ');
}

/* Its rank, from 1; 0 for the root and for what is gone. */
static void add_activation(struct writer *writer, uint32_t activation)
{
    uint32_t low = 0;
    uint32_t high = writer->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (writer->numbers[middle] < activation) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    add(writer, low < writer->count && writer->numbers[low] == activation ? low + 1 : 0);
}

/* Its name, and whether it is an answer. */
static void add_error(struct writer *writer, const struct json *error)
{
    if (error == NULL) {
        add_char(writer, '-');
        return;
    }
    buffer_add_text(writer->out, json_member_text(error, "type"));
    add_char(writer, json_member(error, "reply") == NULL ? 'n' : 'r');
    add_char(writer, json_member_int(error, "attempt", 1) == 1 ? '1' : '2');
}

static void add_activations(struct writer *writer, const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++) {
        int64_t activation = 0;

        (void)json_int64(json_at(list, i), &activation);
        add_activation(writer, (uint32_t)activation);
    }
}

static bool is_one_of(struct text name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (text_is(name, *names)) {
            return true;
        }
    }
    return false;
}

/* What a block keeps for itself; see core. Whatever is not known here is taken whole. */
static void add_local(struct writer *writer, const struct json *local)
{
    static const char *const data[] = {"added", "each",  "results", "result", "retryAt",
                                       "key",   "known", "entered", NULL};
    static const char *const activations[] = {"lost", "unwind", NULL};
    static const char *const names[] = {"permit", NULL}; /* Numbers and times differ each time. */
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text name;

    while (json_next(local, &cursor, &name, &value)) {
        if (is_one_of(name, data)) {
            continue;
        }
        buffer_add_text(writer->out, name);
        add_char(writer, '=');
        if (is_one_of(name, activations)) {
            add_activations(writer, value);
        } else if (is_one_of(name, names)) {
            add_char(writer, '1');
        } else if (text_is(name, "items")) {
            add(writer, json_count(value));
        } else if (text_is(name, "error")) {
            add_error(writer, value);
        } else {
            json_write_canonical(value, writer->out);
        }
        add_char(writer, ';');
    }
}

static void add_frame(struct writer *writer, const struct frame *frame)
{
    uint32_t most = writer->bounds->attempts + 1;

    add_activation(writer, frame->activation);
    add_activation(writer, frame->parent);
    add(writer, frame->kind);
    add(writer, frame->state);
    add(writer, frame->role);
    add(writer, frame->index);
    add(writer, frame->step);
    add_activation(writer, frame->undo_of);
    add(writer, frame->attempt < most ? frame->attempt : most);
    add(writer, frame->sent_seq != 0);
    add_error(writer, frame->error);
    add_local(writer, frame->local);
}

static void add_timers(struct writer *writer)
{
    const struct instance *instance = writer->instance;

    for (uint32_t kind = 0; kind < TIMER_KIND_COUNT; kind++) {
        if (instance_timer(instance, (enum timer_kind)kind, 0) != NULL) {
            add_char(writer, 'T');
            add(writer, kind);
        }
        for (uint32_t i = 0; i < writer->count; i++) {
            if (instance_timer(instance, (enum timer_kind)kind, writer->numbers[i]) != NULL) {
                add_char(writer, 't');
                add(writer, kind);
                add(writer, i);
            }
        }
    }
}

static void add_stack(struct writer *writer)
{
    for (uint32_t i = 0; i < writer->instance->undo_count; i++) {
        const struct undo *undo = &writer->instance->stack[i];

        add_char(writer, 'u');
        add_activation(writer, undo->activation);
        add_activation(writer, undo->group);
        add(writer, undo->step);
        add(writer, undo->state);
        add(writer, (uint64_t)undo->in_doubt << 1 | undo->parallel);
    }
}

static void find_numbers(struct writer *writer)
{
    const struct instance *instance = writer->instance;

    writer->numbers = malloc(((size_t)instance->frame_count + instance->undo_count + 1) *
                             sizeof(*writer->numbers));
    CHECK(writer->numbers != NULL);
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        writer->numbers[writer->count++] = instance->frames[i].activation;
    }
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        if (instance_find_frame(instance, instance->stack[i].activation) == NULL) {
            writer->numbers[writer->count++] = instance->stack[i].activation;
        }
    }
    qsort(writer->numbers, writer->count, sizeof(*writer->numbers), by_value);
}

void canon_write(const struct instance *instance, const struct verify_bounds *bounds,
                 struct buffer *out)
{
    struct writer writer = {.instance = instance, .bounds = bounds, .out = out};

    buffer_clear(out);
    find_numbers(&writer);
    add(&writer, instance->status);
    add(&writer, instance->closing);
    add(&writer, (uint64_t)instance->sealed << 1 | instance->in_always);
    add_error(&writer, instance->error);
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        add_char(&writer, 'f');
        add_frame(&writer, &instance->frames[i]);
    }
    add_timers(&writer);
    add_stack(&writer);
    for (uint32_t i = 0; i < instance->mail_count; i++) {
        add_char(&writer, 'm');
        add(&writer, instance->mailbox[i].topic);
        buffer_add_text(out, json_member_text(instance->mailbox[i].message, "type"));
        add_char(&writer, '/');
        buffer_add_text(out, json_member_text(instance->mailbox[i].message, "signal"));
    }
    for (size_t i = 0; i < json_count(instance->parents); i++) {
        const struct json *parent = json_at(instance->parents, i);

        add_char(&writer, 'p');
        add_char(&writer, json_is_true(json_member(parent, "hold")) ? 'h' : '-');
        add_char(&writer, json_member(parent, "reply") != NULL ? 'r' : '-');
    }
    add_char(&writer, 'q');
    add(&writer, json_count(instance->queue));
    free(writer.numbers);
}

struct canon_key canon_key(const struct instance *instance, const struct verify_bounds *bounds,
                           struct buffer *room)
{
    canon_write(instance, bounds, room);
    return (struct canon_key){{hash64(buffer_text(room), 1), hash64(buffer_text(room), 2)}};
}
