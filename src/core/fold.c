/* The reading side of fold.h: a delta applied. Deltas come from outside: every field is checked,
 * and an unknown one is refused, because a state that is folded in part is a wrong state. */
#include "core/fold_parts.h"

#include <stddef.h>
#include <string.h>

static enum status read_status(const struct json *value, enum run_status *out, const char *field,
                               struct error *err)
{
    return run_status_of(json_text_of(value), out) ? STATUS_OK : fold_bad(err, field);
}

static enum status read_name(struct instance *instance, const struct json *value,
                             const struct json *delta, struct error *err)
{
    struct text name = json_text_of(value);
    int64_t flow_bytes = json_member_int(delta, "flowBytes", -1);
    struct instance *named;
    struct text old;

    if (flow_bytes < 0 || (size_t)flow_bytes >= name.bytes || name.data[flow_bytes] != ':') {
        return fold_bad(err, "name");
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
        return fold_bad(err, "flowHash");
    }
    memset(instance->flow_hash, 0, sizeof(instance->flow_hash));
    if (hash.bytes > 0) {
        memcpy(instance->flow_hash, hash.data, hash.bytes);
    }
    return STATUS_OK;
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

    if (!fold_is_object(items)) {
        return fold_bad(err, field);
    }
    while (status == STATUS_OK && json_next(items, &cursor, &key, &value)) {
        status = fold_one(instance, key, value, err);
    }
    return status;
}

/* The fields that are one JSON value each. */
static const struct {
    const char *name;
    size_t place;
} values[] = {
    {"data", offsetof(struct instance, data)},       {"error", offsetof(struct instance, error)},
    {"ids", offsetof(struct instance, ids)},         {"queue", offsetof(struct instance, queue)},
    {"parents", offsetof(struct instance, parents)}, {"paused", offsetof(struct instance, paused)},
};

#define VALUE_COUNT (sizeof(values) / sizeof(values[0]))

/* Which of them, or VALUE_COUNT. */
static size_t value_of(struct text key)
{
    size_t at = 0;

    while (at < VALUE_COUNT && !text_is(key, values[at].name)) {
        at++;
    }
    return at;
}

static enum status fold_field(struct instance *instance, const struct json *delta, struct text key,
                              const struct json *value, struct error *err)
{
    size_t at = value_of(key);

    if (at < VALUE_COUNT) {
        return fold_patch((struct json **)(void *)((char *)instance + values[at].place), value,
                          values[at].name, err);
    }
    if (text_is(key, "name")) {
        return read_name(instance, value, delta, err);
    }
    if (text_is(key, "flowBytes")) {
        return json_member(delta, "name") != NULL ? STATUS_OK : fold_bad(err, "flowBytes");
    }
    if (text_is(key, "run")) {
        return run_id_parse(json_text_of(value), &instance->run) ? STATUS_OK : fold_bad(err, "run");
    }
    if (text_is(key, "flowHash")) {
        return read_hash(instance, value, err);
    }
    if (text_is(key, "seq")) {
        return fold_read_int(value, 0, INT64_MAX, &instance->seq, "seq", err);
    }
    if (text_is(key, "status")) {
        return read_status(value, &instance->status, "status", err);
    }
    if (text_is(key, "closing")) {
        return read_status(value, &instance->closing, "closing", err);
    }
    if (text_is(key, "sealed")) {
        instance->sealed = json_is_true(value);
        return json_kind(value) == JSON_BOOL ? STATUS_OK : fold_bad(err, "sealed");
    }
    if (text_is(key, "inAlways")) {
        instance->in_always = json_is_true(value);
        return json_kind(value) == JSON_BOOL ? STATUS_OK : fold_bad(err, "inAlways");
    }
    if (text_is(key, "started")) {
        return fold_read_int(value, 0, INT64_MAX, &instance->started_ms, "started", err);
    }
    if (text_is(key, "time")) {
        return fold_read_int(value, 0, INT64_MAX, &instance->time_ms, "time", err);
    }
    if (text_is(key, "activationNext")) {
        return fold_read_uint32(value, &instance->activation_next, "activationNext", err);
    }
    if (text_is(key, "mailNext")) {
        return fold_read_uint32(value, &instance->mail_next, "mailNext", err);
    }
    if (text_is(key, "result")) {
        return STATUS_OK; /* When all else is there: fold_result(). */
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
    return fold_patch(&instance->result, value, "result", err);
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
    if (!fold_is_object(delta)) {
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
