#include "app/debug_print.h"

#include <stdio.h>

#include "app/history_json.h"
#include "app/state_sight.h"
#include "app/view.h"
#include "base/duration.h"
#include "base/limits.h"
#include "core/fold.h"

#define VALUE_BYTES_SHOWN 400

/* ---- what is shown ---- */

/* Fold `step` into *state, and put what it changed. */
static enum status add_step(const struct recording *recording, const struct recorded *step,
                            struct instance **state, struct json *steps, struct error *err)
{
    const struct flow *flow = recording_flow(recording, step->record.flow_hash);
    const struct flow *old = *state == NULL
                                 ? flow
                                 : recording_flow(recording, text_of((*state)->flow_hash));
    struct instance *after = NULL;
    struct json *delta = NULL;
    enum status status = json_parse_within(step->record.delta, STATE_DEPTH_MAX, &delta, err);

    if (status == STATUS_OK) {
        status = instance_apply(*state, delta, &after, err);
    }
    json_free(delta);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "seq %lld", (long long)step->record.seq);
    }
    struct json *json = history_json(&step->record);
    struct json *before = state_sight(old, *state);
    struct json *now = state_sight(flow, after);
    json_drop(json, TEXT("delta"));
    json_drop(json, TEXT("hash"));
    if (step->has_inbox) {
        json_put(json, TEXT("event"), recorded_event_json(step));
        json_drop(json, TEXT("payload"));
    }
    json_put(json, TEXT("changes"), state_changes(before, now));
    json_push(steps, json);
    json_free(before);
    json_free(now);
    instance_free(*state);
    *state = after;
    return STATUS_OK;
}

static struct json *rerun_json(const struct debug_view *view)
{
    static const char *const verdicts[] = {
        [RERUN_SAME] = "same", [RERUN_DEPARTS] = "departs", [RERUN_BLIND] = "blind"};
    struct json *with = json_object();

    json_put_string(with, "file", view->with);
    json_put_string(with, "verdict", verdicts[view->rerun->verdict]);
    json_put_integer(with, "seq", view->rerun->seq);
    if (view->rerun->text.bytes > 0) {
        json_put_text(with, "text", buffer_text(&view->rerun->text));
    }
    return with;
}

enum status debug_json(const struct debug_view *view, struct json **json, struct error *err)
{
    const struct recording *recording = view->recording;
    struct instance *state = recording->base == NULL ? NULL : instance_copy(recording->base);
    struct json *root = json_object();
    struct json *steps = json_array();
    enum status status = STATUS_OK;
    char run[RUN_ID_BYTES];

    run_id_format(recording->run, run);
    json_put_text(root, "instance", recording->instance);
    json_put_string(root, "run", run);
    json_put_integer(root, "partition", recording->partition);
    for (uint32_t i = 0; i < recording->count && status == STATUS_OK; i++) {
        if (view->to == 0 || recording->steps[i].record.seq <= view->to) {
            status = add_step(recording, &recording->steps[i], &state, steps, err);
        }
    }
    json_put(root, TEXT("steps"), steps);
    if (state != NULL) {
        const struct flow *flow = recording_flow(recording, text_of(state->flow_hash));
        json_put_text(root, "flow", instance_flow_name(state));
        json_put(root, TEXT("state"), state_sight(flow, state));
    }
    if (view->rerun != NULL) {
        json_put(root, TEXT("with"), rerun_json(view));
    }
    instance_free(state);
    if (status != STATUS_OK) {
        json_free(root);
        return status;
    }
    *json = root;
    return STATUS_OK;
}

/* ---- for people ---- */

static void print_value(const char *before, const struct json *value)
{
    struct buffer text = {0};

    if (value == NULL || json_kind(value) == JSON_NULL) {
        return;
    }
    json_write(value, &text);
    bool is_long = text.bytes > VALUE_BYTES_SHOWN;
    printf("      %s%.*s%s\n", before, (int)(is_long ? VALUE_BYTES_SHOWN : text.bytes), text.data,
           is_long ? "..." : "");
    buffer_release(&text);
}

static void print_cause(const struct json *step)
{
    const struct json *cause = json_member(step, "cause");
    struct text topic = json_member_text(cause, "topic");
    struct text id = json_member_text(cause, "id");
    struct text actor = json_member_text(cause, "actor");

    printf("%.*s", TEXT_ARG(json_member_text(cause, "kind")));
    if (topic.bytes > 0) {
        printf(" %.*s/%lld/%lld", TEXT_ARG(topic),
               (long long)json_member_int(cause, "partition", 0),
               (long long)json_member_int(cause, "offset", 0));
    } else if (id.bytes > 0) {
        printf(" %.*s", TEXT_ARG(id));
    }
    if (actor.bytes > 0) {
        printf(" by %.*s", TEXT_ARG(actor));
    }
}

static void print_event(const struct json *step)
{
    const struct json *event = json_member(step, "event");
    struct text type = json_member_text(event, "type");
    struct text verb = json_member_text(event, "verb");

    if (event == NULL) {
        print_value("<- ", json_member(step, "payload"));
        return;
    }
    if (verb.bytes > 0) {
        struct text reason = json_member_text(event, "reason");

        printf("      <- %.*s%s%.*s\n", TEXT_ARG(verb), reason.bytes > 0 ? ": " : "",
               TEXT_ARG(reason));
    } else if (type.bytes > 0) {
        printf("      <- type %.*s\n", TEXT_ARG(type));
    }
    print_value("<- ", json_member(event, "value"));
}

static void print_commands(const struct json *step)
{
    const struct json *commands = json_member(step, "commands");

    for (size_t i = 0; i < json_count(commands); i++) {
        const struct json *command = json_at(commands, i);

        printf("      => %.*s %.*s  %s%.*s%s\n", TEXT_ARG(json_member_text(command, "topic")),
               TEXT_ARG(json_member_text(command, "type")), view_dim(),
               TEXT_ARG(json_member_text(command, "id")), view_plain());
    }
}

static void print_changes(const struct json *step)
{
    const struct json *changes = json_member(step, "changes");

    for (size_t i = 0; i < json_count(changes); i++) {
        const struct json *change = json_at(changes, i);
        struct text in = json_member_text(change, "in");
        struct buffer text = {0};

        change_write(change, &text);
        bool is_long = text.bytes > VALUE_BYTES_SHOWN;
        printf("      %s%-8.*s%s %.*s%s\n", view_dim(), TEXT_ARG(in), view_plain(),
               (int)(is_long ? VALUE_BYTES_SHOWN : text.bytes), text.data, is_long ? "..." : "");
        buffer_release(&text);
    }
}

static void print_step(const struct json *step)
{
    const struct json *decided = json_member(step, "decided");
    struct text from = json_member_text(step, "from");
    struct text to = json_member_text(step, "to");
    struct text time = json_member_text(step, "time");

    printf("%s%4lld%s  %.*s  ", view_bold(), (long long)json_member_int(step, "seq", 0),
           view_plain(), TEXT_ARG(time));
    print_cause(step);
    printf("%s\n", text_is(json_member_text(step, "kind"), "ignored") ? "  (ignored)" : "");
    print_event(step);
    if (!text_equal(from, to)) {
        printf("      %.*s -> %s%.*s%s\n", TEXT_ARG(from), view_bold(), TEXT_ARG(to), view_plain());
    }
    for (size_t i = 0; i < json_count(decided); i++) {
        printf("      %.*s\n", TEXT_ARG(json_text_of(json_at(decided, i))));
    }
    print_commands(step);
    print_changes(step);
}

void debug_print(const struct json *shown)
{
    const struct json *steps = json_member(shown, "steps");
    const struct json *state = json_member(shown, "state");
    struct buffer text = {0};

    printf("%s%.*s%s  run %.*s  partition %lld\n", view_bold(),
           TEXT_ARG(json_member_text(shown, "instance")), view_plain(),
           TEXT_ARG(json_member_text(shown, "run")),
           (long long)json_member_int(shown, "partition", 0));
    for (size_t i = 0; i < json_count(steps); i++) {
        print_step(json_at(steps, i));
    }
    if (state != NULL) {
        json_write_pretty(state, &text);
        printf("%sstate%s\n%s\n", view_bold(), view_plain(), buffer_string(&text));
    }
    buffer_release(&text);
}

void debug_print_rerun(const struct debug_view *view)
{
    const struct rerun *rerun = view->rerun;

    switch (rerun->verdict) {
    case RERUN_SAME:
        printf("%s: the same is decided and sent, up to seq %lld\n", view->with,
               (long long)rerun->seq);
        return;
    case RERUN_DEPARTS:
        printf("%s: departs at seq %lld: %.*s\n", view->with, (long long)rerun->seq,
               TEXT_ARG(buffer_text(&rerun->text)));
        return;
    case RERUN_BLIND:
        printf("%s: cannot be told from seq %lld on: %.*s\n", view->with, (long long)rerun->seq,
               TEXT_ARG(buffer_text(&rerun->text)));
        return;
    }
    CHECK(!"unknown verdict");
}
