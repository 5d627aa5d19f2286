#include "model/effect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECIDED_BYTES_MAX 1024
/* One event may pass thousands of steps, and history keeps a line or more of each: once there is so
 * much, the others are cut to so little. */
#define DECIDED_BYTES_FULL (256 * 1024)
#define DECIDED_BYTES_SHORT 80

struct effect *effect_add(struct effect_list *effects)
{
    struct effect *effect;

    if (effects->count == effects->capacity) {
        uint32_t capacity = effects->capacity == 0 ? 8 : effects->capacity * 2;

        effects->items = realloc(effects->items, capacity * sizeof(*effects->items));
        CHECK(effects->items != NULL);
        effects->capacity = capacity;
    }
    effect = &effects->items[effects->count++];
    memset(effect, 0, sizeof(*effect));
    effect->service = UINT32_MAX;
    effect->step_index = STEP_NONE;
    return effect;
}

struct effect_check *effect_add_check(struct effect_list *effects)
{
    if (effects->check_count == effects->check_capacity) {
        effects->check_capacity = effects->check_capacity == 0 ? 8 : effects->check_capacity * 2;
        effects->checks = realloc(effects->checks,
                                  effects->check_capacity * sizeof(*effects->checks));
        CHECK(effects->checks != NULL);
    }
    effects->checks[effects->check_count] = (struct effect_check){0};
    return &effects->checks[effects->check_count++];
}

void effect_decide(struct effect_list *effects, const char *format, ...)
{
    char line[DECIDED_BYTES_MAX];
    size_t room = effects->decided_bytes < DECIDED_BYTES_FULL ? DECIDED_BYTES_MAX
                                                              : DECIDED_BYTES_SHORT;
    va_list args;
    int bytes;

    if (effects->decided_count == effects->decided_capacity) {
        uint32_t capacity = effects->decided_capacity == 0 ? 8 : effects->decided_capacity * 2;

        effects->decided = realloc(effects->decided, capacity * sizeof(*effects->decided));
        CHECK(effects->decided != NULL);
        effects->decided_capacity = capacity;
    }
    va_start(args, format);
    bytes = vsnprintf(line, room, format, args);
    va_end(args);
    CHECK(bytes >= 0);
    if ((size_t)bytes >= room) {
        bytes = (int)room - 1;
        /* Cut before a character, not inside one; it has at most four bytes. */
        for (int i = 0; i < 3 && !text_is_utf8((struct text){line, (size_t)bytes}); i++) {
            bytes--;
        }
    }
    effects->decided[effects->decided_count++] = arena_text(effects->arena,
                                                            (struct text){line, (size_t)bytes});
    effects->decided_bytes += (size_t)bytes;
}

void effect_clear(struct effect_list *effects)
{
    for (uint32_t i = 0; i < effects->count; i++) {
        json_free(effects->items[i].value);
        json_free(effects->items[i].headers);
    }
    for (uint32_t i = 0; i < effects->check_count; i++) {
        json_free(effects->checks[i].value);
    }
    effects->count = 0;
    effects->check_count = 0;
    effects->decided_count = 0;
    effects->decided_bytes = 0;
    effects->outcomes = NULL;
    effects->outcome_count = 0;
}

void effect_release(struct effect_list *effects)
{
    effect_clear(effects);
    free(effects->items);
    free(effects->checks);
    free(effects->decided);
    *effects = (struct effect_list){.arena = effects->arena};
}

bool effect_is_sent(const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_COMMAND:
    case EFFECT_EMIT:
    case EFFECT_CANCEL:
        return true;
    case EFFECT_TELL:
    case EFFECT_ALERT:
        break;
    }
    return false;
}

const char *alert_kind_name(enum alert_kind kind)
{
    switch (kind) {
    case ALERT_LATE:
        return "late";
    case ALERT_STUCK:
        return "stuck";
    case ALERT_EXPIRED:
        return "expired";
    case ALERT_UNMATCHED:
        return "unmatched";
    case ALERT_DATA:
        return "data";
    case ALERT_FAILED:
        return "failed";
    }
    CHECK(false && "unknown alert kind");
    return "";
}
