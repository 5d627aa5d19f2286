#include "app/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "compile/beside.h"
#include "compile/flow_file.h"

#define CHUNK_BYTES 65536

/* All of an open file. `name` says in messages what it is, with its quotes. */
static enum status read_stream(FILE *file, const char *name, struct buffer *out, struct error *err)
{
    for (;;) {
        buffer_reserve(out, CHUNK_BYTES);
        size_t bytes = fread(out->data + out->bytes, 1, CHUNK_BYTES, file);
        out->bytes += bytes;
        if (bytes == 0 || (out->bytes_max != 0 && out->bytes > out->bytes_max)) {
            break;
        }
    }
    if (ferror(file) != 0) {
        return fail(err, STATUS_FATAL, "%s: cannot read: %s", name, strerror(errno));
    }
    if (out->bytes_max != 0 && out->bytes > out->bytes_max) {
        return fail(err, STATUS_REJECT, "%s is larger than %zu bytes", name, out->bytes_max);
    }
    return STATUS_OK;
}

enum status file_read(const char *path, struct buffer *out, struct error *err)
{
    struct buffer name = {0};
    FILE *file = fopen(path, "rb");
    struct stat info;
    enum status status;

    if (file == NULL) {
        return fail(err, STATUS_FATAL, "'%s': cannot open: %s", path, strerror(errno));
    }
    if (fstat(fileno(file), &info) == 0 && S_ISDIR(info.st_mode)) {
        fclose(file);
        return fail(err, STATUS_FATAL, "'%s' is a folder, not a file", path);
    }
    buffer_addf(&name, "'%s'", path);
    status = read_stream(file, buffer_string(&name), out, err);
    buffer_release(&name);
    fclose(file);
    return status;
}

enum status file_read_input(struct buffer *out, struct error *err)
{
    return read_stream(stdin, "standard input", out, err);
}

static void add_path(struct path_list *list, struct text path)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        list->items = realloc(list->items, list->capacity * sizeof *list->items);
        CHECK(list->items != NULL);
    }
    list->items[list->count++] = arena_text(list->arena, path);
}

static bool is_flow(const char *path)
{
    struct buffer text = {.bytes_max = FLOW_FILE_BYTES_MAX};
    struct error err;
    bool is = file_read(path, &text, &err) != STATUS_OK || flow_file_is_flow(buffer_text(&text));

    buffer_release(&text);
    return is;
}

static bool is_test(const char *path)
{
    struct text name = text_of(path);

    return text_ends(name, TEXT(".test.yaml")) || text_ends(name, TEXT(".test.yml"));
}

static bool is_flow_file(const char *path)
{
    return flow_file_ending(text_of(path)) && is_flow(path);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* `what` names them in messages; `is_one` tells those of a folder. */
static enum status collect(struct text path, const char *what, bool (*is_one)(const char *path),
                           struct path_list *list, struct error *err)
{
    struct stat info;
    struct dirent **entries;
    struct text folder = arena_text(list->arena, path);

    if (stat(folder.data, &info) != 0) {
        return fail(err, STATUS_FATAL, "%s '%s': %s", what, folder.data, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        add_path(list, folder);
        return STATUS_OK;
    }
    int count = scandir(folder.data, &entries, visible, alphasort);
    if (count < 0) {
        return fail(err, STATUS_FATAL, "%s '%s': %s", what, folder.data, strerror(errno));
    }
    enum status status = STATUS_OK;
    for (int i = 0; i < count; i++) {
        const char *slash = text_ends(folder, TEXT("/")) ? "" : "/";
        struct text inside = arena_printf(list->arena, "%s%s%s", folder.data, slash,
                                          entries[i]->d_name);
        if (status == STATUS_OK && stat(inside.data, &info) == 0 && S_ISDIR(info.st_mode)) {
            status = collect(inside, what, is_one, list, err);
        } else if (status == STATUS_OK && is_one(inside.data)) {
            add_path(list, inside);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum status files_of_flows(struct text path, struct path_list *list, struct error *err)
{
    return collect(path, "flows", is_flow_file, list, err);
}

enum status files_of_tests(struct text path, struct path_list *list, struct error *err)
{
    return collect(path, "tests", is_test, list, err);
}

void path_list_release(struct path_list *list)
{
    free(list->items);
    *list = (struct path_list){0};
}
