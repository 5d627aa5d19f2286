/* The topics that deployed flows write to, and under which key a command is compared: from the
 * history's side and from that of the record that was sent. */
#include <stdlib.h>

#include "base/hash.h"
#include "core/correlate.h"
#include "engine/fsck_parts.h"

/* ---- topics ---- */

struct fsck_topic *fsck_topic_find(const struct fsck *fsck, struct text name)
{
    for (uint32_t i = 0; i < fsck->topic_count; i++) {
        if (text_equal(fsck->topics[i].name, name)) {
            return &fsck->topics[i];
        }
    }
    return NULL;
}

static struct fsck_topic *topic_of(struct fsck *fsck, struct text name)
{
    struct fsck_topic *topic = fsck_topic_find(fsck, name);

    if (topic == NULL) {
        fsck->topics = realloc(fsck->topics, (fsck->topic_count + 1) * sizeof *fsck->topics);
        CHECK(fsck->topics != NULL);
        topic = &fsck->topics[fsck->topic_count++];
        *topic = (struct fsck_topic){.name = arena_text(&fsck->kept, name)};
    }
    return topic;
}

static void add_correlation(struct fsck *fsck, struct fsck_topic *topic, struct text header)
{
    for (uint32_t i = 0; i < topic->correlation_count; i++) {
        if (text_equal(topic->correlation[i], header)) {
            return;
        }
    }
    if (topic->correlation_count < FSCK_NAMES_MAX) {
        topic->correlation[topic->correlation_count++] = arena_text(&fsck->kept, header);
    }
}

static void add_service(struct fsck *fsck, const struct service *service)
{
    struct fsck_topic *topic = topic_of(fsck, service->commands);
    struct text header = TEXT("correlation-id");

    for (uint32_t i = 0; i < service->header_count; i++) {
        if (text_is(service->headers[i].ours, "correlation-id")) {
            header = service->headers[i].theirs;
        }
    }
    topic->is_command = true;
    add_correlation(fsck, topic, header);
}

static void add_emit(struct fsck *fsck, const struct flow *flow, const struct message_spec *message)
{
    if (!message->is_request && message->topic < flow->topic_count) {
        topic_of(fsck, flow->topics[message->topic].name)->is_emitted = true;
    }
}

void fsck_topics_build(struct fsck *fsck)
{
    const struct flow *flow;
    size_t cursor = 0;

    while (flow_registry_next_flow(fsck->options.registry, &cursor, &flow)) {
        for (uint32_t i = 0; i < flow->service_count; i++) {
            add_service(fsck, &flow->services[i]);
        }
        for (uint32_t i = 0; i < flow->step_count; i++) {
            const struct step *step = &flow->steps[i];
            if (step->kind == STEP_EMIT) {
                add_emit(fsck, flow, &step->message);
            }
            if (step_undo_message(step) != NULL) {
                add_emit(fsck, flow, step_undo_message(step));
            }
        }
    }
}

/* ---- keys ---- */

/* Does this flow emit to the topic, other than through a service? */
static bool flow_emits(const struct flow *flow, struct text topic)
{
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];
        const struct message_spec *spec[] = {step->kind == STEP_EMIT ? &step->message : NULL,
                                             step_undo_message(step)};

        for (size_t k = 0; k < 2; k++) {
            if (spec[k] != NULL && !spec[k]->is_request && spec[k]->topic < flow->topic_count &&
                text_equal(flow->topics[spec[k]->topic].name, topic)) {
                return true;
            }
        }
    }
    return false;
}

static bool flow_commands(const struct flow *flow, struct text topic)
{
    for (uint32_t i = 0; i < flow->service_count; i++) {
        if (text_equal(flow->services[i].commands, topic)) {
            return true;
        }
    }
    return false;
}

/* An emitted record carries no command id; what it does carry is the activation. */
static struct text emit_key(struct fsck *fsck, struct text topic, struct text instance,
                            struct text run, struct text activation)
{
    struct buffer key = {0};

    buffer_add_text(&key, topic);
    buffer_add(&key, "\n~", 2);
    buffer_add_text(&key, instance);
    buffer_add_char(&key, '/');
    buffer_add_text(&key, run);
    buffer_add_char(&key, '/');
    buffer_add_text(&key, activation);
    struct text text = arena_text(&fsck->arena, buffer_text(&key));
    buffer_release(&key);
    return text;
}

static struct text id_key(struct fsck *fsck, struct text topic, struct text id)
{
    struct buffer key = {0};

    buffer_add_text(&key, topic);
    buffer_add_char(&key, '\n');
    buffer_add_text(&key, id);
    struct text text = arena_text(&fsck->arena, buffer_text(&key));
    buffer_release(&key);
    return text;
}

static struct text after_last_slash(struct text text)
{
    size_t slash = text_find_last(text, '/');

    return text_sub(text, slash == SIZE_MAX ? text.bytes : slash + 1, text.bytes);
}

struct text fsck_told_key(struct fsck *fsck, const struct history_record *history,
                          const struct history_command *command)
{
    const struct flow *flow = flow_registry_by_hash(fsck->options.registry, history->flow_hash);
    const struct fsck_topic *topic = fsck_topic_find(fsck, command->topic);
    char run[RUN_ID_BYTES];

    if (topic == NULL || topic->partitions == 0) {
        return (struct text){0};
    }
    bool is_emitted = flow == NULL ? topic->is_emitted : flow_emits(flow, command->topic);
    bool is_command = flow == NULL ? topic->is_command : flow_commands(flow, command->topic);
    if (is_emitted == is_command) {
        return (struct text){0}; /* Which of the two it was is not recorded. */
    }
    if (is_command) {
        return id_key(fsck, command->topic, command->id);
    }
    run_id_format(history->run, run);
    return emit_key(fsck, command->topic, history->instance, text_of(run),
                    after_last_slash(command->id));
}

static struct text header(const struct record *record, const char *name)
{
    for (uint32_t i = record->header_count; i > 0; i--) {
        if (text_is(record->headers[i - 1].name, name)) {
            return record->headers[i - 1].value;
        }
    }
    return (struct text){0};
}

static struct text correlation_of(const struct fsck_topic *topic, const struct record *record)
{
    for (uint32_t i = 0; i < topic->correlation_count; i++) {
        for (uint32_t k = record->header_count; k > 0; k--) {
            if (text_equal(record->headers[k - 1].name, topic->correlation[i])) {
                return record->headers[k - 1].value;
            }
        }
    }
    return (struct text){0};
}

/* A flow that sends to the topic both ways leaves no way to tell its records apart. */
static bool is_mixed(struct fsck *fsck, struct text instance, struct text topic)
{
    size_t colon = text_find(instance, ':');
    struct text name = text_sub(instance, 0, colon == SIZE_MAX ? 0 : colon);
    const struct flow *flow;
    size_t cursor = 0;

    while (flow_registry_next_flow(fsck->options.registry, &cursor, &flow)) {
        if (text_equal(flow->name, name) && flow_emits(flow, topic) && flow_commands(flow, topic)) {
            return true;
        }
    }
    return false;
}

struct text fsck_sent_key(struct fsck *fsck, const struct record *record)
{
    bool is_letter = text_is(record->topic, fsck->names.dlq);
    struct text name = is_letter ? header(record, "baton-dlq-topic") : record->topic;
    const struct fsck_topic *topic = fsck_topic_find(fsck, name);
    struct command_id id;

    /* Among the dead letters are commands that their topic refused; what came in is there, too. */
    if (topic == NULL || (is_letter && header(record, "baton-dlq-inbox").data != NULL)) {
        return (struct text){0};
    }
    struct text correlation = correlation_of(topic, record);
    if (topic->is_command && command_id_parse(correlation, fsck->options.settings->app, &id)) {
        return fsck_is_wanted(fsck, id.instance) &&
                       !(topic->is_emitted && is_mixed(fsck, id.instance, name))
                   ? id_key(fsck, name, correlation)
                   : (struct text){0};
    }
    struct text instance = header(record, "baton-instance");
    struct text run = header(record, "baton-run");
    struct text key = header(record, "idempotency-key");
    if (!topic->is_emitted || instance.bytes == 0 || run.bytes == 0 || key.bytes == 0 ||
        header(record, "correlation-id").data != NULL || !fsck_is_wanted(fsck, instance) ||
        (topic->is_command && is_mixed(fsck, instance, name))) {
        return (struct text){0};
    }
    return emit_key(fsck, name, instance, run, after_last_slash(key));
}
