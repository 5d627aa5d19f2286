/*
 * send - what a message_spec becomes: rendered, an effect, an entry of the stack. A part of decision.h,
 * which includes it.
 */
#ifndef BATON_CORE_SEND_H
#define BATON_CORE_SEND_H

#include "core/transition.h"

struct decision;
struct sight;

struct rendered {
    struct text topic;
    struct text type;
    struct text key;
    struct json *value;
    struct json *headers;
    uint32_t check; /* As effect.check. */
};
/* Gives an error; `sight->step` is set. Then *out is empty. */
struct json *send_render(struct decision *d, const struct message_spec *spec,
                         const struct sight *sight, struct rendered *out);
/* Its last part: whether the value fits the format of its topic, as far as the event knows. For what was
 * rendered earlier. Gives an error; then *rendered is empty. */
struct json *send_check(struct decision *d, const struct message_spec *spec,
                        const struct sight *sight, struct rendered *rendered);
void send_release(struct rendered *rendered);
/* An effect of the right kind, topic and format; takes over what `rendered` holds. The effect is
 * valid until the next one is added. */
struct effect *send_effect(struct decision *d, const struct message_spec *spec, uint32_t step,
                           uint32_t activation, struct rendered *rendered);
/* As kept on the stack, and back. */
struct json *send_to_json(const struct decision *d, const struct message_spec *spec,
                          const struct rendered *rendered);
void send_from_json(struct decision *d, const struct json *json, struct rendered *out);
uint64_t send_variables(const struct message_spec *spec);
/* `emit`. Gives an error. */
struct json *send_emit(struct decision *d, uint32_t scope, uint32_t step);

#endif
