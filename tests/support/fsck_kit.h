/*
 * fsck_kit - history told by the core itself, record by record, for tests of fsck's pure part.
 */
#ifndef BATON_TESTS_SUPPORT_FSCK_KIT_H
#define BATON_TESTS_SUPPORT_FSCK_KIT_H

#include "base/duration.h"
#include "codec/command.h"
#include "core/fold.h"
#include "engine/fsck_parts.h"
#include "engine/snapshot.h"
#include "support/estate_kit.h"

#define FLOW                                                                                       \
    "flow: one\nversion: 1\nkey: .id\n"                                                            \
    "topics: {in: {name: in, key: .id}, out: {name: out}}\n"                                       \
    "start: {topic: in, from: earliest}\ntimeout: 1h\n"                                            \
    "do:\n  - {step: s, wait: 1m}\n  - {step: e, emit: out, value: {id: \"${ .id }\"}}\n"

#define NOW_MS (KIT_START_MS + 30 * MS_PER_DAY)
#define FOUND_MAX 16
#define INBOX_END 1000

struct bench {
    struct kit kit;
    struct flow_registry *registry;
    const struct flow *flow;
    struct fsck *fsck;
    struct fsck_bounds bounds;
    enum fsck_id found[FOUND_MAX];
    int64_t found_at[FOUND_MAX];
    uint32_t found_count;
    int64_t offset;  /* Of the next history record. */
    int64_t sent_ms; /* When commands are sent; 0: soon after the start. */
    bool is_mute;    /* Records are made, but not fed. */
};

/* A run that is being told. */
struct story {
    struct bench *bench;
    struct instance *state;
    unsigned char hash[DIGEST_BYTES];
    struct arena arena;
    struct effect_list effects;
    struct text value; /* Of the last record, */
    struct text key;   /* and its key. */
    int64_t start;     /* The inbox record that it began with. */
};

static inline void note(void *self, const struct fsck_finding *finding)
{
    struct bench *bench = self;

    assert_true(bench->found_count < FOUND_MAX);
    bench->found[bench->found_count] = finding->id;
    bench->found_at[bench->found_count++] = finding->offset;
}

static inline void open_bench(struct bench *bench)
{
    struct fsck_options options = {.partition = -1, .now_ms = NOW_MS, .found = note};

    memset(bench, 0, sizeof *bench);
    kit_open(&bench->kit);
    kit_topic_named(&bench->kit, "in", 1);
    kit_topic_named(&bench->kit, "out", 1);
    kit_publish(&bench->kit, FLOW);
    bench->kit.settings.partitions = 1;
    assert_int_equal(flow_registry_open(&bench->kit.port, text_of(bench->kit.names.flows),
                                        &bench->registry, &bench->kit.err),
                     STATUS_OK);
    bench->flow = flow_registry_active(bench->registry, TEXT("one"));
    assert_non_null(bench->flow);
    options.self = bench;
    options.settings = &bench->kit.settings;
    options.registry = bench->registry;
    bench->fsck = fsck_new(&options);
    fsck_sent_partitions(bench->fsck, TEXT("out"), 1);
    bench->bounds = (struct fsck_bounds){.early = {.offset = INBOX_END, .metadata = "1 me 1.1 0"},
                                         .late = {.offset = INBOX_END, .metadata = "1 me 1.1 0"},
                                         .inbox_high = INBOX_END,
                                         .history_end = INT64_MAX};
}

static inline void begin(struct bench *bench)
{
    struct text definition = TEXT("def/");
    struct buffer key = {0};
    struct buffer value = {0};

    buffer_add_text(&key, definition);
    buffer_add_text(&key, text_of(bench->flow->hash));
    definition_encode(bench->flow->definition, bench->flow->name, 1, &value);
    fsck_flow(bench->fsck,
              &(struct record){.key = buffer_text(&key), .value = buffer_text(&value)});
    buffer_release(&key);
    buffer_release(&value);
    fsck_begin(bench->fsck, 0, &bench->bounds);
}

static inline void close_bench(struct bench *bench)
{
    fsck_free(bench->fsck);
    flow_registry_close(bench->registry);
    kit_close(&bench->kit);
}

static inline void expect(struct bench *bench, uint32_t count, enum fsck_id id)
{
    if (bench->found_count != count || (count > 0 && bench->found[count - 1] != id)) {
        fail_msg("%u findings, the last is %s", bench->found_count,
                 bench->found_count == 0 ? "none"
                                         : fsck_id_name(bench->found[bench->found_count - 1]));
    }
}

/* ---- telling ---- */

static inline void tell_history(struct story *story, const struct instance *before,
                                const struct event *event, const char *cause)
{
    struct buffer delta = {0};
    struct buffer value = {0};
    struct buffer key = {0};
    struct json *json = instance_delta(before, story->state);
    struct history_command *commands = arena_array(&story->arena, story->effects.count,
                                                   sizeof *commands);
    struct history_record record = {.instance = story->state->name,
                                    .run = story->state->run,
                                    .seq = story->state->seq,
                                    .time_ms = event->time_ms,
                                    .cause_kind = text_of(cause),
                                    .cause_partition = -1,
                                    .cause_offset = -1,
                                    .inbox_offset = before == NULL ? story->start : -1,
                                    .flow_hash = text_of(story->state->flow_hash),
                                    .kind = instance_has_ended(story->state) ? HISTORY_TERMINAL
                                                                             : HISTORY_NORMAL,
                                    .commands = commands};

    for (uint32_t i = 0; i < story->effects.count; i++) {
        const struct effect *effect = &story->effects.items[i];
        struct command_source source = {TEXT("baton"), story->bench->flow, story->state, effect};
        commands[record.command_count++] = (struct history_command){
            command_id(&source, &story->arena), effect->topic, effect->key, effect->type};
    }
    json_write(json, &delta);
    json_free(json);
    record.delta = buffer_text(&delta);
    if (before != NULL) {
        memcpy(record.previous, story->hash, DIGEST_BYTES);
    }
    history_encode(&record, &value);
    memcpy(story->hash, record.hash, DIGEST_BYTES);
    history_key(record.instance, record.run, record.seq, &key);
    story->value = arena_text(&story->arena, buffer_text(&value));
    story->key = arena_text(&story->arena, buffer_text(&key));
    buffer_release(&delta);
    buffer_release(&value);
    buffer_release(&key);
}

static inline int64_t feed(struct bench *bench, struct text key, struct text value, int64_t at_ms)
{
    struct record record = {
        .offset = bench->offset++, .key = key, .value = value, .timestamp_ms = at_ms};

    if (!bench->is_mute) {
        fsck_history(bench->fsck, &record);
    }
    return record.offset;
}

static inline int64_t decide(struct story *story, struct event *event, const char *cause)
{
    struct instance *before = story->state;
    struct instance *after = NULL;

    assert_int_equal(transition(story->bench->flow, before, event, &after, &story->effects),
                     TRANSITION_APPLIED);
    story->state = after;
    tell_history(story, before->seq == 0 ? NULL : before, event, cause);
    instance_free(before);
    return feed(story->bench, story->key, story->value, event->time_ms);
}

static inline int64_t start(struct bench *bench, struct story *story, const char *key,
                            int64_t inbox, int64_t at_ms)
{
    struct json *payload = NULL;
    struct json *message = json_object();
    struct event event = {.kind = EVENT_MESSAGE,
                          .time_ms = at_ms,
                          .run = {1, inbox},
                          .topic = TEXT("in"),
                          .message = message};

    *story = (struct story){.bench = bench, .start = inbox};
    story->effects.arena = &story->arena;
    assert_int_equal(json_parse(TEXT("{\"id\":\"k\"}"), &payload, &bench->kit.err), STATUS_OK);
    event.payload = payload;
    story->state = instance_new(TEXT("one"), text_of(key));
    int64_t offset = decide(story, &event, "message");
    json_free(payload);
    json_free(message);
    return offset;
}

/* The wait is over: the emit goes out, and the run ends. */
static inline int64_t finish(struct story *story)
{
    const struct timer *timer = instance_timer(story->state, TIMER_WAIT, 1);
    struct event event = {.kind = EVENT_TIMER, .timer = TIMER_WAIT, .activation = 1};

    assert_non_null(timer);
    event.time_ms = timer->due_ms;
    event.timer_run = story->state->run;
    return decide(story, &event, "timer");
}

static inline void end_story(struct story *story)
{
    instance_free(story->state);
    effect_release(&story->effects);
    arena_release(&story->arena);
}

/* A whole run, with what it emitted fed as sent `copies` times. */
static inline void tell_run(struct bench *bench, const char *key, int64_t inbox, int64_t at_ms)
{
    struct story story;

    start(bench, &story, key, inbox, at_ms);
    finish(&story);
    end_story(&story);
}

static inline struct record sent_record(struct bench *bench, const char *key, int64_t inbox,
                                        int64_t offset)
{
    struct record_header *headers = arena_array(&bench->kit.arena, 3, sizeof *headers);

    headers[0] = (struct record_header){TEXT("baton-instance"),
                                        arena_printf(&bench->kit.arena, "one:%s", key)};
    headers[1] = (struct record_header){
        TEXT("baton-run"), arena_printf(&bench->kit.arena, "1-%lld", (long long)inbox)};
    headers[2] = (struct record_header){
        TEXT("idempotency-key"),
        arena_printf(&bench->kit.arena, "one:%s/1-%lld/e/2", key, (long long)inbox)};
    return (struct record){.topic = TEXT("out"),
                           .offset = offset,
                           .timestamp_ms = bench->sent_ms != 0 ? bench->sent_ms
                                                               : KIT_START_MS + MS_PER_MINUTE,
                           .key = text_of(key),
                           .value = TEXT("{}"),
                           .headers = headers,
                           .header_count = 3};
}

static inline void send(struct bench *bench, const char *key, int64_t inbox, int64_t offset)
{
    struct record record = sent_record(bench, key, inbox, offset);

    fsck_sent(bench->fsck, &record);
}

static inline void put_snapshot(struct story *story, int64_t offset)
{
    struct bench *bench = story->bench;
    struct snapshot_record snapshot;
    struct buffer value = {0};

    snapshot_of(story->state, story->hash, &story->arena, &snapshot);
    snapshot_encode(&snapshot, &value);
    fsck_snapshot(bench->fsck, &(struct record){.topic = text_of(bench->kit.names.snapshot),
                                                .offset = offset,
                                                .key = story->state->name,
                                                .value = buffer_text(&value)});
    buffer_release(&value);
}

#endif
