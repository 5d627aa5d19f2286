/*
 * permits - what a lane asks the limiter for, and what it was told. Nothing of it is needed again
 * after a crash: a run that waits asks anew, by the same id. For lane_state.h and its files only.
 *
 * A run in memory whose timer TIMER_PERMIT is due is asked for, with all others of a turn in one
 * call; while the answer is on its way nothing else waits. A grant becomes the event TIMER of that
 * timer; that it takes long, or that the breaker is open, the event PERMIT. What a state held and the
 * next does not is given back when that is committed.
 */
#ifndef BATON_ENGINE_PERMITS_H
#define BATON_ENGINE_PERMITS_H

#include "base/arena.h"
#include "base/map.h"
#include "engine/limiter.h"
#include "engine/stats.h"

struct lane;
struct partition;
struct resident;
struct decision;
struct event;
struct flow;
struct instance;
struct timer;
struct permit;
struct permit_ask;

struct permits {
    struct map asks; /* By the permit's id -> struct permit_ask, owned. */
    /* To be asked at the end of this turn; the texts and limits are borrowed for so long. */
    struct limit_question *questions;
    uint32_t question_count;
    uint32_t question_capacity;
    /* Ids of the batch that is on its way, owned. */
    struct text *flying;
    uint32_t flying_count;
    int64_t swept_ms; /* When what nobody came back for was last looked for. */
    /* What the open turn gives back, told after its commit; in the turn's arena. */
    struct limit_report *reports;
    uint32_t report_count;
    uint32_t report_capacity;
};

void permits_release(struct permits *permits);
/* What was asked about this permit, if anything. */
void permits_forget(struct permits *permits, struct text id);

/* Before timers fire: take the answers that are there. After: ask what has come up. */
void lane_hear_permits(struct lane *lane);
void lane_ask_permits(struct lane *lane);
/* Is there something to be decided about the wait behind this timer, which is due? If not, it is seen
 * to that it is looked at again. */
bool lane_permit_speaks(struct lane *lane, struct partition *partition, struct resident *resident,
                        const struct timer *timer);
/* Then: what. `event` is that of the timer; it becomes what the limiter has said. */
void lane_permit_event(struct lane *lane, const struct instance *state, struct event *event);
/* In the turn's arena. */
struct text lane_permit_id(struct lane *lane, const struct instance *state,
                           const struct permit *permit);
/* permits_back.c. A decision takes `before` (NULL: none) to `after`: note what is given back by it. */
void lane_note_permits(struct lane *lane, const struct flow *flow, const struct instance *before,
                       const struct instance *after);
/* The turn is committed: tell. */
void lane_tell_permits(struct lane *lane);
void lane_drop_permits(struct lane *lane); /* It is not, or is over. */

#endif
