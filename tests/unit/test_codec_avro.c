/* links: baton_codec */
/*
 * The codec's bytes are Avro's: for seeded random records avro-c, filled by field names from the
 * published schemas, writes the same bytes, and reads ours back to the same values.
 */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "support/avro_oracle.h"
#include "support/random_records.h"

#define ROUNDS 500

/* Both ways: `theirs` holds the same record as the bytes `ours`. */
static void assert_same(struct oracle *theirs, struct text ours)
{
    struct buffer written = {0};
    avro_value_t read;

    oracle_write_to(&theirs->value, &written);
    assert_int_equal(written.bytes, ours.bytes);
    assert_memory_equal(written.data, ours.data, ours.bytes);
    assert_int_equal(avro_generic_value_new(theirs->class, &read), 0);
    assert_true(oracle_read_from(ours, &read));
    assert_true(avro_value_equal(&theirs->value, &read));
    avro_value_decref(&read);
    buffer_release(&written);
}

static void put_run(avro_value_t *record, struct run_id run)
{
    avro_value_t member = oracle_member(record, "run");

    oracle_int(&member, "generation", run.generation);
    oracle_long(&member, "offset", run.offset);
}

static void put_timers(avro_value_t *record, const char *name, const struct history_timer *timers,
                       uint32_t count)
{
    avro_value_t array = oracle_member(record, name);

    for (uint32_t i = 0; i < count; i++) {
        avro_value_t item = oracle_item(&array);

        oracle_text(&item, "id", timers[i].id);
        oracle_long(&item, "dueMs", timers[i].due_ms);
    }
}

static void put_inbox(avro_value_t *to, const struct inbox_record *record)
{
    static const char *const kinds[] = {
        [INBOX_MESSAGE] = "MESSAGE", [INBOX_REPLY] = "REPLY",     [INBOX_OPERATOR] = "OPERATOR",
        [INBOX_POISON] = "POISON",   [INBOX_UNKEYED] = "UNKEYED", [INBOX_OVERSIZE] = "OVERSIZE",
        [INBOX_TOLD] = "TOLD"};
    static const char *const formats[] = {[FORMAT_JSON] = "JSON",
                                          [FORMAT_AVRO] = "AVRO",
                                          [FORMAT_STRING] = "STRING",
                                          [FORMAT_BYTES] = "BYTES"};
    static const char *const verbs[] = {
        [OPERATOR_CANCEL] = "CANCEL",       [OPERATOR_RETRY] = "RETRY",
        [OPERATOR_SKIP] = "SKIP",           [OPERATOR_DONE] = "DONE",
        [OPERATOR_FAILED] = "FAILED",       [OPERATOR_SIGNAL] = "SIGNAL",
        [OPERATOR_TERMINATE] = "TERMINATE", [OPERATOR_PAUSE] = "PAUSE",
        [OPERATOR_RESUME] = "RESUME",       [OPERATOR_MIGRATE] = "MIGRATE"};
    avro_value_t headers = oracle_member(to, "headers");

    for (uint32_t i = 0; i < record->header_count; i++) {
        avro_value_t item = oracle_item(&headers);

        oracle_text(&item, "name", record->headers[i].name);
        oracle_optional(&item, "value", record->headers[i].value);
    }
    oracle_symbol(to, "kind", kinds[record->kind]);
    oracle_symbol(to, "format", formats[record->format]);
    oracle_symbol(to, "verb", verbs[record->verb]);
    oracle_text(to, "route", record->route);
    oracle_text(to, "flow", record->flow);
    oracle_text(to, "key", record->key);
    oracle_long(to, "revision", record->revision);
    oracle_text(to, "topic", record->topic);
    oracle_int(to, "topicGeneration", record->topic_generation);
    oracle_int(to, "partition", record->partition);
    oracle_long(to, "offset", record->offset);
    oracle_long(to, "timestampMs", record->timestamp_ms);
    oracle_optional(to, "sourceKey", record->source_key);
    oracle_optional(to, "value", record->value);
    oracle_text(to, "type", record->type);
    oracle_text(to, "id", record->id);
    oracle_text(to, "service", record->service);
    oracle_text(to, "command", record->command);
    oracle_text(to, "reason", record->reason);
    oracle_text(to, "actor", record->actor);
    oracle_long(to, "activation", record->activation);
}

static void inbox_bytes_are_those_of_avro(void **state)
{
    struct rng rng = {1};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct oracle oracle = oracle_begin("inbox");
        struct arena arena = {0};
        struct buffer ours = {0};
        struct inbox_record record = random_inbox(&rng, &arena);

        inbox_encode(&record, &ours);
        put_inbox(&oracle.value, &record);
        assert_same(&oracle, buffer_text(&ours));
        buffer_release(&ours);
        arena_release(&arena);
        oracle_end(&oracle);
    }
}

static void put_cause(avro_value_t *record, const struct history_record *history)
{
    avro_value_t cause = oracle_member(record, "cause");

    oracle_text(&cause, "kind", history->cause_kind);
    oracle_text(&cause, "topic", history->cause_topic);
    oracle_int(&cause, "generation", history->cause_generation);
    oracle_int(&cause, "partition", history->cause_partition);
    oracle_long(&cause, "offset", history->cause_offset);
    oracle_text(&cause, "id", history->cause_id);
    oracle_text(&cause, "actor", history->cause_actor);
    oracle_text(&cause, "route", history->route);
    oracle_long(&cause, "inboxOffset", history->inbox_offset);
}

static void put_history(avro_value_t *to, const struct history_record *record)
{
    static const char *const kinds[] = {[HISTORY_NORMAL] = "NORMAL",
                                        [HISTORY_IGNORED] = "IGNORED",
                                        [HISTORY_TERMINAL] = "TERMINAL"};
    avro_value_t commands = oracle_member(to, "commands");

    for (uint32_t i = 0; i < record->command_count; i++) {
        avro_value_t item = oracle_item(&commands);

        oracle_text(&item, "id", record->commands[i].id);
        oracle_text(&item, "topic", record->commands[i].topic);
        oracle_text(&item, "key", record->commands[i].key);
        oracle_text(&item, "type", record->commands[i].type);
    }
    put_cause(to, record);
    put_run(to, record->run);
    oracle_text(to, "instance", record->instance);
    oracle_long(to, "seq", record->seq);
    oracle_long(to, "timeMs", record->time_ms);
    oracle_optional(to, "payload", record->payload);
    oracle_text(to, "flowHash", record->flow_hash);
    oracle_text(to, "from", record->from);
    oracle_text(to, "to", record->to);
    oracle_texts(to, "decided", record->decided, record->decided_count);
    oracle_text(to, "delta", record->delta);
    put_timers(to, "timersSet", record->timers_set, record->timers_set_count);
    oracle_texts(to, "timersCleared", record->timers_cleared, record->timers_cleared_count);
    oracle_texts(to, "stackPushed", record->stack_pushed, record->stack_pushed_count);
    oracle_texts(to, "stackPopped", record->stack_popped, record->stack_popped_count);
    oracle_symbol(to, "kind", kinds[record->kind]);
    oracle_fixed(to, "previous", record->previous, DIGEST_BYTES);
    oracle_fixed(to, "hash", record->hash, DIGEST_BYTES);
}

static void history_bytes_are_those_of_avro(void **state)
{
    struct rng rng = {2};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct oracle oracle = oracle_begin("history");
        struct arena arena = {0};
        struct buffer ours = {0};
        struct history_record record = random_history(&rng, &arena);

        history_encode(&record, &ours);
        put_history(&oracle.value, &record);
        assert_same(&oracle, buffer_text(&ours));
        buffer_release(&ours);
        arena_release(&arena);
        oracle_end(&oracle);
    }
}

static void snapshot_bytes_are_those_of_avro(void **state)
{
    struct rng rng = {3};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct oracle oracle = oracle_begin("snapshot");
        avro_value_t *to = &oracle.value;
        struct arena arena = {0};
        struct buffer ours = {0};
        struct snapshot_record record = random_snapshot(&rng, &arena);

        snapshot_encode(&record, &ours);
        oracle_text(to, "instance", record.instance);
        put_run(to, record.run);
        oracle_long(to, "seq", record.seq);
        oracle_fixed(to, "hash", record.hash, DIGEST_BYTES);
        oracle_text(to, "flowHash", record.flow_hash);
        oracle_text(to, "status", record.status);
        oracle_text(to, "state", record.state);
        put_timers(to, "timers", record.timers, record.timer_count);
        oracle_texts(to, "stack", record.stack, record.stack_count);
        oracle_long(to, "stackHash", (int64_t)record.stack_hash);
        oracle_long(to, "stackDepth", record.stack_depth);
        assert_same(&oracle, buffer_text(&ours));
        buffer_release(&ours);
        arena_release(&arena);
        oracle_end(&oracle);
    }
}

static void put_checkpoint(avro_value_t *to, const struct checkpoint_record *record)
{
    avro_value_t value = oracle_member(to, "value");
    avro_value_t branch, entries;

    assert_int_equal(avro_value_set_branch(&value, (int)record->kind, &branch), 0);
    switch (record->kind) {
    case CHECKPOINT_WATERMARK:
        oracle_long(&branch, "next", record->watermark);
        break;
    case CHECKPOINT_ENDED:
        entries = oracle_member(&branch, "entries");
        for (uint32_t i = 0; i < record->ended_count; i++) {
            avro_value_t item = oracle_item(&entries);

            oracle_fixed(&item, "nameHash", record->ended[i].name_hash, ENDED_HASH_BYTES);
            oracle_long(&item, "endSecond", record->ended[i].end_second);
        }
        break;
    case CHECKPOINT_OFFSETS:
        oracle_long(&branch, "history", record->history_offset);
        oracle_long(&branch, "inbox", record->inbox_offset);
        break;
    }
}

static void checkpoint_bytes_are_those_of_avro(void **state)
{
    struct rng rng = {4};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct oracle oracle = oracle_begin("checkpoint");
        struct arena arena = {0};
        struct buffer ours = {0};
        struct checkpoint_record record = random_checkpoint(&rng, &arena);

        checkpoint_encode(&record, &ours);
        put_checkpoint(&oracle.value, &record);
        assert_same(&oracle, buffer_text(&ours));
        buffer_release(&ours);
        arena_release(&arena);
        oracle_end(&oracle);
    }
}

static void put_flow_state(avro_value_t *to, const struct flow_state *record)
{
    avro_value_t starts = oracle_member(to, "starts");

    oracle_text(to, "name", record->name);
    oracle_text(to, "active", record->active);
    oracle_int(to, "version", record->version);
    for (uint32_t i = 0; i < record->start_count; i++) {
        avro_value_t item = oracle_item(&starts);

        oracle_text(&item, "topic", record->starts[i].topic);
        oracle_int(&item, "topicGeneration", record->starts[i].topic_generation);
        oracle_text(&item, "topicId", text_of(record->starts[i].topic_id));
        oracle_int(&item, "partition", record->starts[i].partition);
        oracle_long(&item, "offset", record->starts[i].offset);
        oracle_long(&item, "revision", record->starts[i].revision);
    }
    oracle_int(to, "percent", record->percent);
    oracle_text(to, "former", record->former);
    oracle_int(to, "formerVersion", record->former_version);
}

static void flow_bytes_are_those_of_avro(void **state)
{
    struct rng rng = {5};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct oracle oracle = oracle_begin("flow");
        struct arena arena = {0};
        struct buffer ours = {0};
        struct flow_state record = random_flow_state(&rng, &arena);

        flow_state_encode(&record, &ours);
        put_flow_state(&oracle.value, &record);
        assert_same(&oracle, buffer_text(&ours));
        buffer_release(&ours);
        arena_release(&arena);
        oracle_end(&oracle);
    }
}

static void definition_and_config_bytes_are_those_of_avro(void **state)
{
    struct oracle definition = oracle_begin("definition");
    struct oracle config = oracle_begin("config");
    struct buffer ours = {0};

    (void)state;
    definition_encode(TEXT("{\"flow\":\"order\"}"), TEXT("order"), 7, &ours);
    oracle_text(&definition.value, "name", TEXT("order"));
    oracle_int(&definition.value, "version", 7);
    oracle_text(&definition.value, "definition", TEXT("{\"flow\":\"order\"}"));
    assert_same(&definition, buffer_text(&ours));
    buffer_clear(&ours);
    estate_config_encode(16, &ours);
    oracle_int(&config.value, "partitions", 16);
    assert_same(&config, buffer_text(&ours));
    buffer_release(&ours);
    oracle_end(&definition);
    oracle_end(&config);
}

static void alert_bytes_are_those_of_avro(void **state)
{
    struct rng rng = {6};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct oracle oracle = oracle_begin("alert");
        struct arena arena = {0};
        struct buffer ours = {0};
        struct alert_record record = random_alert(&rng, &arena);

        alert_encode(&record, &ours);
        oracle_text(&oracle.value, "instance", record.instance);
        oracle_text(&oracle.value, "run", record.run);
        oracle_text(&oracle.value, "kind", record.kind);
        oracle_text(&oracle.value, "step", record.step);
        oracle_long(&oracle.value, "timeMs", record.time_ms);
        oracle_text(&oracle.value, "detail", record.detail);
        assert_same(&oracle, buffer_text(&ours));
        buffer_release(&ours);
        arena_release(&arena);
        oracle_end(&oracle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inbox_bytes_are_those_of_avro),
        cmocka_unit_test(history_bytes_are_those_of_avro),
        cmocka_unit_test(snapshot_bytes_are_those_of_avro),
        cmocka_unit_test(checkpoint_bytes_are_those_of_avro),
        cmocka_unit_test(flow_bytes_are_those_of_avro),
        cmocka_unit_test(definition_and_config_bytes_are_those_of_avro),
        cmocka_unit_test(alert_bytes_are_those_of_avro),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
