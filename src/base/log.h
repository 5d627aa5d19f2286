/*
 * log - one line an event on standard error: time, level, event name, then key=value pairs that the
 * caller formats; or the same as one JSON object a line. No payloads at info level. Lines of several
 * threads do not mix.
 */
#ifndef BATON_BASE_LOG_H
#define BATON_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };
enum log_format { LOG_TEXT, LOG_JSON };

/* Lines below `level` are dropped. Default LOG_INFO. Call before threads start. */
void log_set_level(enum log_level level);
void log_set_format(enum log_format format); /* Default LOG_TEXT. */
void log_event(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);

#define LOG_GATE_TEXTS 4
#define LOG_GATE_MS 30000

/* Keeps what is said again and again from filling the log. Zeroed it is open; one owner thread. */
struct log_gate {
    struct log_said {
        uint64_t hash;   /* Of an event and its pairs. */
        int64_t next_ms; /* Monotonic: when it may be said again. */
        uint64_t skipped;
    } said[LOG_GATE_TEXTS]; /* The last ones. */
};

/* As log_event(), but the same line at most once in LOG_GATE_MS; it then ends in "repeated=<n>", how
 * often it was left out. */
void log_again(struct log_gate *gate, enum log_level level, const char *event, const char *format,
               ...) PRINTF_LIKE(4, 5);

/* log_json.c: `pairs` as the body of a JSON object after `event`, always whole: values that do not
 * fit into `room` are cut. Gives the bytes written, without a NUL. */
struct log_line {
    const char *time;
    const char *level;
    const char *event;
    const char *pairs; /* key=value key="value with blanks" ..., NUL-terminated. */
};
size_t log_json(const struct log_line *line, char *out, size_t room);

#endif
