/* The writing side of fold.h: what changed, as JSON text. It is written and not built: most of what an
 * event costs would otherwise be the values that are thrown away when they are written. */
#include <string.h>

#include "base/hash.h"
#include "core/delta_write.h"
#include "core/fold.h"

#define ITEM_KEY_BYTES 32

/* NULL is absent: JSON null in the delta. */
static void put_value(struct buffer *out, struct text key, const struct json *before,
                      const struct json *after)
{
    size_t mark = out->bytes;

    if (before == after) {
        return;
    }
    add_key(out, key);
    if (after == NULL) {
        buffer_add_text(out, TEXT("null"));
    } else if (!json_write_diff(before, after, out)) {
        out->bytes = mark;
    }
}

/* The completion record mostly is the document: then it is not written a second time. */
static void put_result(struct buffer *out, const struct instance *before,
                       const struct instance *after)
{
    if (before->result == NULL && after->result == after->data && after->data != NULL &&
        before->seq > 0 && json_kind(after->data) == JSON_OBJECT) {
        add_key(out, TEXT("result"));
        buffer_add_text(out, TEXT("{}"));
        return;
    }
    put_value(out, TEXT("result"), before->result, after->result);
}

static void put_integer(struct buffer *out, struct text key, int64_t before, int64_t after)
{
    if (before != after) {
        add_integer(out, key, after);
    }
}

static void put_identity(struct buffer *out, const struct instance *before,
                         const struct instance *after)
{
    char run[RUN_ID_BYTES];

    if (!text_equal(before->name, after->name)) {
        add_text(out, TEXT("name"), after->name);
        add_integer(out, TEXT("flowBytes"), (int64_t)after->flow_bytes);
    }
    if (!run_id_equal(before->run, after->run)) {
        run_id_format(after->run, run);
        add_text(out, TEXT("run"), text_of(run));
    }
    if (!text_is(text_of(before->flow_hash), after->flow_hash)) {
        add_text(out, TEXT("flowHash"), text_of(after->flow_hash));
    }
}

static void put_head(struct buffer *out, const struct instance *before,
                     const struct instance *after)
{
    put_identity(out, before, after);
    put_integer(out, TEXT("seq"), before->seq, after->seq);
    if (before->status != after->status) {
        add_text(out, TEXT("status"), text_of(run_status_name(after->status)));
    }
    if (before->closing != after->closing) {
        add_text(out, TEXT("closing"), text_of(run_status_name(after->closing)));
    }
    if (before->sealed != after->sealed) {
        add_key(out, TEXT("sealed"));
        buffer_add_text(out, after->sealed ? TEXT("true") : TEXT("false"));
    }
    if (before->in_always != after->in_always) {
        add_key(out, TEXT("inAlways"));
        buffer_add_text(out, after->in_always ? TEXT("true") : TEXT("false"));
    }
    put_integer(out, TEXT("started"), before->started_ms, after->started_ms);
    put_integer(out, TEXT("time"), before->time_ms, after->time_ms);
    put_integer(out, TEXT("activationNext"), before->activation_next, after->activation_next);
    put_integer(out, TEXT("mailNext"), before->mail_next, after->mail_next);
    put_value(out, TEXT("data"), before->data, after->data);
    put_value(out, TEXT("error"), before->error, after->error);
    put_result(out, before, after);
    put_value(out, TEXT("ids"), before->ids, after->ids);
    put_value(out, TEXT("queue"), before->queue, after->queue);
    put_value(out, TEXT("parents"), before->parents, after->parents);
    put_value(out, TEXT("paused"), before->paused, after->paused);
}

static bool same_value(const struct json *a, const struct json *b)
{
    return a == b || (a != NULL && b != NULL && json_equal(a, b));
}

static bool frame_equal(const struct frame *a, const struct frame *b)
{
    return a->activation == b->activation && a->parent == b->parent && a->kind == b->kind &&
           a->state == b->state && a->role == b->role && a->index == b->index &&
           a->step == b->step && a->undo_of == b->undo_of && a->attempt == b->attempt &&
           a->opened_ms == b->opened_ms && a->attempt_ms == b->attempt_ms &&
           a->sent_seq == b->sent_seq && same_value(a->error, b->error) &&
           same_value(a->local, b->local);
}

/* All of the frame, but of `local` what has changed since `old` (NULL: nothing), as it may be large. */
static void add_frame(struct buffer *out, const struct frame *frame, const struct frame *old)
{
    static const char *const kinds[] = {
        [FRAME_STEP] = "step", [FRAME_UNDO] = "undo", [FRAME_BLOCK] = "block"};

    buffer_add_char(out, '{');
    add_text(out, TEXT("kind"), text_of(kinds[frame->kind]));
    if (frame->parent != 0) {
        add_integer(out, TEXT("parent"), frame->parent);
    }
    if (frame->kind == FRAME_BLOCK) {
        add_text(out, TEXT("role"), text_of(block_role_name(frame->role)));
        add_integer(out, TEXT("index"), frame->index);
    }
    add_text(out, TEXT("state"), text_of(frame_state_name(frame->state)));
    add_integer(out, TEXT("step"), frame->step);
    if (frame->kind == FRAME_UNDO) {
        add_integer(out, TEXT("undoOf"), frame->undo_of);
    }
    add_integer(out, TEXT("attempt"), frame->attempt);
    add_integer(out, TEXT("opened"), frame->opened_ms);
    if (frame->sent_seq != 0) {
        add_integer(out, TEXT("sent"), frame->attempt_ms);
        add_integer(out, TEXT("sentSeq"), frame->sent_seq);
    }
    if (frame->error != NULL) {
        add_value(out, TEXT("error"), frame->error);
    }
    put_value(out, TEXT("local"), old == NULL ? NULL : old->local, frame->local);
    buffer_add_char(out, '}');
}

/* Of one array: an object that is opened with the first change, for most deltas change few things. */
struct changes {
    struct buffer *out;
    struct text key;
    bool is_open;
};

static void open_item(struct changes *changes, struct text item)
{
    if (!changes->is_open) {
        add_key(changes->out, changes->key);
        buffer_add_char(changes->out, '{');
        changes->is_open = true;
    }
    add_key(changes->out, item);
}

static void open_number(struct changes *changes, uint32_t number)
{
    char room[INTEGER_TEXT_BYTES];

    open_item(changes, text_unsigned(number, room));
}

/* "<kind>/<owner>" */
static void open_timer(struct changes *changes, const struct timer *timer)
{
    char room[INTEGER_TEXT_BYTES];
    char key[ITEM_KEY_BYTES];
    struct text kind = text_of(timer_kind_name(timer->kind));
    struct text owner = text_unsigned(timer->owner, room);

    CHECK(kind.bytes + 1 + owner.bytes <= sizeof(key));
    memcpy(key, kind.data, kind.bytes);
    key[kind.bytes] = '/';
    memcpy(key + kind.bytes + 1, owner.data, owner.bytes);
    open_item(changes, (struct text){key, kind.bytes + 1 + owner.bytes});
}

static void close_changes(const struct changes *changes)
{
    if (changes->is_open) {
        buffer_add_char(changes->out, '}');
    }
}

static void put_frames(struct buffer *out, const struct instance *before,
                       const struct instance *after)
{
    struct changes changes = {.out = out, .key = TEXT("frames")};

    for (uint32_t i = 0; i < before->frame_count; i++) {
        if (instance_find_frame(after, before->frames[i].activation) == NULL) {
            open_number(&changes, before->frames[i].activation);
            buffer_add_text(out, TEXT("null"));
        }
    }
    for (uint32_t i = 0; i < after->frame_count; i++) {
        const struct frame *frame = &after->frames[i];
        const struct frame *old = instance_find_frame(before, frame->activation);

        if (old == NULL || !frame_equal(old, frame)) {
            open_number(&changes, frame->activation);
            add_frame(out, frame, old);
        }
    }
    close_changes(&changes);
}

static void put_timers(struct buffer *out, const struct instance *before,
                       const struct instance *after)
{
    struct changes changes = {.out = out, .key = TEXT("timers")};

    for (uint32_t i = 0; i < before->timer_count; i++) {
        const struct timer *timer = &before->timers[i];

        if (instance_timer(after, timer->kind, timer->owner) == NULL) {
            open_timer(&changes, timer);
            buffer_add_text(out, TEXT("null"));
        }
    }
    for (uint32_t i = 0; i < after->timer_count; i++) {
        const struct timer *timer = &after->timers[i];
        const struct timer *old = instance_timer(before, timer->kind, timer->owner);

        if (old == NULL || old->due_ms != timer->due_ms) {
            open_timer(&changes, timer);
            buffer_add_integer(out, timer->due_ms);
        }
    }
    close_changes(&changes);
}

/* Within an open object. */
static void add_undo_fields(struct buffer *out, const struct undo *undo)
{
    add_integer(out, TEXT("step"), undo->step);
    add_text(out, TEXT("state"), text_of(undo_state_name(undo->state)));
    if (undo->in_doubt) {
        add_key(out, TEXT("inDoubt"));
        buffer_add_text(out, TEXT("true"));
    }
    if (undo->group != 0) {
        add_integer(out, TEXT("group"), undo->group);
    }
    if (undo->parallel) {
        add_key(out, TEXT("parallel"));
        buffer_add_text(out, TEXT("true"));
    }
    if (undo->message != NULL) {
        add_value(out, TEXT("message"), undo->message);
    }
}

static bool undo_equal(const struct undo *a, const struct undo *b)
{
    return a->activation == b->activation && a->group == b->group && a->parallel == b->parallel &&
           a->step == b->step && a->state == b->state && a->in_doubt == b->in_doubt &&
           same_value(a->message, b->message);
}

static void put_stack(struct buffer *out, const struct instance *before,
                      const struct instance *after)
{
    struct changes changes = {.out = out, .key = TEXT("stack")};
    uint32_t at = 0;

    for (uint32_t i = 0; i < before->undo_count; i++) {
        if (instance_next_undo(after, &at, before->stack[i].activation) == NULL) {
            open_number(&changes, before->stack[i].activation);
            buffer_add_text(out, TEXT("null"));
        }
    }
    at = 0;
    for (uint32_t i = 0; i < after->undo_count; i++) {
        const struct undo *undo = &after->stack[i];
        const struct undo *old = instance_next_undo(before, &at, undo->activation);

        if (old == NULL || !undo_equal(old, undo)) {
            open_number(&changes, undo->activation);
            buffer_add_char(out, '{');
            add_undo_fields(out, undo);
            buffer_add_char(out, '}');
        }
    }
    close_changes(&changes);
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

static void put_mailbox(struct buffer *out, const struct instance *before,
                        const struct instance *after)
{
    struct changes changes = {.out = out, .key = TEXT("mailbox")};

    for (uint32_t i = 0; i < before->mail_count; i++) {
        if (!has_mail(after, before->mailbox[i].number)) {
            open_number(&changes, before->mailbox[i].number);
            buffer_add_text(out, TEXT("null"));
        }
    }
    for (uint32_t i = 0; i < after->mail_count; i++) {
        const struct mail *mail = &after->mailbox[i];

        /* Mail is never changed, only put in and taken out. */
        if (!has_mail(before, mail->number)) {
            open_number(&changes, mail->number);
            buffer_add_char(out, '{');
            add_integer(out, TEXT("topic"), mail->topic);
            add_value(out, TEXT("message"), mail->message);
            buffer_add_char(out, '}');
        }
    }
    close_changes(&changes);
}

void instance_write_delta(const struct instance *before, const struct instance *after,
                          struct buffer *out)
{
    static const struct instance nothing = {.activation_next = 1, .mail_next = 1};

    if (before == NULL) {
        before = &nothing;
    }
    buffer_add_char(out, '{');
    put_head(out, before, after);
    put_frames(out, before, after);
    put_timers(out, before, after);
    put_stack(out, before, after);
    put_mailbox(out, before, after);
    buffer_add_char(out, '}');
}

/* What was written just now can be read. */
static struct json *read_back(struct buffer *text)
{
    struct json *json = NULL;

    CHECK(json_parse_within(buffer_text(text), SIZE_MAX, &json, NULL) == STATUS_OK);
    buffer_release(text);
    return json;
}

struct json *instance_delta(const struct instance *before, const struct instance *after)
{
    struct buffer text = {0};

    instance_write_delta(before, after, &text);
    return read_back(&text);
}

void instance_canonical(const struct instance *instance, struct buffer *out)
{
    struct json *whole = instance_delta(NULL, instance);

    json_write_canonical(whole, out);
    json_free(whole);
}

struct json *undo_to_json(const struct undo *undo)
{
    struct buffer text = {0};

    buffer_add_char(&text, '{');
    add_integer(&text, TEXT("activation"), undo->activation);
    add_undo_fields(&text, undo);
    buffer_add_char(&text, '}');
    return read_back(&text);
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
