/* From one instance to another. */
#include "core/told.h"

void inner_begin(struct decision *d)
{
    struct instance *after = d->after;

    if (after->status == RUN_NONE) {
        after->run = d->event->run;
        after->started_ms = d->event->time_ms;
        after->status = RUN_RUNNING;
        after->data = json_object();
    }
    for (size_t i = 0; i < FLOW_HASH_BYTES; i++) {
        after->flow_hash[i] = d->flow->hash[i];
    }
}

void tell(struct decision *d, struct text flow, struct text key, const char *type,
          struct json *payload)
{
    struct effect *effect = effect_add(d->effects);

    effect->kind = EFFECT_TELL;
    effect->flow = arena_text(d->effects->arena, flow);
    effect->key = arena_text(d->effects->arena, key);
    effect->type = text_of(type);
    effect->value = payload;
}
