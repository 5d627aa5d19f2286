/* From a resolved definition to the state machine. */
#include <stdlib.h>

#include "base/duration.h"
#include "base/limits.h"
#include "compile/build.h"
#include "compile/checker.h"
#include "compile/zone_file.h"
#include "crypto/digest.h"

static void build_message_start(struct section *section, struct start *start)
{
    const struct json *from = section_need(section, "from");
    const struct json *batch = section_get(section, "batch");

    start->topic = flow_find_topic(section->builder->flow, section_text(section, "topic"));
    start->type = section_text(section, "type");
    start->when = section_expr(section, "when");
    if (batch != NULL) {
        struct section gathers = section_open(section->builder, batch, section->where);

        start->batch_max = (uint32_t)section_integer(&gathers, "max", 1, BATCH_MESSAGES_MAX);
        start->within_ms = section_integer(&gathers, "within", 1, DURATION_MAX_MS);
        section_close(&gathers);
    }
    if (text_is(json_text_of(from), "earliest")) {
        start->from = START_EARLIEST;
    } else if (from != NULL && json_int64(from, &start->from_ms)) {
        start->from = START_TIME;
    } else if (!text_is(json_text_of(from), "now")) {
        build_refuse(section->builder, section->where, "'from' is no time");
    }
    if (start->topic == UINT32_MAX) {
        build_refuse(section->builder, section->where, "it names no topic that is described");
    }
}

static void build_schedule(struct section *section, struct schedule *schedule)
{
    static const char *const policies[] = {"last", "all", "none", NULL};
    struct text fields = section_text(section, "cron");
    struct text zone = section_text(section, "zone");
    struct builder *builder = section->builder;
    struct error err;

    (void)section_get(section, "from");
    if (json_member(section->json, "catchUp") != NULL) {
        schedule->catch_up = (enum catch_up)section_choice(section, "catchUp", policies);
    }
    if (fields.bytes == 0) {
        schedule->every_ms = section_integer(section, "every", MS_PER_SECOND, DURATION_MAX_MS);
    } else if (cron_parse(fields, &schedule->cron, &err) != STATUS_OK ||
               (zone.bytes > 0 &&
                zone_load(zone, &builder->flow->arena, &schedule->zone, &err) != STATUS_OK)) {
        build_refuse(builder, section->where, "%s", err.text);
    }
}

static void build_start(struct builder *builder, const struct json *json)
{
    static const char *const running[] = {"ignore", "queue", "restart", NULL};
    static const char *const done[] = {"ignore", "restart", NULL};
    struct flow *flow = builder->flow;
    struct section section = section_open(builder, json, TEXT("start"));
    struct start start = {.topic = UINT32_MAX};

    start.if_running = (enum if_running)section_choice(&section, "ifRunning", running);
    start.after_done = (enum after_done)section_choice(&section, "afterDone", done);
    if (json_member(json, "cron") != NULL || json_member(json, "every") != NULL) {
        build_schedule(&section, &flow->schedules[flow->schedule_count++]);
    } else if (section_get(&section, "manual") != NULL) {
        (void)section_get(&section, "from");
        flow->manual = arena_alloc(&flow->arena, sizeof(*flow->manual));
        *flow->manual = start;
    } else {
        build_message_start(&section, &start);
        flow->starts[flow->start_count++] = start;
    }
    section_close(&section);
}

static void build_starts(struct builder *builder, const struct json *json)
{
    struct flow *flow = builder->flow;

    if (json == NULL || json_kind(json) != JSON_ARRAY || json_count(json) == 0) {
        build_refuse(builder, TEXT("start"), "no list of starts");
        return;
    }
    flow->starts = arena_array(&flow->arena, json_count(json), sizeof(*flow->starts));
    flow->schedules = arena_array(&flow->arena, json_count(json), sizeof(*flow->schedules));
    for (size_t i = 0; i < json_count(json); i++) {
        build_start(builder, json_at(json, i));
    }
}

static void build_saga(struct builder *builder, const struct json *json)
{
    static const char *const orders[] = {"reverse", "parallel", NULL};
    static const char *const doubts[] = {"compensate", "skip", NULL};
    static const char *const stuck[] = {"hold", "continue", NULL};
    struct section section = section_open(builder, json, TEXT("saga"));
    struct flow *flow = builder->flow;

    flow->saga_order = section_choice(&section, "order", orders) == 0 ? SAGA_REVERSE
                                                                      : SAGA_PARALLEL;
    flow->saga_in_doubt = section_choice(&section, "inDoubt", doubts) == 0 ? IN_DOUBT_COMPENSATE
                                                                           : IN_DOUBT_SKIP;
    flow->when_stuck = section_choice(&section, "whenStuck", stuck) == 0 ? STUCK_HOLD
                                                                         : STUCK_CONTINUE;
    flow->saga_retry = build_policy(builder, section_need(&section, "retry"), TEXT("saga"));
    section_close(&section);
}

static bool is_flow_name(struct text name)
{
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.data[i];

        if ((c < 'a' || c > 'z') && (i == 0 || (c != '-' && (c < '0' || c > '9')))) {
            return false;
        }
    }
    return name.bytes > 0 && name.bytes <= 63;
}

static void build_flow(struct builder *builder, const struct json *root)
{
    static const char *const modes[] = {"orchestrate", "observe", NULL};
    struct section section = section_open(builder, root, TEXT("flow"));
    const struct json *info = section_get(&section, "info");
    struct flow *flow = builder->flow;

    section_integer(&section, "format", DEFINITION_FORMAT, DEFINITION_FORMAT);
    flow->name = section_need_text(&section, "flow");
    if (!is_flow_name(flow->name)) {
        build_refuse(builder, section.where, "'flow' is no name of a flow");
    }
    flow->version = (int32_t)section_integer(&section, "version", 1, INT32_MAX);
    flow->mode = (enum flow_mode)section_choice(&section, "mode", modes);
    if (json_member(root, "key") != NULL) {
        flow->key = build_correlation(builder, section_need(&section, "key"), TEXT("key"));
    }
    flow->key_in_data = flow->key.kind == CORRELATION_PATH ? flow->key.path : NULL;
    build_topics(builder, section_need(&section, "topics"), info);
    build_services(builder, section_need(&section, "services"));
    build_starts(builder, section_need(&section, "start"));
    for (uint32_t i = 0; i < flow->start_count; i++) {
        if (flow->starts[i].batch_max == 0 && flow->key.kind == CORRELATION_NONE) {
            build_refuse(builder, section.where, "'key' is missing");
        }
    }
    flow->early_ms = section_integer(&section, "early", 0, DURATION_MAX_MS);
    flow->remember_ms = section_integer(&section, "remember", 0, DURATION_MAX_MS);
    flow->keep_ms = section_integer(&section, "keep", 0, DURATION_MAX_MS);
    flow->data = section_template(&section, "data");
    flow->timeout = section_span(&section, "timeout");
    flow->warn_after = section_span(&section, "warnAfter");
    build_saga(builder, section_need(&section, "saga"));
    flow->alerts = section_text(&section, "alerts");
    flow->result = section_template(&section, "result");
    if (!build_failed(builder)) {
        build_steps(&section, info);
    }
    section_close(&section);
}

/* The identity covers all but `info`; the definition that is kept holds both. */
static void identify(struct flow *flow, const struct json *root)
{
    unsigned char digest[DIGEST_BYTES];
    struct buffer text = {0};
    struct json *identity;

    json_write_canonical(root, &text);
    flow->definition = arena_text(&flow->arena, buffer_text(&text));
    identity = json_open_copy(root);
    json_drop(identity, TEXT("info"));
    buffer_clear(&text);
    json_write_canonical(identity, &text);
    digest_sha256(buffer_text(&text), digest);
    digest_hex(digest, flow->hash);
    json_free(identity);
    buffer_release(&text);
}

static enum status build(struct text definition, const struct map *compiled, struct flow **flow,
                         struct error *err)
{
    struct builder builder = {
        .err = err, .status = STATUS_OK, .scope = *flow_scope(), .compiled = compiled};
    struct json *root = NULL;
    enum status status;

    *flow = NULL;
    if (definition.bytes > DEFINITION_BYTES_MAX) {
        return fail(err, STATUS_REJECT, "definition: longer than %d bytes", DEFINITION_BYTES_MAX);
    }
    status = json_parse(definition, &root, err);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "definition");
    }
    builder.flow = flow_new();
    build_flow(&builder, root);
    map_release(&builder.step_names);
    if (build_failed(&builder) || compiled != NULL) {
        flow_free(builder.flow);
    } else {
        identify(builder.flow, root);
        *flow = builder.flow;
    }
    json_free(root);
    return builder.status;
}

enum status flow_build(struct text definition, struct flow **flow, struct error *err)
{
    return build(definition, NULL, flow, err);
}

enum status flow_build_try(struct text definition, const struct map *compiled, struct error *err)
{
    struct flow *none;

    return build(definition, compiled, &none, err);
}
