#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/hash.h"

#define LINE_BYTES 4096

/* The settings of the process; see log_set_level(). */
static _Atomic int level_least = LOG_INFO;
static _Atomic int format_chosen = LOG_TEXT;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_least, (int)level, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
    atomic_store_explicit(&format_chosen, (int)format, memory_order_relaxed);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARN:
        return "warn";
    case LOG_ERROR:
        return "error";
    case LOG_NONE:
        return "none";
    }
    CHECK(!"unknown log level");
    return "";
}

/* A value may hold anything that a record or a server sent: it must not start a new line, nor talk
 * to the terminal. */
static void blank_controls(char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F) {
            text[i] = ' ';
        }
    }
}

static void write_line(const char *line, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(STDERR_FILENO, line, bytes);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return; /* Nobody reads: there is no place left to say so. */
        }
        line += written;
        bytes -= (size_t)written;
    }
}

static size_t printed(int result, size_t room)
{
    CHECK(result >= 0);
    return (size_t)result < room ? (size_t)result : room - 1;
}

static bool is_dropped(enum log_level level)
{
    return level == LOG_NONE ||
           (int)level < atomic_load_explicit(&level_least, memory_order_relaxed);
}

static size_t text_line(const struct log_line *line, char *out, size_t room)
{
    size_t bytes = printed(
        snprintf(out, room, "%s %-5s %s %s", line->time, line->level, line->event, line->pairs),
        room);

    while (bytes > 0 && out[bytes - 1] == ' ') {
        bytes--;
    }
    return bytes;
}

/* One write a line: lines of several threads do not mix. */
static void say(enum log_level level, const char *event, char *pairs)
{
    char out[LINE_BYTES];
    char time_text[TIME_TEXT_BYTES];
    size_t room = sizeof(out) - 1; /* One byte is kept for the end of the line. */
    struct timespec now;
    size_t bytes;

    clock_gettime(CLOCK_REALTIME, &now);
    time_format((int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000, time_text);
    blank_controls(pairs, strlen(pairs));
    struct log_line line = {time_text, level_name(level), event, pairs};
    bytes = atomic_load_explicit(&format_chosen, memory_order_relaxed) == LOG_JSON
                ? log_json(&line, out, room)
                : text_line(&line, out, room);
    out[bytes++] = '\n';
    write_line(out, bytes);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char pairs[LINE_BYTES];
    va_list args;
    int saved_errno = errno;

    if (is_dropped(level)) {
        return;
    }
    va_start(args, format);
    (void)printed(vsnprintf(pairs, sizeof(pairs), format, args), sizeof(pairs));
    va_end(args);
    say(level, event, pairs);
    errno = saved_errno;
}

/* The place of a text among the last ones, or that of the one which is due first. */
static struct log_said *find_said(struct log_gate *gate, uint64_t hash)
{
    struct log_said *oldest = &gate->said[0];

    for (int i = 0; i < LOG_GATE_TEXTS; i++) {
        if (gate->said[i].hash == hash) {
            return &gate->said[i];
        }
        oldest = gate->said[i].next_ms < oldest->next_ms ? &gate->said[i] : oldest;
    }
    *oldest = (struct log_said){.hash = hash};
    return oldest;
}

void log_again(struct log_gate *gate, enum log_level level, const char *event, const char *format,
               ...)
{
    char pairs[LINE_BYTES];
    struct timespec now;
    va_list args;
    int saved_errno = errno;

    if (is_dropped(level)) {
        return;
    }
    va_start(args, format);
    size_t bytes = printed(vsnprintf(pairs, sizeof(pairs), format, args), sizeof(pairs));
    va_end(args);
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_ms = (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
    uint64_t hash = hash64((struct text){pairs, bytes}, hash64(text_of(event), 0));
    struct log_said *said = find_said(gate, hash);
    if (now_ms < said->next_ms) {
        said->skipped++;
    } else {
        if (said->skipped > 0) {
            (void)printed(snprintf(pairs + bytes, sizeof(pairs) - bytes, " repeated=%llu",
                                   (unsigned long long)said->skipped),
                          sizeof(pairs) - bytes);
        }
        *said = (struct log_said){.hash = hash, .next_ms = now_ms + LOG_GATE_MS};
        say(level, event, pairs);
    }
    errno = saved_errno;
}
