#include "app/state_sight.h"

#include "base/duration.h"

static void add_name(const struct flow *flow, uint32_t step, struct buffer *out)
{
    if (flow != NULL && step < flow->step_count) {
        buffer_add_text(out, flow->steps[step].name);
    } else {
        buffer_addf(out, "step %u", step);
    }
}

static void add_frame(const struct flow *flow, const struct frame *frame, struct buffer *out)
{
    buffer_add_text(out, frame->kind == FRAME_UNDO ? TEXT("undo of ") : TEXT(""));
    add_name(flow, frame->step, out);
    if (frame->kind == FRAME_BLOCK) {
        buffer_addf(out, " %s", block_role_name(frame->role));
    }
    buffer_addf(out, "#%u", frame->activation);
}

static void put_value(struct json *object, const char *key, const struct json *value)
{
    if (value != NULL) {
        json_put(object, text_of(key), json_copy(value));
    }
}

/* A text, unless there is more to tell. */
static struct json *frame_json(const struct frame *frame)
{
    struct buffer text = {0};
    struct json *value;

    buffer_addf(&text, "%s", frame_state_name(frame->state));
    if (frame->attempt > 1) {
        buffer_addf(&text, ", attempt %u", frame->attempt);
    }
    if (frame->error == NULL && frame->local == NULL) {
        value = json_text(buffer_text(&text));
    } else {
        value = json_object();
        json_put_text(value, "state", buffer_text(&text));
        put_value(value, "error", frame->error);
        put_value(value, "local", frame->local);
    }
    buffer_release(&text);
    return value;
}

static struct json *waits_json(const struct flow *flow, const struct instance *instance)
{
    struct json *waits = json_object();

    for (uint32_t i = 0; i < instance->frame_count; i++) {
        struct buffer label = {0};

        add_frame(flow, &instance->frames[i], &label);
        json_put(waits, buffer_text(&label), frame_json(&instance->frames[i]));
        buffer_release(&label);
    }
    return waits;
}

static struct json *timers_json(const struct flow *flow, const struct instance *instance)
{
    struct json *timers = json_object();

    for (uint32_t i = 0; i < instance->timer_count; i++) {
        const struct timer *timer = &instance->timers[i];
        const struct frame *frame = instance_find_frame(instance, timer->owner);
        struct buffer label = {0};
        char due[TIME_TEXT_BYTES];

        buffer_addf(&label, "%s", timer_kind_name(timer->kind));
        if (frame != NULL) {
            buffer_add_text(&label, TEXT(" of "));
            add_frame(flow, frame, &label);
        }
        time_format(timer->due_ms, due);
        json_put(timers, buffer_text(&label), json_string(due));
        buffer_release(&label);
    }
    return timers;
}

static struct json *stack_json(const struct flow *flow, const struct instance *instance)
{
    struct json *stack = json_object();

    for (uint32_t i = 0; i < instance->undo_count; i++) {
        const struct undo *undo = &instance->stack[i];
        struct buffer label = {0};
        struct buffer text = {0};

        add_name(flow, undo->step, &label);
        buffer_addf(&label, "#%u", undo->activation);
        buffer_addf(&text, "%s%s", undo_state_name(undo->state),
                    undo->in_doubt ? ", in doubt" : "");
        json_put(stack, buffer_text(&label), json_text(buffer_text(&text)));
        buffer_release(&label);
        buffer_release(&text);
    }
    return stack;
}

static struct json *mailbox_json(const struct instance *instance)
{
    struct json *mailbox = json_object();

    for (uint32_t i = 0; i < instance->mail_count; i++) {
        char room[INTEGER_TEXT_BYTES];

        json_put(mailbox, text_unsigned(instance->mailbox[i].number, room),
                 json_copy(instance->mailbox[i].message));
    }
    return mailbox;
}

struct json *state_sight(const struct flow *flow, const struct instance *instance)
{
    struct json *sight = json_object();

    if (instance == NULL) {
        return sight;
    }
    if (flow != NULL) {
        json_put_integer(sight, "version", flow->version);
    }
    json_put_string(sight, "status", run_status_name(instance->status));
    if (instance->sealed) {
        json_put_bool(sight, "sealed", true);
    }
    if (instance->paused != NULL) {
        json_put_bool(sight, "paused", true);
    }
    put_value(sight, "data", instance->data);
    json_put(sight, TEXT("waits"), waits_json(flow, instance));
    json_put(sight, TEXT("timers"), timers_json(flow, instance));
    json_put(sight, TEXT("stack"), stack_json(flow, instance));
    json_put(sight, TEXT("mailbox"), mailbox_json(instance));
    put_value(sight, "error", instance->error);
    put_value(sight, "result", instance->result);
    return sight;
}

/* ---- what is other ---- */

struct differ {
    struct json *changes;
    const char *in; /* NULL: not told. */
    bool is_named;  /* The keys of the first level are labels, not members of a document. */
};

static bool is_plain(struct text key)
{
    bool plain = key.bytes > 0;

    for (size_t i = 0; i < key.bytes && plain; i++) {
        char c = key.data[i];

        plain = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                (i > 0 && c >= '0' && c <= '9');
    }
    return plain;
}

static void add_key(const struct differ *differ, struct buffer *path, struct text key)
{
    if (differ->is_named && path->bytes == 0) {
        buffer_add_text(path, key);
    } else if (is_plain(key)) {
        buffer_add_char(path, '.');
        buffer_add_text(path, key);
    } else {
        buffer_add_char(path, '[');
        json_write_text(key, path);
        buffer_add_char(path, ']');
    }
}

static void note(struct differ *differ, const struct buffer *path, const struct json *before,
                 const struct json *after)
{
    struct json *change = json_object();

    if (differ->in != NULL) {
        json_put_string(change, "in", differ->in);
    }
    json_put_text(change, "at", path->bytes == 0 ? TEXT(".") : buffer_text(path));
    put_value(change, "from", before);
    put_value(change, "to", after);
    json_push(differ->changes, change);
}

static bool both_are(const struct json *before, const struct json *after, enum json_kind kind)
{
    return before != NULL && after != NULL && json_kind(before) == kind && json_kind(after) == kind;
}

static void diff(struct differ *differ, struct buffer *path, const struct json *before,
                 const struct json *after);

static void diff_at(struct differ *differ, struct buffer *path, size_t bytes,
                    const struct json *before, const struct json *after)
{
    diff(differ, path, before, after);
    path->bytes = bytes;
}

static void diff_objects(struct differ *differ, struct buffer *path, const struct json *before,
                         const struct json *after)
{
    struct json_cursor cursor = {0};
    size_t bytes = path->bytes;
    const struct json *value;
    struct text key;

    while (json_next(before, &cursor, &key, &value)) {
        add_key(differ, path, key);
        diff_at(differ, path, bytes, value, json_get(after, key));
    }
    cursor = (struct json_cursor){0};
    while (json_next(after, &cursor, &key, &value)) {
        if (json_get(before, key) == NULL) {
            add_key(differ, path, key);
            diff_at(differ, path, bytes, NULL, value);
        }
    }
}

/* Recursion is bounded by the depth of the values, STATE_DEPTH_MAX. */
static void diff(struct differ *differ, struct buffer *path, const struct json *before,
                 const struct json *after)
{
    size_t bytes = path->bytes;

    if (both_are(before, after, JSON_OBJECT)) {
        diff_objects(differ, path, before, after);
    } else if (both_are(before, after, JSON_ARRAY)) {
        size_t count = json_count(before) > json_count(after) ? json_count(before)
                                                              : json_count(after);
        for (size_t i = 0; i < count; i++) {
            buffer_addf(path, "[%zu]", i);
            diff_at(differ, path, bytes, json_at(before, i), json_at(after, i));
        }
    } else if (before == NULL || after == NULL || !json_equal(before, after)) {
        if (before != NULL || after != NULL) {
            note(differ, path, before, after);
        }
    }
}

struct json *state_changes(const struct json *before, const struct json *after)
{
    static const struct {
        const char *name;
        bool is_named;
    } members[] = {
        {"version", false}, {"status", false}, {"sealed", false}, {"paused", false},
        {"data", false},    {"waits", true},   {"timers", true},  {"stack", true},
        {"mailbox", true},  {"error", false},  {"result", false},
    };
    static const char *const empty[] = {"waits", "timers", "stack", "mailbox"};
    struct json *none = json_object();
    struct json *changes = json_array();

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        struct differ differ = {changes, members[i].name, members[i].is_named};
        const struct json *old = json_member(before, members[i].name);
        struct buffer path = {0};

        for (size_t k = 0; k < sizeof empty / sizeof *empty && old == NULL; k++) {
            old = text_is(text_of(empty[k]), members[i].name) ? none : NULL;
        }
        diff(&differ, &path, old, json_member(after, members[i].name));
        buffer_release(&path);
    }
    json_free(none);
    return changes;
}

struct json *value_changes(const struct json *before, const struct json *after)
{
    struct differ differ = {.changes = json_array()};
    struct buffer path = {0};

    diff(&differ, &path, before, after);
    buffer_release(&path);
    return differ.changes;
}

void change_write(const struct json *change, struct buffer *out)
{
    const struct json *from = json_member(change, "from");
    const struct json *to = json_member(change, "to");

    buffer_add_text(out, json_member_text(change, "at"));
    if (to == NULL) {
        buffer_add_text(out, TEXT(" is gone"));
        return;
    }
    if (from != NULL) {
        buffer_add_text(out, TEXT(": "));
        json_write(from, out);
    }
    buffer_add_text(out, from == NULL ? TEXT(" = ") : TEXT(" -> "));
    json_write(to, out);
}
