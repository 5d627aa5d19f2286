/* The items of a delta: frames, timers, the stack, the mailbox. */
#include "core/fold_parts.h"

enum status fold_bad(struct error *err, const char *field)
{
    return fail(err, STATUS_REJECT, "delta: '%s' has not the right form", field);
}

bool fold_is_object(const struct json *value)
{
    return value != NULL && json_kind(value) == JSON_OBJECT;
}

enum status fold_read_int(const struct json *value, int64_t least, int64_t most, int64_t *out,
                          const char *field, struct error *err)
{
    if (value == NULL || !json_int64(value, out) || *out < least || *out > most) {
        return fold_bad(err, field);
    }
    return STATUS_OK;
}

enum status fold_read_uint32(const struct json *value, uint32_t *out, const char *field,
                             struct error *err)
{
    int64_t number = 0;
    enum status status = fold_read_int(value, 0, UINT32_MAX, &number, field, err);

    *out = (uint32_t)number;
    return status;
}

enum status fold_patch(struct json **slot, const struct json *change, const char *field,
                       struct error *err)
{
    struct json *value = NULL;

    if (json_kind(change) != JSON_NULL) {
        enum status status = json_patch(*slot, change, &value, err);

        if (status != STATUS_OK) {
            return fail_in(err, STATUS_REJECT, "delta: '%s'", field);
        }
    }
    json_free(*slot);
    *slot = value;
    return STATUS_OK;
}

static enum status read_block(const struct json *json, struct frame *frame, struct error *err)
{
    if (!block_role_of(json_member_text(json, "role"), &frame->role)) {
        return fold_bad(err, "frames.role");
    }
    return fold_read_uint32(json_member(json, "index"), &frame->index, "frames.index", err);
}

static enum status read_frame(const struct json *json, struct frame *frame, struct error *err)
{
    struct text kind = json_member_text(json, "kind");
    const struct json *parent = json_member(json, "parent");
    enum status status;

    if (!text_is(kind, "step") && !text_is(kind, "undo") && !text_is(kind, "block")) {
        return fold_bad(err, "frames.kind");
    }
    frame->kind = text_is(kind, "undo") ? FRAME_UNDO
                                        : (text_is(kind, "block") ? FRAME_BLOCK : FRAME_STEP);
    if (!frame_state_of(json_member_text(json, "state"), &frame->state)) {
        return fold_bad(err, "frames.state");
    }
    status = fold_read_uint32(json_member(json, "step"), &frame->step, "frames.step", err);
    if (status == STATUS_OK) {
        status = fold_read_uint32(json_member(json, "attempt"), &frame->attempt, "frames.attempt",
                                  err);
    }
    if (status == STATUS_OK && parent != NULL) {
        status = fold_read_uint32(parent, &frame->parent, "frames.parent", err);
    }
    if (status == STATUS_OK && frame->kind == FRAME_BLOCK) {
        status = read_block(json, frame, err);
    }
    if (status == STATUS_OK && frame->kind == FRAME_UNDO) {
        status = fold_read_uint32(json_member(json, "undoOf"), &frame->undo_of, "frames.undoOf",
                                  err);
    }
    if (status == STATUS_OK) {
        status = fold_read_int(json_member(json, "opened"), 0, INT64_MAX, &frame->opened_ms,
                               "frames.opened", err);
    }
    frame->attempt_ms = json_member_int(json, "sent", 0);
    frame->sent_seq = json_member_int(json, "sentSeq", 0);
    frame->error = json_copy(json_member(json, "error"));
    return status;
}

static enum status read_undo(const struct json *json, struct undo *undo, struct error *err)
{
    const struct json *group = json_member(json, "group");

    if (!undo_state_of(json_member_text(json, "state"), &undo->state)) {
        return fold_bad(err, "stack.state");
    }
    undo->in_doubt = json_is_true(json_member(json, "inDoubt"));
    undo->parallel = json_is_true(json_member(json, "parallel"));
    if (group != NULL && fold_read_uint32(group, &undo->group, "stack.group", err) != STATUS_OK) {
        return STATUS_REJECT;
    }
    undo->message = json_copy(json_member(json, "message"));
    if (undo->state != UNDO_PENDING && undo->state != UNDO_GROUP &&
        !fold_is_object(undo->message)) {
        return fold_bad(err, "stack.message");
    }
    return fold_read_uint32(json_member(json, "step"), &undo->step, "stack.step", err);
}

/* The number that names an item in frames, stack and mailbox. */
static bool item_number(struct text key, uint32_t *number)
{
    int64_t value;

    if (!text_to_int64(key, &value) || value < 0 || value > UINT32_MAX) {
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

enum status fold_frame(struct instance *instance, struct text key, const struct json *value,
                       struct error *err)
{
    const struct json *change = json_member(value, "local");
    struct frame *frame;
    struct json *local;
    uint32_t activation;

    if (!item_number(key, &activation)) {
        return fold_bad(err, "frames");
    }
    if (json_kind(value) == JSON_NULL) {
        instance_drop_frame(instance, activation);
        return STATUS_OK;
    }
    frame = instance_frame(instance, activation);
    if (frame == NULL) {
        frame = instance_add_frame(instance, activation);
    }
    json_free(frame->error);
    /* All of a frame is there anew, but of `local` only what has changed. */
    local = frame->local;
    *frame = (struct frame){.activation = activation, .local = local};
    if (change != NULL) {
        enum status status = fold_patch(&frame->local, change, "frames.local", err);

        if (status != STATUS_OK) {
            return status;
        }
    }
    return read_frame(value, frame, err);
}

enum status fold_timer(struct instance *instance, struct text key, const struct json *value,
                       struct error *err)
{
    size_t slash = text_find(key, '/');
    enum timer_kind kind;
    uint32_t owner;
    int64_t due_ms;

    if (slash == SIZE_MAX || !timer_kind_of(text_sub(key, 0, slash), &kind) ||
        !item_number(text_sub(key, slash + 1, key.bytes), &owner)) {
        return fold_bad(err, "timers");
    }
    if (json_kind(value) == JSON_NULL) {
        instance_disarm(instance, kind, owner);
        return STATUS_OK;
    }
    if (!json_int64(value, &due_ms)) {
        return fold_bad(err, "timers");
    }
    instance_arm(instance, kind, owner, due_ms);
    return STATUS_OK;
}

enum status fold_undo(struct instance *instance, struct text key, const struct json *value,
                      struct error *err)
{
    struct undo *undo;
    uint32_t activation;

    if (!item_number(key, &activation)) {
        return fold_bad(err, "stack");
    }
    if (json_kind(value) == JSON_NULL) {
        instance_drop_undo(instance, activation);
        return STATUS_OK;
    }
    undo = instance_undo(instance, activation);
    if (undo == NULL) {
        undo = instance_add_undo(instance, activation);
    }
    json_free(undo->message);
    *undo = (struct undo){.activation = activation};
    return read_undo(value, undo, err);
}

enum status fold_mail(struct instance *instance, struct text key, const struct json *value,
                      struct error *err)
{
    struct mail *mail;
    uint32_t number;

    if (!item_number(key, &number)) {
        return fold_bad(err, "mailbox");
    }
    instance_drop_mail(instance, number);
    if (json_kind(value) == JSON_NULL) {
        return STATUS_OK;
    }
    if (!fold_is_object(json_member(value, "message"))) {
        return fold_bad(err, "mailbox.message");
    }
    mail = instance_add_mail(instance);
    mail->number = number;
    mail->message = json_copy(json_member(value, "message"));
    return fold_read_uint32(json_member(value, "topic"), &mail->topic, "mailbox.topic", err);
}

enum status undo_from_json(const struct json *json, struct undo *undo, struct error *err)
{
    enum status status;

    *undo = (struct undo){0};
    if (!fold_is_object(json)) {
        return fold_bad(err, "undo");
    }
    status = fold_read_uint32(json_member(json, "activation"), &undo->activation, "activation",
                              err);
    if (status == STATUS_OK) {
        status = read_undo(json, undo, err);
    }
    if (status != STATUS_OK) {
        json_free(undo->message);
        *undo = (struct undo){0};
    }
    return status;
}
