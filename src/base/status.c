#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* A cut in the middle of a character would make the text invalid UTF-8 wherever it goes next. */
static void trim_cut_character(char *text)
{
    size_t bytes = strlen(text);
    size_t lead = bytes;

    while (lead > 0 && bytes - lead < 4 && ((unsigned char)text[lead - 1] & 0xC0U) == 0x80U) {
        lead--;
    }
    if (lead > 0 && (unsigned char)text[lead - 1] >= 0xC0U) {
        lead--;
        if (text_utf8_step((struct text){text, bytes}, lead) != bytes - lead) {
            text[lead] = '\0';
        }
    }
}

/* The arguments may point into err->text, so the new text is made aside. */
static void set_text(struct error *err, const char *text, bool cut)
{
    memcpy(err->text, text, strlen(text) + 1);
    if (cut) {
        trim_cut_character(err->text);
    }
}

enum status fail(struct error *err, enum status status, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list args;
    int bytes;

    if (err == NULL) {
        return status;
    }
    va_start(args, format);
    bytes = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    CHECK(bytes >= 0);
    set_text(err, text, (size_t)bytes >= sizeof(text));
    return status;
}

enum status fail_in(struct error *err, enum status status, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    size_t room = sizeof(text);
    va_list args;
    int where;
    int rest = 0;

    if (err == NULL) {
        return status;
    }
    va_start(args, format);
    where = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    CHECK(where >= 0);
    if ((size_t)where < room) {
        room -= (size_t)where;
        rest = snprintf(text + where, room, ": %s", err->text);
        CHECK(rest >= 0);
        set_text(err, text, (size_t)rest >= room);
    } else {
        set_text(err, text, true);
    }
    return status;
}

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_RETRY:
        return "retry";
    case STATUS_ABORT:
        return "abort";
    case STATUS_REJECT:
        return "reject";
    case STATUS_STALE:
        return "stale";
    case STATUS_FENCED:
        return "fenced";
    case STATUS_FATAL:
        return "fatal";
    }
    CHECK(!"unknown status");
    return "";
}
