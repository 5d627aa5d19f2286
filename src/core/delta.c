/* The writing side of fold.h: what changed, as JSON. */
#include <string.h>

#include "base/hash.h"
#include "core/fold.h"

#define ITEM_KEY_BYTES 32

/* NULL is absent: JSON null in the delta. A value that was absent comes whole. */
static void put_value(struct json *delta, const char *key, const struct json *before,
                      const struct json *after)
{
    struct json *change;

    if (before == after) {
        return;
    }
    if (after == NULL) {
        change = json_null();
    } else if (before == NULL) {
        change = json_array();
        json_push(change, json_copy(after));
    } else {
        change = json_diff(before, after);
    }
    if (change != NULL) {
        json_put(delta, text_of(key), change);
    }
}

static void put_integer(struct json *delta, const char *key, int64_t before, int64_t after)
{
    if (before != after) {
        json_put_integer(delta, key, after);
    }
}

static void put_head(struct json *delta, const struct instance *before,
                     const struct instance *after)
{
    char run[RUN_ID_BYTES];

    if (!text_equal(before->name, after->name)) {
        json_put_text(delta, "name", after->name);
        json_put_integer(delta, "flowBytes", (int64_t)after->flow_bytes);
    }
    if (!run_id_equal(before->run, after->run)) {
        run_id_format(after->run, run);
        json_put_string(delta, "run", run);
    }
    if (!text_equal(text_of(before->flow_hash), text_of(after->flow_hash))) {
        json_put_string(delta, "flowHash", after->flow_hash);
    }
    put_integer(delta, "seq", before->seq, after->seq);
    if (before->status != after->status) {
        json_put_string(delta, "status", run_status_name(after->status));
    }
    if (before->closing != after->closing) {
        json_put_string(delta, "closing", run_status_name(after->closing));
    }
    if (before->sealed != after->sealed) {
        json_put_bool(delta, "sealed", after->sealed);
    }
    put_integer(delta, "started", before->started_ms, after->started_ms);
    put_integer(delta, "time", before->time_ms, after->time_ms);
    put_integer(delta, "activationNext", before->activation_next, after->activation_next);
    put_integer(delta, "mailNext", before->mail_next, after->mail_next);
    put_value(delta, "data", before->data, after->data);
    put_value(delta, "error", before->error, after->error);
    put_value(delta, "result", before->result, after->result);
    put_value(delta, "ids", before->ids, after->ids);
}

static bool same_value(const struct json *a, const struct json *b)
{
    return a == b || (a != NULL && b != NULL && json_equal(a, b));
}

static bool frame_equal(const struct frame *a, const struct frame *b)
{
    return a->activation == b->activation && a->kind == b->kind && a->state == b->state &&
           a->step == b->step && a->undo_of == b->undo_of && a->attempt == b->attempt &&
           a->opened_ms == b->opened_ms && a->attempt_ms == b->attempt_ms &&
           a->sent_seq == b->sent_seq && same_value(a->error, b->error);
}

static struct json *frame_to_json(const struct frame *frame)
{
    struct json *json = json_object();

    json_put_string(json, "kind", frame->kind == FRAME_UNDO ? "undo" : "step");
    json_put_string(json, "state", frame_state_name(frame->state));
    json_put_integer(json, "step", frame->step);
    if (frame->kind == FRAME_UNDO) {
        json_put_integer(json, "undoOf", frame->undo_of);
    }
    json_put_integer(json, "attempt", frame->attempt);
    json_put_integer(json, "opened", frame->opened_ms);
    if (frame->sent_seq != 0) {
        json_put_integer(json, "sent", frame->attempt_ms);
        json_put_integer(json, "sentSeq", frame->sent_seq);
    }
    if (frame->error != NULL) {
        json_put(json, TEXT("error"), json_copy(frame->error));
    }
    return json;
}

/* Decimal digits at the end of `key`; no printf in the core. */
static struct text number_key(char key[ITEM_KEY_BYTES], uint32_t number)
{
    size_t start = ITEM_KEY_BYTES;

    do {
        key[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return (struct text){key + start, ITEM_KEY_BYTES - start};
}

/* "<kind>/<owner>" */
static struct text timer_key(char key[ITEM_KEY_BYTES], const struct timer *timer)
{
    struct text kind = text_of(timer_kind_name(timer->kind));
    struct text owner = number_key(key, timer->owner);
    size_t start = (size_t)(owner.data - key) - kind.bytes - 1;

    memcpy(key + start, kind.data, kind.bytes);
    key[start + kind.bytes] = '/';
    return (struct text){key + start, ITEM_KEY_BYTES - start};
}

/* Made when the first change is found: most deltas change few things. */
static struct json *open_changes(struct json **changes)
{
    if (*changes == NULL) {
        *changes = json_object();
    }
    return *changes;
}

static void put_changes(struct json *delta, const char *key, struct json *changes)
{
    if (changes != NULL) {
        json_put(delta, text_of(key), changes);
    }
}

static void put_frames(struct json *delta, const struct instance *before,
                       const struct instance *after)
{
    struct json *changes = NULL;
    char key[ITEM_KEY_BYTES];

    for (uint32_t i = 0; i < before->frame_count; i++) {
        if (instance_find_frame(after, before->frames[i].activation) == NULL) {
            json_put(open_changes(&changes), number_key(key, before->frames[i].activation),
                     json_null());
        }
    }
    for (uint32_t i = 0; i < after->frame_count; i++) {
        const struct frame *frame = &after->frames[i];
        const struct frame *old = instance_find_frame(before, frame->activation);

        if (old == NULL || !frame_equal(old, frame)) {
            json_put(open_changes(&changes), number_key(key, frame->activation),
                     frame_to_json(frame));
        }
    }
    put_changes(delta, "frames", changes);
}

static void put_timers(struct json *delta, const struct instance *before,
                       const struct instance *after)
{
    struct json *changes = NULL;
    char key[ITEM_KEY_BYTES];

    for (uint32_t i = 0; i < before->timer_count; i++) {
        const struct timer *timer = &before->timers[i];

        if (instance_timer(after, timer->kind, timer->owner) == NULL) {
            json_put(open_changes(&changes), timer_key(key, timer), json_null());
        }
    }
    for (uint32_t i = 0; i < after->timer_count; i++) {
        const struct timer *timer = &after->timers[i];
        const struct timer *old = instance_timer(before, timer->kind, timer->owner);

        if (old == NULL || old->due_ms != timer->due_ms) {
            json_put(open_changes(&changes), timer_key(key, timer), json_integer(timer->due_ms));
        }
    }
    put_changes(delta, "timers", changes);
}

static void put_undo_fields(struct json *json, const struct undo *undo)
{
    json_put_integer(json, "step", undo->step);
    json_put_string(json, "state", undo_state_name(undo->state));
    if (undo->in_doubt) {
        json_put_bool(json, "inDoubt", true);
    }
    if (undo->message != NULL) {
        json_put(json, TEXT("message"), json_copy(undo->message));
    }
}

static bool undo_equal(const struct undo *a, const struct undo *b)
{
    return a->activation == b->activation && a->step == b->step && a->state == b->state &&
           a->in_doubt == b->in_doubt && same_value(a->message, b->message);
}

static void put_stack(struct json *delta, const struct instance *before,
                      const struct instance *after)
{
    struct json *changes = NULL;
    char key[ITEM_KEY_BYTES];

    for (uint32_t i = 0; i < before->undo_count; i++) {
        if (instance_find_undo(after, before->stack[i].activation) == NULL) {
            json_put(open_changes(&changes), number_key(key, before->stack[i].activation),
                     json_null());
        }
    }
    for (uint32_t i = 0; i < after->undo_count; i++) {
        const struct undo *undo = &after->stack[i];
        const struct undo *old = instance_find_undo(before, undo->activation);

        if (old == NULL || !undo_equal(old, undo)) {
            struct json *json = json_object();

            put_undo_fields(json, undo);
            json_put(open_changes(&changes), number_key(key, undo->activation), json);
        }
    }
    put_changes(delta, "stack", changes);
}

static bool has_mail(const struct instance *instance, uint32_t number)
{
    for (uint32_t i = 0; i < instance->mail_count; i++) {
        if (instance->mailbox[i].number == number) {
            return true;
        }
    }
    return false;
}

static void put_mailbox(struct json *delta, const struct instance *before,
                        const struct instance *after)
{
    struct json *changes = NULL;
    char key[ITEM_KEY_BYTES];

    for (uint32_t i = 0; i < before->mail_count; i++) {
        if (!has_mail(after, before->mailbox[i].number)) {
            json_put(open_changes(&changes), number_key(key, before->mailbox[i].number),
                     json_null());
        }
    }
    for (uint32_t i = 0; i < after->mail_count; i++) {
        const struct mail *mail = &after->mailbox[i];

        /* Mail is never changed, only put in and taken out. */
        if (!has_mail(before, mail->number)) {
            struct json *json = json_object();

            json_put_integer(json, "topic", mail->topic);
            json_put(json, TEXT("message"), json_copy(mail->message));
            json_put(open_changes(&changes), number_key(key, mail->number), json);
        }
    }
    put_changes(delta, "mailbox", changes);
}

struct json *instance_delta(const struct instance *before, const struct instance *after)
{
    static const struct instance nothing = {.activation_next = 1, .mail_next = 1};
    struct json *delta = json_object();

    if (before == NULL) {
        before = &nothing;
    }
    put_head(delta, before, after);
    put_frames(delta, before, after);
    put_timers(delta, before, after);
    put_stack(delta, before, after);
    put_mailbox(delta, before, after);
    return delta;
}

void instance_canonical(const struct instance *instance, struct buffer *out)
{
    struct json *whole = instance_delta(NULL, instance);

    json_write_canonical(whole, out);
    json_free(whole);
}

struct json *undo_to_json(const struct undo *undo)
{
    struct json *json = json_object();

    json_put_integer(json, "activation", undo->activation);
    put_undo_fields(json, undo);
    return json;
}

uint64_t instance_stack_hash(const struct instance *instance)
{
    struct buffer entry = {0};
    uint64_t hash = 0;

    for (uint32_t i = 0; i < instance->undo_count; i++) {
        struct json *json = undo_to_json(&instance->stack[i]);

        buffer_clear(&entry);
        json_write_canonical(json, &entry);
        hash = hash64(buffer_text(&entry), hash);
        json_free(json);
    }
    buffer_release(&entry);
    return hash;
}
