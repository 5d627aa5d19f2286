#include <stdio.h>
#include <unistd.h>

#include "app/command.h"
#include "app/debug_print.h"
#include "app/flow_view.h"
#include "app/options.h"
#include "app/output.h"

static const char usage[] =
    "Usage: baton debug INSTANCE|FILE [OPTION...]\n\n"
    "Steps through a recorded run: for each event what came, what was decided and sent, and what\n"
    "that changed in the state; then the whole state. INSTANCE, <flow>:<key>, is read from the\n"
    "estate's topics and needs no worker; FILE is a recording that --record wrote, and needs no\n"
    "estate.\n\n"
    "      --run ID                  a certain run (default: the latest)\n"
    "      --to SEQ                  only up to this event\n"
    "      --with FLOW.yaml          decide the same events again by this flow, and say where it\n"
    "                                first departs from what was decided and sent\n"
    "      --record FILE             write the run, with its events and its definition, to a file\n"
    "                                ('-': standard output), for a test beside the flow\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n\n"
    "Exit codes: 0 done, 1 the flow departs or it cannot be told, or there is no such run, 2 "
    "usage,\n"
    "3 the estate could not be reached.\n";

struct request {
    struct config_flags flags;
    enum view_output output;
    const char *subject;
    const char *with;
    const char *record;
    struct run_id run;
    bool has_run;
    int64_t to;
};

static int misused(const char *what)
{
    return options_misused("debug", what);
}

static int take_option(void *self, int letter)
{
    struct request *request = self;

    switch (letter) {
    case 'W':
        request->with = optarg;
        return -1;
    case 'F':
        request->record = optarg;
        return -1;
    case 'T':
        return text_to_int64(text_of(optarg), &request->to) && request->to > 0
                   ? -1
                   : misused("--to is a number, from 1");
    default:
        request->has_run = run_id_parse(text_of(optarg), &request->run);
        return request->has_run ? -1 : misused("--run is <generation>-<offset>, as in 1-42");
    }
}

static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,         {"output", 1, NULL, 'o'},
                                          {"run", 1, NULL, 'R'},  {"to", 1, NULL, 'T'},
                                          {"with", 1, NULL, 'W'}, {"record", 1, NULL, 'F'},
                                          {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int code;

    *request = (struct request){.output = VIEW_TABLE};
    code = options_read(argc, argv,
                        &(struct options){.name = "debug",
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
        return misused("give one instance, <flow>:<key>, or one file");
    }
    request->subject = argv[optind];
    return -1;
}

static int open_file(const char *path, struct recording *recording)
{
    struct error err;
    enum status status = recording_of_file(path, recording, &err);

    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton debug: %s%s\n", err.text,
            status == STATUS_REJECT ? "" : " (an instance is <flow>:<key>)");
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_USAGE;
}

/* What is there as a file is meant as one. */
static bool is_file(const char *subject)
{
    return text_find(text_of(subject), ':') == SIZE_MAX || access(subject, R_OK) == 0;
}

static int write_record(const struct request *request, const struct recording *recording)
{
    struct json *json = recording_json(recording);
    struct buffer text = {0};
    struct error err;

    json_write_pretty(json, &text);
    buffer_add_char(&text, '\n');
    enum status status = output_write(request->record, buffer_text(&text), &err);
    json_free(json);
    buffer_release(&text);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton debug: %s\n", err.text);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int print(const struct request *request, const struct debug_view *view)
{
    struct json *shown = NULL;
    struct error err;

    if (debug_json(view, &shown, &err) != STATUS_OK) {
        fprintf(stderr, "baton debug: %s\n", err.text);
        return EXIT_FINDINGS;
    }
    if (request->output == VIEW_JSON) {
        view_print_json(shown);
    } else if (view->rerun == NULL) {
        debug_print(shown);
    } else {
        debug_print_rerun(view);
    }
    json_free(shown);
    return view->rerun == NULL || view->rerun->verdict == RERUN_SAME ? EXIT_DONE : EXIT_FINDINGS;
}

static int try_flow(const struct request *request, const struct flow *flow, struct debug_view *view)
{
    const struct recording *recording = view->recording;
    struct text name = text_sub(recording->instance, 0, text_find(recording->instance, ':'));
    struct rerun rerun;

    if (!text_equal(flow->name, name)) {
        fprintf(stderr, "baton debug: '%s' holds flow '%.*s', and the run is of '%.*s'\n",
                request->with, TEXT_ARG(flow->name), TEXT_ARG(name));
        return EXIT_USAGE;
    }
    rerun_compare(recording, flow, request->to, &rerun);
    view->rerun = &rerun;
    int code = print(request, view);
    rerun_release(&rerun);
    view->rerun = NULL;
    return code;
}

static int show(const struct request *request, const struct recording *recording)
{
    struct debug_view view = {.recording = recording, .to = request->to, .with = request->with};
    struct flow *flow = NULL;

    if (recording->count > 0 && request->to > recording->steps[recording->count - 1].record.seq) {
        fprintf(stderr, "baton debug: the run has come to seq %lld, and not further\n",
                (long long)recording->steps[recording->count - 1].record.seq);
    }
    if (request->record != NULL) {
        return write_record(request, recording);
    }
    if (request->with == NULL) {
        return print(request, &view);
    }
    int code = flow_open("debug", request->with, &flow);
    if (code == EXIT_DONE) {
        code = try_flow(request, flow, &view);
    }
    flow_free(flow);
    return code;
}

int cmd_debug(int argc, char **argv)
{
    struct request request;
    struct recording recording = {0};
    struct config config = {0};
    struct estate estate = {0};
    int code = read_arguments(argc, argv, &request);

    if (code != -1) {
        return code;
    }
    if (is_file(request.subject)) {
        code = open_file(request.subject, &recording);
    } else {
        code = estate_of_flags(&request.flags, &config, &estate);
        if (code == EXIT_DONE) {
            code = recording_of_estate(&estate, config.settings.app, text_of(request.subject),
                                       request.has_run ? &request.run : NULL, &recording);
        }
    }
    if (code == EXIT_DONE) {
        code = show(&request, &recording);
    }
    recording_release(&recording);
    estate_close(&estate);
    config_release(&config);
    return code;
}
