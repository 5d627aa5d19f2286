/*
 * flow_view - what `baton compile`, `graph` and `export` share: one flow file in, one text out.
 */
#ifndef BATON_APP_FLOW_VIEW_H
#define BATON_APP_FLOW_VIEW_H

struct buffer;
struct diagnostics;
struct flow;
struct machine;

/* Check and build the flow of the file at `path`; it belongs to the caller. Findings go to standard
 * error. Gives the exit code of the command `name`; *flow is set if it is EXIT_DONE. */
int flow_open(const char *name, const char *path, struct flow **flow);

/* The same; what was found is left in `found`, which the caller releases. */
int flow_open_found(const char *name, const char *path, struct diagnostics *found,
                    struct flow **flow);

/* Do that, write it by `write` to `output` (as output_write()). Findings go to standard error. Gives the exit code of the command `name`. */
int flow_view(const char *name, const char *path, const char *output,
              void (*write)(const struct machine *machine, struct buffer *out));

/* `baton <name> FILE [-o OUT]`: *output is NULL if it is not given. Gives -1 to go on, else the exit code:
 * help was printed, or the words are off, which is said. */
int flow_view_options(int argc, char **argv, const char *name, const char *help, const char **file,
                      const char **output);

#endif
