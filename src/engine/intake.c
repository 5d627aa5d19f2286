#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "codec/records.h"
#include "engine/inbox_event.h"
#include "engine/lane_state.h"

#define HOLD_STORE_MS 500
#define HOLD_REVISION_MS 1000
#define REGISTRY_WAIT_MS 100

/* A record of the open turn, decoded. */
struct intake {
    const struct record *record;
    struct partition *partition; /* NULL: passed over. */
    struct inbox_record inbox;
    bool is_readable;
    struct text name; /* "<flow>:<key>" */
    char problem[160];
};

static bool needs_run(const struct intake *intake)
{
    return intake->is_readable &&
           (intake->inbox.kind == INBOX_MESSAGE || intake->inbox.kind == INBOX_REPLY ||
            intake->inbox.kind == INBOX_OPERATOR || intake->inbox.kind == INBOX_TOLD);
}

static void read_one(struct lane *lane, const struct record *record, struct intake *intake)
{
    struct error err;

    *intake = (struct intake){.record = record};
    struct partition *partition = lane_partition(lane, record->partition);
    /* Not ours, not ready, or given out before: a member may be handed what it no longer owns, and
     * the broker accepts offsets that go back (rule 2), so both are checked here. */
    if (partition == NULL || partition->state != PARTITION_READY ||
        (record->offset < partition->next_offset && !RULE_OFF(lane, 2))) {
        return;
    }
    intake->partition = partition;
    intake->is_readable = inbox_decode(record->value, &lane->arena, &intake->inbox, &err) ==
                          STATUS_OK;
    if (!intake->is_readable) {
        snprintf(intake->problem, sizeof intake->problem, "%.150s", err.text);
    } else if (needs_run(intake)) {
        const struct text parts[] = {intake->inbox.flow, TEXT(":"), intake->inbox.key};

        intake->name = arena_join(&lane->arena, parts, sizeof parts / sizeof parts[0]);
    }
}

/* A record that knows flows this lane has not read about must wait until it has. */
static bool knows_revision(struct lane *lane, const struct intake *intake)
{
    struct error err;

    if (!intake->is_readable || intake->inbox.revision <= flow_registry_revision(lane->registry)) {
        return true;
    }
    if (flow_registry_poll(lane->registry, REGISTRY_WAIT_MS, &err) == STATUS_OK &&
        intake->inbox.revision <= flow_registry_revision(lane->registry)) {
        return true;
    }
    lane_hold(lane, intake->partition, HOLD_REVISION_MS, intake->inbox.revision,
              "its records know flows that this lane has not read yet");
    return false;
}

/* Wake the sleeping runs that the records of one partition meet, in one call. */
static bool wake_missing(struct lane *lane, struct partition *partition, struct intake *intakes,
                         struct error *err)
{
    struct text *names = arena_array(&lane->arena, lane->record_count, sizeof *names);
    uint32_t count = 0;

    for (uint32_t i = 0; i < lane->record_count; i++) {
        const struct intake *intake = &intakes[i];
        if (intake->partition == partition && needs_run(intake) &&
            partition_find(partition, intake->name) == NULL) {
            names[count++] = intake->name;
        }
    }
    return lane_wake(lane, partition, names, count, err);
}

static void load_runs(struct lane *lane, struct partition *partition, struct intake *intakes)
{
    struct error err;
    bool may_forget = partition->is_applying || partition->is_apply_due;
    bool is_done = wake_missing(lane, partition, intakes, &err);

    if (is_done && may_forget) {
        /* The store has acknowledged meanwhile what was on its way, and memory has forgotten it: a
         * record of this very batch may be meant for one of those. */
        is_done = wake_missing(lane, partition, intakes, &err);
    }
    if (!is_done && partition->state == PARTITION_READY) {
        lane_hold(lane, partition, HOLD_STORE_MS, 0, err.text);
    }
}

static struct watermark *mark_of(struct lane *lane, const struct intake *intake)
{
    const struct inbox_record *inbox = &intake->inbox;

    struct buffer *key = &lane->scratch_key;

    buffer_clear(key);
    buffer_add_text(key, TEXT("w/"));
    buffer_add_text(key, inbox->route);
    buffer_add_char(key, '/');
    buffer_add_text(key, inbox->topic);
    buffer_add_char(key, '#');
    buffer_add_integer(key, inbox->topic_generation);
    buffer_add_char(key, '/');
    buffer_add_integer(key, inbox->partition);
    return partition_watermark(intake->partition, buffer_text(&lane->scratch_key));
}

static void raise_mark(struct lane *lane, struct watermark *mark, int64_t next, bool made_history)
{
    if (!mark->is_touched) {
        if (lane->mark_count == lane->mark_capacity) {
            lane->mark_capacity = lane->mark_capacity == 0 ? 64 : lane->mark_capacity * 2;
            lane->marks = realloc(lane->marks, lane->mark_capacity * sizeof(struct watermark *));
            CHECK(lane->marks != NULL);
        }
        lane->marks[lane->mark_count++] = mark;
        mark->is_touched = true;
    }
    mark->overlay_next = next;
    mark->needs_record = !made_history;
}

static void set_payload_text(struct lane *lane, const struct inbox_record *inbox,
                             const struct json *payload, struct decision *decision)
{
    if (inbox->format == FORMAT_JSON && inbox->value.data != NULL) {
        decision->payload = inbox->value;
        return;
    }
    buffer_clear(&lane->scratch);
    json_write(payload, &lane->scratch);
    decision->payload = lane_keep(lane, buffer_text(&lane->scratch));
}

/* Decide a record that goes to a run. *reason is set when it ends as a dead letter. */
static enum status decide_one(struct lane *lane, const struct intake *intake, enum outcome *outcome,
                              struct error *err)
{
    const struct inbox_record *inbox = &intake->inbox;
    struct decision decision = {.partition = intake->partition,
                                .name = intake->name,
                                .inbox = inbox,
                                .inbox_offset = intake->record->offset};
    bool is_event = inbox_event(inbox, lane->settings->app, &decision.event);
    struct json *payload = NULL;
    struct error why = {{0}};
    enum status status = STATUS_OK;

    *outcome = OUTCOME_DEAD;
    if (inbox_payload(inbox, &payload, &why) == STATUS_OK && is_event) {
        decision.event.payload = payload;
        set_payload_text(lane, inbox, payload, &decision);
        fail(&why, STATUS_REJECT, "flow '%.*s' is not active", TEXT_ARG(inbox->flow));
        status = lane_decide(lane, &decision, outcome, err);
    } else if (why.text[0] == '\0') {
        fail(&why, STATUS_REJECT, "'%.*s' is no command id", TEXT_ARG(inbox->command));
    }
    if (status == STATUS_OK && *outcome == OUTCOME_DEAD) {
        outbox_dead_letter(lane, intake->partition, inbox, intake->record, why.text);
    }
    json_free(payload);
    return status;
}

/* The reason why a record is dead whatever its run says, or NULL. */
static const char *dead_reason(struct lane *lane, const struct intake *intake)
{
    if (!intake->is_readable) {
        return intake->problem;
    }
    if (intake->record->offset == intake->partition->poison_offset && !RULE_OFF(lane, 8)) {
        return "what it leads to cannot be produced; see the log of the worker";
    }
    if (!needs_run(intake)) {
        return arena_text(&lane->arena, intake->inbox.reason).data;
    }
    return NULL;
}

/* How a dead record is counted. */
static enum outcome dead_outcome(const struct intake *intake)
{
    if (!intake->is_readable || intake->inbox.kind == INBOX_POISON) {
        return OUTCOME_POISON;
    }
    return intake->inbox.kind == INBOX_UNKEYED    ? OUTCOME_UNKEYED
           : intake->inbox.kind == INBOX_OVERSIZE ? OUTCOME_OVERSIZE
                                                  : OUTCOME_DEAD;
}

static enum status settle_one(struct lane *lane, const struct intake *intake, struct error *err)
{
    struct partition *partition = intake->partition;
    bool has_mark = intake->is_readable && inbox_has_source(&intake->inbox);
    struct watermark *mark = has_mark ? mark_of(lane, intake) : NULL;
    enum outcome outcome = OUTCOME_DEAD;

    lane_touch_partition(lane, partition);
    if (intake->record->offset < partition->overlay_next && !RULE_OFF(lane, 2)) {
        return STATUS_OK; /* Given out twice in one poll. */
    }
    lane->outbox.origin = (struct origin){partition, intake->record->offset};
    int64_t next = mark == NULL ? 0 : mark->is_touched ? mark->overlay_next : mark->next;
    if (mark != NULL && intake->inbox.offset < next) {
        outcome = OUTCOME_REPEAT;
    } else {
        const char *reason = dead_reason(lane, intake);
        if (reason != NULL) {
            outcome = dead_outcome(intake);
            outbox_dead_letter(lane, partition, intake->is_readable ? &intake->inbox : NULL,
                               intake->record, reason);
        } else {
            enum status status = decide_one(lane, intake, &outcome, err);
            if (status != STATUS_OK) {
                return status;
            }
        }
        if (mark != NULL) {
            raise_mark(lane, mark, intake->inbox.offset + 1, outcome_is_recorded(outcome));
        }
    }
    partition->overlay_next = intake->record->offset + 1;
    tally_outcome(&lane->tally, outcome);
    return STATUS_OK;
}

void lane_take(struct lane *lane)
{
    struct intake *intakes = arena_array(&lane->arena, lane->record_count, sizeof *intakes);
    struct error err;

    for (uint32_t i = 0; i < lane->record_count; i++) {
        read_one(lane, &lane->records[i], &intakes[i]);
        if (intakes[i].partition != NULL && !knows_revision(lane, &intakes[i])) {
            intakes[i].partition = NULL;
        }
    }
    lane_fault(lane, "before-load");
    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition != NULL && partition->state == PARTITION_READY && lane->record_count > 0) {
            load_runs(lane, partition, intakes);
        }
    }
    lane_fault(lane, "before-decide");
    for (uint32_t i = 0; i < lane->record_count; i++) {
        struct partition *partition = intakes[i].partition;
        /* The state may have changed since: held, broken, to be taken over again. */
        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        enum status status = settle_one(lane, &intakes[i], &err);
        if (status == STATUS_RETRY) {
            lane_hold(lane, partition, HOLD_SCHEMA_MS, 0, err.text);
        } else if (status != STATUS_OK) {
            lane_break(lane, partition, &err);
        }
    }
    lane_fault(lane, "after-decide");
}
