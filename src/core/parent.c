/* `run`: the side of the child. It knows who started or joined it and who waits for it. Completed, it
 * stays (RUN_HELD) as long as somebody may still want it undone. */
#include "core/told.h"

static bool is_same(const struct json *a, const struct json *b)
{
    return text_equal(json_member_text(a, "name"), json_member_text(b, "name")) &&
           text_equal(json_member_text(a, "run"), json_member_text(b, "run")) &&
           json_member_int(a, "activation", 0) == json_member_int(b, "activation", 0);
}

/* Tell the parent that `parent` is about. */
static void tell_parent(struct decision *d, const struct json *parent, const char *type,
                        uint32_t activation, struct json *about)
{
    struct text name = json_member_text(parent, "name");
    int64_t flow_bytes = json_member_int(parent, "flowBytes", 0);

    if (flow_bytes <= 0 || (size_t)flow_bytes + 1 >= name.bytes) {
        json_free(about); /* Nobody of ours wrote that. */
        return;
    }
    json_put_text(about, "run", json_member_text(parent, "run"));
    json_put_integer(about, "activation", activation);
    json_put_text(about, "child", d->after->name);
    tell(d, text_sub(name, 0, (size_t)flow_bytes),
         text_sub(name, (size_t)flow_bytes + 1, name.bytes), type, about);
}

static void answer(struct decision *d, const struct json *parent, const char *status,
                   const struct json *value)
{
    struct json *about = json_object();
    bool is_completed = text_is(TEXT("completed"), status);

    json_put_string(about, "status", status);
    json_put_bool(about, "held", d->after->status == RUN_HELD && !text_is(TEXT("refused"), status));
    if (value != NULL) {
        json_put(about, is_completed ? TEXT("result") : TEXT("error"), json_copy(value));
    }
    tell_parent(d, parent, "answer", (uint32_t)json_member_int(parent, "activation", 0), about);
}

static void say_unwound(struct decision *d, const struct json *parent)
{
    uint32_t reply = (uint32_t)json_member_int(parent, "reply", 0);

    struct json *about;

    if (reply == 0) {
        return;
    }
    about = json_object();
    if (d->after->status == RUN_COMPLETED) {
        json_put_string(about, "status", "completed"); /* Past its pivot nothing was undone. */
    }
    tell_parent(d, parent, "unwound", reply, about);
}

bool parent_holds(const struct decision *d)
{
    for (size_t i = 0; i < json_count(d->after->parents); i++) {
        if (json_is_true(json_member(json_at(d->after->parents, i), "hold"))) {
            return true;
        }
    }
    return false;
}

/* Undo a completed run. What `always` was for has been done. */
static void unwind_completed(struct decision *d, struct json *error)
{
    d->after->status = RUN_COMPENSATING;
    d->after->closing = RUN_CANCELLED;
    d->after->in_always = true;
    json_free(d->after->error);
    d->after->error = error;
    json_free(d->after->result);
    d->after->result = NULL;
    unwind(d);
}

/* It was told to while it was still in its always steps. */
static bool is_to_unwind(const struct decision *d)
{
    for (size_t i = 0; i < json_count(d->after->parents); i++) {
        if (json_member_int(json_at(d->after->parents, i), "reply", 0) != 0) {
            return true;
        }
    }
    return false;
}

/* All that wait are answered. Who has no hold any more, or has none since the run has ended, goes. */
void parent_tell_end(struct decision *d)
{
    struct instance *after = d->after;
    bool is_held = after->status == RUN_HELD;
    struct json *old = after->parents;
    struct json *kept = json_array();

    for (size_t i = 0; i < json_count(old); i++) {
        const struct json *parent = json_at(old, i);
        bool is_done = is_held || after->status == RUN_COMPLETED;

        if (json_is_true(json_member(parent, "await"))) {
            answer(d, parent, is_done ? "completed" : run_status_name(after->status),
                   is_done ? after->result : after->error);
        }
        if (is_held && json_is_true(json_member(parent, "hold"))) {
            struct json *left = json_open_copy(parent);

            json_put_bool(left, "await", false);
            json_push(kept, left);
        } else if (!is_held) {
            say_unwound(d, parent);
        }
    }
    json_free(old);
    after->parents = is_held ? kept : NULL;
    if (!is_held) {
        json_free(kept);
    } else if (is_to_unwind(d)) {
        unwind_completed(d, problem_new("cancelled", TEXT("its parent rolls back"), NULL));
    }
}

static void add_parent(struct decision *d, const struct json *parent)
{
    struct json *parents = d->after->parents == NULL ? json_array()
                                                     : json_open_copy(d->after->parents);

    json_push(parents, json_copy(parent));
    json_free(d->after->parents);
    d->after->parents = parents;
    (void)result_fits(d->after, parent, 0);
}

static void refuse(struct decision *d, const struct json *parent, const char *why)
{
    effect_decide(d->effects, "start by %.*s refused: %s", TEXT_ARG(d->event->actor), why);
    if (parent != NULL && json_is_true(json_member(parent, "await"))) {
        struct json *error = problem_new("child-failed", text_of(why), NULL);

        answer(d, parent, "refused", error);
        json_free(error);
    }
}

static enum transition_result join(struct decision *d, const struct json *parent)
{
    effect_decide(d->effects, "joined by %.*s", TEXT_ARG(d->event->actor));
    add_parent(d, parent);
    if (d->after->status == RUN_HELD) {
        parent_tell_end(d);
    }
    return TRANSITION_APPLIED;
}

/* A child below its parent's key, as by default, is its parent's alone. When that one starts it again
 * (a block is repeated, a loop comes round, the parent itself runs again), it means a new run and not
 * a repeat of what is remembered. */
static bool is_own(const struct decision *d, const struct json *parent)
{
    struct text name = json_member_text(parent, "name");
    int64_t flow_bytes = json_member_int(parent, "flowBytes", 0);
    struct text key = instance_key(d->after);
    struct text above;

    if (flow_bytes <= 0 || (size_t)flow_bytes + 1 >= name.bytes) {
        return false;
    }
    above = text_sub(name, (size_t)flow_bytes + 1, name.bytes);
    return text_starts(key, above) && key.bytes > above.bytes && key.data[above.bytes] == '/';
}

static bool may_begin(const struct decision *d, const struct json *parent)
{
    return d->after->status == RUN_EMBRYO ||
           (d->after->status == RUN_NONE &&
            (!d->event->is_remembered || flow_may_restart(d->flow) || is_own(d, parent)));
}

/* `baton start`: as a message would, by the rules of the flow's `manual`. The clock: its keys are due
 * times, so each starts once. A batch: its key is the place of its first message; it comes again only
 * if the topic was made anew. */
static enum transition_result start_by_hand(struct decision *d, const struct incoming *incoming)
{
    static const struct start by_clock = {0};
    static const struct start by_batch = {.if_running = IF_RUNNING_QUEUE,
                                          .after_done = AFTER_DONE_RESTART};
    bool is_scheduled = json_is_true(json_member(d->event->payload, "scheduled"));
    bool is_batch = json_is_true(json_member(d->event->payload, "batch"));
    const struct start *start = is_scheduled ? &by_clock : is_batch ? &by_batch : d->flow->manual;

    if (start == NULL) {
        refuse(d, NULL, "its flow is not started by hand");
    } else if (d->after->status == RUN_EMBRYO ||
               (d->after->status == RUN_NONE &&
                (!d->event->is_remembered || start->after_done == AFTER_DONE_RESTART))) {
        start_run(d, incoming);
        return TRANSITION_APPLIED;
    } else if (d->after->status == RUN_NONE) {
        refuse(d, NULL, "it has run, and is remembered");
    } else if (start->if_running != IF_RUNNING_IGNORE) {
        return queue_start(d, start, incoming);
    } else {
        refuse(d, NULL, "it runs already");
    }
    return d->after->status == RUN_NONE ? TRANSITION_VOID : TRANSITION_IGNORED;
}

enum transition_result parent_starts(struct decision *d)
{
    const struct json *parent = json_member(d->event->payload, "parent");
    const struct json *input = json_member(d->event->payload, "input");
    struct incoming incoming = {.payload = input,
                                .starter = d->event->actor,
                                .message = json_member(d->event->payload, "message")};

    if (input == NULL) {
        return d->after->status == RUN_NONE ? TRANSITION_VOID : TRANSITION_IGNORED;
    }
    if (parent == NULL) {
        return start_by_hand(d, &incoming);
    }
    if (may_begin(d, parent)) {
        add_parent(d, parent);
        start_run(d, &incoming);
        return TRANSITION_APPLIED;
    }
    if (d->after->status == RUN_NONE) {
        refuse(d, parent, "it has run, and is remembered");
        return TRANSITION_VOID;
    }
    if (json_is_true(json_member(d->event->payload, "join")) &&
        (d->after->status == RUN_RUNNING || d->after->status == RUN_HELD)) {
        return join(d, parent);
    }
    refuse(d, parent,
           d->after->status == RUN_HELD ? "it has run, and is held to be undone with its parent"
                                        : "it runs already");
    return TRANSITION_IGNORED;
}

static void give_up(struct decision *d, const char *why)
{
    struct json *error = problem_new("cancelled", text_of(why), NULL);

    if (d->after->status == RUN_HELD) {
        unwind_completed(d, error);
    } else if (d->after->status == RUN_RUNNING && !d->after->sealed) {
        fail_run(d, error, RUN_CANCELLED);
    } else {
        json_free(error); /* It ends by itself, one way or the other. */
    }
}

/* Take the parent that speaks out of the list, or put it back with `reply`. False: it is not there. */
static bool replace_parent(struct decision *d, int64_t reply)
{
    struct json *parents = json_array();
    bool is_found = false;

    for (size_t i = 0; i < json_count(d->after->parents); i++) {
        const struct json *parent = json_at(d->after->parents, i);

        if (!is_same(parent, d->event->payload)) {
            json_push(parents, json_copy(parent));
            continue;
        }
        is_found = true;
        if (reply != 0) {
            struct json *changed = json_open_copy(parent);

            json_put_bool(changed, "await", false);
            json_put_integer(changed, "reply", reply);
            json_push(parents, changed);
        }
    }
    json_free(d->after->parents);
    d->after->parents = parents;
    if (json_count(parents) == 0) {
        json_free(parents);
        d->after->parents = NULL;
    }
    return is_found;
}

enum transition_result parent_lets_go(struct decision *d)
{
    bool is_cancel = text_is(d->event->type, "cancel");

    if (!replace_parent(d, 0)) {
        effect_decide(d->effects, "told %.*s by %.*s, which is no parent of this run",
                      TEXT_ARG(d->event->type), TEXT_ARG(d->event->actor));
        return TRANSITION_IGNORED;
    }
    effect_decide(d->effects, "%.*s lets go of it%s", TEXT_ARG(d->event->actor),
                  is_cancel ? ", and cancels it" : "");
    if (is_cancel) {
        give_up(d, "cancelled by its parent");
    } else if (d->after->status == RUN_HELD && !parent_holds(d)) {
        run_close(d, RUN_COMPLETED);
    }
    return TRANSITION_APPLIED;
}

enum transition_result parent_unwinds(struct decision *d)
{
    if (!replace_parent(d, json_member_int(d->event->payload, "reply", 0))) {
        effect_decide(d->effects, "told to unwind by %.*s, which is no parent of this run",
                      TEXT_ARG(d->event->actor));
        say_unwound(d, d->event->payload);
        return TRANSITION_IGNORED;
    }
    effect_decide(d->effects, "%.*s rolls back", TEXT_ARG(d->event->actor));
    give_up(d, "its parent rolls back");
    return TRANSITION_APPLIED;
}

void told_orphan(const struct event *event, const struct instance *blank,
                 struct effect_list *effects, const char *why)
{
    struct decision d = {.event = event, .effects = effects};

    d.after = instance_copy(blank);
    if (text_is(event->type, "start")) {
        refuse(&d, json_member(event->payload, "parent"), why);
    } else if (text_is(event->type, "unwind")) {
        effect_decide(effects, "there is no such run, nothing to undo");
        say_unwound(&d, event->payload);
    } else if (text_is(event->type, "message")) {
        (void)identity_message(&d);
    }
    instance_free(d.after);
}
