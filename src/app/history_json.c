#include "app/history_json.h"

#include "base/duration.h"
#include "base/limits.h"

static const char *const kinds[] = {"normal", "ignored", "terminal"};

static void put_parsed(struct json *object, const char *key, struct text text)
{
    struct json *value = NULL;
    struct error err;

    if (text.data == NULL || text.bytes == 0) {
        return;
    }
    if (json_parse_within(text, STATE_DEPTH_MAX, &value, &err) != STATUS_OK) {
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
    if (record->inbox_offset >= 0) {
        json_put_integer(cause, "inboxOffset", record->inbox_offset);
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

struct json *history_json(const struct history_record *record)
{
    struct json *object = json_object();
    char hash[DIGEST_TEXT_BYTES];

    json_put_integer(object, "seq", record->seq);
    put_time(object, "time", record->time_ms);
    json_put_string(object, "kind", kinds[record->kind]);
    json_put(object, TEXT("cause"), cause_json(record));
    json_put_text(object, "from", record->from);
    json_put_text(object, "to", record->to);
    json_put_text(object, "flowHash", record->flow_hash);
    put_texts(object, "decided", record->decided, record->decided_count);
    json_put(object, TEXT("commands"), commands_json(record));
    json_put(object, TEXT("timersSet"), timers_json(record));
    put_texts(object, "timersCleared", record->timers_cleared, record->timers_cleared_count);
    put_texts(object, "stackPushed", record->stack_pushed, record->stack_pushed_count);
    put_texts(object, "stackPopped", record->stack_popped, record->stack_popped_count);
    put_parsed(object, "payload", record->payload);
    put_parsed(object, "delta", record->delta);
    digest_hex(record->hash, hash);
    json_put_string(object, "hash", hash);
    return object;
}

/* ---- and back ---- */

/* The first thing wrong is kept; from then on the readers give harmless values. */
struct reader {
    struct arena *arena;
    struct error *err;
    enum status status;
};

static void refuse(struct reader *reader, const char *what)
{
    if (reader->status == STATUS_OK) {
        reader->status = fail(reader->err, STATUS_REJECT, "'%s' is missing, or not of this form",
                              what);
    }
}

static struct text take_text(struct reader *reader, const struct json *json, const char *key)
{
    return arena_text(reader->arena, json_member_text(json, key));
}

static int64_t take_time(struct reader *reader, const struct json *json, const char *key)
{
    int64_t ms = 0;

    if (time_parse(json_member_text(json, key), &ms, NULL) != STATUS_OK) {
        refuse(reader, key);
    }
    return ms;
}

/* A value as the text that the record holds; `null` where there was none is told apart by its absence. */
static struct text take_written(struct reader *reader, const struct json *json, const char *key)
{
    const struct json *value = json_member(json, key);
    struct buffer out = {0};

    if (value == NULL) {
        return (struct text){0};
    }
    json_write(value, &out);
    struct text text = arena_text(reader->arena, buffer_text(&out));
    buffer_release(&out);
    return text;
}

static const struct json *take_list(struct reader *reader, const struct json *json, const char *key,
                                    uint32_t *count)
{
    const struct json *list = json_member(json, key);

    *count = 0;
    if (list == NULL || json_kind(list) != JSON_ARRAY) {
        refuse(reader, key);
        return NULL;
    }
    *count = (uint32_t)json_count(list);
    return list;
}

static const struct text *take_texts(struct reader *reader, const struct json *json,
                                     const char *key, uint32_t *count)
{
    const struct json *list = take_list(reader, json, key, count);
    struct text *texts = arena_array(reader->arena, *count, sizeof *texts);

    for (uint32_t i = 0; i < *count; i++) {
        texts[i] = arena_text(reader->arena, json_text_of(json_at(list, i)));
    }
    return texts;
}

static void take_cause(struct reader *reader, const struct json *cause,
                       struct history_record *record)
{
    record->cause_kind = take_text(reader, cause, "kind");
    record->cause_topic = take_text(reader, cause, "topic");
    record->cause_partition = (int32_t)json_member_int(cause, "partition", -1);
    record->cause_offset = json_member_int(cause, "offset", -1);
    record->cause_id = take_text(reader, cause, "id");
    record->cause_actor = take_text(reader, cause, "actor");
    record->inbox_offset = json_member_int(cause, "inboxOffset", -1);
    if (record->cause_kind.bytes == 0) {
        refuse(reader, "cause");
    }
}

static void take_timers(struct reader *reader, const struct json *json,
                        struct history_record *record)
{
    const struct json *list = take_list(reader, json, "timersSet", &record->timers_set_count);
    struct history_timer *timers = arena_array(reader->arena, record->timers_set_count,
                                               sizeof *timers);

    for (uint32_t i = 0; i < record->timers_set_count; i++) {
        timers[i].id = take_text(reader, json_at(list, i), "id");
        timers[i].due_ms = take_time(reader, json_at(list, i), "due");
    }
    record->timers_set = timers;
}

static void take_commands(struct reader *reader, const struct json *json,
                          struct history_record *record)
{
    const struct json *list = take_list(reader, json, "commands", &record->command_count);
    struct history_command *commands = arena_array(reader->arena, record->command_count,
                                                   sizeof *commands);

    for (uint32_t i = 0; i < record->command_count; i++) {
        const struct json *one = json_at(list, i);

        commands[i] = (struct history_command){
            .id = take_text(reader, one, "id"),
            .topic = take_text(reader, one, "topic"),
            .key = take_text(reader, one, "key"),
            .type = take_text(reader, one, "type"),
        };
    }
    record->commands = commands;
}

static void take_kind(struct reader *reader, const struct json *json, struct history_record *record)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_is(json_member_text(json, "kind"), kinds[i])) {
            record->kind = (enum history_kind)i;
            return;
        }
    }
    refuse(reader, "kind");
}

enum status history_of_json(const struct json *json, struct arena *arena,
                            struct history_record *record, struct error *err)
{
    struct reader reader = {.arena = arena, .err = err};

    *record = (struct history_record){.seq = json_member_int(json, "seq", 0)};
    if (record->seq < 1) {
        return fail(err, STATUS_REJECT, "'seq' is missing, or not of this form");
    }
    record->time_ms = take_time(&reader, json, "time");
    take_kind(&reader, json, record);
    take_cause(&reader, json_member(json, "cause"), record);
    record->payload = take_written(&reader, json, "payload");
    record->flow_hash = take_text(&reader, json, "flowHash");
    record->from = take_text(&reader, json, "from");
    record->to = take_text(&reader, json, "to");
    record->decided = take_texts(&reader, json, "decided", &record->decided_count);
    record->delta = take_written(&reader, json, "delta");
    take_timers(&reader, json, record);
    record->timers_cleared = take_texts(&reader, json, "timersCleared",
                                        &record->timers_cleared_count);
    record->stack_pushed = take_texts(&reader, json, "stackPushed", &record->stack_pushed_count);
    record->stack_popped = take_texts(&reader, json, "stackPopped", &record->stack_popped_count);
    take_commands(&reader, json, record);
    if (record->delta.bytes == 0) {
        refuse(&reader, "delta");
    }
    return reader.status;
}
