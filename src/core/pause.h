/*
 * pause - a run that an operator has stopped for a while: LANGUAGE.md section 6, rule 8. What comes
 * for it is kept, in order, and decided when it goes on; its timers stand still. Inside core only.
 *
 * In the state: `paused` {since (ms), timers [[kind, owner, ms left]], count, kept (chunks of events)}.
 */
#ifndef BATON_CORE_PAUSE_H
#define BATON_CORE_PAUSE_H

#include "core/decision.h"

/* The run is paused and the event has to wait until it goes on. */
bool pause_takes(const struct decision *d);
enum transition_result pause_keep(struct decision *d);

/* An operator's words. */
enum transition_result pause_begin(struct decision *d);
enum transition_result pause_end(struct decision *d);

/* If it is paused: its timers run again, and what was kept is decided, each as an event of its own.
 * What a run that has ended leaves over is told again, or alerted. */
void pause_lift(struct decision *d);

/* transition.c: decide about the event at hand. */
enum transition_result transition_decide(struct decision *d);

#endif
