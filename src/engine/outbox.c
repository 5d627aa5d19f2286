#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/command.h"
#include "codec/payload.h"
#include "codec/records.h"
#include "core/fold.h"
#include "engine/core_build.h"
#include "engine/lane_state.h"
#include "engine/snapshot.h"

struct text lane_keep(struct lane *lane, struct text text)
{
    return text.data == NULL ? (struct text){0} : arena_text(&lane->arena, text);
}

struct outgoing *outbox_add(struct lane *lane, const char *topic, int32_t partition)
{
    struct outbox *outbox = &lane->outbox;

    if (outbox->count == outbox->capacity) {
        outbox->capacity = outbox->capacity == 0 ? 256 : outbox->capacity * 2;
        outbox->items = realloc(outbox->items, outbox->capacity * sizeof *outbox->items);
        outbox->origins = realloc(outbox->origins, outbox->capacity * sizeof *outbox->origins);
        CHECK(outbox->items != NULL && outbox->origins != NULL);
    }
    outbox->origins[outbox->count] = outbox->origin;
    struct outgoing *record = &outbox->items[outbox->count++];
    *record = (struct outgoing){.topic = text_of(topic), .partition = partition};
    return record;
}

static struct record_header schema_header(const char *schema)
{
    return (struct record_header){TEXT("baton-schema"), schema_fingerprint(schema)};
}

void outbox_alert(struct lane *lane, struct text instance, const char *run, const char *kind,
                  struct text step, const struct json *detail)
{
    struct alert_record alert = {.instance = instance,
                                 .run = text_of(run),
                                 .kind = text_of(kind),
                                 .step = step,
                                 .time_ms = lane->now_ms};
    struct record_header *header = arena_alloc(&lane->arena, sizeof *header);
    struct outgoing *record = outbox_add(lane, lane->names.alerts, PARTITION_BY_KEY);

    tally_alert(lane->stats, kind);

    buffer_clear(&lane->scratch);
    if (detail != NULL) {
        json_write(detail, &lane->scratch);
        alert.detail = lane_keep(lane, buffer_text(&lane->scratch));
        buffer_clear(&lane->scratch);
    }
    alert_encode(&alert, &lane->scratch);
    *header = schema_header("alert");
    record->key = lane_keep(lane, instance);
    record->value = lane_keep(lane, buffer_text(&lane->scratch));
    record->headers = header;
    record->header_count = 1;
}

void outbox_alert_text(struct lane *lane, struct text instance, const char *kind,
                       const char *format, ...)
{
    char text[512];
    va_list list;
    struct json *detail = json_object();

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    json_put_string(detail, "reason", text);
    outbox_alert(lane, instance, "", kind, (struct text){0}, detail);
    json_free(detail);
}

static void add_alert(struct lane *lane, const struct decision *decision,
                      const struct effect *effect, const struct flow *flow,
                      const struct instance *after)
{
    char run[RUN_ID_BYTES] = "";

    if (after != NULL) {
        run_id_format(after->run, run);
    }
    outbox_alert(lane, decision->name, run, alert_kind_name(effect->alert), effect->step,
                 effect->value);
    if (flow != NULL && flow->alerts.bytes > 0) {
        struct outgoing *record = &lane->outbox.items[lane->outbox.count - 1];
        record->topic = lane_keep(lane, flow->alerts);
    }
}

static void add_message(struct lane *lane, const struct effect *effect, const struct flow *flow,
                        const struct instance *after)
{
    struct outgoing *record = outbox_add(lane, "", PARTITION_BY_KEY);
    const struct flow *speaker = effect->by != NULL ? effect->by : flow;
    struct command_source source = {lane->settings->app, speaker, after, effect};
    struct command_headers made = command_headers(&source, &lane->arena);
    struct record_header *headers = arena_array(&lane->arena, made.count, sizeof *headers);
    for (uint32_t i = 0; i < made.count; i++) {
        /* Copies: they may stand in the overlay or the effect, which the next event replaces. */
        headers[i].name = lane_keep(lane, made.items[i].name);
        headers[i].value = lane_keep(lane, made.items[i].value);
    }
    record->topic = lane_keep(lane, effect->topic);
    record->key = lane_keep(lane, effect->key);
    record->headers = headers;
    record->header_count = made.count;
    if (effect->check > 0) {
        record->value = lane->effects.checks[effect->check - 1].bytes;
    } else if (effect->value != NULL) {
        buffer_clear(&lane->scratch);
        json_write(effect->value, &lane->scratch); /* Its size was looked at by the core. */
        record->value = lane_keep(lane, buffer_text(&lane->scratch));
        if (record->value.data == NULL) {
            record->value = TEXT("");
        }
    }
}

void outbox_effects(struct lane *lane, const struct decision *decision, const struct flow *flow,
                    const struct instance *after)
{
    for (uint32_t i = 0; i < lane->effects.count; i++) {
        const struct effect *effect = &lane->effects.items[i];

        if (effect->kind == EFFECT_ALERT) {
            add_alert(lane, decision, effect, flow, after);
        } else if (effect->kind == EFFECT_TELL) {
            outbox_told(lane, decision, effect, after);
        } else {
            add_message(lane, effect, flow, after);
            tally_message(&lane->tally, lane->stats, effect);
        }
    }
}

const struct instance *resident_state(const struct resident *resident)
{
    return resident->overlay != NULL ? resident->overlay : resident->instance;
}

/* Timers that are in one state and not, or with another due time, in the other. */
static void diff_timers(struct lane *lane, const struct instance *before,
                        const struct instance *after, struct history_record *record)
{
    uint32_t before_count = before == NULL ? 0 : before->timer_count;
    struct history_timer *set = arena_array(&lane->arena, after->timer_count, sizeof *set);
    struct text *cleared = arena_array(&lane->arena, before_count, sizeof *cleared);
    char id[TIMER_ID_BYTES];

    for (uint32_t i = 0; i < after->timer_count; i++) {
        const struct timer *timer = &after->timers[i];
        const struct timer *old = before == NULL
                                      ? NULL
                                      : instance_timer(before, timer->kind, timer->owner);
        if (old == NULL || old->due_ms != timer->due_ms) {
            timer_id_format(timer->kind, timer->owner, id);
            set[record->timers_set_count].id = arena_text(&lane->arena, text_of(id));
            set[record->timers_set_count++].due_ms = timer->due_ms;
        }
    }
    for (uint32_t i = 0; i < before_count; i++) {
        const struct timer *timer = &before->timers[i];
        if (instance_timer(after, timer->kind, timer->owner) == NULL) {
            timer_id_format(timer->kind, timer->owner, id);
            cleared[record->timers_cleared_count++] = arena_text(&lane->arena, text_of(id));
        }
    }
    record->timers_set = set;
    record->timers_cleared = cleared;
}

static struct text undo_label(struct lane *lane, const struct flow *flow, const struct undo *undo)
{
    struct text name = undo->step < flow->step_count ? flow->steps[undo->step].name : TEXT("?");
    char room[INTEGER_TEXT_BYTES];
    const struct text parts[] = {name, TEXT("/"), text_unsigned(undo->activation, room)};

    return arena_join(&lane->arena, parts, sizeof parts / sizeof parts[0]);
}

/* Room for one more; the array doubles. */
static struct text *add_label(struct lane *lane, const struct text **labels, uint32_t *count)
{
    if ((*count & (*count - 1)) == 0) { /* Full, or none yet. */
        struct text *wider = arena_array(&lane->arena, *count == 0 ? 1 : *count * 2, sizeof *wider);
        if (*count > 0) {
            memcpy(wider, *labels, *count * sizeof *wider);
        }
        *labels = wider;
    }
    return (struct text *)(uintptr_t) & (*labels)[(*count)++];
}

static void diff_stack(struct lane *lane, const struct flows_met *flows,
                       const struct instance *before, const struct instance *after,
                       struct history_record *record)
{
    uint32_t before_count = before == NULL ? 0 : before->undo_count;
    struct text *label = NULL;
    uint32_t at = 0;

    /* Most stacks change by few entries, and may be long: no array for all of them. */
    for (uint32_t i = 0; i < after->undo_count; i++) {
        if (before == NULL || instance_next_undo(before, &at, after->stack[i].activation) == NULL) {
            label = add_label(lane, &record->stack_pushed, &record->stack_pushed_count);
            *label = undo_label(lane, flows->after, &after->stack[i]);
        }
    }
    at = 0;
    for (uint32_t i = 0; i < before_count; i++) {
        if (instance_next_undo(after, &at, before->stack[i].activation) == NULL) {
            label = add_label(lane, &record->stack_popped, &record->stack_popped_count);
            *label = undo_label(lane, flows->before, &before->stack[i]);
        }
    }
}

static void list_commands(struct lane *lane, const struct flow *flow, const struct instance *after,
                          struct history_record *record)
{
    struct history_command *commands = arena_array(&lane->arena, lane->effects.count,
                                                   sizeof *commands);

    for (uint32_t i = 0; i < lane->effects.count; i++) {
        const struct effect *effect = &lane->effects.items[i];
        if (!effect_is_sent(effect)) {
            continue;
        }
        struct command_source source = {lane->settings->app, flow, after, effect};
        commands[record->command_count++] = (struct history_command){
            .id = command_id(&source, &lane->arena),
            .topic = effect->topic,
            .key = effect->key,
            .type = effect->type,
        };
    }
    record->commands = commands;
}

static void set_cause(struct lane *lane, const struct decision *decision,
                      struct history_record *record)
{
    static const char *const kinds[] = {"message", "reply", "timer", "operator", "told", "permit"};
    const struct event *event = &decision->event;

    record->cause_kind = text_of(kinds[event->kind]);
    record->cause_partition = -1;
    record->cause_offset = -1;
    record->inbox_offset = decision->inbox_offset;
    record->payload = decision->payload;
    if (decision->inbox != NULL) {
        record->cause_topic = decision->inbox->topic;
        record->cause_partition = decision->inbox->partition;
        record->cause_offset = decision->inbox->offset;
        record->cause_generation = decision->inbox->topic_generation;
        record->route = decision->inbox->route;
        record->cause_actor = decision->inbox->actor;
        record->cause_id = decision->inbox->command.bytes > 0 ? decision->inbox->command
                                                              : decision->inbox->id;
        if (event->kind == EVENT_OPERATOR) {
            record->cause_id = event->type; /* Of a signal. */
        }
    } else if (event->kind == EVENT_TIMER) {
        char id[TIMER_ID_BYTES];
        timer_id_format(event->timer, event->activation, id);
        record->cause_id = arena_text(&lane->arena, text_of(id));
    } else if (event->kind == EVENT_PERMIT) {
        record->cause_id = arena_printf(&lane->arena, "%s/%u/%" PRId64,
                                        event->permit == PERMIT_LATER ? "later" : "refused",
                                        event->activation, event->until_ms);
    }
}

static struct text place_text(struct lane *lane, const struct flow *flow,
                              const struct instance *instance)
{
    struct buffer place = {0};

    if (instance == NULL) {
        return TEXT("");
    }
    instance_place(flow, instance, &place);
    struct text text = lane_keep(lane, buffer_text(&place));
    buffer_release(&place);
    return text;
}

void outbox_history(struct lane *lane, const struct decision *decision, struct resident *resident,
                    const struct flows_met *flows, const struct instance *after, bool is_ignored)
{
    const struct flow *flow = flows->after;
    const struct instance *before = resident_state(resident);
    bool is_new_run = before == NULL || !run_id_equal(before->run, after->run);
    const struct instance *base = is_new_run ? NULL : before;
    struct history_record record = {
        .instance = after->name,
        .run = after->run,
        .seq = after->seq,
        .time_ms = after->time_ms,
        .flow_hash = text_of(after->flow_hash),
        .from = place_text(lane, flows->before, base),
        .to = place_text(lane, flow, after),
        .decided = lane->effects.decided,
        .decided_count = lane->effects.decided_count,
        .kind = instance_has_ended(after) ? HISTORY_TERMINAL
                : is_ignored              ? HISTORY_IGNORED
                                          : HISTORY_NORMAL,
    };

    buffer_clear(&lane->scratch_delta);
    instance_write_delta(base, after, &lane->scratch_delta);
    record.delta = buffer_text(&lane->scratch_delta);
    set_cause(lane, decision, &record);
    diff_timers(lane, base, after, &record);
    diff_stack(lane, flows, base, after, &record);
    list_commands(lane, flow, after, &record);
    if (base != NULL) {
        memcpy(record.previous, resident->overlay != NULL ? resident->overlay_hash : resident->hash,
               DIGEST_BYTES);
    }

    struct outgoing *out = outbox_add(lane, lane->names.history, decision->partition->number);
    struct record_header *headers = arena_array(&lane->arena, 2, sizeof *headers);
    buffer_clear(&lane->scratch);
    history_encode(&record, &lane->scratch);
    memcpy(resident->overlay_hash, record.hash, DIGEST_BYTES);
    out->value = lane_keep(lane, buffer_text(&lane->scratch));
    buffer_clear(&lane->scratch_key);
    history_key(record.instance, record.run, record.seq, &lane->scratch_key);
    out->key = lane_keep(lane, buffer_text(&lane->scratch_key));
    headers[0] = schema_header("history");
    headers[1] = (struct record_header){TEXT(CORE_BUILD_HEADER), text_of(core_build)};
    out->headers = headers;
    out->header_count = 2;
    out->offset = resident->overlay == NULL ? &resident->overlay_offset
                                            : &decision->partition->overlay_history;
}
