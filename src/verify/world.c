/* What may come from outside, and moves in words. */
#include <stdlib.h>

#include "expr/example.h"
#include "verify/moves.h"

static struct json *put(const struct expr *path, struct json *into)
{
    struct json *wider = expr_put(path, into, json_string(WORLD_KEY));

    if (wider == NULL) {
        return into;
    }
    json_free(into);
    return wider;
}

/* Make the key that this rule finds the run's. */
static void fit_key(const struct correlation *rule, struct world_message *message,
                    struct json *headers)
{
    struct buffer text = {0};
    struct json *key;

    switch (rule->kind) {
    case CORRELATION_NONE:
        return;
    case CORRELATION_RECORD:
        if (rule->path != NULL) {
            key = put(rule->path, json_object());
            json_write(key, &text);
            json_put_text(message->coordinates, "key", buffer_text(&text));
            json_free(key);
            buffer_release(&text);
        }
        return;
    case CORRELATION_PATH:
        message->payload = put(rule->path, message->payload);
        return;
    case CORRELATION_HEADER:
        json_put_string(headers, rule->header.data, WORLD_KEY);
        return;
    case CORRELATION_COMPOSITE:
        for (uint32_t i = 0; i < rule->part_count; i++) {
            fit_key(&rule->parts[i], message, headers);
        }
        return;
    }
    CHECK(!"unknown correlation");
}

static void add_message(struct world *world, uint32_t topic, struct text type,
                        const struct correlation *rule, bool starts)
{
    struct world_message *message;
    struct json *headers = json_object();

    for (uint32_t i = 0; i < world->message_count; i++) {
        message = &world->messages[i];
        if (message->topic == topic && text_equal(message->type, type) && message->rule == rule) {
            message->starts = message->starts || starts;
            json_free(headers);
            return;
        }
    }
    world->messages = realloc(world->messages,
                              (world->message_count + 1) * sizeof(*world->messages));
    CHECK(world->messages != NULL);
    message = &world->messages[world->message_count++];
    *message = (struct world_message){.topic = topic,
                                      .type = type,
                                      .rule = rule,
                                      .starts = starts,
                                      .payload = json_object(),
                                      .coordinates = json_object()};
    json_put_text(message->coordinates, "topic", world->flow->topics[topic].name);
    json_put_string(message->coordinates, "key", WORLD_KEY);
    fit_key(rule, message, headers);
    json_put(message->coordinates, TEXT("headers"), headers);
}

/* What listens for another identity waits for the text that is chosen for each: `x`. */
static void add_told(struct world *world, const struct awaited *awaited)
{
    struct world_message *message;
    struct buffer alias = {0};

    buffer_addf(&alias, "%.*s:x", TEXT_ARG(awaited->route));
    for (uint32_t i = 0; i < world->message_count; i++) {
        message = &world->messages[i];
        if (text_equal(message->alias, buffer_text(&alias)) &&
            text_equal(message->type, awaited->type)) {
            buffer_release(&alias);
            return;
        }
    }
    add_message(world, awaited->topic, awaited->type, &awaited->key, false);
    message = &world->messages[world->message_count - 1];
    json_put_text(message->coordinates, "alias", buffer_text(&alias));
    json_put_text(message->coordinates, "type", awaited->type);
    json_put(message->coordinates, TEXT("value"), json_copy(message->payload));
    message->alias = json_member_text(message->coordinates, "alias");
    buffer_release(&alias);
}

static struct json *parent_new(void)
{
    struct json *parent = json_object();

    json_put_string(parent, "name", "parent:p");
    json_put_integer(parent, "flowBytes", 6);
    json_put_string(parent, "run", "1-0");
    json_put_integer(parent, "activation", 1);
    return parent;
}

/* One that waits for the run, and may want it undone. What only the clock or a batch begins has none. */
static void add_parent(struct world *world)
{
    struct json *parent = world->flow->manual == NULL ? json_object() : parent_new();

    json_put_bool(parent, "await", true);
    json_put_bool(parent, "hold", world->flow->manual != NULL);
    json_put(world->begin, TEXT("parent"), parent);
    for (uint32_t i = 0; i < PARENT_WORDS; i++) {
        world->said[i] = parent_new();
        if (i == PARENT_UNWINDS) {
            json_put_integer(world->said[i], "reply", 2);
        }
    }
}

void world_init(struct world *world, const struct flow *flow, const struct verify_bounds *bounds)
{
    *world = (struct world){
        .flow = flow, .bounds = *bounds, .reply = json_object(), .begin = json_object()};
    add_parent(world);
    json_put(world->begin, TEXT("input"), json_object());
    for (uint32_t i = 0; i < flow->start_count; i++) {
        const struct start *start = &flow->starts[i];

        if (start->batch_max > 0) {
            continue; /* As a parent would begin it. */
        }
        world->has_start = true;
        add_message(world, start->topic, start->type, &flow->topics[start->topic].key, true);
    }
    for (uint32_t i = 0; i < flow->awaited_count; i++) {
        const struct awaited *awaited = flow->awaited[i];
        bool own = awaited->key.kind != CORRELATION_NONE;

        if (awaited->identity != NULL) {
            add_told(world, awaited);
            continue;
        }
        add_message(world, awaited->topic, awaited->type,
                    own ? &awaited->key : &flow->topics[awaited->topic].key, false);
    }
}

void world_release(struct world *world)
{
    for (uint32_t i = 0; i < world->message_count; i++) {
        json_free(world->messages[i].payload);
        json_free(world->messages[i].coordinates);
    }
    json_free(world->reply);
    json_free(world->begin);
    for (uint32_t i = 0; i < PARENT_WORDS; i++) {
        json_free(world->said[i]);
    }
    free(world->messages);
}

/* "'charge'", "the undo of 'charge'", or the flow's name. */
static struct text subject_of(const struct world *world, const struct instance *instance,
                              uint32_t activation, struct arena *arena)
{
    const struct frame *frame = instance_find_frame(instance, activation);
    const struct undo *undo = instance_find_undo(instance, activation);

    if (frame == NULL && undo == NULL) {
        return TEXT("the run");
    }
    return arena_printf(
        arena, "%s'%.*s'", frame != NULL && frame->kind == FRAME_UNDO ? "the undo of " : "",
        TEXT_ARG(world->flow->steps[frame != NULL ? frame->step : undo->step].name));
}

static struct text tell_timer(const struct move *move, struct text subject, struct arena *arena)
{
    switch ((enum timer_kind)move->word) {
    case TIMER_ATTEMPT:
        return arena_printf(arena, "no answer to %.*s comes in time", TEXT_ARG(subject));
    case TIMER_LISTEN:
        return arena_printf(arena, "what %.*s waits for does not come in time", TEXT_ARG(subject));
    case TIMER_FLOW:
        return TEXT("the flow's timeout passes");
    case TIMER_EARLY:
        return TEXT("no start comes in time");
    case TIMER_BACKOFF:
        return arena_printf(arena, "the delay before the next attempt of %.*s passes",
                            TEXT_ARG(subject));
    case TIMER_WAIT:
        return arena_printf(arena, "the time that %.*s waits for comes", TEXT_ARG(subject));
    case TIMER_WARN:
        return arena_printf(arena, "the warnAfter of %.*s passes", TEXT_ARG(subject));
    case TIMER_BLOCK:
        return arena_printf(arena, "%.*s does not end in time", TEXT_ARG(subject));
    case TIMER_REMIND:
        return arena_printf(arena, "the next reminder of %.*s is due", TEXT_ARG(subject));
    case TIMER_HEARTBEAT:
        return arena_printf(arena, "%.*s gives no sign of life in time", TEXT_ARG(subject));
    case TIMER_PERMIT:
        return arena_printf(arena, "%.*s gets its permit", TEXT_ARG(subject));
    case TIMER_PAUSE:
        return arena_printf(arena, "the pause of %.*s ends", TEXT_ARG(subject));
    }
    CHECK(!"unknown timer");
    return TEXT("");
}

static struct text tell_child(const struct move *move, struct text subject, struct arena *arena)
{
    static const char *const words[] = {
        [CHILD_HELD] = "has completed, and holds what may be undone",
        [CHILD_COMPLETED] = "has completed",
        [CHILD_FAILED] = "has failed",
        [CHILD_REFUSED] = "may not start",
        [CHILD_UNWOUND] = "has unwound",
    };

    return arena_printf(arena, "the child of %.*s %s", TEXT_ARG(subject), words[move->word]);
}

static struct text tell_operator(const struct move *move, struct text subject, struct arena *arena)
{
    switch ((enum operator_verb)move->word) {
    case OPERATOR_CANCEL:
        return TEXT("an operator cancels the run");
    case OPERATOR_RETRY:
        return arena_printf(arena, "an operator has %.*s tried again", TEXT_ARG(subject));
    case OPERATOR_SKIP:
        return arena_printf(arena, "an operator skips %.*s", TEXT_ARG(subject));
    case OPERATOR_DONE:
        return arena_printf(arena, "an operator says that %.*s is done", TEXT_ARG(subject));
    case OPERATOR_TERMINATE:
        return TEXT("an operator terminates the run");
    case OPERATOR_SIGNAL:
    case OPERATOR_PAUSE:
    case OPERATOR_RESUME:
    case OPERATOR_MIGRATE:
        break;
    case OPERATOR_FAILED:
        return arena_printf(arena, "an operator says that %.*s has failed", TEXT_ARG(subject));
    }
    CHECK(!"a verb that is not tried");
    return TEXT("");
}

static const char *const parent_sayings[] = {
    [PARENT_RELEASES] = "its parent does not want it undone any more",
    [PARENT_CANCELS] = "its parent cancels it",
    [PARENT_UNWINDS] = "its parent rolls back",
};

struct text move_tell(const struct world *world, const struct instance *instance,
                      const struct move *move, struct arena *arena)
{
    struct text subject = subject_of(world, instance, move->activation, arena);
    const struct world_message *message = move->kind == MOVE_MESSAGE
                                              ? &world->messages[move->message]
                                              : NULL;

    switch ((enum move_kind)move->kind) {
    case MOVE_MESSAGE:
        return arena_printf(arena, "a message of %.*s%s%.*s comes",
                            TEXT_ARG(world->flow->topics[message->topic].name),
                            message->type.bytes > 0 ? ", type " : "", TEXT_ARG(message->type));
    case MOVE_REPLY:
        if (move->is_late) {
            return TEXT("an answer comes that came before");
        }
        return arena_printf(arena, "an answer to %s%.*s comes",
                            move->earlier ? "an earlier attempt of " : "", TEXT_ARG(subject));
    case MOVE_KEY_REPLY:
        return arena_printf(arena, "an answer of %.*s comes",
                            TEXT_ARG(world->flow->services[move->service].name));
    case MOVE_TIMER:
        return tell_timer(move, subject, arena);
    case MOVE_OPERATOR:
        return tell_operator(move, subject, arena);
    case MOVE_BEGIN:
        return TEXT("a parent or a person starts the run");
    case MOVE_REFUSED:
        return arena_printf(arena, "the breaker is open when %.*s asks", TEXT_ARG(subject));
    case MOVE_CHILD:
        return tell_child(move, subject, arena);
    case MOVE_PARENT:
        return text_of(parent_sayings[move->word]);
    case MOVE_SIGNAL:
        return arena_printf(arena, "the signal %.*s comes",
                            TEXT_ARG(world->flow->signals[move->message]));
    }
    CHECK(!"unknown move");
    return TEXT("");
}
