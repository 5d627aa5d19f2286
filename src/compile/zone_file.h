/*
 * zone_file - a time zone by its name, out of the system's time zone data.
 */
#ifndef BATON_COMPILE_ZONE_FILE_H
#define BATON_COMPILE_ZONE_FILE_H

#include "base/zone.h"

/* STATUS_REJECT: there is none of this name; err says so. `zone` lives in the arena. */
MUST_CHECK enum status zone_load(struct text name, struct arena *arena, struct zone *zone,
                                 struct error *err);

#endif
