#include <stdio.h>

#include "app/command.h"
#include "app/inbox_send.h"
#include "app/options.h"
#include "base/limits.h"

static const char usage[] =
    "Usage: baton signal INSTANCE NAME [OPTION...]\n\n"
    "Gives an instance, <flow>:<key>, the signal that a 'listen: {signal: NAME}' of its flow "
    "waits\n"
    "for. It stands in the inbox when the command ends; a worker takes it from there. If no step\n"
    "listens for it yet, it is kept for one that may; if none can any more, or there is no such\n"
    "instance, that is an alert. 'baton history INSTANCE' shows what came of it.\n\n"
    "  -d, --data JSON               what the signal brings (default: null)\n"
    "  -A, --actor NAME              who gives it, for the history (default: $LOGNAME)\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n";

struct request {
    struct config_flags flags;
    enum view_output output;
    struct text instance;
    struct text name;
    struct text data;
    struct text actor;
};

static int misused(const char *what)
{
    return options_misused("signal", what);
}

static int take_option(void *self, int letter)
{
    struct request *request = self;

    if (letter == 'd') {
        request->data = text_of(optarg);
    } else {
        request->actor = text_of(optarg);
    }
    return -1;
}

static int check_words(const struct request *request)
{
    struct json *data = NULL;
    struct error err;

    if (options_instance("signal", request->instance) != -1) {
        return EXIT_USAGE;
    }
    if (!text_is_utf8(request->actor) || request->actor.bytes == 0) {
        return misused("--actor is a name");
    }
    if (request->data.bytes > PAYLOAD_BYTES_MAX) {
        return misused("--data is too large: the most is 256 KiB");
    }
    if (json_parse(request->data, &data, &err) != STATUS_OK) {
        fprintf(stderr, "baton signal: --data is no JSON: %s; quote text twice, as in '\"yes\"'\n",
                err.text);
        return EXIT_USAGE;
    }
    json_free(data);
    return -1;
}

/* As view_arguments(). */
static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,          {"data", 1, NULL, 'd'},
                                          {"actor", 1, NULL, 'A'}, {"output", 1, NULL, 'o'},
                                          {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
    int code;

    *request = (struct request){.output = VIEW_TABLE, .data = TEXT("null"), .actor = inbox_actor()};
    code = options_read(argc, argv,
                        &(struct options){.name = "signal",
                                          .usage = usage,
                                          .known = known,
                                          .letters = "d:A:",
                                          .flags = &request->flags,
                                          .output = &request->output,
                                          .self = request,
                                          .take = take_option});
    if (code != -1) {
        return code;
    }
    if (optind + 2 != argc) {
        return misused("give one instance, <flow>:<key>, and the name of one signal");
    }
    request->instance = text_of(argv[optind]);
    request->name = text_of(argv[optind + 1]);
    return check_words(request);
}

static bool listens(const struct flow *flow, struct text signal)
{
    for (uint32_t i = 0; i < flow->signal_count; i++) {
        if (text_equal(flow->signals[i], signal)) {
            return true;
        }
    }
    return false;
}

/* Older versions may still run, so all that were deployed count. */
static int check_signal(const struct estate *estate, struct text flow_name, struct text signal)
{
    const struct flow *active = flow_registry_active(estate->registry, flow_name);
    const struct flow *flow;
    size_t cursor = 0;

    if (!flow_registry_knows(estate->registry, flow_name)) {
        fprintf(stderr, "baton signal: no flow '%.*s' was ever deployed\n", TEXT_ARG(flow_name));
        return EXIT_FINDINGS;
    }
    while (flow_registry_next_flow(estate->registry, &cursor, &flow)) {
        if (text_equal(flow->name, flow_name) && listens(flow, signal)) {
            return EXIT_DONE;
        }
    }
    fprintf(stderr, "baton signal: flow '%.*s' listens for no signal '%.*s'", TEXT_ARG(flow_name),
            TEXT_ARG(signal));
    for (uint32_t i = 0; active != NULL && i < active->signal_count; i++) {
        fprintf(stderr, "%s'%.*s'", i == 0 ? "; it knows " : ", ", TEXT_ARG(active->signals[i]));
    }
    fprintf(stderr, "\n");
    return EXIT_FINDINGS;
}

static void tell(const struct request *request)
{
    struct json *told;

    if (request->output == VIEW_TABLE) {
        printf("%.*s: signal '%.*s' is in the inbox\n", TEXT_ARG(request->instance),
               TEXT_ARG(request->name));
        return;
    }
    told = json_object();
    json_put_text(told, "instance", request->instance);
    json_put_text(told, "signal", request->name);
    json_put_text(told, "actor", request->actor);
    view_print_json(told);
    json_free(told);
}

static int give(struct estate *estate, const struct request *request)
{
    size_t colon = text_find(request->instance, ':');
    struct inbox_record inbox = {
        .kind = INBOX_OPERATOR,
        .verb = OPERATOR_SIGNAL,
        .flow = text_sub(request->instance, 0, colon),
        .key = text_sub(request->instance, colon + 1, request->instance.bytes),
        .type = request->name,
        .value = request->data,
        .format = FORMAT_JSON,
        .actor = request->actor,
    };
    int code = check_signal(estate, inbox.flow, request->name);

    if (code == EXIT_DONE) {
        code = inbox_send(estate, &inbox);
    }
    if (code == EXIT_DONE) {
        tell(request);
    }
    return code;
}

int cmd_signal(int argc, char **argv)
{
    struct request request;
    struct estate estate = {0};
    struct config config = {0};
    int code = read_arguments(argc, argv, &request);

    if (code != -1) {
        return code;
    }
    code = estate_of_flags(&request.flags, &config, &estate);
    if (code == EXIT_DONE) {
        code = give(&estate, &request);
    }
    estate_close(&estate);
    config_release(&config);
    return code;
}
