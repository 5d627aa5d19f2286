#include "verify/moves.h"

#include <stdlib.h>

#include "model/permit.h"

static void add(struct move_list *moves, struct move move)
{
    if (moves->count == moves->capacity) {
        moves->capacity = moves->capacity == 0 ? 32 : moves->capacity * 2;
        moves->items = realloc(moves->items, moves->capacity * sizeof(*moves->items));
        CHECK(moves->items != NULL);
    }
    moves->items[moves->count++] = move;
}

static const struct message_spec *spec_of(const struct flow *flow, const struct frame *frame)
{
    const struct step *step = &flow->steps[frame->step];

    if (frame->kind == FRAME_UNDO) {
        return step_undo_message(step);
    }
    return frame->kind == FRAME_STEP && step->kind == STEP_REQUEST ? &step->message : NULL;
}

static bool is_open_request(const struct flow *flow, const struct frame *frame)
{
    const struct message_spec *spec = spec_of(flow, frame);

    return spec != NULL && spec->is_request && frame->sent_seq != 0 &&
           (frame->state == FRAME_AWAITING_REPLY || frame->state == FRAME_BACKING_OFF ||
            frame->state == FRAME_AWAITING_PERMIT || frame->state == FRAME_STUCK);
}

static void add_reply(struct move_list *moves, uint32_t activation)
{
    add(moves, (struct move){.kind = MOVE_REPLY, .activation = activation});
}

static void find_replies(const struct world *world, const struct instance *instance,
                         struct move_list *moves)
{
    const struct flow *flow = world->flow;

    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        if (!is_open_request(flow, frame) ||
            !flow->services[spec_of(flow, frame)->service].by_header) {
            continue;
        }
        add_reply(moves, frame->activation);
        if (frame->attempt > 1) {
            add_reply(moves, frame->activation);
            moves->items[moves->count - 1].earlier = true;
        }
    }
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        const struct undo *undo = &instance->stack[i];
        const struct step *step = &flow->steps[undo->step];

        if (undo->state == UNDO_ARMED && undo->in_doubt && step->kind == STEP_REQUEST &&
            flow->services[step->message.service].by_header) {
            add_reply(moves, undo->activation);
        }
    }
}

static void find_key_replies(const struct world *world, const struct instance *instance,
                             struct move_list *moves)
{
    const struct flow *flow = world->flow;

    for (uint32_t service = 0; service < flow->service_count; service++) {
        bool is_open = false;

        for (uint32_t i = 0; i < instance->frame_count && !is_open; i++) {
            const struct frame *frame = &instance->frames[i];

            is_open = is_open_request(flow, frame) && spec_of(flow, frame)->service == service;
        }
        if (is_open && !flow->services[service].by_header) {
            add(moves, (struct move){.kind = MOVE_KEY_REPLY, .service = service});
        }
    }
}

/* A reply that came before: it answers what is no longer there. */
static void find_late(const struct instance *instance, struct move_list *moves)
{
    for (uint32_t activation = 1; activation < instance->activation_next; activation++) {
        if (instance_find_frame(instance, activation) == NULL &&
            instance_find_undo(instance, activation) == NULL) {
            add_reply(moves, activation);
            moves->items[moves->count - 1].is_late = true;
            return;
        }
    }
}

static uint32_t mail_count(const struct instance *instance, uint32_t topic)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < instance->mail_count; i++) {
        count += instance->mailbox[i].topic == topic;
    }
    return count;
}

static void find_messages(const struct world *world, const struct instance *instance,
                          struct move_list *moves)
{
    bool is_new = instance->status == RUN_NONE || instance->status == RUN_EMBRYO;

    for (uint32_t i = 0; i < world->message_count; i++) {
        uint32_t topic = world->messages[i].topic;
        uint32_t queued = world->messages[i].starts ? (uint32_t)json_count(instance->queue) : 0;

        if (world->messages[i].alias.bytes > 0 && is_new) {
            continue; /* Nobody listens for it yet. */
        }
        if ((is_new && world->messages[i].starts) ||
            mail_count(instance, topic) + queued < world->bounds.early) {
            add(moves, (struct move){.kind = MOVE_MESSAGE, .message = i});
        }
    }
}

static void find_signals(const struct world *world, const struct instance *instance,
                         struct move_list *moves)
{
    for (uint32_t i = 0; i < world->flow->signal_count; i++) {
        uint32_t count = 0;

        for (uint32_t k = 0; k < instance->mail_count; k++) {
            count += text_equal(json_member_text(instance->mailbox[k].message, "signal"),
                                world->flow->signals[i]);
        }
        if (count < world->bounds.early) {
            add(moves, (struct move){.kind = MOVE_SIGNAL, .message = i});
        }
    }
}

static void find_children(const struct instance *instance, struct move_list *moves)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];
        struct move move = {.kind = MOVE_CHILD, .activation = frame->activation};

        if (frame->state != FRAME_AWAITING_CHILD) {
            continue;
        }
        move.word = frame->kind == FRAME_UNDO ? CHILD_UNWOUND : CHILD_HELD;
        add(moves, move);
        while (frame->kind != FRAME_UNDO && move.word < CHILD_REFUSED) {
            move.word++;
            add(moves, move);
        }
    }
}

/* As long as there is one that has not let go of it. */
static void find_parent(const struct world *world, const struct instance *instance,
                        struct move_list *moves)
{
    bool speaks = world->flow->manual != NULL && json_count(instance->parents) > 0 &&
                  json_member(json_at(instance->parents, 0), "reply") == NULL;

    for (uint8_t word = 0; speaks && word < PARENT_WORDS; word++) {
        add(moves, (struct move){.kind = MOVE_PARENT, .word = word});
    }
}

static void find_refusals(const struct world *world, const struct instance *instance,
                          struct move_list *moves)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        /* An undo waits until it closes. */
        if (frame->state == FRAME_AWAITING_PERMIT && frame->kind == FRAME_STEP &&
            permit_service(world->flow, frame)->limits.breaker_failures > 0) {
            add(moves, (struct move){.kind = MOVE_REFUSED, .activation = frame->activation});
        }
    }
}

static void find_operator(const struct instance *instance, struct move_list *moves)
{
    static const enum operator_verb verbs[] = {OPERATOR_RETRY, OPERATOR_SKIP, OPERATOR_DONE,
                                               OPERATOR_FAILED};

    if (instance->status == RUN_RUNNING) {
        add(moves, (struct move){.kind = MOVE_OPERATOR, .word = OPERATOR_CANCEL});
    }
    if (instance->status != RUN_EMBRYO) {
        add(moves, (struct move){.kind = MOVE_OPERATOR, .word = OPERATOR_TERMINATE});
    }
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (instance->frames[i].state != FRAME_STUCK) {
            continue;
        }
        for (uint32_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
            add(moves, (struct move){.kind = MOVE_OPERATOR,
                                     .word = (uint8_t)verbs[k],
                                     .activation = instance->frames[i].activation});
        }
    }
}

void moves_find(const struct world *world, const struct instance *instance, struct move_list *moves)
{
    moves->count = 0;
    if (instance_has_ended(instance)) {
        return;
    }
    find_messages(world, instance, moves);
    if (!world->has_start && (instance->status == RUN_NONE || instance->status == RUN_EMBRYO)) {
        add(moves, (struct move){.kind = MOVE_BEGIN});
    }
    if (instance->status == RUN_NONE) {
        return;
    }
    find_children(instance, moves);
    find_parent(world, instance, moves);
    find_refusals(world, instance, moves);
    find_signals(world, instance, moves);
    find_replies(world, instance, moves);
    find_key_replies(world, instance, moves);
    for (uint32_t i = 0; i < instance->timer_count; i++) {
        add(moves, (struct move){.kind = MOVE_TIMER,
                                 .word = (uint8_t)instance->timers[i].kind,
                                 .activation = instance->timers[i].owner});
    }
    find_late(instance, moves);
    find_operator(instance, moves);
}

static struct event message_event(const struct world *world, const struct move *move)
{
    const struct world_message *message = &world->messages[move->message];

    return (struct event){
        .kind = EVENT_MESSAGE,
        .topic = world->flow->topics[message->topic].name,
        .type = message->type,
        .payload = message->payload,
        .message = message->coordinates,
    };
}

/* By another identity: as its alias tells it. */
static struct event told_event(const struct world *world, const struct instance *instance,
                               const struct move *move, struct json **payload)
{
    char run[RUN_ID_BYTES];

    run_id_format(instance->run, run);
    *payload = json_object();
    json_put_string(*payload, "run", run);
    json_put(*payload, TEXT("message"), json_copy(world->messages[move->message].coordinates));
    return (struct event){.kind = EVENT_TOLD,
                          .type = TEXT("message"),
                          .payload = *payload,
                          .actor = TEXT("an alias")};
}

static struct event reply_event(const struct world *world, const struct instance *instance,
                                const struct move *move)
{
    const struct frame *frame = instance_find_frame(instance, move->activation);
    struct event event = {.kind = EVENT_REPLY,
                          .topic = TEXT("replies"),
                          .payload = world->reply,
                          .message = world->reply};

    if (move->kind == MOVE_KEY_REPLY) {
        event.service = world->flow->services[move->service].name;
        return event;
    }
    event.by_command = true;
    event.command_run = instance->run;
    event.activation = move->activation;
    event.command_seq = frame == NULL ? 1 : frame->sent_seq - move->earlier;
    return event;
}

static struct event child_event(const struct instance *instance, const struct move *move,
                                struct json **payload)
{
    static const char *const statuses[] = {
        [CHILD_HELD] = "completed", [CHILD_COMPLETED] = "completed",
        [CHILD_FAILED] = "failed",  [CHILD_REFUSED] = "refused",
        [CHILD_UNWOUND] = "",
    };
    struct json *about = json_object();
    char run[RUN_ID_BYTES];

    run_id_format(instance->run, run);
    json_put_string(about, "run", run);
    json_put_integer(about, "activation", move->activation);
    json_put_string(about, "child", "child");
    json_put_string(about, "status", statuses[move->word]);
    json_put_bool(about, "held", move->word == CHILD_HELD);
    *payload = about;
    return (struct event){.kind = EVENT_TOLD,
                          .type = move->word == CHILD_UNWOUND ? TEXT("unwound") : TEXT("answer"),
                          .payload = about,
                          .actor = TEXT("child")};
}

static const char *const parent_words[] = {
    [PARENT_RELEASES] = "release", [PARENT_CANCELS] = "cancel", [PARENT_UNWINDS] = "unwind"};

/* Without the time and the run. */
static struct event draft_event(const struct world *world, const struct instance *instance,
                                const struct move *move, struct json **payload)
{
    const struct timer *timer;

    switch ((enum move_kind)move->kind) {
    case MOVE_MESSAGE:
        return world->messages[move->message].alias.bytes > 0
                   ? told_event(world, instance, move, payload)
                   : message_event(world, move);
    case MOVE_REPLY:
    case MOVE_KEY_REPLY:
        return reply_event(world, instance, move);
    case MOVE_TIMER:
        timer = instance_timer(instance, (enum timer_kind)move->word, move->activation);
        CHECK(timer != NULL);
        return (struct event){.kind = EVENT_TIMER,
                              .timer = timer->kind,
                              .activation = timer->owner,
                              .timer_run = instance->run,
                              .time_ms = timer->due_ms};
    case MOVE_OPERATOR:
        return (struct event){.kind = EVENT_OPERATOR,
                              .verb = (enum operator_verb)move->word,
                              .activation = move->activation,
                              .actor = TEXT("operator"),
                              .reason = TEXT("decided")};
    case MOVE_SIGNAL:
        return (struct event){.kind = EVENT_OPERATOR,
                              .verb = OPERATOR_SIGNAL,
                              .type = world->flow->signals[move->message],
                              .payload = world->reply,
                              .actor = TEXT("operator")};
    case MOVE_BEGIN:
        return (struct event){.kind = EVENT_TOLD,
                              .type = TEXT("start"),
                              .payload = world->begin,
                              .actor = TEXT("a parent")};
    case MOVE_REFUSED:
        return (struct event){.kind = EVENT_PERMIT,
                              .permit = PERMIT_REFUSED,
                              .activation = move->activation,
                              .timer_run = instance->run,
                              .until_ms = instance->time_ms};
    case MOVE_CHILD:
        return child_event(instance, move, payload);
    case MOVE_PARENT:
        return (struct event){.kind = EVENT_TOLD,
                              .type = text_of(parent_words[move->word]),
                              .payload = world->said[move->word],
                              .actor = TEXT("a parent")};
    }
    CHECK(!"unknown move");
    return (struct event){0};
}

struct event move_event(const struct world *world, const struct instance *instance,
                        const struct move *move, struct json **payload)
{
    int64_t now_ms = instance->status == RUN_NONE ? WORLD_TIME_MS : instance->time_ms;
    struct event event;

    *payload = NULL;
    event = draft_event(world, instance, move, payload);
    if (event.kind != EVENT_TIMER || event.time_ms < now_ms) {
        event.time_ms = now_ms;
    }
    event.run = (struct run_id){1, 0};
    return event;
}
