/* The reading side of fold.h: a delta applied. Deltas come from outside: every field is checked,
 * and an unknown one is refused, because a state that is folded in part is a wrong state. */
#include "core/fold.h"

#include <string.h>

static enum status bad(struct error *err, const char *field)
{
    return fail(err, STATUS_REJECT, "delta: '%s' has not the right form", field);
}

/* NULL, a missing member, is of no kind. */
static bool is_object(const struct json *value)
{
    return value != NULL && json_kind(value) == JSON_OBJECT;
}

static enum status read_int(const struct json *value, int64_t least, int64_t most, int64_t *out,
                            const char *field, struct error *err)
{
    if (value == NULL || !json_int64(value, out) || *out < least || *out > most) {
        return bad(err, field);
    }
    return STATUS_OK;
}

static enum status read_uint32(const struct json *value, uint32_t *out, const char *field,
                               struct error *err)
{
    int64_t number = 0;
    enum status status = read_int(value, 0, UINT32_MAX, &number, field, err);

    *out = (uint32_t)number;
    return status;
}

static enum status read_status(const struct json *value, enum run_status *out, const char *field,
                               struct error *err)
{
    return run_status_of(json_text_of(value), out) ? STATUS_OK : bad(err, field);
}

static enum status read_name(struct instance *instance, const struct json *value,
                             const struct json *delta, struct error *err)
{
    struct text name = json_text_of(value);
    int64_t flow_bytes = json_member_int(delta, "flowBytes", -1);
    struct instance *named;
    struct text old;

    if (flow_bytes < 0 || (size_t)flow_bytes >= name.bytes || name.data[flow_bytes] != ':') {
        return bad(err, "name");
    }
    named = instance_new(text_sub(name, 0, (size_t)flow_bytes),
                         text_sub(name, (size_t)flow_bytes + 1, name.bytes));
    /* Names are owned: exchange them, and end the other with the old one. */
    old = instance->name;
    instance->name = named->name;
    instance->flow_bytes = named->flow_bytes;
    named->name = old;
    instance_free(named);
    return STATUS_OK;
}

static enum status read_hash(struct instance *instance, const struct json *value, struct error *err)
{
    struct text hash = json_text_of(value);

    if (hash.bytes > FLOW_HASH_BYTES) {
        return bad(err, "flowHash");
    }
    memset(instance->flow_hash, 0, sizeof(instance->flow_hash));
    if (hash.bytes > 0) {
        memcpy(instance->flow_hash, hash.data, hash.bytes);
    }
    return STATUS_OK;
}

static enum status patch_value(struct json **slot, const struct json *change, const char *field,
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

static enum status read_frame(const struct json *json, struct frame *frame, struct error *err)
{
    struct text kind = json_member_text(json, "kind");
    enum status status;

    if (!text_is(kind, "step") && !text_is(kind, "undo")) {
        return bad(err, "frames.kind");
    }
    frame->kind = text_is(kind, "undo") ? FRAME_UNDO : FRAME_STEP;
    if (!frame_state_of(json_member_text(json, "state"), &frame->state)) {
        return bad(err, "frames.state");
    }
    status = read_uint32(json_member(json, "step"), &frame->step, "frames.step", err);
    if (status == STATUS_OK) {
        status = read_uint32(json_member(json, "attempt"), &frame->attempt, "frames.attempt", err);
    }
    if (status == STATUS_OK && frame->kind == FRAME_UNDO) {
        status = read_uint32(json_member(json, "undoOf"), &frame->undo_of, "frames.undoOf", err);
    }
    if (status == STATUS_OK) {
        status = read_int(json_member(json, "opened"), 0, INT64_MAX, &frame->opened_ms,
                          "frames.opened", err);
    }
    frame->attempt_ms = json_member_int(json, "sent", 0);
    frame->sent_seq = json_member_int(json, "sentSeq", 0);
    frame->error = json_copy(json_member(json, "error"));
    return status;
}

static enum status read_undo(const struct json *json, struct undo *undo, struct error *err)
{
    if (!undo_state_of(json_member_text(json, "state"), &undo->state)) {
        return bad(err, "stack.state");
    }
    undo->in_doubt = json_is_true(json_member(json, "inDoubt"));
    undo->message = json_copy(json_member(json, "message"));
    if (undo->state != UNDO_PENDING && !is_object(undo->message)) {
        return bad(err, "stack.message");
    }
    return read_uint32(json_member(json, "step"), &undo->step, "stack.step", err);
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

static enum status fold_frame(struct instance *instance, struct text key, const struct json *value,
                              struct error *err)
{
    struct frame *frame;
    uint32_t activation;

    if (!item_number(key, &activation)) {
        return bad(err, "frames");
    }
    if (json_kind(value) == JSON_NULL) {
        instance_drop_frame(instance, activation);
        return STATUS_OK;
    }
    frame = instance_frame(instance, activation);
    if (frame == NULL) {
        frame = instance_add_frame(instance);
    }
    json_free(frame->error);
    *frame = (struct frame){.activation = activation};
    return read_frame(value, frame, err);
}

static enum status fold_timer(struct instance *instance, struct text key, const struct json *value,
                              struct error *err)
{
    size_t slash = text_find(key, '/');
    enum timer_kind kind;
    uint32_t owner;
    int64_t due_ms;

    if (slash == SIZE_MAX || !timer_kind_of(text_sub(key, 0, slash), &kind) ||
        !item_number(text_sub(key, slash + 1, key.bytes), &owner)) {
        return bad(err, "timers");
    }
    if (json_kind(value) == JSON_NULL) {
        instance_disarm(instance, kind, owner);
        return STATUS_OK;
    }
    if (!json_int64(value, &due_ms)) {
        return bad(err, "timers");
    }
    instance_arm(instance, kind, owner, due_ms);
    return STATUS_OK;
}

static enum status fold_undo(struct instance *instance, struct text key, const struct json *value,
                             struct error *err)
{
    struct undo *undo;
    uint32_t activation;

    if (!item_number(key, &activation)) {
        return bad(err, "stack");
    }
    if (json_kind(value) == JSON_NULL) {
        instance_drop_undo(instance, activation);
        return STATUS_OK;
    }
    undo = instance_undo(instance, activation);
    if (undo == NULL) {
        undo = instance_add_undo(instance);
    }
    json_free(undo->message);
    *undo = (struct undo){.activation = activation};
    return read_undo(value, undo, err);
}

static enum status fold_mail(struct instance *instance, struct text key, const struct json *value,
                             struct error *err)
{
    struct mail *mail;
    uint32_t number;

    if (!item_number(key, &number)) {
        return bad(err, "mailbox");
    }
    instance_drop_mail(instance, number);
    if (json_kind(value) == JSON_NULL) {
        return STATUS_OK;
    }
    if (!is_object(json_member(value, "message"))) {
        return bad(err, "mailbox.message");
    }
    mail = instance_add_mail(instance);
    mail->number = number;
    mail->message = json_copy(json_member(value, "message"));
    return read_uint32(json_member(value, "topic"), &mail->topic, "mailbox.topic", err);
}

static enum status fold_items(struct instance *instance, const struct json *items,
                              enum status (*fold_one)(struct instance *, struct text,
                                                      const struct json *, struct error *),
                              const char *field, struct error *err)
{
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;
    enum status status = STATUS_OK;

    if (!is_object(items)) {
        return bad(err, field);
    }
    while (status == STATUS_OK && json_next(items, &cursor, &key, &value)) {
        status = fold_one(instance, key, value, err);
    }
    return status;
}

static enum status fold_field(struct instance *instance, const struct json *delta, struct text key,
                              const struct json *value, struct error *err)
{
    if (text_is(key, "name")) {
        return read_name(instance, value, delta, err);
    }
    if (text_is(key, "flowBytes")) {
        return json_member(delta, "name") != NULL ? STATUS_OK : bad(err, "flowBytes");
    }
    if (text_is(key, "run")) {
        return run_id_parse(json_text_of(value), &instance->run) ? STATUS_OK : bad(err, "run");
    }
    if (text_is(key, "flowHash")) {
        return read_hash(instance, value, err);
    }
    if (text_is(key, "seq")) {
        return read_int(value, 0, INT64_MAX, &instance->seq, "seq", err);
    }
    if (text_is(key, "status")) {
        return read_status(value, &instance->status, "status", err);
    }
    if (text_is(key, "closing")) {
        return read_status(value, &instance->closing, "closing", err);
    }
    if (text_is(key, "sealed")) {
        instance->sealed = json_is_true(value);
        return json_kind(value) == JSON_BOOL ? STATUS_OK : bad(err, "sealed");
    }
    if (text_is(key, "started")) {
        return read_int(value, 0, INT64_MAX, &instance->started_ms, "started", err);
    }
    if (text_is(key, "time")) {
        return read_int(value, 0, INT64_MAX, &instance->time_ms, "time", err);
    }
    if (text_is(key, "activationNext")) {
        return read_uint32(value, &instance->activation_next, "activationNext", err);
    }
    if (text_is(key, "mailNext")) {
        return read_uint32(value, &instance->mail_next, "mailNext", err);
    }
    if (text_is(key, "data")) {
        return patch_value(&instance->data, value, "data", err);
    }
    if (text_is(key, "error")) {
        return patch_value(&instance->error, value, "error", err);
    }
    if (text_is(key, "result")) {
        return STATUS_OK; /* When all else is there: fold_result(). */
    }
    if (text_is(key, "ids")) {
        return patch_value(&instance->ids, value, "ids", err);
    }
    if (text_is(key, "frames")) {
        return fold_items(instance, value, fold_frame, "frames", err);
    }
    if (text_is(key, "timers")) {
        return fold_items(instance, value, fold_timer, "timers", err);
    }
    if (text_is(key, "stack")) {
        return fold_items(instance, value, fold_undo, "stack", err);
    }
    if (text_is(key, "mailbox")) {
        return fold_items(instance, value, fold_mail, "mailbox", err);
    }
    return fail(err, STATUS_REJECT, "delta: unknown field '%.*s'", TEXT_ARG(key));
}

/* A first result that is given by its members is what the document became, changed by them. */
static enum status fold_result(struct instance *instance, const struct json *delta,
                               struct error *err)
{
    const struct json *value = json_member(delta, "result");

    if (value == NULL) {
        return STATUS_OK;
    }
    if (instance->result == NULL && json_kind(value) == JSON_OBJECT) {
        instance->result = json_copy(instance->data);
    }
    return patch_value(&instance->result, value, "result", err);
}

enum status instance_apply(const struct instance *before, const struct json *delta,
                           struct instance **after, struct error *err)
{
    struct instance *instance;
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;
    enum status status = STATUS_OK;

    *after = NULL;
    if (!is_object(delta)) {
        return fail(err, STATUS_REJECT, "delta: not an object");
    }
    if (before == NULL && json_member(delta, "name") == NULL) {
        return fail(err, STATUS_REJECT, "delta: it has no 'name', and there is nothing before it");
    }
    instance = before == NULL ? instance_new(TEXT(""), TEXT("")) : instance_copy(before);
    instance->bytes_most = 0;
    while (status == STATUS_OK && json_next(delta, &cursor, &key, &value)) {
        status = fold_field(instance, delta, key, value, err);
    }
    if (status == STATUS_OK) {
        status = fold_result(instance, delta, err);
    }
    if (status != STATUS_OK) {
        instance_free(instance);
        return status;
    }
    *after = instance;
    return STATUS_OK;
}

enum status undo_from_json(const struct json *json, struct undo *undo, struct error *err)
{
    enum status status;

    *undo = (struct undo){0};
    if (!is_object(json)) {
        return bad(err, "undo");
    }
    status = read_uint32(json_member(json, "activation"), &undo->activation, "activation", err);
    if (status == STATUS_OK) {
        status = read_undo(json, undo, err);
    }
    if (status != STATUS_OK) {
        json_free(undo->message);
        *undo = (struct undo){0};
    }
    return status;
}
