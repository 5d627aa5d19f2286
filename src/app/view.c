#include "app/view.h"

#include <stdio.h>
#include <unistd.h>

#include "app/options.h"
#include "base/duration.h"

static int take_option(void *self, int letter)
{
    struct view_request *request = self;

    if (letter == 'A') {
        request->all = true;
        return -1;
    }
    request->has_run = run_id_parse(text_of(optarg), &request->run);
    return request->has_run
               ? -1
               : options_misused(request->name, "--run is <generation>-<offset>, as in 1-42");
}

int view_arguments(int argc, char **argv, const char *usage, struct view_request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,         {"output", 1, NULL, 'o'},
                                          {"run", 1, NULL, 'R'},  {"all", 0, NULL, 'A'},
                                          {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int code;

    *request = (struct view_request){.name = argv[0], .output = VIEW_TABLE};
    code = options_read(argc, argv,
                        &(struct options){.name = argv[0],
                                          .usage = usage,
                                          .known = known,
                                          .letters = "",
                                          .flags = &request->flags,
                                          .output = &request->output,
                                          .self = request,
                                          .take = take_option});
    if (code != -1) {
        return code;
    }
    if (optind + 1 != argc) {
        return options_misused(argv[0], "give one instance, <flow>:<key>");
    }
    request->instance = text_of(argv[optind]);
    return options_instance(argv[0], request->instance);
}

static const char *only_on_terminal(const char *code)
{
    return isatty(STDOUT_FILENO) ? code : "";
}

const char *view_bold(void)
{
    return only_on_terminal("\033[1m");
}

const char *view_dim(void)
{
    return only_on_terminal("\033[2m");
}

const char *view_plain(void)
{
    return only_on_terminal("\033[0m");
}

void view_distance(int64_t at_ms, int64_t now_ms, char out[64])
{
    char span[TIME_TEXT_BYTES];
    int64_t left_ms = at_ms > now_ms ? at_ms - now_ms : now_ms - at_ms;

    /* Milliseconds matter only where there is nothing larger. */
    duration_format(left_ms >= MS_PER_SECOND ? left_ms / MS_PER_SECOND * MS_PER_SECOND : left_ms,
                    span);
    snprintf(out, 64, at_ms > now_ms ? "in %s" : "%s ago", span);
}

void view_print_json(const struct json *value)
{
    struct buffer out = {0};

    json_write_pretty(value, &out);
    printf("%s\n", buffer_string(&out));
    buffer_release(&out);
}
