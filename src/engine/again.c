#include "engine/again.h"

#include "codec/command.h"
#include "engine/inbox_event.h"

static bool timer_event(const struct history_record *history, struct event *event)
{
    size_t slash = text_find(history->cause_id, '/');
    int64_t owner;

    *event = (struct event){.kind = EVENT_TIMER, .timer_run = history->run};
    if (slash == SIZE_MAX || !timer_kind_of(text_sub(history->cause_id, 0, slash), &event->timer) ||
        !text_to_int64(text_sub(history->cause_id, slash + 1, history->cause_id.bytes), &owner) ||
        owner < 0 || owner > UINT32_MAX) {
        return false;
    }
    event->activation = (uint32_t)owner;
    return true;
}

/* "later/<activation>/<until>", or "refused/..." */
static bool permit_event(const struct history_record *history, struct event *event)
{
    struct text id = history->cause_id;
    size_t first = text_find(id, '/');
    size_t second = text_find_last(id, '/');
    int64_t owner;

    *event = (struct event){.kind = EVENT_PERMIT, .timer_run = history->run};
    if (first == SIZE_MAX || second == first ||
        !text_to_int64(text_sub(id, first + 1, second), &owner) || owner < 0 ||
        owner > UINT32_MAX ||
        !text_to_int64(text_sub(id, second + 1, id.bytes), &event->until_ms)) {
        return false;
    }
    event->activation = (uint32_t)owner;
    event->permit = text_is(text_sub(id, 0, first), "later") ? PERMIT_LATER : PERMIT_REFUSED;
    return true;
}

bool again_event(const struct history_record *history, const struct inbox_record *inbox,
                 const struct json *payload, struct text app, struct event *event)
{
    bool is_made = false;

    if (text_is(history->cause_kind, "timer")) {
        is_made = timer_event(history, event);
    } else if (text_is(history->cause_kind, "permit")) {
        is_made = permit_event(history, event);
    } else if (inbox != NULL && payload != NULL && inbox_event(inbox, app, event)) {
        event->payload = payload;
        is_made = true;
    }
    if (is_made) {
        event->time_ms = history->time_ms;
        event->run = history->run;
        event->unfit = history->decided;
        while (event->unfit_count < history->decided_count &&
               text_starts(history->decided[event->unfit_count], TEXT(UNFIT_PREFIX))) {
            event->unfit_count++;
        }
    }
    return is_made;
}

bool again_is_migration(const struct event *event)
{
    return event->kind == EVENT_OPERATOR && event->verb == OPERATOR_MIGRATE;
}

const char *again_commands_differ(const struct history_record *history, struct text app,
                                  const struct flow *flow, const struct instance *after,
                                  const struct effect_list *effects)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->items[i];
        struct command_source source = {app, flow, after, effect};

        if (!effect_is_sent(effect)) {
            continue;
        }
        if (count == history->command_count) {
            return "it sends more commands";
        }
        const struct history_command *told = &history->commands[count++];
        if (!text_equal(command_id(&source, effects->arena), told->id) ||
            !text_equal(effect->topic, told->topic) || !text_equal(effect->key, told->key) ||
            !text_equal(effect->type, told->type)) {
            return "it sends another command";
        }
    }
    return count == history->command_count ? NULL : "it sends fewer commands";
}

bool again_decided_differ(const struct history_record *history, const struct effect_list *effects)
{
    bool is_same = effects->decided_count == history->decided_count;

    for (uint32_t i = 0; i < effects->decided_count && is_same; i++) {
        is_same = text_equal(effects->decided[i], history->decided[i]);
    }
    return !is_same;
}
