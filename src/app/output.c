#include "app/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum status output_write(const char *path, struct text text, struct error *err)
{
    bool standard = path == NULL || strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : fopen(path, "wb");
    const char *name = standard ? "standard output" : path;
    bool failed;

    if (file == NULL) {
        return fail(err, STATUS_FATAL, "cannot write '%s': %s", name, strerror(errno));
    }
    failed = text.bytes > 0 && fwrite(text.data, 1, text.bytes, file) != text.bytes;
    failed = (standard ? fflush(file) : fclose(file)) != 0 || failed;
    return failed ? fail(err, STATUS_FATAL, "cannot write '%s': %s", name, strerror(errno))
                  : STATUS_OK;
}
