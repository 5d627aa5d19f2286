#include "compile/zone_file.h"

#include "compile/checker.h"

#define FOLDER "/usr/share/zoneinfo"

/* "America/Argentina/Ushuaia"; no way out of the folder. */
static bool is_name(struct text name)
{
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_letter &&
            (i == 0 || ((c < '0' || c > '9') && text_find(TEXT("_+-/"), c) == SIZE_MAX))) {
            return false;
        }
    }
    return name.bytes > 0 && name.bytes <= 64;
}

enum status zone_load(struct text name, struct arena *arena, struct zone *zone, struct error *err)
{
    struct buffer bytes = {0};
    enum status status;

    *zone = (struct zone){0};
    if (text_is(name, "UTC")) {
        return STATUS_OK;
    }
    if (!is_name(name)) {
        return fail(err, STATUS_REJECT, "'%.*s' is no name of a time zone, such as Europe/Berlin",
                    TEXT_ARG(name));
    }
    status = file_text(arena_printf(arena, FOLDER "/%.*s", TEXT_ARG(name)).data, &bytes, err);
    if (status == STATUS_OK) {
        status = zone_parse(buffer_text(&bytes), arena, zone, err);
    }
    buffer_release(&bytes);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    return fail(err, STATUS_REJECT,
                "unknown time zone '%.*s': there is no such file in " FOLDER " (package tzdata)",
                TEXT_ARG(name));
}
