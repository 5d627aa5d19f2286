/*
 * inbox_event - an inbox record as the event that the core is given. Whoever decides, or decides
 * again to compare, makes it here.
 */
#ifndef BATON_ENGINE_INBOX_EVENT_H
#define BATON_ENGINE_INBOX_EVENT_H

#include "codec/records.h"
#include "model/event.h"

/* Fill `event` but for its payload, time and run. Texts are borrowed from `inbox`. False:
 * the command id of a reply is none of `app`. */
bool inbox_event(const struct inbox_record *inbox, struct text app, struct event *event);

#endif
