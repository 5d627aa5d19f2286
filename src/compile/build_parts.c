/* Correlation, retry policies, topics and services of a definition. */
#include "base/duration.h"
#include "compile/build.h"

#define ATTEMPTS_MAX 1000000
#define LIMIT_MAX 1000000
#define PROBES_MAX 1000

static struct correlation build_part(struct builder *builder, const struct json *json,
                                     struct text where)
{
    struct section section = section_open(builder, json, where);
    struct correlation rule = {.kind = CORRELATION_NONE};
    const struct json *record = section_get(&section, "record");

    rule.header = section_text(&section, "header");
    rule.path = section_expr(&section, "path");
    if (rule.header.bytes > 0) {
        rule.kind = CORRELATION_HEADER;
    } else if (rule.path != NULL) {
        rule.kind = CORRELATION_PATH;
    } else if (record != NULL) {
        rule.kind = CORRELATION_RECORD;
        rule.path = json_is_true(record) ? NULL : section_expr(&section, "record");
    } else {
        build_refuse(builder, where, "no header, path or record");
    }
    if (!build_failed(builder) && json_count(json) != 1) {
        build_refuse(builder, where, "more than one of header, path and record");
    }
    section_close(&section);
    return rule;
}

struct correlation build_correlation(struct builder *builder, const struct json *json,
                                     struct text where)
{
    const struct json *parts = json == NULL ? NULL : json_member(json, "parts");
    struct correlation rule = {.kind = CORRELATION_COMPOSITE};

    if (parts == NULL) {
        return build_part(builder, json, where);
    }
    if (json_kind(parts) != JSON_ARRAY || json_count(parts) == 0 || json_count(parts) > 64 ||
        json_count(json) != 1) {
        build_refuse(builder, where, "'parts' is no list of parts");
        return (struct correlation){.kind = CORRELATION_NONE};
    }
    rule.part_count = (uint32_t)json_count(parts);
    rule.parts = arena_array(&builder->flow->arena, rule.part_count, sizeof(*rule.parts));
    for (uint32_t i = 0; i < rule.part_count; i++) {
        rule.parts[i] = build_part(builder, json_at(parts, i), where);
    }
    return rule;
}

static struct locator build_locator(struct builder *builder, const struct json *json,
                                    struct text where)
{
    struct locator locator = {.kind = LOCATOR_NONE};
    struct section section;

    if (json == NULL) {
        return locator;
    }
    section = section_open(builder, json, where);
    locator.header = section_text(&section, "header");
    locator.path = section_expr(&section, "path");
    if (locator.header.bytes > 0) {
        locator.kind = LOCATOR_HEADER;
    } else if (locator.path != NULL) {
        locator.kind = LOCATOR_PATH;
    } else if (json_is_true(section_get(&section, "record"))) {
        locator.kind = LOCATOR_RECORD;
    } else {
        build_refuse(builder, where, "no header, path or record");
    }
    if (!build_failed(builder) && json_count(json) != 1) {
        build_refuse(builder, where, "more than one of header, path and record");
    }
    return locator;
}

static struct text *build_names(struct section *section, const char *key, uint32_t *count)
{
    const struct json *list = section_need(section, key);
    struct arena *arena = &section->builder->flow->arena;
    struct text *names;

    *count = 0;
    if (list == NULL || json_kind(list) != JSON_ARRAY) {
        build_refuse(section->builder, section->where, "'%s' is no list", key);
        return NULL;
    }
    names = arena_array(arena, json_count(list) + 1, sizeof(*names));
    for (size_t i = 0; i < json_count(list); i++) {
        struct text name = json_text_of(json_at(list, i));

        if (name.bytes == 0) {
            build_refuse(section->builder, section->where, "'%s' holds what is no name", key);
            return NULL;
        }
        names[(*count)++] = arena_text(arena, name);
    }
    return names;
}

const struct retry_policy *build_policy(struct builder *builder, const struct json *json,
                                        struct text where)
{
    static const char *const backoffs[] = {"constant", "linear", "exponential", NULL};
    struct section section = section_open(builder, json, where);
    struct retry_policy *policy = arena_alloc(&builder->flow->arena, sizeof(*policy));
    const struct json *factor = section_need(&section, "factor");

    policy->attempts = UINT32_MAX;
    if (json_member(section.json, "attempts") != NULL) {
        policy->attempts = (uint32_t)section_integer(&section, "attempts", 1, ATTEMPTS_MAX);
    }
    if (json_member(section.json, "total") != NULL) {
        policy->total_ms = section_integer(&section, "total", 1, DURATION_MAX_MS);
    }
    policy->delay_ms = section_integer(&section, "delay", 0, DURATION_MAX_MS);
    policy->backoff = (enum backoff)section_choice(&section, "backoff", backoffs);
    policy->factor = factor == NULL ? 1 : json_double(factor);
    policy->max_ms = section_integer(&section, "max", 0, DURATION_MAX_MS);
    policy->jitter_percent = (uint32_t)section_integer(&section, "jitter", 0, 100);
    policy->errors = build_names(&section, "errors", &policy->error_count);
    policy->except_errors = build_names(&section, "exceptErrors", &policy->except_error_count);
    if (policy->attempts == UINT32_MAX && policy->total_ms == 0) {
        build_refuse(builder, where, "a retry policy without attempts and total never ends");
    }
    if (!(policy->factor >= 1 && policy->factor <= 1e6)) {
        build_refuse(builder, where, "'factor' is no number from 1 to 1000000");
    }
    section_close(&section);
    return policy;
}

struct reply_rule build_reply(struct builder *builder, const struct json *json, struct text where)
{
    struct section section = section_open(builder, json, where);
    struct reply_rule rule = {
        .success = section_expr(&section, "success"),
        .failure = section_expr(&section, "failure"),
        .progress = section_expr(&section, "progress"),
        .error = section_expr(&section, "error"),
        .reason = section_expr(&section, "reason"),
    };

    section_close(&section);
    return rule;
}

static enum format build_format(struct section *section)
{
    static const char *const words[] = {"json", "avro", "string", "bytes", NULL};
    static const enum format formats[] = {FORMAT_JSON, FORMAT_AVRO, FORMAT_STRING, FORMAT_BYTES};

    return formats[section_choice(section, "format", words)];
}

static void build_topic(struct builder *builder, struct text name, const struct json *json,
                        struct text alias)
{
    static const char *const tombstones[] = {"skip", "deliver", NULL};
    static const char *const envelopes[] = {"none", "cloudevents", NULL};
    struct arena *arena = &builder->flow->arena;
    struct text where = arena_printf(arena, "topic '%.*s'", TEXT_ARG(name));
    struct section section = section_open(builder, json, where);
    struct topic *topic = &builder->flow->topics[builder->flow->topic_count++];

    topic->name = arena_text(arena, name);
    topic->alias = alias.bytes > 0 ? arena_text(arena, alias) : topic->name;
    topic->format = build_format(&section);
    if (json_member(json, "key") != NULL) { /* Else nothing is read of it. */
        topic->key = build_correlation(builder, section_need(&section, "key"), where);
    }
    topic->type = build_locator(builder, section_get(&section, "type"), where);
    topic->id = build_locator(builder, section_get(&section, "id"), where);
    topic->tombstones = section_choice(&section, "tombstone", tombstones) == 1;
    topic->cloudevents = section_choice(&section, "envelope", envelopes) == 1;
    section_close(&section);
    if (name.bytes == 0) {
        build_refuse(builder, where, "it has no name");
    }
}

void build_topics(struct builder *builder, const struct json *json, const struct json *info)
{
    struct section section = section_open(builder, json, TEXT("topics"));
    const struct json *aliases = json_member(info, "aliases");
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text name;

    if (section.json == NULL) {
        return;
    }
    builder->flow->topics = arena_array(&builder->flow->arena, json_count(json) + 1,
                                        sizeof(*builder->flow->topics));
    while (json_next(json, &cursor, &name, &value)) {
        build_topic(builder, name, value, json_text_of(json_get(aliases, name)));
    }
}

static void build_headers(struct builder *builder, struct service *service, const struct json *json,
                          struct text where)
{
    struct arena *arena = &builder->flow->arena;
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text ours;

    if (json == NULL) {
        return;
    }
    if (json_kind(json) != JSON_OBJECT) {
        build_refuse(builder, where, "'headers' is no object");
        return;
    }
    service->headers = arena_array(arena, json_count(json) + 1, sizeof(*service->headers));
    while (json_next(json, &cursor, &ours, &value)) {
        struct text theirs = json_text_of(value);

        if (ours.bytes == 0 || theirs.bytes == 0) {
            build_refuse(builder, where, "'headers' holds what is no name");
        }
        service->headers[service->header_count++] = (struct header_name){
            .ours = arena_text(arena, ours), .theirs = arena_text(arena, theirs)};
    }
}

static void build_rate(struct builder *builder, struct limits *limits, const struct json *json,
                       struct text where)
{
    struct section section = section_open(builder, json, where);

    limits->rate_count = (uint32_t)section_integer(&section, "limit", 1, LIMIT_MAX);
    limits->rate_per_ms = section_integer(&section, "per", 1, DURATION_MAX_MS);
    limits->rate_burst = (uint32_t)section_integer(&section, "burst", 1, LIMIT_MAX);
    limits->rate_key = section_expr(&section, "key");
    section_close(&section);
}

static void build_breaker(struct builder *builder, struct limits *limits, const struct json *json,
                          struct text where)
{
    struct section section = section_open(builder, json, where);

    limits->breaker_failures = (uint32_t)section_integer(&section, "failures", 1, LIMIT_MAX);
    limits->breaker_within_ms = section_integer(&section, "within", 1, DURATION_MAX_MS);
    limits->breaker_open_ms = section_integer(&section, "openFor", 1, DURATION_MAX_MS);
    limits->breaker_probes = (uint32_t)section_integer(&section, "probes", 1, PROBES_MAX);
    limits->breaker_errors = build_names(&section, "errors", &limits->breaker_error_count);
    section_close(&section);
}

static void build_limits(struct builder *builder, struct section *section, struct limits *limits,
                         struct text where)
{
    const struct json *rate = section_get(section, "rate");
    const struct json *breaker = section_get(section, "breaker");

    if (rate != NULL) {
        build_rate(builder, limits, rate, where);
    }
    if (breaker != NULL) {
        build_breaker(builder, limits, breaker, where);
    }
    if (section_get(section, "concurrency") != NULL) {
        limits->concurrency = (uint32_t)section_integer(section, "concurrency", 1, LIMIT_MAX);
    }
}

static bool carries_events(const struct flow *flow, struct text topic)
{
    uint32_t index = flow_find_topic(flow, topic);

    return index != UINT32_MAX && flow->topics[index].cloudevents;
}

/* The topics are there already. */
static void build_service(struct builder *builder, struct text name, const struct json *json)
{
    struct arena *arena = &builder->flow->arena;
    struct text where = arena_printf(arena, "service '%.*s'", TEXT_ARG(name));
    struct section section = section_open(builder, json, where);
    struct service *service = &builder->flow->services[builder->flow->service_count++];
    const struct json *retry = section_get(&section, "retry");

    service->name = arena_text(arena, name);
    service->commands = section_need_text(&section, "commands");
    service->replies = section_text(&section, "replies");
    service->format = build_format(&section);
    service->type = build_locator(builder, section_need(&section, "type"), where);
    service->correlate = build_correlation(builder, section_need(&section, "correlate"), where);
    service->by_header = service->correlate.kind == CORRELATION_HEADER;
    service->correlation_header = service->correlate.header;
    service->reply = (struct reply_rule){
        .success = section_expr(&section, "success"),
        .failure = section_expr(&section, "failure"),
        .progress = section_expr(&section, "progress"),
        .error = section_expr(&section, "error"),
        .reason = section_expr(&section, "reason"),
    };
    service->timeout_ms = section_integer(&section, "timeout", 0, DURATION_MAX_MS);
    service->retry = retry == NULL ? NULL : build_policy(builder, retry, where);
    build_headers(builder, service, section_get(&section, "headers"), where);
    build_limits(builder, &section, &service->limits, where);
    builder->flow->is_limited = builder->flow->is_limited || limits_any(&service->limits);
    service->group = section_text(&section, "group");
    service->command_events = carries_events(builder->flow, service->commands);
    service->reply_events = carries_events(builder->flow, service->replies);
    section_close(&section);
}

void build_services(struct builder *builder, const struct json *json)
{
    struct section section = section_open(builder, json, TEXT("services"));
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text name;

    if (section.json == NULL) {
        return;
    }
    builder->flow->services = arena_array(&builder->flow->arena, json_count(json) + 1,
                                          sizeof(*builder->flow->services));
    while (json_next(json, &cursor, &name, &value)) {
        build_service(builder, name, value);
    }
}
