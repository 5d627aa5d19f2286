/* No record that came in is dropped silently: it is in the history of a run, among the dead letters,
 * or in an alert. */
#include <stdio.h>

#include "sim/checker_parts.h"

static void note_place(struct checker *checker, struct text topic, int64_t partition,
                       int64_t offset)
{
    struct buffer place = {.data = NULL};

    buffer_addf(&place, "%.*s/%lld/%lld", TEXT_ARG(topic), (long long)partition, (long long)offset);
    checker_note(&checker->counted, buffer_text(&place));
    buffer_release(&place);
}

void check_counted(struct checker *checker, const struct history_record *history)
{
    if (history->cause_offset >= 0) {
        note_place(checker, history->cause_topic, history->cause_partition, history->cause_offset);
    }
}

/* The dead letters name the business key that they would have had, if it was found; a command that
 * could not be sent has its id. */
void check_dead(struct checker *checker, const struct record *record)
{
    struct text topic = TEXT("");
    int64_t partition = -1;
    int64_t offset = -1;

    for (uint32_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];

        if (text_is(header->name, "baton-dlq-key") || text_is(header->name, "correlation-id")) {
            checker_note(&checker->dead, header->value);
        } else if (text_is(header->name, "baton-dlq-topic")) {
            topic = header->value;
        } else if (text_is(header->name, "baton-dlq-partition")) {
            (void)text_to_int64(header->value, &partition);
        } else if (text_is(header->name, "baton-dlq-offset")) {
            (void)text_to_int64(header->value, &offset);
        }
    }
    note_place(checker, topic, partition, offset);
}

/* The core's alerts have the place as members. */
static void note_message(struct checker *checker, struct text detail)
{
    struct json *about = NULL;
    const struct json *message;
    struct error err;

    if (json_parse(detail, &about, &err) != STATUS_OK) {
        return;
    }
    message = json_member(about, "message");
    if (message != NULL) {
        note_place(checker, json_member_text(message, "topic"),
                   json_member_int(message, "partition", -1),
                   json_member_int(message, "offset", -1));
    }
    json_free(about);
}

/* An alert about a record names it: "... record <topic>/<partition>/<offset> ...". */
void check_alert(struct checker *checker, const struct record *record)
{
    static const char mark[] = "record ";
    struct alert_record alert;
    struct error err;
    struct text rest;
    size_t end;

    arena_reset(&checker->arena);
    if (alert_decode(record->value, &checker->arena, &alert, &err) != STATUS_OK) {
        checker_fail(checker, "alerts: offset %lld: %s", (long long)record->offset, err.text);
        return;
    }
    note_message(checker, alert.detail);
    for (size_t i = 0; i + sizeof(mark) < alert.detail.bytes; i++) {
        rest = text_sub(alert.detail, i, alert.detail.bytes - i);
        if (text_starts(rest, text_of(mark))) {
            rest = text_sub(rest, sizeof(mark) - 1, rest.bytes);
            end = text_find(rest, ' ');
            checker_note(&checker->counted, text_sub(rest, 0, end == SIZE_MAX ? rest.bytes : end));
        }
    }
}

static void check_topic(struct checker *checker, struct text topic)
{
    struct sim_broker *broker = checker->options.broker;
    int32_t partitions = sim_broker_partitions(broker, topic);

    for (int32_t i = 0; i < partitions; i++) {
        struct record record;
        int64_t offset = 0;

        while (sim_broker_read(broker, topic, i, &offset, &record)) {
            struct text place = arena_printf(&checker->arena, "%.*s/%d/%lld", TEXT_ARG(topic), i,
                                             (long long)record.offset);

            if (map_get(&checker->counted, place) == NULL) {
                checker_fail(checker, "inbound: %.*s ended nowhere", TEXT_ARG(place));
            }
        }
    }
}

static void check_topics(struct checker *checker, const struct flow *flow)
{
    for (uint32_t i = 0; i < flow->start_count; i++) {
        check_topic(checker, flow->topics[flow->starts[i].topic].name);
    }
    for (uint32_t i = 0; i < flow->awaited_count; i++) {
        check_topic(checker, flow->topics[flow->awaited[i]->topic].name);
    }
    for (uint32_t i = 0; i < flow->service_count; i++) {
        check_topic(checker, flow->services[i].replies);
    }
}

void check_inbound(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->options.flow_count; i++) {
        check_topics(checker, checker->options.flows[i]);
    }
}
