#include "app/dev_print_json.h"

#include <stdio.h>

#include "base/duration.h"

static struct json *event(const struct dev_printer *printer, const char *kind, int64_t time_ms,
                          struct text instance)
{
    struct json *object = json_object();
    char time[TIME_TEXT_BYTES];

    time_format(time_ms, time);
    json_put_string(object, "event", kind);
    json_put_string(object, "time", time);
    json_put_integer(object, "ms", time_ms - printer->start_ms);
    if (instance.bytes > 0) {
        json_put_text(object, "instance", instance);
    }
    return object;
}

void dev_json_print(struct json *object)
{
    struct buffer out = {0};

    json_write(object, &out);
    printf("%s\n", buffer_string(&out));
    buffer_release(&out);
    json_free(object);
}

/* As JSON if it is that, else as text. */
static void put_value(struct json *object, const char *name, struct text value)
{
    struct json *parsed = NULL;

    if (value.data == NULL) {
        return;
    }
    if (json_parse(value, &parsed, NULL) != STATUS_OK) {
        parsed = json_text(value);
    }
    json_put(object, text_of(name), parsed);
}

static struct json *commands_json(const struct history_record *record, const struct record *sent)
{
    struct json *commands = json_array();

    for (uint32_t i = 0; i < record->command_count; i++) {
        const struct history_command *command = &record->commands[i];
        struct text step = dev_header(&sent[i], "baton-step");
        struct text undo_of = dev_header(&sent[i], "baton-undo-of");
        int64_t attempt = 0;
        struct json *object = json_object();

        json_put_text(object, "topic", command->topic);
        json_put_text(object, "type", command->type);
        json_put_text(object, "key", command->key);
        if (step.bytes > 0) {
            json_put_text(object, "step", step);
        }
        if (text_to_int64(dev_header(&sent[i], "baton-attempt"), &attempt)) {
            json_put_integer(object, "attempt", attempt);
        }
        if (undo_of.bytes > 0) {
            json_put_text(object, "undoOf", undo_of);
        }
        put_value(object, "value", sent[i].value);
        json_push(commands, object);
    }
    return commands;
}

static struct json *cause_json(const struct history_record *record)
{
    struct json *cause = json_object();

    if (record->cause_topic.bytes > 0) {
        json_put_text(cause, "topic", record->cause_topic);
        put_value(cause, "value", record->payload);
    }
    if (record->cause_id.bytes > 0) {
        json_put_text(cause, "id", record->cause_id);
    }
    return cause;
}

static struct json *timers_json(const struct dev_printer *printer,
                                const struct history_record *record)
{
    struct json *timers = json_array();

    for (uint32_t i = 0; i < record->timers_set_count; i++) {
        struct json *timer = json_object();

        json_put_text(timer, "id", record->timers_set[i].id);
        json_put_integer(timer, "dueMs", record->timers_set[i].due_ms - printer->start_ms);
        json_push(timers, timer);
    }
    return timers;
}

void dev_json_transition(const struct dev_printer *printer, const struct history_record *record,
                         const struct record *sent)
{
    char kind[32];
    char run[RUN_ID_BYTES];
    struct json *object;
    struct json *decided = json_array();

    snprintf(kind, sizeof(kind), "%.*s", TEXT_ARG(record->cause_kind));
    object = event(printer, kind, record->time_ms, record->instance);
    run_id_format(record->run, run);
    json_put_string(object, "run", run);
    json_put_integer(object, "seq", record->seq);
    json_put(object, TEXT("cause"), cause_json(record));
    json_put_text(object, "from", record->from);
    json_put_text(object, "to", record->to);
    for (uint32_t i = 0; i < record->decided_count; i++) {
        json_push(decided, json_text(record->decided[i]));
    }
    json_put(object, TEXT("decided"), decided);
    json_put(object, TEXT("commands"), commands_json(record, sent));
    json_put(object, TEXT("timers"), timers_json(printer, record));
    json_put_bool(object, "ignored", record->kind == HISTORY_IGNORED);
    json_put_bool(object, "end", record->kind == HISTORY_TERMINAL);
    dev_json_print(object);
}

void dev_json_alert(const struct dev_printer *printer, const struct alert_record *alert)
{
    struct json *object = event(printer, "alert", alert->time_ms, alert->instance);

    json_put_text(object, "alert", alert->kind);
    json_put_text(object, "step", alert->step);
    put_value(object, "detail", alert->detail);
    dev_json_print(object);
}

void dev_json_dead(const struct dev_printer *printer, const struct record *letter)
{
    struct json *object = event(printer, "dead-letter", letter->timestamp_ms, TEXT(""));

    json_put_text(object, "topic", dev_header(letter, "baton-dlq-topic"));
    json_put_text(object, "reason", dev_header(letter, "baton-dlq-reason"));
    put_value(object, "value", letter->value);
    dev_json_print(object);
}

void dev_json_note(const struct dev_printer *printer, int64_t time_ms, struct text instance,
                   struct text who, const char *what)
{
    struct json *object = event(printer, "note", time_ms, instance);

    if (who.bytes > 0) {
        json_put_text(object, "service", who);
    }
    json_put_string(object, "note", what);
    dev_json_print(object);
}
