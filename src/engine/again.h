/*
 * again - deciding again what was decided: the event that a history record tells of, made once more,
 * and what came of it compared with what was recorded. For whoever checks or explains a history; no
 * lane needs it.
 */
#ifndef BATON_ENGINE_AGAIN_H
#define BATON_ENGINE_AGAIN_H

#include "base/arena.h"
#include "codec/records.h"
#include "core/transition.h"

/*
 * Fill `event`, with time and run, for `history`. `inbox` is the record that it names, or NULL if there
 * is none (a timer, a permit) or it is gone; `payload` is its decoded value, borrowed. Texts are borrowed from
 * the records. False: it cannot be made any more, or is none of `app`.
 */
bool again_event(const struct history_record *history, const struct inbox_record *inbox,
                 const struct json *payload, struct text app, struct event *event);

/* An order to go on by another version: `target` is the caller's to find, by the payload's "to", and it is
 * decided by the version before, not by that of the history record. */
bool again_is_migration(const struct event *event);

/* What decided again sends other commands than were recorded, in words, or NULL. `flow` and `after` are
 * those of this decision. */
const char *again_commands_differ(const struct history_record *history, struct text app,
                                  const struct flow *flow, const struct instance *after,
                                  const struct effect_list *effects);

/* Other things were decided than were recorded. */
bool again_decided_differ(const struct history_record *history, const struct effect_list *effects);

#endif
