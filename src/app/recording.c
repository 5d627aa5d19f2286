#include "app/recording.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/files.h"
#include "app/history_json.h"
#include "app/topic_scan.h"
#include "base/limits.h"
#include "base/map.h"
#include "compile/flow_file.h"
#include "core/fold.h"
#include "engine/again.h"

#define RECORDING_FORMAT 1
#define RECORDING_BYTES_MAX (256U * 1024 * 1024)
/* A record wraps a delta, and the file the record. */
#define RECORDING_DEPTH_MAX (STATE_DEPTH_MAX + 8)

static void add_flow(struct recording *recording, struct text hash, struct text definition)
{
    struct recorded_flow *added;
    struct error err;

    recording->flows = realloc(recording->flows,
                               ((size_t)recording->flow_count + 1) * sizeof *recording->flows);
    CHECK(recording->flows != NULL);
    added = &recording->flows[recording->flow_count++];
    *added = (struct recorded_flow){.hash = arena_text(&recording->arena, hash)};
    if (definition.bytes > 0 && flow_build(definition, &added->flow, &err) != STATUS_OK) {
        added->flow = NULL;
    }
}

const struct flow *recording_flow(const struct recording *recording, struct text hash)
{
    for (uint32_t i = 0; i < recording->flow_count; i++) {
        if (text_equal(recording->flows[i].hash, hash)) {
            return recording->flows[i].flow;
        }
    }
    return NULL;
}

bool recording_event(const struct recording *recording, const struct recorded *step,
                     struct event *event)
{
    return again_event(&step->record, step->has_inbox ? &step->inbox : NULL, step->payload,
                       recording->app, event);
}

/* ---- from an estate ---- */

struct fetch {
    struct recording *recording;
    uint32_t at; /* The first step whose inbox record has not come by. */
};

/* Both topics are in one order for one instance, so the steps are met in theirs. */
static enum status visit_inbox(void *self, const struct record *record, struct error *err)
{
    struct fetch *fetch = self;
    struct recording *recording = fetch->recording;

    while (fetch->at < recording->count &&
           recording->steps[fetch->at].record.inbox_offset < record->offset) {
        fetch->at++;
    }
    if (fetch->at == recording->count ||
        recording->steps[fetch->at].record.inbox_offset != record->offset) {
        return STATUS_OK;
    }
    struct recorded *step = &recording->steps[fetch->at++];
    struct text bytes = arena_text(&recording->arena, record->value);
    enum status status = inbox_decode(bytes, &recording->arena, &step->inbox, err);
    if (status == STATUS_OK) {
        status = inbox_payload(&step->inbox, &step->payload, err);
    }
    step->has_inbox = status == STATUS_OK;
    return status == STATUS_OK ? status
                               : fail_in(err, STATUS_REJECT, "inbox partition %d offset %lld",
                                         record->partition, (long long)record->offset);
}

static void take_history(struct recording *recording)
{
    const struct run_history *history = &recording->history;
    int64_t base_seq = history->base == NULL ? 0 : history->base->seq;

    recording->steps = calloc(history->count, sizeof *recording->steps);
    CHECK(recording->steps != NULL);
    for (uint32_t i = 0; i < history->count; i++) {
        /* What a snapshot holds already cannot be shown step by step. */
        if (history->records[i].seq > base_seq) {
            recording->steps[recording->count++].record = history->records[i];
        }
    }
    recording->base = history->base == NULL ? NULL : instance_copy(history->base);
    recording->partition = history->partition;
    recording->run = history->records[0].run;
}

static void take_definitions(struct recording *recording, const struct flow_registry *registry)
{
    for (uint32_t i = 0; i < recording->count; i++) {
        struct text hash = recording->steps[i].record.flow_hash;
        bool is_there = false;

        for (uint32_t k = 0; k < recording->flow_count; k++) {
            is_there = is_there || text_equal(recording->flows[k].hash, hash);
        }
        if (!is_there) {
            add_flow(recording, hash, flow_registry_definition(registry, hash));
        }
    }
}

int recording_of_estate(struct estate *estate, struct text app, struct text instance,
                        const struct run_id *run, struct recording *recording)
{
    struct fetch fetch = {.recording = recording};
    struct error err;

    *recording = (struct recording){.app = app, .instance = instance};
    int code = run_history_read(estate, instance, run, &recording->history);
    if (code != EXIT_DONE) {
        return code;
    }
    take_history(recording);
    if (recording->count == 0) {
        fprintf(stderr, "baton: of '%.*s' only its snapshot is left\n", TEXT_ARG(instance));
        return EXIT_FINDINGS;
    }
    take_definitions(recording, estate->registry);
    enum status status = topic_scan(estate, estate->names.inbox, recording->partition, "inbox",
                                    visit_inbox, &fetch, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}

/* ---- as a file ---- */

struct json *recording_json(const struct recording *recording)
{
    struct json *root = json_object();
    struct json *definitions = json_object();
    struct json *records = json_array();
    struct error err;
    char run[RUN_ID_BYTES];

    run_id_format(recording->run, run);
    json_put_integer(root, "recording", RECORDING_FORMAT);
    json_put_text(root, "app", recording->app);
    json_put_text(root, "instance", recording->instance);
    json_put_string(root, "run", run);
    json_put_integer(root, "partition", recording->partition);
    for (uint32_t i = 0; i < recording->flow_count; i++) {
        const struct flow *flow = recording->flows[i].flow;
        struct json *definition = NULL;

        if (flow != NULL && json_parse(flow->definition, &definition, &err) == STATUS_OK) {
            json_put(definitions, recording->flows[i].hash, definition);
        }
    }
    json_put(root, TEXT("definitions"), definitions);
    if (recording->base != NULL) {
        json_put(root, TEXT("base"), instance_delta(NULL, recording->base));
    }
    for (uint32_t i = 0; i < recording->count; i++) {
        struct json *record = history_json(&recording->steps[i].record);

        if (recording->steps[i].has_inbox) {
            json_put(record, TEXT("event"), recorded_event_json(&recording->steps[i]));
        }
        json_push(records, record);
    }
    json_put(root, TEXT("records"), records);
    return root;
}

static enum status take_files_flows(struct recording *recording, const struct json *root,
                                    struct error *err)
{
    const struct json *definitions = json_member(root, "definitions");
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text hash;

    if (definitions == NULL || json_kind(definitions) != JSON_OBJECT) {
        return fail(err, STATUS_REJECT, "'definitions' is missing");
    }
    while (json_next(definitions, &cursor, &hash, &value)) {
        struct buffer text = {0};

        json_write_canonical(value, &text);
        add_flow(recording, hash, buffer_text(&text));
        buffer_release(&text);
        const struct flow *flow = recording->flows[recording->flow_count - 1].flow;
        if (flow != NULL && !text_is(hash, flow->hash)) {
            return fail(err, STATUS_REJECT, "definition %.*s was changed: its hash is %s",
                        TEXT_ARG(hash), flow->hash);
        }
    }
    return STATUS_OK;
}

static enum status take_files_records(struct recording *recording, const struct json *root,
                                      struct error *err)
{
    const struct json *records = json_member(root, "records");
    int64_t seq = recording->base == NULL ? 0 : recording->base->seq;
    size_t count = records == NULL || json_kind(records) != JSON_ARRAY ? 0 : json_count(records);
    enum status status = STATUS_OK;

    if (count == 0) {
        return fail(err, STATUS_REJECT, "'records' is missing, or empty");
    }
    recording->steps = calloc(count, sizeof *recording->steps);
    CHECK(recording->steps != NULL);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct json *json = json_at(records, i);
        struct recorded *step = &recording->steps[recording->count++];

        status = history_of_json(json, &recording->arena, &step->record, err);
        step->record.instance = recording->instance;
        step->record.run = recording->run;
        if (status == STATUS_OK && step->record.seq != ++seq) {
            status = fail(err, STATUS_REJECT, "'seq' is %lld where %lld follows",
                          (long long)step->record.seq, (long long)seq);
        }
        if (status == STATUS_OK && json_member(json, "event") != NULL) {
            status = recorded_event_of_json(json_member(json, "event"), &recording->arena, step,
                                            err);
        }
        if (status != STATUS_OK) {
            status = fail_in(err, status, "record %zu", i + 1);
        }
    }
    return status;
}

static enum status take_file(struct recording *recording, const struct json *root,
                             struct error *err)
{
    const struct json *base = json_member(root, "base");
    enum status status = STATUS_OK;

    if (json_member_int(root, "recording", 0) != RECORDING_FORMAT) {
        return fail(err, STATUS_REJECT,
                    "it is no recording of this format; 'baton debug INSTANCE --record FILE' "
                    "writes one");
    }
    recording->app = arena_text(&recording->arena, json_member_text(root, "app"));
    recording->instance = arena_text(&recording->arena, json_member_text(root, "instance"));
    recording->partition = (int32_t)json_member_int(root, "partition", 0);
    if (text_find(recording->instance, ':') == SIZE_MAX ||
        !run_id_parse(json_member_text(root, "run"), &recording->run)) {
        return fail(err, STATUS_REJECT, "'instance' or 'run' is missing, or not of this form");
    }
    if (base != NULL) {
        status = instance_apply(NULL, base, &recording->base, err);
    }
    if (status == STATUS_OK) {
        status = take_files_flows(recording, root, err);
    }
    return status == STATUS_OK ? take_files_records(recording, root, err) : status;
}

enum status recording_of_text(struct text text, struct recording *recording, struct error *err)
{
    struct json *root = NULL;

    *recording = (struct recording){0};
    enum status status = json_parse_within(text, RECORDING_DEPTH_MAX, &root, err);
    if (status == STATUS_OK) {
        status = take_file(recording, root, err);
    }
    json_free(root);
    return status;
}

enum status recording_of_file(const char *path, struct recording *recording, struct error *err)
{
    struct buffer text = {.bytes_max = RECORDING_BYTES_MAX};

    *recording = (struct recording){0};
    enum status status = file_read(path, &text, err);
    if (status == STATUS_OK) {
        status = recording_of_text(buffer_text(&text), recording, err);
        status = status == STATUS_OK ? status : fail_in(err, status, "recording '%s'", path);
    }
    buffer_release(&text);
    return status;
}

void recording_release(struct recording *recording)
{
    for (uint32_t i = 0; i < recording->count; i++) {
        json_free(recording->steps[i].payload);
    }
    for (uint32_t i = 0; i < recording->flow_count; i++) {
        flow_free(recording->flows[i].flow);
    }
    free(recording->steps);
    free(recording->flows);
    instance_free(recording->base);
    run_history_release(&recording->history);
    arena_release(&recording->arena);
    *recording = (struct recording){0};
}
