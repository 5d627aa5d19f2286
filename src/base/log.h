/*
 * log - one line an event on standard error: time, level, event name, then key=value pairs that the
 * caller formats. No payloads at info level. Lines of several threads do not mix.
 */
#ifndef BATON_BASE_LOG_H
#define BATON_BASE_LOG_H

#include "base/check.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };

/* Lines below `level` are dropped. Default LOG_INFO. Call before threads start. */
void log_set_level(enum log_level level);
void log_event(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
