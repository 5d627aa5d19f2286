#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/duration.h"

#define LINE_BYTES 4096

/* The one setting of the process; see log_set_level(). */
static _Atomic int level_least = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_least, (int)level, memory_order_relaxed);
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

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    char line[LINE_BYTES];
    char time_text[TIME_TEXT_BYTES];
    size_t room = sizeof(line) - 1; /* One byte is kept for the end of the line. */
    struct timespec now;
    size_t bytes;
    va_list args;
    int saved_errno = errno;

    if (level == LOG_NONE ||
        (int)level < atomic_load_explicit(&level_least, memory_order_relaxed)) {
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    time_format((int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000, time_text);
    bytes = printed(snprintf(line, room, "%s %-5s %s ", time_text, level_name(level), event), room);
    va_start(args, format);
    bytes += printed(vsnprintf(line + bytes, room - bytes, format, args), room - bytes);
    va_end(args);
    blank_controls(line, bytes);
    while (bytes > 0 && line[bytes - 1] == ' ') {
        bytes--;
    }
    line[bytes++] = '\n';
    /* One write a line: lines of several threads do not mix. */
    write_line(line, bytes);
    errno = saved_errno;
}
