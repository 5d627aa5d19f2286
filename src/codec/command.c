#include "codec/command.h"

#include "base/duration.h"
#include "base/hash.h"
#include "codec/cloudevent.h"
#include "json/json.h"

#define OWN_HEADERS_MAX 18
#define TRACE_SEED_HIGH UINT64_C(0x7472616365000001)
#define TRACE_SEED_LOW UINT64_C(0x7472616365000002)
#define SPAN_SEED UINT64_C(0x7370616e00000001)

struct header_list {
    struct command_headers headers;
    const struct service *service; /* Whose names count; NULL: ours. */
    struct arena *arena;
};

static bool is_to_service(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_COMMAND:
    case EFFECT_CANCEL:
        return true;
    case EFFECT_EMIT:
        return false;
    case EFFECT_TELL:
    case EFFECT_ALERT:
        break;
    }
    CHECK(!"an alert has no headers");
    return false;
}

static const struct service *service_of(const struct command_source *source)
{
    return is_to_service(source->effect) ? &source->flow->services[source->effect->service] : NULL;
}

struct text command_id(const struct command_source *source, struct arena *arena)
{
    char run[RUN_ID_BYTES];
    char seq[INTEGER_TEXT_BYTES];
    char activation[INTEGER_TEXT_BYTES];

    run_id_format(source->instance->run, run);
    const struct text parts[] = {source->app,
                                 TEXT("~"),
                                 source->instance->name,
                                 TEXT("/"),
                                 text_of(run),
                                 TEXT("/"),
                                 text_integer(source->instance->seq, seq),
                                 TEXT("/"),
                                 text_unsigned(source->effect->activation, activation)};
    return arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

/* "<flow>:<key>/<run>/<step><suffix>/<activation>" */
static struct text step_key(const struct command_source *source, struct text step,
                            const char *suffix, uint32_t activation, struct arena *arena)
{
    char run[RUN_ID_BYTES];
    char number[INTEGER_TEXT_BYTES];

    run_id_format(source->instance->run, run);
    const struct text parts[] = {source->instance->name,
                                 TEXT("/"),
                                 text_of(run),
                                 TEXT("/"),
                                 step,
                                 text_of(suffix),
                                 TEXT("/"),
                                 text_unsigned(activation, number)};
    return arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

struct text command_idempotency_key(const struct command_source *source, struct arena *arena)
{
    const struct effect *effect = source->effect;

    if (effect->is_undo) {
        return step_key(source, effect->undo_of_step, ":undo", effect->activation, arena);
    }
    return step_key(source, effect->key_step.bytes != 0 ? effect->key_step : effect->step,
                    effect->kind == EFFECT_CANCEL ? ":cancel" : "",
                    effect->key_activation != 0 ? effect->key_activation : effect->activation,
                    arena);
}

static struct text hex64(uint64_t value, char room[16])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 16; i > 0; i--) {
        room[i - 1] = digits[value & 15U];
        value >>= 4;
    }
    return (struct text){room, 16};
}

/* W3C trace context: one trace for a run, one span for a command. Zeros are invalid there. */
static struct text traceparent(const struct command_source *source, struct arena *arena)
{
    char run[RUN_ID_BYTES];
    char high_room[16];
    char low_room[16];
    char span_room[16];
    struct text whole;
    uint64_t low;
    uint64_t span = hash64(command_id(source, arena), SPAN_SEED);

    run_id_format(source->instance->run, run);
    const struct text parts[] = {source->instance->name, TEXT("/"), text_of(run)};
    whole = arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
    low = hash64(whole, TRACE_SEED_LOW);
    const struct text trace[] = {TEXT("00-"),
                                 hex64(hash64(whole, TRACE_SEED_HIGH), high_room),
                                 hex64(low == 0 ? 1 : low, low_room),
                                 TEXT("-"),
                                 hex64(span == 0 ? 1 : span, span_room),
                                 TEXT("-01")};
    return arena_join(arena, trace, sizeof(trace) / sizeof(trace[0]));
}

static void add(struct header_list *list, struct text name, struct text value)
{
    list->headers.items[list->headers.count++] = (struct command_header){name, value};
}

/* The service's name for one of our headers, or `otherwise`. */
static struct text name_for(const struct header_list *list, const char *ours, struct text otherwise)
{
    for (uint32_t i = 0; list->service != NULL && i < list->service->header_count; i++) {
        if (text_is(list->service->headers[i].ours, ours)) {
            return list->service->headers[i].theirs;
        }
    }
    return otherwise;
}

static void add_ours(struct header_list *list, const char *ours, struct text value)
{
    add(list, name_for(list, ours, text_of(ours)), value);
}

/* NULL of a command, and of a topic that `topics` does not name. */
static const struct topic *topic_of(const struct command_source *source)
{
    uint32_t index = is_to_service(source->effect)
                         ? UINT32_MAX
                         : flow_find_topic(source->flow, source->effect->topic);

    return index == UINT32_MAX ? NULL : &source->flow->topics[index];
}

/* Where the type would be looked for when such a record is read. */
static struct text type_header(const struct command_source *source, const struct header_list *list)
{
    const struct topic *topic = topic_of(source);
    const struct locator *locator = NULL;

    if (list->service != NULL) {
        locator = &list->service->type;
    } else if (topic != NULL) {
        locator = &topic->type;
    }
    if (locator != NULL && locator->kind == LOCATOR_HEADER) {
        return locator->header;
    }
    return TEXT("message-type");
}

/* Where the answer goes, and until when it is waited for. */
static void add_answer(struct header_list *list, const struct effect *effect)
{
    char deadline[TIME_TEXT_BYTES];

    if (list->service->replies.bytes > 0) {
        add_ours(list, "reply-topic", list->service->replies);
    }
    if (effect->deadline_ms != 0) {
        time_format(effect->deadline_ms, deadline);
        add_ours(list, "deadline", arena_text(list->arena, text_of(deadline)));
    }
}

static void add_all_ours(struct header_list *list, const struct command_source *source)
{
    const struct effect *effect = source->effect;
    struct arena *arena = list->arena;
    char text[RUN_ID_BYTES];

    run_id_format(source->instance->run, text);
    add_ours(list, "baton-instance", source->instance->name);
    add_ours(list, "baton-run", arena_text(arena, text_of(text)));
    add_ours(list, "baton-step", effect->step);
    if (list->service != NULL) {
        char digits[INTEGER_TEXT_BYTES];

        add_ours(list, "baton-attempt", arena_text(arena, text_unsigned(effect->attempt, digits)));
    }
    if (effect->is_undo || effect->in_undo || effect->kind == EFFECT_CANCEL) {
        add_ours(list, "baton-undo-of",
                 step_key(source, effect->undo_of_step, effect->cancels_undo ? ":undo" : "",
                          effect->undo_of, arena));
    }
    if (list->service != NULL) {
        add_ours(list, "correlation-id", command_id(source, arena));
    }
    add_ours(list, "idempotency-key", command_idempotency_key(source, arena));
    if (effect->type.bytes > 0) {
        add(list, name_for(list, "message-type", type_header(source, list)), effect->type);
    }
    if (list->service != NULL && effect->kind == EFFECT_COMMAND) {
        add_answer(list, effect);
    }
    add_ours(list, "traceparent", traceparent(source, arena));
}

static bool is_event(const struct command_source *source, const struct service *service)
{
    const struct topic *topic = topic_of(source);

    return service != NULL ? service->command_events : topic != NULL && topic->cloudevents;
}

static bool has(const struct command_headers *headers, struct text name)
{
    for (uint32_t i = 0; i < headers->count; i++) {
        if (text_equal(headers->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* A CloudEvent in binary mode. Repeats of it have the same source and id. */
static void add_event(struct header_list *list, const struct command_source *source)
{
    const struct effect *effect = source->effect;
    struct arena *arena = list->arena;
    char time[TIME_TEXT_BYTES];

    add(list, TEXT("ce_specversion"), TEXT("1.0"));
    add(list, TEXT("ce_id"), command_idempotency_key(source, arena));
    add(list, TEXT("ce_source"),
        arena_printf(arena, "/%.*s/%.*s", TEXT_ARG(source->app), TEXT_ARG(source->flow->name)));
    if (!has(&list->headers, TEXT("ce_type"))) {
        add(list, TEXT("ce_type"),
            effect->type.bytes > 0  ? effect->type
            : list->service != NULL ? list->service->commands
                                    : effect->topic);
    }
    add(list, TEXT("ce_subject"), source->instance->name);
    time_format(source->instance->time_ms, time);
    add(list, TEXT("ce_time"), arena_text(arena, text_of(time)));
    add(list, TEXT("content-type"),
        cloudevent_data_type(list->service != NULL ? list->service->format
                                                   : topic_of(source)->format));
}

/* Take out what stands under `name`; the order of the others stays. */
static void drop(struct command_headers *headers, struct text name)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < headers->count; i++) {
        if (!text_equal(headers->items[i].name, name)) {
            headers->items[kept++] = headers->items[i];
        }
    }
    headers->count = kept;
}

static struct text header_value(const struct json *value, struct arena *arena)
{
    struct buffer text = {0};
    struct text copy;

    if (json_kind(value) == JSON_TEXT) {
        return json_text_of(value);
    }
    json_write(value, &text);
    copy = arena_text(arena, buffer_text(&text));
    buffer_release(&text);
    return copy;
}

static void add_flows_own(struct header_list *list, const struct json *own)
{
    struct json_cursor cursor = {0};
    struct text name;
    const struct json *value;

    while (json_next(own, &cursor, &name, &value)) {
        drop(&list->headers, name);
        if (json_kind(value) != JSON_NULL) {
            add(list, name, header_value(value, list->arena));
        }
    }
}

struct command_headers command_headers(const struct command_source *source, struct arena *arena)
{
    const struct json *own = source->effect->headers;
    size_t own_count = own == NULL ? 0 : json_count(own);
    struct header_list list = {.service = service_of(source), .arena = arena};

    list.headers.items = arena_array(arena, OWN_HEADERS_MAX + own_count,
                                     sizeof(*list.headers.items));
    add_all_ours(&list, source);
    if (is_event(source, list.service)) {
        add_event(&list, source);
    }
    if (own_count > 0) {
        add_flows_own(&list, own);
    }
    return list.headers;
}
