/* What people are told at once; the engine adds instance and run. */
#include "core/decision.h"

static struct effect *alert_effect(struct decision *d, enum alert_kind kind)
{
    struct effect *effect = effect_add(d->effects);

    effect->kind = EFFECT_ALERT;
    effect->alert = kind;
    effect->topic = d->flow == NULL ? TEXT("") : d->flow->alerts;
    effect->key = arena_text(d->effects->arena, instance_key(d->after));
    effect->value = json_object();
    return effect;
}

void alert_add(struct decision *d, enum alert_kind kind, const struct step *step,
               const struct json *error, const char *detail)
{
    struct effect *effect = alert_effect(d, kind);

    if (step != NULL) {
        effect->step = step->name;
        effect->step_index = (uint32_t)(step - d->flow->steps);
    }
    json_put_string(effect->value, "detail", detail);
    if (error != NULL) {
        json_put(effect->value, TEXT("error"), json_copy(error));
    }
    effect_decide(d->effects, "alert %s: %s", alert_kind_name(kind), detail);
}

/* Where the record stands, so that people find it; its value may be large or secret. */
static struct json *coordinates(const struct incoming *incoming)
{
    struct json *place = json_object();
    const struct json *partition = json_member(incoming_message(incoming), "partition");
    const struct json *offset = json_member(incoming_message(incoming), "offset");

    if (incoming->signal.bytes > 0) {
        json_put_text(place, "signal", incoming->signal);
    } else {
        json_put_text(place, "topic", incoming->topic);
    }
    if (partition != NULL) {
        json_put(place, TEXT("partition"), json_copy(partition));
    }
    if (offset != NULL) {
        json_put(place, TEXT("offset"), json_copy(offset));
    }
    if (incoming->type.bytes > 0) {
        json_put_text(place, "type", incoming->type);
    }
    return place;
}

void alert_message(struct decision *d, enum alert_kind kind, const struct incoming *incoming,
                   const char *detail)
{
    struct effect *effect = alert_effect(d, kind);

    json_put_string(effect->value, "detail", detail);
    json_put(effect->value, TEXT("message"), coordinates(incoming));
    effect_decide(d->effects, "alert %s: %.*s: %s", alert_kind_name(kind),
                  TEXT_ARG(incoming_name(d, incoming)), detail);
}
