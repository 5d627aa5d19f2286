#include <stdio.h>

#include "adapter/real_clock.h"
#include "app/command.h"
#include "app/instance_view.h"
#include "base/duration.h"
#include "core/fold.h"
#include "core/transition.h"
#include "engine/snapshot.h"
#include "model/permit.h"

static const char usage[] =
    "Usage: baton show INSTANCE [OPTION...]\n\n"
    "Shows where an instance, <flow>:<key>, is: its status, what it waits for, armed timers, the\n"
    "compensation stack and its data. Reads the topics directly; needs no worker.\n\n"
    "      --run ID                  a certain run (default: the latest)\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n";

static struct text step_name(const struct flow *flow, uint32_t step)
{
    return flow != NULL && step < flow->step_count ? flow->steps[step].name : TEXT("?");
}

static void put_time(struct json *object, const char *key, int64_t at_ms)
{
    char text[TIME_TEXT_BYTES];

    time_format(at_ms, text);
    json_put_string(object, key, text);
}

static struct json *waits_json(const struct run_history *history)
{
    const struct instance *state = history->state;
    struct json *waits = json_array();

    for (uint32_t i = 0; i < state->frame_count; i++) {
        const struct frame *frame = &state->frames[i];
        struct json *wait = json_object();
        json_put_text(wait, "step", step_name(history->flow, frame->step));
        json_put_string(wait, "kind", frame->kind == FRAME_UNDO ? "undo" : "step");
        json_put_string(wait, "state", frame_state_name(frame->state));
        json_put_integer(wait, "attempt", frame->attempt);
        json_put_integer(wait, "activation", frame->activation);
        put_time(wait, "since", frame->opened_ms);
        if (frame->error != NULL) {
            json_put(wait, TEXT("error"), json_copy(frame->error));
        }
        json_push(waits, wait);
    }
    return waits;
}

static struct json *timers_json(const struct instance *state)
{
    struct json *timers = json_array();

    for (uint32_t i = 0; i < state->timer_count; i++) {
        struct json *timer = json_object();
        char id[TIMER_ID_BYTES];
        timer_id_format(state->timers[i].kind, state->timers[i].owner, id);
        json_put_string(timer, "id", id);
        put_time(timer, "due", state->timers[i].due_ms);
        json_push(timers, timer);
    }
    return timers;
}

static struct json *stack_json(const struct run_history *history)
{
    const struct instance *state = history->state;
    struct json *stack = json_array();

    for (uint32_t i = 0; i < state->undo_count; i++) {
        struct json *entry = json_object();
        json_put_text(entry, "step", step_name(history->flow, state->stack[i].step));
        json_put_integer(entry, "activation", state->stack[i].activation);
        json_put_string(entry, "state", undo_state_name(state->stack[i].state));
        json_put_bool(entry, "inDoubt", state->stack[i].in_doubt);
        if (state->stack[i].message != NULL) {
            json_put(entry, TEXT("message"), json_copy(state->stack[i].message));
        }
        json_push(stack, entry);
    }
    return stack;
}

static void put_value(struct json *object, const char *key, const struct json *value)
{
    if (value != NULL) {
        json_put(object, text_of(key), json_copy(value));
    }
}

static void print_json(const struct run_history *history)
{
    const struct instance *state = history->state;
    struct json *root = json_object();
    struct buffer place = {0};
    char run[RUN_ID_BYTES];

    run_id_format(state->run, run);
    json_put_text(root, "instance", state->name);
    json_put_string(root, "run", run);
    json_put_text(root, "flow", instance_flow_name(state));
    json_put_text(root, "key", instance_key(state));
    json_put_string(root, "flowHash", state->flow_hash);
    if (history->flow != NULL) {
        json_put_integer(root, "version", history->flow->version);
        instance_place(history->flow, state, &place);
        json_put_text(root, "place", buffer_text(&place));
    }
    json_put_string(root, "status", run_status_name(state->status));
    json_put_bool(root, "stuck", instance_is_stuck(state));
    json_put_bool(root, "paused", state->paused != NULL);
    json_put_bool(root, "sealed", state->sealed);
    json_put_integer(root, "seq", state->seq);
    put_time(root, "startedAt", state->started_ms);
    put_time(root, "changedAt", state->time_ms);
    json_put(root, TEXT("waitsFor"), waits_json(history));
    json_put(root, TEXT("timers"), timers_json(state));
    json_put(root, TEXT("stack"), stack_json(history));
    json_put_integer(root, "mailbox", state->mail_count);
    put_value(root, "data", state->data);
    put_value(root, "error", state->error);
    put_value(root, "result", state->result);
    view_print_json(root);
    json_free(root);
    buffer_release(&place);
}

static void print_value(const char *title, const struct json *value)
{
    struct buffer out = {0};

    if (value == NULL) {
        return;
    }
    json_write_pretty(value, &out);
    printf("%s%s%s\n%s\n", view_bold(), title, view_plain(), buffer_string(&out));
    buffer_release(&out);
}

static void print_waits(const struct run_history *history, int64_t now_ms)
{
    const struct instance *state = history->state;
    char distance[64];

    for (uint32_t i = 0; i < state->frame_count; i++) {
        const struct frame *frame = &state->frames[i];
        struct text name = step_name(history->flow, frame->step);
        view_distance(frame->opened_ms, now_ms, distance);
        const struct service *service = frame->state == FRAME_AWAITING_PERMIT &&
                                                history->flow != NULL
                                            ? permit_service(history->flow, frame)
                                            : NULL;
        printf("  waits     %s%.*s: %s%.*s, attempt %u, since %s\n",
               frame->kind == FRAME_UNDO ? "undo of " : "", TEXT_ARG(name),
               service == NULL ? frame_state_name(frame->state) : "waiting for a permit of ",
               TEXT_ARG(service == NULL ? TEXT("") : service->name), frame->attempt, distance);
    }
    for (uint32_t i = 0; i < state->timer_count; i++) {
        const struct timer *timer = &state->timers[i];
        char due[TIME_TEXT_BYTES];
        time_format(timer->due_ms, due);
        view_distance(timer->due_ms, now_ms, distance);
        printf("  timer     %s/%u due %s (%s)\n", timer_kind_name(timer->kind), timer->owner, due,
               distance);
    }
    for (uint32_t i = state->undo_count; i > 0; i--) {
        const struct undo *undo = &state->stack[i - 1];
        struct text name = step_name(history->flow, undo->step);
        printf("  undo      %.*s: %s%s\n", TEXT_ARG(name), undo_state_name(undo->state),
               undo->in_doubt ? ", in doubt" : "");
    }
    if (state->mail_count > 0) {
        printf("  mailbox   %u early messages\n", state->mail_count);
    }
}

static void print_table(const struct run_history *history, int64_t now_ms)
{
    const struct instance *state = history->state;
    char run[RUN_ID_BYTES];
    char started[TIME_TEXT_BYTES];
    char distance[64];

    run_id_format(state->run, run);
    time_format(state->started_ms, started);
    view_distance(state->time_ms, now_ms, distance);
    printf("%s%.*s%s  %s%s%s\n", view_bold(), TEXT_ARG(state->name), view_plain(),
           run_status_name(state->status), instance_is_stuck(state) ? " (stuck)" : "",
           state->paused != NULL ? " (paused)" : "");
    printf("  run       %s, seq %lld, partition %d\n", run, (long long)state->seq,
           history->partition);
    if (history->flow != NULL) {
        printf("  flow      %.*s v%d\n", TEXT_ARG(history->flow->name), history->flow->version);
    }
    printf("  started   %s\n  changed   %s\n", started, distance);
    print_waits(history, now_ms);
    print_value("data", state->data);
    print_value("error", state->error);
    print_value("result", state->result);
}

/* Of a long run that has ended: its last records are there, and nothing to fold them onto. */
static void print_rest(const struct view_request *request, const struct run_history *history)
{
    const struct history_record *last = &history->records[history->count - 1];
    struct json *root = json_object();
    char run[RUN_ID_BYTES];

    run_id_format(last->run, run);
    if (request->output == VIEW_JSON) {
        json_put_text(root, "instance", last->instance);
        json_put_string(root, "run", run);
        json_put_text(root, "flowHash", last->flow_hash);
        json_put_text(root, "place", last->to);
        json_put_integer(root, "seq", last->seq);
        put_time(root, "changedAt", last->time_ms);
        json_put_integer(root, "foldedAway", history->gone);
        view_print_json(root);
    } else {
        printf("%s%.*s%s  %.*s\n  run       %s, seq %lld, partition %d\n"
               "  the run has ended, and seq 1 to %lld, which its state was made of, were folded "
               "away;\n  see baton history for how it ended\n",
               view_bold(), TEXT_ARG(last->instance), view_plain(), TEXT_ARG(last->to), run,
               (long long)last->seq, history->partition, (long long)history->gone);
    }
    json_free(root);
}

static void print(const struct view_request *request, const struct run_history *history)
{
    struct clock clock = real_clock();

    if (history->state == NULL) {
        if (history->gone > 0) {
            print_rest(request, history);
        }
        return;
    }
    if (request->output == VIEW_JSON) {
        print_json(history);
    } else {
        print_table(history, clock.now_ms(clock.self));
    }
}

int cmd_show(int argc, char **argv)
{
    return instance_view(argc, argv, usage, print);
}
