#include <stdio.h>

#include "app/command.h"
#include "app/history_json.h"
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

static struct json *record_json(const struct run_history *history, uint32_t index)
{
    struct json *object = history_json(&history->records[index]);

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
    json_put_integer(root, "foldedAway", history->gone);
    json_put(root, TEXT("records"), records);
    view_print_json(root);
    json_free(root);
}

static void print_cause(const struct history_record *record)
{
    printf("%.*s", TEXT_ARG(record->cause_kind));
    if (record->cause_topic.bytes > 0) {
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
    if (history->gone > 0) {
        printf("%sseq 1 to %lld are not kept any more: %s%s\n", view_dim(),
               (long long)history->gone,
               history->has_base ? "they were folded away into a snapshot (history.max)"
                                 : "the run was long, or ended longer ago than its flow's keep",
               view_plain());
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
