/*
 * files - reading files and walking folders of flows.
 */
#ifndef BATON_APP_FILES_H
#define BATON_APP_FILES_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"

/* Append the file to `out`. STATUS_REJECT: larger than out->bytes_max. STATUS_FATAL: cannot be
 * read. err names the file and says why. */
MUST_CHECK enum status file_read(const char *path, struct buffer *out, struct error *err);

/* The same for standard input. */
MUST_CHECK enum status file_read_input(struct buffer *out, struct error *err);

struct path_list {
    struct arena *arena; /* Borrowed; the paths live there. */
    struct text *items;
    uint32_t count;
    uint32_t capacity;
};

/* Add `path` if it is a file; if it is a folder, the flow files in it and below, sorted by name:
 * *.yaml and *.yml whose first key is `flow:` or `document:`, but not *.test.yaml. A file that is
 * named and holds no flow is taken all the same: the checker then says what is wrong with it. */
MUST_CHECK enum status files_of_flows(struct text path, struct path_list *list, struct error *err);
/* The same for tests of flows: the files *.test.yaml and *.test.yml of a folder and below. */
MUST_CHECK enum status files_of_tests(struct text path, struct path_list *list, struct error *err);
void path_list_release(struct path_list *list);

#endif
