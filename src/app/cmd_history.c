#include <stdio.h>

#include "app/command.h"
#include "app/instance_view.h"
#include "base/duration.h"

static const char usage[] =
    "Usage: baton history INSTANCE [OPTION...]\n\n"
    "Shows what happened to an instance, <flow>:<key>: when, why, what was decided and which\n"
    "commands went out. Reads the history topic directly; needs no worker.\n\n"
    "      --run ID                  a certain run (default: the latest)\n"
    "      --all                     with payloads and state changes\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n";

static const char *const kinds[] = {"normal", "ignored", "terminal"};

static void put_json_text(struct json *object, const char *key, struct text text)
{
    struct json *value = NULL;
    struct error err;

    if (text.data == NULL || text.bytes == 0) {
        return;
    }
    if (json_parse(text, &value, &err) != STATUS_OK) {
        value = json_text(text);
    }
    json_put(object, text_of(key), value);
}

static void put_time(struct json *object, const char *key, int64_t at_ms)
{
    char text[TIME_TEXT_BYTES];

    time_format(at_ms, text);
    json_put_string(object, key, text);
}

static void put_texts(struct json *object, const char *key, const struct text *texts,
                      uint32_t count)
{
    struct json *array = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_push(array, json_text(texts[i]));
    }
    json_put(object, text_of(key), array);
}

static struct json *cause_json(const struct history_record *record)
{
    struct json *cause = json_object();

    json_put_text(cause, "kind", record->cause_kind);
    if (record->cause_offset >= 0) {
        json_put_text(cause, "topic", record->cause_topic);
        json_put_integer(cause, "partition", record->cause_partition);
        json_put_integer(cause, "offset", record->cause_offset);
    }
    if (record->cause_id.bytes > 0) {
        json_put_text(cause, "id", record->cause_id);
    }
    if (record->cause_actor.bytes > 0) {
        json_put_text(cause, "actor", record->cause_actor);
    }
    return cause;
}

static struct json *timers_json(const struct history_record *record)
{
    struct json *timers = json_array();

    for (uint32_t i = 0; i < record->timers_set_count; i++) {
        struct json *timer = json_object();
        json_put_text(timer, "id", record->timers_set[i].id);
        put_time(timer, "due", record->timers_set[i].due_ms);
        json_push(timers, timer);
    }
    return timers;
}

static struct json *commands_json(const struct history_record *record)
{
    struct json *commands = json_array();

    for (uint32_t i = 0; i < record->command_count; i++) {
        struct json *command = json_object();
        json_put_text(command, "id", record->commands[i].id);
        json_put_text(command, "topic", record->commands[i].topic);
        json_put_text(command, "key", record->commands[i].key);
        json_put_text(command, "type", record->commands[i].type);
        json_push(commands, command);
    }
    return commands;
}

static struct json *record_json(const struct run_history *history, uint32_t index)
{
    const struct history_record *record = &history->records[index];
    struct json *object = json_object();
    char hash[DIGEST_TEXT_BYTES];

    json_put_integer(object, "seq", record->seq);
    put_time(object, "time", record->time_ms);
    json_put_string(object, "kind", kinds[record->kind]);
    json_put(object, TEXT("cause"), cause_json(record));
    json_put_text(object, "from", record->from);
    json_put_text(object, "to", record->to);
    put_texts(object, "decided", record->decided, record->decided_count);
    json_put(object, TEXT("commands"), commands_json(record));
    json_put(object, TEXT("timersSet"), timers_json(record));
    put_texts(object, "timersCleared", record->timers_cleared, record->timers_cleared_count);
    put_texts(object, "stackPushed", record->stack_pushed, record->stack_pushed_count);
    put_texts(object, "stackPopped", record->stack_popped, record->stack_popped_count);
    put_json_text(object, "payload", record->payload);
    put_json_text(object, "delta", record->delta);
    digest_hex(record->hash, hash);
    json_put_string(object, "hash", hash);
    json_put_integer(object, "offset", history->offsets[index]);
    return object;
}

static void print_json(const struct run_history *history, struct text instance)
{
    struct json *root = json_object();
    struct json *records = json_array();
    char run[RUN_ID_BYTES];

    run_id_format(history->records[0].run, run);
    json_put_text(root, "instance", instance);
    json_put_string(root, "run", run);
    json_put_integer(root, "partition", history->partition);
    json_put_text(root, "flowHash", history->records[0].flow_hash);
    for (uint32_t i = 0; i < history->count; i++) {
        json_push(records, record_json(history, i));
    }
    json_put(root, TEXT("records"), records);
    view_print_json(root);
    json_free(root);
}

static void print_cause(const struct history_record *record)
{
    printf("%.*s", TEXT_ARG(record->cause_kind));
    if (record->cause_offset >= 0) {
        printf(" %.*s/%d/%lld", TEXT_ARG(record->cause_topic), record->cause_partition,
               (long long)record->cause_offset);
    } else if (record->cause_id.bytes > 0) {
        printf(" %.*s", TEXT_ARG(record->cause_id));
    }
    if (record->cause_actor.bytes > 0) {
        printf(" by %.*s", TEXT_ARG(record->cause_actor));
    }
}

static void print_record(const struct history_record *record, bool all)
{
    char time[TIME_TEXT_BYTES];

    time_format(record->time_ms, time);
    printf("%s%4lld%s  %s  ", view_bold(), (long long)record->seq, view_plain(), time);
    print_cause(record);
    printf("%s\n", record->kind == HISTORY_IGNORED ? "  (ignored)" : "");
    if (!text_equal(record->from, record->to)) {
        printf("      %.*s -> %s%.*s%s\n", TEXT_ARG(record->from), view_bold(),
               TEXT_ARG(record->to), view_plain());
    }
    for (uint32_t i = 0; i < record->decided_count; i++) {
        printf("      %.*s\n", TEXT_ARG(record->decided[i]));
    }
    for (uint32_t i = 0; i < record->command_count; i++) {
        const struct history_command *command = &record->commands[i];
        printf("      => %.*s %.*s  %s%.*s%s\n", TEXT_ARG(command->topic), TEXT_ARG(command->type),
               view_dim(), TEXT_ARG(command->id), view_plain());
    }
    for (uint32_t i = 0; i < record->timers_set_count; i++) {
        char due[TIME_TEXT_BYTES];
        time_format(record->timers_set[i].due_ms, due);
        printf("      timer %.*s due %s\n", TEXT_ARG(record->timers_set[i].id), due);
    }
    if (all && record->payload.bytes > 0) {
        printf("      payload %.*s\n", TEXT_ARG(record->payload));
    }
    if (all) {
        printf("      delta %.*s\n", TEXT_ARG(record->delta));
    }
}

static void print_table(const struct run_history *history, struct text instance, bool all)
{
    char run[RUN_ID_BYTES];

    run_id_format(history->records[0].run, run);
    printf("%s%.*s%s  run %s  partition %d", view_bold(), TEXT_ARG(instance), view_plain(), run,
           history->partition);
    if (history->flow != NULL) {
        printf("  flow %.*s v%d", TEXT_ARG(history->flow->name), history->flow->version);
    }
    if (history->state != NULL) {
        printf("  %s", run_status_name(history->state->status));
    }
    printf("\n");
    if (history->run_count > 1) {
        printf("%u runs: ", history->run_count);
        for (uint32_t i = 0; i < history->run_count; i++) {
            run_id_format(history->runs[i], run);
            printf("%s%s", i == 0 ? "" : ", ", run);
        }
        printf("\n");
    }
    for (uint32_t i = 0; i < history->count; i++) {
        print_record(&history->records[i], all);
    }
}

static void print(const struct view_request *request, const struct run_history *history)
{
    if (request->output == VIEW_JSON) {
        print_json(history, request->instance);
    } else {
        print_table(history, request->instance, request->all);
    }
}

int cmd_history(int argc, char **argv)
{
    return instance_view(argc, argv, usage, print);
}
