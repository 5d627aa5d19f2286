/*
 * Deciding again: the event is made of the history record and of the inbox record that it names,
 * given to the core with the state folded up to there, and the outcome compared with what was
 * recorded. Only what this build of the core has decided: another may rightly decide otherwise.
 */
#include <inttypes.h>

#include "core/fold.h"
#include "engine/again.h"
#include "engine/core_build.h"
#include "engine/fsck_parts.h"

static bool is_of_this_build(const struct record *record)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_is(record->headers[i].name, CORE_BUILD_HEADER)) {
            return text_is(record->headers[i].value, core_build);
        }
    }
    return false;
}

/* With its payload, which the caller frees. False: it cannot be made any more. */
static bool make_event(struct fsck *fsck, const struct history_record *history, struct event *event,
                       struct json **payload)
{
    struct text app = fsck->options.settings->app;
    struct inbox_record inbox;
    struct record record;
    struct error err;

    if (text_is(history->cause_kind, "timer") || text_is(history->cause_kind, "permit")) {
        return again_event(history, NULL, NULL, app, event);
    }
    return fsck->options.inbox_at != NULL && history->inbox_offset >= 0 &&
           fsck->options.inbox_at(fsck->options.inbox_self, history->inbox_offset, &record) &&
           inbox_decode(record.value, &fsck->arena, &inbox, &err) == STATUS_OK &&
           inbox_payload(&inbox, payload, &err) == STATUS_OK &&
           again_event(history, &inbox, *payload, app, event);
}

static bool delta_differs(const struct instance *before, const struct instance *after,
                          const struct history_record *history)
{
    struct buffer text = {0};

    instance_write_delta(before, after, &text);
    bool is_same = text_equal(buffer_text(&text), history->delta);
    buffer_release(&text);
    return !is_same;
}

/* What is other than recorded, or NULL. */
static const char *difference(struct fsck *fsck, const struct flow *flow,
                              const struct instance *before, const struct history_record *history,
                              const struct event *event)
{
    struct instance *blank = NULL;
    struct instance *after = NULL;
    const char *what = NULL;

    if (before == NULL) {
        size_t colon = text_find(history->instance, ':');
        blank = instance_new(text_sub(history->instance, 0, colon),
                             text_sub(history->instance, colon + 1, history->instance.bytes));
    } else if (history->time_ms < before->time_ms) {
        return "its time lies before that of the state";
    }
    enum transition_result result = transition(flow, before == NULL ? blank : before, event, &after,
                                               &fsck->effects);
    if (result == TRANSITION_VOID) {
        what = "nothing is decided";
    } else if ((result == TRANSITION_IGNORED) != (history->kind == HISTORY_IGNORED) &&
               !instance_has_ended(after)) {
        what = result == TRANSITION_IGNORED ? "it is ignored" : "it is not ignored";
    } else if (delta_differs(before, after, history)) {
        what = "the state after it is another";
    } else if (again_decided_differ(history, &fsck->effects)) {
        what = "other things are decided";
    } else {
        what = again_commands_differ(history, fsck->options.settings->app, flow, after,
                                     &fsck->effects);
    }
    instance_free(after);
    instance_free(blank);
    return what;
}

void fsck_replay(struct fsck *fsck, const struct instance *before,
                 const struct history_record *history, const struct record *record)
{
    const struct flow_registry *registry = fsck->options.registry;
    const struct flow *flow = flow_registry_by_hash(registry, history->flow_hash);
    struct json *payload = NULL;
    struct event event;
    bool is_made;

    if (!is_of_this_build(record)) {
        fsck->counts.other_build++;
        return;
    }
    is_made = make_event(fsck, history, &event, &payload);
    if (is_made && again_is_migration(&event)) {
        /* It was decided by the version before. */
        event.target = flow_registry_by_hash(registry, json_member_text(payload, "to"));
        flow = before == NULL ? flow : flow_registry_by_hash(registry, text_of(before->flow_hash));
    }
    if (flow == NULL || history->instance.bytes <= flow->name.bytes || !is_made) {
        fsck->counts.not_replayed++;
    } else {
        fsck->counts.replayed++;
        const char *what = difference(fsck, flow, before, history, &event);
        if (what != NULL) {
            fsck_tell(fsck,
                      (struct fsck_about){.id = FSCK_REPLAY_DIFFERS,
                                          .topic = fsck->names.history,
                                          .offset = record->offset,
                                          .instance = history->instance,
                                          .run = &history->run,
                                          .seq = history->seq},
                      "decided again, %s (%.*s)", what, TEXT_ARG(history->cause_kind));
        }
    }
    json_free(payload);
}
