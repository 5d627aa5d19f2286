/* links: baton_sim */
/* The pure part of fsck, fed record by record: what it keeps, what it lets pass, and what only the
 * second pass can tell. Each kind of damage on a real estate: tests/integration/test_fsck.py. */
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
    int64_t offset; /* Of the next history record. */
    bool is_mute;   /* Records are made, but not fed. */
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

static void note(void *self, const struct fsck_finding *finding)
{
    struct bench *bench = self;

    assert_true(bench->found_count < FOUND_MAX);
    bench->found[bench->found_count] = finding->id;
    bench->found_at[bench->found_count++] = finding->offset;
}

static void open_bench(struct bench *bench)
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

static void begin(struct bench *bench)
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

static void close_bench(struct bench *bench)
{
    fsck_free(bench->fsck);
    flow_registry_close(bench->registry);
    kit_close(&bench->kit);
}

static void expect(struct bench *bench, uint32_t count, enum fsck_id id)
{
    if (bench->found_count != count || (count > 0 && bench->found[count - 1] != id)) {
        fail_msg("%u findings, the last is %s", bench->found_count,
                 bench->found_count == 0 ? "none"
                                         : fsck_id_name(bench->found[bench->found_count - 1]));
    }
}

/* ---- telling ---- */

static void tell_history(struct story *story, const struct instance *before,
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

static int64_t feed(struct bench *bench, struct text key, struct text value, int64_t at_ms)
{
    struct record record = {
        .offset = bench->offset++, .key = key, .value = value, .timestamp_ms = at_ms};

    if (!bench->is_mute) {
        fsck_history(bench->fsck, &record);
    }
    return record.offset;
}

static int64_t decide(struct story *story, struct event *event, const char *cause)
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

static int64_t start(struct bench *bench, struct story *story, const char *key, int64_t inbox,
                     int64_t at_ms)
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
static int64_t finish(struct story *story)
{
    const struct timer *timer = instance_timer(story->state, TIMER_WAIT, 1);
    struct event event = {.kind = EVENT_TIMER, .timer = TIMER_WAIT, .activation = 1};

    assert_non_null(timer);
    event.time_ms = timer->due_ms;
    event.timer_run = story->state->run;
    return decide(story, &event, "timer");
}

static void end_story(struct story *story)
{
    instance_free(story->state);
    effect_release(&story->effects);
    arena_release(&story->arena);
}

/* A whole run, with what it emitted fed as sent `copies` times. */
static void tell_run(struct bench *bench, const char *key, int64_t inbox, int64_t at_ms)
{
    struct story story;

    start(bench, &story, key, inbox, at_ms);
    finish(&story);
    end_story(&story);
}

static struct record sent_record(struct bench *bench, const char *key, int64_t inbox,
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
                           .timestamp_ms = KIT_START_MS + MS_PER_MINUTE,
                           .key = text_of(key),
                           .value = TEXT("{}"),
                           .headers = headers,
                           .header_count = 3};
}

static void send(struct bench *bench, const char *key, int64_t inbox, int64_t offset)
{
    struct record record = sent_record(bench, key, inbox, offset);

    fsck_sent(bench->fsck, &record);
}

static void put_snapshot(struct story *story, int64_t offset)
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

/* ---- the rules ---- */

static void runs_that_have_ended_are_not_kept(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    for (int64_t i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%lld", (long long)i);
        tell_run(&bench, key, i, KIT_START_MS);
        assert_int_equal(bench.fsck->runs.count, 0);
        send(&bench, key, i, i);
    }
    assert_int_equal(bench.fsck->orphans.count, 0);
    assert_int_equal(bench.fsck->bad_runs.count, 0);
    assert_int_equal(bench.fsck->early.count, 0);
    fsck_end(bench.fsck);
    assert_false(fsck_wants_again(bench.fsck));
    fsck_finish(bench.fsck);
    expect(&bench, 0, FSCK_FLOW_MISSING);
    assert_int_equal(fsck_counts(bench.fsck)->runs, 200);
    assert_int_equal(fsck_counts(bench.fsck)->commands, 200);
    assert_int_equal(fsck_counts(bench.fsck)->commands_unchecked, 0);
    close_bench(&bench);
}

static void second_pass_names_the_command_that_was_sent_twice(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    tell_run(&bench, "a", 1, KIT_START_MS);
    tell_run(&bench, "b", 2, KIT_START_MS);
    fsck_end(bench.fsck);
    send(&bench, "a", 1, 10);
    send(&bench, "b", 2, 11);
    send(&bench, "a", 1, 12);
    expect(&bench, 0, FSCK_FLOW_MISSING);
    assert_true(fsck_wants_again(bench.fsck));
    fsck_again(bench.fsck);
    bench.offset = 0;
    tell_run(&bench, "a", 1, KIT_START_MS);
    tell_run(&bench, "b", 2, KIT_START_MS);
    send(&bench, "a", 1, 10);
    send(&bench, "b", 2, 11);
    send(&bench, "a", 1, 12);
    fsck_finish(bench.fsck);
    expect(&bench, 1, FSCK_COMMAND_TWICE);
    assert_int_equal(bench.found_at[0], 12);
    close_bench(&bench);
}

/* One whose history lies above the history's end is no finding, one whose history lies below is. */
static void command_is_unknown_only_if_its_history_must_be_there(void **state)
{
    (void)state;
    for (int settled = 0; settled < 2; settled++) {
        struct bench bench;

        open_bench(&bench);
        struct record record = sent_record(&bench, "new", 9, 30);
        fsck_sent_early(bench.fsck, &record, settled == 1);
        begin(&bench);
        tell_run(&bench, "a", 1, KIT_START_MS);
        send(&bench, "a", 1, 10);
        fsck_end(bench.fsck);
        assert_int_equal(fsck_wants_again(bench.fsck), settled == 1);
        if (settled == 1) {
            fsck_again(bench.fsck);
            tell_run(&bench, "a", 1, KIT_START_MS);
            fsck_sent_early(bench.fsck, &record, true);
            send(&bench, "a", 1, 10);
        }
        fsck_finish(bench.fsck);
        expect(&bench, (uint32_t)settled, FSCK_COMMAND_UNKNOWN);
        close_bench(&bench);
    }
}

static void command_that_its_topic_has_forgotten_is_not_missing(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench);
    fsck_sent_cut(bench.fsck, TEXT("out"), 0, KIT_START_MS + MS_PER_HOUR);
    begin(&bench);
    tell_run(&bench, "old", 1, KIT_START_MS);
    tell_run(&bench, "new", 2, KIT_START_MS + 3 * MS_PER_HOUR);
    send(&bench, "new", 2, 10);
    fsck_end(bench.fsck);
    assert_false(fsck_wants_again(bench.fsck));
    expect(&bench, 0, FSCK_FLOW_MISSING);
    assert_int_equal(fsck_counts(bench.fsck)->commands_unchecked, 1);
    close_bench(&bench);
}

/* The janitor follows `keep` behind: its tombstones are none, earlier ones are. */
static void tombstone_is_the_janitors_only_after_keep(void **state)
{
    const struct {
        int64_t after_ms;
        uint32_t found;
    } cases[] = {{MS_PER_DAY, 1}, {8 * MS_PER_DAY, 0}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        struct story story;

        open_bench(&bench);
        begin(&bench);
        start(&bench, &story, "a", 1, KIT_START_MS);
        struct text first = story.key;
        finish(&story);
        feed(&bench, first, (struct text){0}, KIT_START_MS + cases[i].after_ms);
        end_story(&story);
        fsck_end(bench.fsck);
        send(&bench, "a", 1, 10);
        assert_true(fsck_wants_again(bench.fsck));
        fsck_again(bench.fsck);
        bench.offset = 0;
        tell_run(&bench, "a", 1, KIT_START_MS);
        send(&bench, "a", 1, 10);
        fsck_finish(bench.fsck);
        expect(&bench, cases[i].found, FSCK_HISTORY_ERASED);
        close_bench(&bench);
    }
}

/* Density and chain are checked from the lowest seq present: of an ended run the rest is enough. */
static void ended_run_may_have_lost_its_beginning(void **state)
{
    struct bench bench;
    struct story story;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    bench.is_mute = true;
    start(&bench, &story, "a", 1, KIT_START_MS);
    bench.is_mute = false;
    int64_t last = finish(&story);
    fsck_end(bench.fsck);
    assert_true(fsck_wants_again(bench.fsck));
    fsck_again(bench.fsck);
    fsck_history(bench.fsck,
                 &(struct record){.offset = last, .key = story.key, .value = story.value});
    fsck_finish(bench.fsck);
    expect(&bench, 0, FSCK_FLOW_MISSING);
    end_story(&story);
    close_bench(&bench);
}

static void open_run_without_a_beginning_needs_a_snapshot(void **state)
{
    (void)state;
    for (int has_snapshot = 0; has_snapshot < 2; has_snapshot++) {
        struct bench bench;
        struct story story;
        struct event warn = {.kind = EVENT_TIMER, .timer = TIMER_FLOW, .activation = 0};

        open_bench(&bench);
        begin(&bench);
        bench.is_mute = true;
        start(&bench, &story, "a", 1, KIT_START_MS);
        bench.is_mute = false;
        if (has_snapshot == 1) {
            put_snapshot(&story, 0);
        }
        /* Another record of the open run, as an ignored message would make it. */
        struct instance *before = story.state;
        story.state = instance_copy(before);
        story.state->seq++;
        effect_clear(&story.effects);
        warn.time_ms = story.state->time_ms;
        tell_history(&story, before, &warn, "message");
        instance_free(before);
        feed(&bench, story.key, story.value, warn.time_ms);
        fsck_end(bench.fsck);
        assert_int_equal(fsck_wants_again(bench.fsck), has_snapshot == 0);
        if (has_snapshot == 0) {
            fsck_again(bench.fsck);
        }
        fsck_finish(bench.fsck);
        expect(&bench, has_snapshot == 0, FSCK_HISTORY_NO_BASE);
        end_story(&story);
        close_bench(&bench);
    }
}

/* Below the checkpoint an open run must have a snapshot; above it memory may hold it. */
static void open_run_below_the_checkpoint_needs_a_snapshot(void **state)
{
    const struct {
        const char *metadata;
        bool has_snapshot;
        uint32_t found;
    } cases[] = {{"1 me 1.1 0", false, 0}, {"1 me 1.1 5", true, 0}, {"1 me 1.1 5", false, 1}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench bench;
        struct story story;

        open_bench(&bench);
        snprintf(bench.bounds.early.metadata, OFFSET_METADATA_BYTES, "%s", cases[i].metadata);
        bench.bounds.late = bench.bounds.early;
        begin(&bench);
        bench.is_mute = true;
        start(&bench, &story, "a", 1, KIT_START_MS);
        bench.is_mute = false;
        if (cases[i].has_snapshot) {
            put_snapshot(&story, 0);
        }
        bench.offset = 0;
        feed(&bench, story.key, story.value, KIT_START_MS);
        fsck_end(bench.fsck);
        expect(&bench, cases[i].found, FSCK_SNAPSHOT_MISSING);
        assert_int_equal(fsck_counts(bench.fsck)->sleeping, cases[i].has_snapshot);
        end_story(&story);
        close_bench(&bench);
    }
}

static void every_finding_has_a_name_and_advice_and_a_place_in_the_manual(void **state)
{
    FILE *file = fopen(BATON_SOURCE_DIR "/docs/fsck.md", "rb");
    char *text = calloc(1, 1 << 16);
    char quoted[64];

    (void)state;
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    for (int i = 0; i < FSCK_ID_COUNT; i++) {
        assert_true(strlen(fsck_id_advice((enum fsck_id)i)) > 20);
        snprintf(quoted, sizeof quoted, "| `%s` |", fsck_id_name((enum fsck_id)i));
        if (strstr(text, quoted) == NULL) {
            fail_msg("docs/fsck.md does not tell of %s", quoted);
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_that_have_ended_are_not_kept),
        cmocka_unit_test(second_pass_names_the_command_that_was_sent_twice),
        cmocka_unit_test(command_is_unknown_only_if_its_history_must_be_there),
        cmocka_unit_test(command_that_its_topic_has_forgotten_is_not_missing),
        cmocka_unit_test(tombstone_is_the_janitors_only_after_keep),
        cmocka_unit_test(ended_run_may_have_lost_its_beginning),
        cmocka_unit_test(open_run_without_a_beginning_needs_a_snapshot),
        cmocka_unit_test(open_run_below_the_checkpoint_needs_a_snapshot),
        cmocka_unit_test(every_finding_has_a_name_and_advice_and_a_place_in_the_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
