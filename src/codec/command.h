/*
 * command - the ids and headers of what a run sends: commands to services, cancels, and emitted
 * records. The names are those of docs/formats/topics.md, renamed by the
 * service's `headers`. All are functions of the recorded state, so that a batch that is taken again
 * sends the same.
 */
#ifndef BATON_CODEC_COMMAND_H
#define BATON_CODEC_COMMAND_H

#include "base/arena.h"
#include "model/effect.h"

struct command_header {
    struct text name;
    struct text value;
};

struct command_headers {
    struct command_header *items; /* In the arena. */
    uint32_t count;
};

/* Who sends what. All borrowed; `effect` is any but an alert, `instance` is as after the transition
 * (its seq is part of the command id). */
struct command_source {
    struct text app;
    const struct flow *flow;
    const struct instance *instance;
    const struct effect *effect;
};

/* "<app>~<flow>:<key>/<run>/<seq>/<activation>": unique for ever. In the arena. */
struct text command_id(const struct command_source *source, struct arena *arena);

/*
 * What a service drops repeats by: "<flow>:<key>/<run>/<step>/<activation>", the same for every
 * attempt. An undo has its own activation and ":undo" after the name of the step that it undoes, a
 * cancel ":cancel", so that neither is taken for a repeat of the command. In the arena.
 */
struct text command_idempotency_key(const struct command_source *source, struct arena *arena);

/*
 * The headers to produce:
 *   a command: baton-instance baton-run baton-step baton-attempt baton-undo-of (of an undo: the
 *     idempotency key of what it undoes) correlation-id (the command id)
 *     idempotency-key message-type reply-topic deadline (end of the attempt, ISO; absent if there is
 *     none) traceparent;
 *   a cancel: the same without reply-topic and deadline; baton-undo-of is what it calls off;
 *   an emit: baton-instance baton-run baton-step baton-undo-of idempotency-key message-type
 *     traceparent.
 * Where the topic says `envelope: cloudevents`, also ce_specversion ce_id (the idempotency key)
 * ce_source ("/<app>/<flow>") ce_type (the message type, else the name of the topic) ce_subject (the
 * instance) ce_time (of the event that had it sent) content-type.
 * The message type goes into the header in which the service's or topic's rule would look for it.
 * Then the flow's own (effect->headers): one of the same name takes the place of ours, null leaves
 * it out, what is no text is written as JSON.
 *
 * Texts live in the arena, or as long as what `source` points to.
 */
struct command_headers command_headers(const struct command_source *source, struct arena *arena);

#endif
