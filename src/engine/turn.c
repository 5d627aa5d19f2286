#include <stdlib.h>

#include "codec/records.h"
#include "engine/lane_state.h"

/* The inbox is made once for an estate and never again, so its generation does not change. */
#define INBOX_GENERATION 1

void lane_touch_partition(struct lane *lane, struct partition *partition)
{
    (void)lane;
    if (partition->is_touched) {
        return;
    }
    partition->is_touched = true;
    partition->overlay_next = partition->next_offset;
    partition->overlay_history = OFFSET_NONE;
    partition->overlay_snapshot = OFFSET_NONE;
}

static void touch(struct lane *lane, struct partition *partition, struct resident *resident)
{
    if (lane->touched_count == lane->touched_capacity) {
        lane->touched_capacity = lane->touched_capacity == 0 ? 256 : lane->touched_capacity * 2;
        lane->touched = realloc(lane->touched, lane->touched_capacity * sizeof *lane->touched);
        CHECK(lane->touched != NULL);
    }
    lane->touched[lane->touched_count++] = (struct touched){partition, resident};
}

/* A record for a run that is not there (any more) and may not begin. */
static void tell_unmatched(struct lane *lane, const struct decision *decision, const char *why)
{
    const struct inbox_record *inbox = decision->inbox;

    if (inbox == NULL) {
        return;
    }
    if (decision->event.kind == EVENT_OPERATOR) {
        outbox_alert_text(lane, decision->name, "unmatched",
                          "%s%.*s of %.*s: record %s/%d/%lld finds no such run",
                          decision->event.verb == OPERATOR_SIGNAL ? "signal " : "order",
                          TEXT_ARG(decision->event.type), TEXT_ARG(inbox->actor), lane->names.inbox,
                          decision->partition->number, (long long)decision->inbox_offset);
        return;
    }
    if (inbox->kind == INBOX_TOLD) {
        outbox_alert_text(lane, decision->name, "unmatched", "%.*s by %.*s: record %s/%d/%lld %s",
                          TEXT_ARG(inbox->type), TEXT_ARG(inbox->actor), lane->names.inbox,
                          decision->partition->number, (long long)decision->inbox_offset, why);
        return;
    }
    outbox_alert_text(lane, decision->name, "unmatched", "%s: record %.*s/%d/%lld %s",
                      decision->event.kind == EVENT_REPLY ? "late reply" : "late message",
                      TEXT_ARG(inbox->topic), inbox->partition, (long long)inbox->offset, why);
}

/* Nothing was recorded: either somebody was alerted, or nobody has to know. */
static enum outcome void_outcome(const struct effect_list *effects)
{
    for (uint32_t i = 0; i < effects->count; i++) {
        if (effects->items[i].kind == EFFECT_ALERT) {
            return OUTCOME_UNMATCHED;
        }
    }
    return OUTCOME_UNWANTED;
}

/* What an event meets. */
struct meeting {
    const struct flow *flow;
    const struct instance *before; /* NULL: nothing is to be asked of the core. */
    struct instance *blank;        /* Owned: `before` of a key without a run. */
    enum outcome outcome;          /* Where the record ends when `before` is NULL. */
};

static enum status meet_live(struct lane *lane, const struct decision *decision,
                             const struct instance *state, struct meeting *meeting,
                             struct error *err)
{
    meeting->flow = flow_registry_by_hash(lane->registry, text_of(state->flow_hash));
    if (meeting->flow == NULL) {
        return fail(err, STATUS_REJECT,
                    "instance '%.*s' runs definition %s, which '%s' does not hold in a form that "
                    "this program understands",
                    TEXT_ARG(decision->name), state->flow_hash, lane->names.flows);
    }
    meeting->before = state;
    return STATUS_OK;
}

/* The flow that a new run gets: the one that its key falls to, or for a child the version that its parent names. */
static const struct flow *flow_to_start(const struct lane *lane, const struct decision *decision)
{
    bool is_schedule = text_is(decision->inbox->flow, SCHEDULE_FLOW);
    struct text name = is_schedule ? decision->inbox->key : decision->inbox->flow;
    int64_t version = decision->event.kind == EVENT_TOLD
                          ? json_member_int(decision->event.payload, "version", 0)
                          : 0;

    if (version < 1 || version > INT32_MAX) {
        return flow_registry_for_key(lane->registry, name, decision->inbox->key);
    }
    struct text hash = flow_registry_deployed(lane->registry, name, (int32_t)version);
    return hash.bytes == 0 ? NULL : flow_registry_by_hash(lane->registry, hash);
}

/* Told to a run that is not there: what begins one needs a flow, the rest an answer at most. */
static void meet_orphan(struct lane *lane, const struct decision *decision, struct meeting *meeting)
{
    bool begins = text_is(decision->event.type, "start");

    meeting->blank = instance_new(decision->inbox->flow, decision->inbox->key);
    effect_clear(&lane->effects);
    told_orphan(&decision->event, meeting->blank, &lane->effects,
                "its flow is not deployed, or not in this version");
    outbox_effects(lane, decision, NULL, NULL);
    meeting->outcome = begins ? OUTCOME_UNMATCHED : void_outcome(&lane->effects);
    if (begins) {
        tell_unmatched(lane, decision, "is a start of a flow or version that is not deployed");
    }
}

/* `~alias:<flow>/...` and `~batch:<flow>/...` follow the flow as it is now. */
static enum status meet_inner(struct lane *lane, const struct decision *decision,
                              const struct instance *state, struct meeting *meeting,
                              struct error *err)
{
    struct text key = text_sub(decision->name, text_find(decision->name, ':') + 1,
                               decision->name.bytes);
    size_t slash = text_find(key, '/');
    bool is_live = state != NULL && !instance_has_ended(state);

    meeting->flow = flow_registry_active(lane->registry,
                                         text_sub(key, 0, slash == SIZE_MAX ? 0 : slash));
    if (meeting->flow == NULL && is_live) {
        return meet_live(lane, decision, state, meeting, err);
    }
    if (is_live) {
        meeting->before = state;
    } else if (decision->event.kind != EVENT_MESSAGE && decision->event.kind != EVENT_TOLD) {
        tell_unmatched(lane, decision, "there is no such run");
    } else if (meeting->flow == NULL) {
        meeting->outcome = decision->event.kind == EVENT_TOLD ? OUTCOME_UNWANTED : OUTCOME_DEAD;
    } else {
        meeting->blank = instance_new(decision->inbox->flow, decision->inbox->key);
        meeting->before = meeting->blank;
    }
    return STATUS_OK;
}

static bool is_told_without_start(const struct event *event)
{
    return event->kind == EVENT_TOLD && !text_is(event->type, "start") &&
           !text_is(event->type, "again") && !text_is(event->type, "schedule");
}

static enum status meet(struct lane *lane, struct decision *decision,
                        const struct resident *resident, struct meeting *meeting, struct error *err)
{
    const struct instance *state = resident == NULL ? NULL : resident_state(resident);

    *meeting = (struct meeting){.outcome = OUTCOME_UNMATCHED};
    if (text_starts(decision->name, TEXT(ALIAS_FLOW ":")) ||
        text_starts(decision->name, TEXT(BATCH_FLOW ":"))) {
        return meet_inner(lane, decision, state, meeting, err);
    }
    bool is_schedule = decision->event.kind == EVENT_TOLD &&
                       text_is(decision->event.type, "schedule");
    if (state != NULL && !instance_has_ended(state) && !is_schedule) {
        return meet_live(lane, decision, state, meeting, err);
    }
    if (decision->event.kind != EVENT_MESSAGE && decision->event.kind != EVENT_TOLD) {
        meeting->outcome = decision->event.kind == EVENT_REPLY ? OUTCOME_LATE : OUTCOME_UNMATCHED;
        tell_unmatched(lane, decision, "there is no such run");
        return STATUS_OK;
    }
    meeting->flow = is_told_without_start(&decision->event) ? NULL : flow_to_start(lane, decision);
    if (meeting->flow == NULL && is_schedule && state != NULL && !instance_has_ended(state)) {
        return meet_live(lane, decision, state, meeting, err); /* It is told to stop. */
    }
    if (meeting->flow == NULL && decision->event.kind == EVENT_TOLD) {
        meet_orphan(lane, decision, meeting);
        return STATUS_OK;
    }
    if (meeting->flow == NULL) {
        meeting->outcome = OUTCOME_DEAD;
        return STATUS_OK;
    }
    bool ended_now = state != NULL && state->status != RUN_EXPIRED &&
                     meeting->flow->remember_ms > 0;
    decision->event.is_remembered = ended_now || ended_has(&decision->partition->ended,
                                                           decision->name, lane->now_ms);
    if (decision->event.is_remembered && decision->event.kind == EVENT_MESSAGE &&
        !flow_may_restart(meeting->flow)) {
        meeting->outcome = OUTCOME_LATE;
        tell_unmatched(lane, decision, "the run has ended and is remembered");
        return STATUS_OK;
    }
    if (state != NULL && !instance_has_ended(state)) {
        meeting->before =
            state; /* Of another version, perhaps: it follows the flow that is active. */
        return STATUS_OK;
    }
    meeting->blank = instance_new(decision->inbox->flow, decision->inbox->key);
    meeting->before = meeting->blank;
    return STATUS_OK;
}

static void set_overlay(struct lane *lane, const struct decision *decision,
                        struct resident *resident, struct instance *after)
{
    if (resident->overlay == NULL) {
        touch(lane, decision->partition, resident);
    } else if (instance_has_ended(resident->overlay)) {
        uint32_t until = lane_remember_until(lane, resident->overlay);

        resident->overlay_until = until > resident->overlay_until ? until : resident->overlay_until;
    }
    instance_free(resident->overlay);
    resident->overlay = after;
}

/* The version that an order to migrate names. */
static void find_target(const struct lane *lane, struct event *event)
{
    if (event->kind == EVENT_OPERATOR && event->verb == OPERATOR_MIGRATE) {
        event->target = flow_registry_by_hash(lane->registry,
                                              json_member_text(event->payload, "to"));
    }
}

/* The version by which the run goes on. */
static const struct flow *flow_after(const struct meeting *meeting, const struct event *event,
                                     const struct instance *after)
{
    return event->target != NULL && text_is(text_of(after->flow_hash), event->target->hash)
               ? event->target
               : meeting->flow;
}

static enum status apply(struct lane *lane, struct decision *decision,
                         const struct meeting *meeting, enum outcome *outcome, struct error *err)
{
    const struct instance *before = meeting->before;
    struct event *event = &decision->event;
    struct fitted fitted = {0};
    enum status status;

    event->time_ms = lane->now_ms > before->time_ms ? lane->now_ms : before->time_ms;
    event->run = (struct run_id){INBOX_GENERATION, decision->inbox_offset};
    find_target(lane, event);
    status = lane_transition(lane, meeting->flow, before, event, &fitted, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (fitted.result == TRANSITION_VOID) {
        outbox_effects(lane, decision, meeting->flow, NULL);
        *outcome = void_outcome(&lane->effects);
        return STATUS_OK;
    }
    struct instance *after = fitted.after;
    bool is_ignored = fitted.result == TRANSITION_IGNORED;
    struct resident *resident = partition_resident(decision->partition, decision->name);
    const struct flow *flow = flow_after(meeting, event, after);
    struct flows_met flows = {.before = meeting->flow, .after = flow};
    outbox_history(lane, decision, resident, &flows, after, is_ignored);
    outbox_effects(lane, decision, flow, after);
    tally_run(lane->stats, meeting->flow, before, after);
    lane_note_permits(lane, meeting->flow, before, after);
    set_overlay(lane, decision, resident, after); /* From here on `before` may be gone. */
    *outcome = is_ignored                    ? OUTCOME_IGNORED
               : after->status == RUN_EMBRYO ? OUTCOME_EARLY
                                             : OUTCOME_APPLIED;
    return STATUS_OK;
}

enum status lane_decide(struct lane *lane, struct decision *decision, enum outcome *outcome,
                        struct error *err)
{
    struct resident *resident = partition_find(decision->partition, decision->name);
    struct meeting meeting;

    lane->events++;
    lane_touch_partition(lane, decision->partition);
    lane->outbox.origin = (struct origin){decision->partition, decision->inbox_offset};
    enum status status = meet(lane, decision, resident, &meeting, err);
    *outcome = meeting.outcome;
    if (status == STATUS_OK && meeting.before != NULL) {
        status = apply(lane, decision, &meeting, outcome, err);
    }
    instance_free(meeting.blank);
    return status;
}

void lane_drop_overlay(struct lane *lane)
{
    lane_drop_permits(lane);
    for (uint32_t i = 0; i < lane->touched_count; i++) {
        struct partition *partition = lane->touched[i].partition;
        struct resident *resident = lane->touched[i].resident;

        instance_free(resident->overlay);
        resident->overlay = NULL;
        resident->overlay_until = 0;
        resident->permit_ms = 0;
        if (resident->instance == NULL && resident->first_offset == OFFSET_NONE &&
            !resident->is_saving) {
            partition_evict(partition, resident);
        } else {
            resident_set_wake(partition, resident, lane->now_ms);
        }
    }
    for (uint32_t i = 0; i < lane->mark_count; i++) {
        lane->marks[i]->is_touched = false;
    }
    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition != NULL && partition->is_touched) {
            partition->is_touched = false;
            lane_checkpoint_dropped(partition);
        }
    }
    lane->touched_count = 0;
    lane->mark_count = 0;
}

void lane_end_turn(struct lane *lane)
{
    effect_clear(&lane->effects);
    lane_drop_permits(lane);
    janitor_end_turn(lane->janitor);
    shorten_end_turn(lane);
    lane->outbox.count = 0;
    lane->outbox.origin = (struct origin){NULL, OFFSET_NONE};
    lane->touched_count = 0;
    lane->mark_count = 0;
    lane->events = 0;
    lane->record_count = 0;
    tally_clear(&lane->tally, lane->stats);
    arena_reset(&lane->arena);
}
