#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/inbox_send.h"
#include "app/options.h"
#include "base/limits.h"

static const char usage[] =
    "Usage: baton start FLOW --key KEY [--data JSON] [OPTION...]\n\n"
    "Starts an instance of a deployed flow whose 'start' says 'manual: true'. What a second start\n"
    "of the same key means, 'ifRunning' and 'afterDone' say.\n\n"
    "      --key KEY                 its business key\n"
    "      --data JSON               what it starts with (default: {})\n"
    "      --actor NAME              who (default: the user)\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n";

struct request {
    struct config_flags flags;
    struct text flow;
    struct text key;
    struct text data;
    struct text actor;
    enum view_output output;
};

static int misused(const char *what)
{
    return options_misused("start", what);
}

static int take_option(void *self, int letter)
{
    struct request *request = self;

    if (letter == 'k') {
        request->key = text_of(optarg);
    } else if (letter == 'd') {
        request->data = text_of(optarg);
    } else {
        request->actor = text_of(optarg);
    }
    return -1;
}

static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,           {"key", 1, NULL, 'k'},
                                          {"data", 1, NULL, 'd'},   {"actor", 1, NULL, 'A'},
                                          {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int code;

    *request = (struct request){.output = VIEW_TABLE, .data = TEXT("{}"), .actor = inbox_actor()};
    code = options_read(argc, argv,
                        &(struct options){.name = "start",
                                          .usage = usage,
                                          .known = known,
                                          .letters = "k:d:",
                                          .flags = &request->flags,
                                          .output = &request->output,
                                          .self = request,
                                          .take = take_option});
    if (code != -1) {
        return code;
    }
    if (optind + 1 != argc) {
        return misused("give the name of one flow");
    }
    request->flow = text_of(argv[optind]);
    if (request->key.bytes == 0 || request->key.bytes > KEY_BYTES_MAX ||
        !text_is_utf8(request->key)) {
        return misused("give a --key, UTF-8 of at most 512 bytes");
    }
    return -1;
}

static int check_flow(const struct estate *estate, struct text name)
{
    const struct flow *flow = flow_registry_active(estate->registry, name);

    if (flow == NULL) {
        fprintf(stderr, "baton start: no flow '%.*s' is deployed and active\n", TEXT_ARG(name));
        return EXIT_FINDINGS;
    }
    if (flow->manual == NULL) {
        fprintf(stderr,
                "baton start: flow '%.*s' is not started by hand: its 'start' says no "
                "'manual: true'\n",
                TEXT_ARG(name));
        return EXIT_FINDINGS;
    }
    return EXIT_DONE;
}

static void tell(const struct request *request)
{
    struct json *told;

    if (request->output == VIEW_TABLE) {
        printf("%.*s:%.*s: its start is in the inbox\n", TEXT_ARG(request->flow),
               TEXT_ARG(request->key));
        return;
    }
    told = json_object();
    json_put_text(told, "flow", request->flow);
    json_put_text(told, "key", request->key);
    json_put_text(told, "actor", request->actor);
    view_print_json(told);
    json_free(told);
}

static int start(struct estate *estate, const struct request *request)
{
    struct json *data = NULL;
    struct json *about;
    struct buffer value = {0};
    struct error err;
    int code = check_flow(estate, request->flow);

    if (code != EXIT_DONE) {
        return code;
    }
    if (json_parse(request->data, &data, &err) != STATUS_OK || json_kind(data) != JSON_OBJECT) {
        json_free(data);
        return misused("--data takes a JSON object");
    }
    about = json_object();
    json_put(about, TEXT("input"), data);
    json_write(about, &value);
    struct inbox_record inbox = {.kind = INBOX_TOLD,
                                 .flow = request->flow,
                                 .key = request->key,
                                 .type = TEXT("start"),
                                 .value = buffer_text(&value),
                                 .format = FORMAT_JSON,
                                 .actor = request->actor};
    code = inbox_send(estate, &inbox);
    if (code == EXIT_DONE) {
        tell(request);
    }
    json_free(about);
    buffer_release(&value);
    return code;
}

int cmd_start(int argc, char **argv)
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
        code = start(&estate, &request);
    }
    estate_close(&estate);
    config_release(&config);
    return code;
}
