/* Names of the constants in instance.h, as they stand in records and in what people read. */
#include "model/instance.h"

#include <string.h>

static const char *const timer_names[] = {
    [TIMER_ATTEMPT] = "attempt",     [TIMER_LISTEN] = "listen",   [TIMER_FLOW] = "flow",
    [TIMER_EARLY] = "early",         [TIMER_BACKOFF] = "backoff", [TIMER_WAIT] = "wait",
    [TIMER_WARN] = "warn",           [TIMER_BLOCK] = "block",     [TIMER_PAUSE] = "pause",
    [TIMER_HEARTBEAT] = "heartbeat", [TIMER_REMIND] = "remind",   [TIMER_PERMIT] = "permit",
};

static const char *const status_names[] = {
    [RUN_NONE] = "none",           [RUN_EMBRYO] = "embryo",
    [RUN_RUNNING] = "running",     [RUN_COMPENSATING] = "compensating",
    [RUN_FINISHING] = "finishing", [RUN_HELD] = "held",
    [RUN_COMPLETED] = "completed", [RUN_FAILED] = "failed",
    [RUN_CANCELLED] = "cancelled", [RUN_EXPIRED] = "expired",
};

static const char *const frame_names[] = {
    [FRAME_AWAITING_REPLY] = "awaiting-reply",
    [FRAME_BACKING_OFF] = "backing-off",
    [FRAME_LISTENING] = "listening",
    [FRAME_SLEEPING] = "sleeping",
    [FRAME_STUCK] = "stuck",
    [FRAME_OPEN] = "open",
    [FRAME_UNWINDING] = "unwinding",
    [FRAME_AWAITING_CHILD] = "awaiting-child",
    [FRAME_AWAITING_PERMIT] = "awaiting-permit",
};

static const char *const role_names[] = {
    [BLOCK_BODY] = "body",     [BLOCK_CATCH] = "catch",     [BLOCK_FORK] = "fork",
    [BLOCK_BRANCH] = "branch", [BLOCK_LOOP] = "for",        [BLOCK_ITERATION] = "iteration",
    [BLOCK_WATCH] = "watch",   [BLOCK_HANDLER] = "handler", [BLOCK_REMIND] = "remind",
    [BLOCK_UNDO] = "undo",
};

static const char *const undo_names[] = {
    [UNDO_PENDING] = "pending",
    [UNDO_ARMED] = "armed",
    [UNDO_RUNNING] = "running",
    [UNDO_GROUP] = "group",
};

#define COUNT_OF(names) (sizeof(names) / sizeof((names)[0]))

bool timer_is_deadline(enum timer_kind kind)
{
    switch (kind) {
    case TIMER_ATTEMPT:
    case TIMER_LISTEN:
    case TIMER_FLOW:
    case TIMER_EARLY:
    case TIMER_BLOCK:
    case TIMER_HEARTBEAT:
        return true;
    case TIMER_BACKOFF:
    case TIMER_WAIT:
    case TIMER_WARN:
    case TIMER_PAUSE:
    case TIMER_REMIND:
    case TIMER_PERMIT:
        return false;
    }
    CHECK(false && "unknown timer kind");
    return false;
}

const char *timer_kind_name(enum timer_kind kind)
{
    CHECK((size_t)kind < COUNT_OF(timer_names));
    return timer_names[kind];
}

bool timer_kind_of(struct text name, enum timer_kind *kind)
{
    for (size_t i = 0; i < COUNT_OF(timer_names); i++) {
        if (text_is(name, timer_names[i])) {
            *kind = (enum timer_kind)i;
            return true;
        }
    }
    return false;
}

const char *run_status_name(enum run_status status)
{
    CHECK((size_t)status < COUNT_OF(status_names));
    return status_names[status];
}

bool run_status_of(struct text name, enum run_status *status)
{
    for (size_t i = 0; i < COUNT_OF(status_names); i++) {
        if (text_is(name, status_names[i])) {
            *status = (enum run_status)i;
            return true;
        }
    }
    return false;
}

const char *frame_state_name(enum frame_state state)
{
    CHECK((size_t)state < COUNT_OF(frame_names));
    return frame_names[state];
}

bool frame_state_of(struct text name, enum frame_state *state)
{
    for (size_t i = 0; i < COUNT_OF(frame_names); i++) {
        if (text_is(name, frame_names[i])) {
            *state = (enum frame_state)i;
            return true;
        }
    }
    return false;
}

const char *block_role_name(enum block_role role)
{
    CHECK((size_t)role < COUNT_OF(role_names));
    return role_names[role];
}

bool block_role_of(struct text name, enum block_role *role)
{
    for (size_t i = 0; i < COUNT_OF(role_names); i++) {
        if (text_is(name, role_names[i])) {
            *role = (enum block_role)i;
            return true;
        }
    }
    return false;
}

const char *undo_state_name(enum undo_state state)
{
    CHECK((size_t)state < COUNT_OF(undo_names));
    return undo_names[state];
}

bool undo_state_of(struct text name, enum undo_state *state)
{
    for (size_t i = 0; i < COUNT_OF(undo_names); i++) {
        if (text_is(name, undo_names[i])) {
            *state = (enum undo_state)i;
            return true;
        }
    }
    return false;
}

void run_id_format(struct run_id run, char out[RUN_ID_BYTES])
{
    char room[INTEGER_TEXT_BYTES];
    struct text generation = text_integer(run.generation, room);
    size_t at = generation.bytes;

    memcpy(out, generation.data, generation.bytes);
    out[at++] = '-';
    struct text offset = text_integer(run.offset, room);
    memcpy(out + at, offset.data, offset.bytes);
    out[at + offset.bytes] = '\0';
}

bool run_id_parse(struct text text, struct run_id *run)
{
    size_t dash = text_find(text, '-');
    int64_t generation;
    int64_t offset;

    if (dash == SIZE_MAX || dash == 0 || text.data[0] == '-') {
        return false;
    }
    if (!text_to_int64(text_sub(text, 0, dash), &generation) ||
        !text_to_int64(text_sub(text, dash + 1, text.bytes), &offset) || generation > INT32_MAX ||
        offset < 0) {
        return false;
    }
    *run = (struct run_id){.generation = (int32_t)generation, .offset = offset};
    return true;
}

bool run_id_equal(struct run_id a, struct run_id b)
{
    return a.generation == b.generation && a.offset == b.offset;
}
