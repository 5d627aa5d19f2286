#include "app/dev_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

#define LINE_BYTES_MAX (2 * PAYLOAD_BYTES_MAX)
#define CHUNK_BYTES 65536

enum status lines_open(const char *path, struct lines *lines, struct error *err)
{
    *lines = (struct lines){.fd = STDIN_FILENO};
    if (strcmp(path, "-") != 0) {
        lines->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (lines->fd < 0) {
        lines->over = true;
        return fail(err, STATUS_REJECT, "'%s': cannot open: %s", path, strerror(errno));
    }
    return STATUS_OK;
}

/* False: there is no line end in what was read. At the end of the file the rest is a line. */
static bool cut_line(struct lines *lines, struct text *line)
{
    struct text rest = text_sub(buffer_text(&lines->text), lines->taken, lines->text.bytes);
    size_t end = text_find(rest, '\n');

    if (end == SIZE_MAX && (!lines->over || rest.bytes == 0)) {
        return false;
    }
    *line = end == SIZE_MAX ? rest : text_sub(rest, 0, end);
    lines->taken += line->bytes + (end != SIZE_MAX);
    lines->number++;
    return true;
}

static bool is_blank(struct text line)
{
    for (size_t i = 0; i < line.bytes; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* What was given is dropped, so that a long file takes no more room than its longest line. */
static void make_room(struct lines *lines)
{
    if (lines->taken > 0) {
        lines->text.bytes -= lines->taken;
        memmove(lines->text.data, lines->text.data + lines->taken, lines->text.bytes);
        lines->taken = 0;
    }
    buffer_reserve(&lines->text, CHUNK_BYTES);
}

static bool is_readable(const struct lines *lines)
{
    struct pollfd wanted = {.fd = lines->fd, .events = POLLIN};

    return poll(&wanted, 1, 0) > 0;
}

enum lines_state lines_next(struct lines *lines, struct text *line)
{
    for (;;) {
        ssize_t bytes;

        while (cut_line(lines, line)) {
            if (!is_blank(*line)) {
                return LINES_READY;
            }
        }
        if (lines->over) {
            return LINES_OVER;
        }
        if (lines->text.bytes - lines->taken > LINE_BYTES_MAX) {
            lines->over = true;
            lines->taken = lines->text.bytes;
            lines->number++;
            return LINES_TOO_LONG;
        }
        if (!is_readable(lines)) {
            return LINES_WAIT;
        }
        make_room(lines);
        bytes = read(lines->fd, lines->text.data + lines->text.bytes, CHUNK_BYTES);
        if (bytes > 0) {
            lines->text.bytes += (size_t)bytes;
        } else if (bytes == 0 || errno != EINTR) {
            lines->over = true;
        }
    }
}

void lines_close(struct lines *lines)
{
    if (lines->fd > STDIN_FILENO) {
        close(lines->fd);
    }
    buffer_release(&lines->text);
    *lines = (struct lines){.fd = -1, .over = true};
}
