#include "app/flow_test_facts.h"

#include <stdlib.h>

#include "app/dev_print_json.h"
#include "base/limits.h"
#include "core/fold.h"

void facts_init(struct facts *facts)
{
    *facts = (struct facts){.letters = json_array()};
}

struct text facts_topic(const struct facts *facts, struct text topic)
{
    return facts->prefix.bytes > 0 && text_starts(topic, facts->prefix)
               ? text_sub(topic, facts->prefix.bytes, topic.bytes - facts->prefix.bytes)
               : topic;
}

static void instance_release(struct fact_instance *instance)
{
    for (uint32_t i = 0; i < instance->sent_count; i++) {
        json_free(instance->sent[i].seen);
    }
    free(instance->sent);
    json_free(instance->undone);
    json_free(instance->alerts);
    instance_free(instance->state);
}

void facts_release(struct facts *facts)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        instance_release(&facts->items[i]);
    }
    free(facts->items);
    json_free(facts->letters);
    arena_release(&facts->arena);
    *facts = (struct facts){.count = 0};
}

struct fact_instance *facts_find(const struct facts *facts, struct text name)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        struct text full = facts->items[i].name;

        if (name.bytes == 0 && !instance_is_internal(full)) {
            return &facts->items[i];
        }
    }
    for (uint32_t i = facts->count; name.bytes > 0 && i > 0; i--) {
        struct text full = facts->items[i - 1].name;
        size_t colon = text_find(full, ':');

        if (text_equal(full, name) || text_equal(text_sub(full, colon + 1, full.bytes), name)) {
            return &facts->items[i - 1];
        }
    }
    return NULL;
}

/* The latest life of an instance; one that ended and starts again has facts of its own. */
static struct fact_instance *instance_of(struct facts *facts, struct text name, struct run_id run)
{
    struct fact_instance *made;

    for (uint32_t i = facts->count; i > 0; i--) {
        struct fact_instance *known = &facts->items[i - 1];

        if (text_equal(known->name, name) &&
            (known->state == NULL || run_id_equal(known->state->run, run))) {
            return known;
        }
    }
    if (facts->count == facts->capacity) {
        facts->capacity = facts->capacity == 0 ? 8 : facts->capacity * 2;
        facts->items = realloc(facts->items, facts->capacity * sizeof(*facts->items));
        CHECK(facts->items != NULL);
    }
    made = &facts->items[facts->count++];
    *made = (struct fact_instance){
        .name = arena_text(&facts->arena, name), .undone = json_array(), .alerts = json_array()};
    return made;
}

/* ---- what was sent ---- */

static struct json *value_of(struct text value)
{
    struct json *parsed = NULL;

    if (value.data == NULL) {
        return json_null();
    }
    return json_parse(value, &parsed, NULL) == STATUS_OK ? parsed : json_text(value);
}

/* "charge: attempt 2 sent", "undo of charge: attempt 1 sent", "confirmed: emitted". */
static bool sent_by(struct facts *facts, struct text decided, struct fact_sent *sent)
{
    static const struct text undo = TEXT_INIT("undo of ");
    bool is_undo = text_starts(decided, undo);
    size_t from = is_undo ? undo.bytes : 0;
    size_t colon = text_find(decided, ':');
    struct text step = text_sub(decided, from, colon - from);

    sent->is_emitted = text_ends(decided, TEXT(": emitted"));
    if (colon == SIZE_MAX || !(sent->is_emitted || text_ends(decided, TEXT(" sent")))) {
        return false;
    }
    sent->step = is_undo ? arena_printf(&facts->arena, "undo %.*s", TEXT_ARG(step))
                         : arena_text(&facts->arena, step);
    return true;
}

static void add_sent(const struct facts *facts, struct fact_instance *instance,
                     struct fact_sent sent, const struct history_command *command,
                     const struct record *record)
{
    int64_t attempt;

    sent.seen = json_object();
    json_put_text(sent.seen, "step", sent.step);
    json_put_text(sent.seen, "topic", facts_topic(facts, command->topic));
    if (command->type.bytes > 0) {
        json_put_text(sent.seen, "type", command->type);
    }
    json_put_text(sent.seen, "key", command->key);
    if (text_to_int64(dev_header(record, "baton-attempt"), &attempt)) {
        json_put_integer(sent.seen, "attempt", attempt);
    }
    json_put(sent.seen, TEXT("value"), value_of(record->value));
    if (instance->sent_count == instance->sent_capacity) {
        instance->sent_capacity = instance->sent_capacity == 0 ? 16 : instance->sent_capacity * 2;
        instance->sent = realloc(instance->sent, instance->sent_capacity * sizeof(*instance->sent));
        CHECK(instance->sent != NULL);
    }
    instance->sent[instance->sent_count++] = sent;
}

/* "undo of charge: done": whichever way, it is undone now. */
static void add_undone(struct fact_instance *instance, struct text decided)
{
    static const struct text undo = TEXT_INIT("undo of ");
    static const struct text ends[] = {TEXT_INIT(": done"), TEXT_INIT(": emitted"),
                                       TEXT_INIT(": done by hand")};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (text_starts(decided, undo) && text_ends(decided, ends[i])) {
            json_push(instance->undone,
                      json_text(text_sub(decided, undo.bytes,
                                         decided.bytes - undo.bytes - ends[i].bytes)));
            return;
        }
    }
}

/* ---- what is told ---- */

static void fold(struct fact_instance *instance, const struct history_record *record)
{
    struct instance *after = NULL;
    struct json *delta = NULL;

    if (json_parse_within(record->delta, STATE_DEPTH_MAX, &delta, NULL) == STATUS_OK &&
        instance_apply(instance->state, delta, &after, NULL) == STATUS_OK) {
        instance_free(instance->state);
        instance->state = after;
    }
    json_free(delta);
}

static void take_transition(void *self, const struct history_record *record,
                            const struct record *sent)
{
    struct facts *facts = self;
    struct fact_instance *instance = instance_of(facts, record->instance, record->run);
    uint32_t next = 0;

    facts->transitions++;
    if (instance->began_ms == 0) {
        instance->began_ms = record->time_ms;
    }
    for (uint32_t i = 0; i < record->decided_count; i++) {
        struct fact_sent one = {.is_emitted = false};

        add_undone(instance, record->decided[i]);
        if (next < record->command_count && sent_by(facts, record->decided[i], &one)) {
            add_sent(facts, instance, one, &record->commands[next], &sent[next]);
            next++;
        } else if (text_ends(record->decided[i], TEXT("told to cancel"))) {
            next++;
        }
    }
    instance->ignored += record->kind == HISTORY_IGNORED;
    if (record->kind == HISTORY_TERMINAL) {
        instance->ended_ms = record->time_ms;
    }
    fold(instance, record);
}

static void take_alert(void *self, const struct alert_record *alert)
{
    struct facts *facts = self;
    struct fact_instance *instance = facts_find(facts, alert->instance);
    struct json *seen = json_object();

    json_put_text(seen, "kind", alert->kind);
    if (alert->step.bytes > 0) {
        json_put_text(seen, "step", alert->step);
    }
    json_put(seen, TEXT("detail"), value_of(alert->detail));
    if (instance == NULL) {
        json_free(seen);
    } else {
        json_push(instance->alerts, seen);
    }
}

static void take_letter(void *self, const struct record *letter)
{
    struct facts *facts = self;
    struct json *seen = json_object();

    json_put_text(seen, "topic", facts_topic(facts, dev_header(letter, "baton-dlq-topic")));
    json_put_text(seen, "reason", dev_header(letter, "baton-dlq-reason"));
    json_put(seen, TEXT("value"), value_of(letter->value));
    json_push(facts->letters, seen);
}

struct watch_observer facts_observer(struct facts *facts)
{
    return (struct watch_observer){
        .self = facts, .transition = take_transition, .alert = take_alert, .letter = take_letter};
}

struct json *facts_waiting(const struct fact_instance *instance, const struct flow *flow)
{
    struct json *names = json_array();

    for (uint32_t i = 0; instance->state != NULL && i < instance->state->frame_count; i++) {
        const struct frame *frame = &instance->state->frames[i];
        struct buffer name = {.data = NULL};

        if (frame->kind == FRAME_BLOCK || frame->step >= flow->step_count) {
            continue;
        }
        buffer_addf(&name, "%s%.*s", frame->kind == FRAME_UNDO ? "undo " : "",
                    TEXT_ARG(flow->steps[frame->step].name));
        json_push(names, json_text(buffer_text(&name)));
        buffer_release(&name);
    }
    return names;
}
