/*
 * view - how commands show things: an instance argument, colours, spans, JSON on standard output.
 */
#ifndef BATON_APP_VIEW_H
#define BATON_APP_VIEW_H

#include "app/config.h"
#include "model/instance.h"
#include "json/json.h"

enum view_output { VIEW_TABLE, VIEW_JSON };

/* What `baton show` and `baton history` are asked. */
struct view_request {
    const char *name; /* Of the command. */
    struct config_flags flags;
    enum view_output output;
    struct text instance;
    struct run_id run;
    bool has_run;
    bool all; /* Show payloads and deltas as well. */
};

/* Read the command line. Gives -1 to go on, else the exit code (help was printed, or the words are
 * off). `usage` is the command's help. */
int view_arguments(int argc, char **argv, const char *usage, struct view_request *request);

/* "\033[1m" and the like on a terminal, "" elsewhere. */
const char *view_bold(void);
const char *view_dim(void);
const char *view_plain(void);

/* "in 4m10s", "12s ago". */
void view_distance(int64_t at_ms, int64_t now_ms, char out[64]);
void view_print_json(const struct json *value);

#endif
