/*
 * flow_files - flows read from files, checked and resolved, by commands that go on to use them.
 */
#ifndef BATON_APP_FLOW_FILES_H
#define BATON_APP_FLOW_FILES_H

#include "compile/diagnostic.h"
#include "engine/publish.h"

/* Check the flow at `path` and resolve it into `out`, which lives in `arena`; findings are added.
 *
 * STATUS_OK:     *out is set.
 * STATUS_REJECT: there are errors among the findings, or err says that it is too large.
 * STATUS_FATAL:  it cannot be read, or is an estate file; err names it. */
MUST_CHECK enum status flow_files_take(struct text path, struct arena *arena,
                                       struct diagnostics *findings, struct publish_definition *out,
                                       struct error *err);

struct flow_files {
    struct publish_definition *items;
    uint32_t count;
};

/* Read the files, or the flows in the folders, at `paths`. What is found in all of them is printed to
 * standard error before anything is refused; `who`, as "baton dev", begins other messages. Gives an
 * exit code: 1 if there are errors, 2 if something cannot be read. All lives in `arena`. */
int flow_files_read(const char *who, const struct text *paths, uint32_t path_count,
                    struct arena *arena, struct flow_files *files);

/* To standard error, in colours on a terminal. */
void flow_files_print(struct diagnostics *findings);

#endif
