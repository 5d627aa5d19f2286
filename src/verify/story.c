/* The way to a state, told again: the same moves with the same choices. */
#include <stdlib.h>
#include <string.h>

#include "verify/explore.h"

static uint32_t line_of(const struct flow *flow, const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        if (frame->kind != FRAME_BLOCK || frame->state != FRAME_OPEN) {
            return flow->steps[frame->step].line;
        }
    }
    return 0;
}

/* What a reply was said to be. */
static struct text said(const struct explorer *explorer)
{
    const struct choices *choices = &explorer->choices;

    if (choices_said(choices, ROLE_PROGRESS, OUTCOME_TRUE)) {
        return TEXT("it is a sign of life");
    }
    if (choices_said(choices, ROLE_SUCCESS, OUTCOME_TRUE)) {
        return TEXT("it says success");
    }
    if (choices_said(choices, ROLE_FAILURE, OUTCOME_TRUE)) {
        return TEXT("it says failure");
    }
    if (choices_said(choices, ROLE_SUCCESS, OUTCOME_FALSE) &&
        choices_said(choices, ROLE_FAILURE, OUTCOME_FALSE)) {
        return TEXT("it says neither success nor failure");
    }
    if (choices_said(choices, ROLE_SUCCESS, OUTCOME_FALSE)) {
        return TEXT("it does not say success");
    }
    return choices_said(choices, ROLE_FAILURE, OUTCOME_FALSE) ? TEXT("it does not say failure")
                                                              : TEXT("");
}

static void add_details(struct explorer *explorer, struct verify_event *event)
{
    struct arena *arena = &explorer->report->arena;
    const struct choices *choices = &explorer->choices;
    const struct effect_list *effects = &explorer->effects;
    struct text answer = said(explorer);

    event->details = arena_array(arena, choices->told_count + effects->decided_count + 1,
                                 sizeof(*event->details));
    if (answer.bytes > 0) {
        event->details[event->detail_count++] = answer;
    }
    for (uint32_t i = 0; i < choices->told_count; i++) {
        event->details[event->detail_count++] = choices->told[i];
    }
    for (uint32_t i = 0; i < effects->decided_count; i++) {
        event->details[event->detail_count++] = arena_text(arena, effects->decided[i]);
    }
}

/* Takes `before` over, gives what comes after. */
static struct instance *tell_one(struct explorer *explorer, struct instance *before,
                                 const struct arrival *arrival)
{
    struct verify_report *report = explorer->report;
    struct verify_event *event = &report->story[report->story_count++];
    struct instance *after = NULL;
    struct buffer place = {0};

    event->what = move_tell(&explorer->world, before, &arrival->move, &report->arena);
    explorer->choices.given = arrival->given;
    memcpy(explorer->choices.taken, arrival->taken, sizeof(arrival->taken));
    explorer->choices.telling = &report->arena;
    (void)explorer_try(explorer, before, &arrival->move, &after);
    report->transitions--;
    add_details(explorer, event);
    explorer->choices.telling = NULL;
    if (after == NULL) {
        return before;
    }
    instance_place(explorer->flow, after, &place);
    event->place = arena_text(&report->arena, buffer_text(&place));
    event->line = line_of(explorer->flow, after);
    buffer_release(&place);
    instance_free(before);
    return after;
}

void story_tell(struct explorer *explorer)
{
    struct verify_report *report = explorer->report;
    struct instance *at = instance_new(explorer->flow->name, TEXT(WORLD_KEY));
    uint32_t length = explorer->has_last_move;
    uint32_t *way;
    uint32_t count = 0;

    for (uint32_t state = explorer->last; explorer->arrivals[state].from != STATE_NONE;
         state = explorer->arrivals[state].from) {
        length++;
    }
    way = calloc(length + 1, sizeof(*way));
    CHECK(way != NULL);
    for (uint32_t state = explorer->last; explorer->arrivals[state].from != STATE_NONE;
         state = explorer->arrivals[state].from) {
        way[count++] = state;
    }
    report->story = arena_array(&report->arena, length + 1, sizeof(*report->story));
    while (count > 0) {
        at = tell_one(explorer, at, &explorer->arrivals[way[--count]]);
    }
    if (explorer->has_last_move) {
        at = tell_one(explorer, at, &explorer->last_move);
    }
    instance_free(at);
    free(way);
}
