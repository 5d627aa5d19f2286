/* From one instance to another. */
#include "core/told.h"

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
