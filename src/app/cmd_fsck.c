#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapter/kafka_scan.h"
#include "adapter/real_clock.h"
#include "adapter/redis_look.h"
#include "app/command.h"
#include "app/estate.h"
#include "app/options.h"
#include "base/duration.h"
#include "base/hash.h"
#include "engine/core_build.h"
#include "engine/fsck_estate.h"

#define TIMEOUT_MS 30000
#define US_PER_MS 1000
#define LISTED_MAX 10000

static const char usage[] =
    "Usage: baton fsck [OPTION...]\n\n"
    "Checks an estate while its workers run: the history and its hash chain, snapshots, what "
    "Redis\n"
    "holds, committed offsets, and that every command was sent once. Changes nothing. Says for "
    "each\n"
    "finding where it is and what to do next; docs/fsck.md tells more of each.\n\n"
    "      --replay                  decide again what this build has decided, and compare\n"
    "      --partition N             look at one partition alone\n"
    "      --instance NAME           look at one instance alone, <flow>:<key>\n"
    "      --timeout SPAN            how long an open transaction may hold a topic's end back\n"
    "                                (default: 30s)\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n";

struct request {
    struct config_flags flags;
    enum view_output output;
    struct text instance;
    int64_t partition;
    int64_t timeout_ms;
    bool replay;
};

struct printer {
    const struct request *request;
    struct kafka_broker *kafka;
    struct json *findings; /* With --output json. */
    int64_t shown;         /* Percent; -1: nothing is shown. */
};

/* ---- what is asked ---- */

static int misused(const char *what)
{
    return options_misused("fsck", what);
}

static int take_option(void *self, int letter)
{
    struct request *request = self;
    struct error err;

    switch (letter) {
    case 'R':
        request->replay = true;
        return -1;
    case 'p':
        return text_to_int64(text_of(optarg), &request->partition) && request->partition >= 0
                   ? -1
                   : misused("--partition is a number, from 0");
    case 'i':
        request->instance = text_of(optarg);
        return options_instance("fsck", request->instance);
    default:
        return duration_parse(text_of(optarg), &request->timeout_ms, &err) == STATUS_OK
                   ? -1
                   : misused("--timeout is a span, as in 30s");
    }
}

static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,
                                          {"output", 1, NULL, 'o'},
                                          {"replay", 0, NULL, 'R'},
                                          {"partition", 1, NULL, 'p'},
                                          {"instance", 1, NULL, 'i'},
                                          {"timeout", 1, NULL, 't'},
                                          {"help", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int code;

    *request = (struct request){.output = VIEW_TABLE, .partition = -1, .timeout_ms = TIMEOUT_MS};
    code = options_read(argc, argv,
                        &(struct options){.name = "fsck",
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
    if (optind != argc) {
        return misused("it takes options alone");
    }
    return request->partition >= 0 && request->instance.bytes > 0
               ? misused("--instance says the partition already")
               : -1;
}

/* ---- what is found ---- */

static void clear_progress(struct printer *printer)
{
    if (printer->shown >= 0) {
        fprintf(stderr, "\r\033[K");
        printer->shown = -1;
    }
}

static void show_progress(void *self, const char *what, int64_t percent)
{
    struct printer *printer = self;

    if (isatty(STDERR_FILENO) && percent != printer->shown) {
        fprintf(stderr, "\rreading %s: %lld %%", what, (long long)percent);
        printer->shown = percent;
    }
}

static void keep_finding(struct printer *printer, const struct fsck_finding *finding)
{
    struct json *object = json_object();

    json_put_string(object, "id", fsck_id_name(finding->id));
    json_put_text(object, "topic", finding->topic);
    json_put_integer(object, "partition", finding->partition);
    if (finding->offset >= 0) {
        json_put_integer(object, "offset", finding->offset);
    }
    if (finding->instance.bytes > 0) {
        json_put_text(object, "instance", finding->instance);
    }
    if (finding->run.bytes > 0) {
        json_put_text(object, "run", finding->run);
    }
    if (finding->seq > 0) {
        json_put_integer(object, "seq", finding->seq);
    }
    json_put_string(object, "text", finding->text);
    json_put_string(object, "next", fsck_id_advice(finding->id));
    json_push(printer->findings, object);
}

static void print_finding(const struct fsck_finding *finding)
{
    printf("%s%s%s  %.*s", view_bold(), fsck_id_name(finding->id), view_plain(),
           TEXT_ARG(finding->topic));
    if (finding->partition >= 0) {
        printf(" partition %d", finding->partition);
    }
    if (finding->offset >= 0) {
        printf(" offset %lld", (long long)finding->offset);
    }
    if (finding->instance.bytes > 0) {
        printf("  %.*s", TEXT_ARG(finding->instance));
    }
    if (finding->run.bytes > 0) {
        printf(" run %.*s", TEXT_ARG(finding->run));
    }
    if (finding->seq > 0) {
        printf(" seq %lld", (long long)finding->seq);
    }
    printf("\n    %s\n    %snext: %s%s\n", finding->text, view_dim(), fsck_id_advice(finding->id),
           view_plain());
}

static void found(void *self, const struct fsck_finding *finding)
{
    struct printer *printer = self;

    clear_progress(printer);
    if (printer->findings == NULL) {
        print_finding(finding);
    } else if (json_count(printer->findings) < LISTED_MAX) {
        keep_finding(printer, finding);
    }
}

/* ---- the end ---- */

static struct json *counts_json(const struct request *request, const struct fsck_counts *counts)
{
    struct json *object = json_object();

    json_put_integer(object, "records", counts->records);
    json_put_integer(object, "runs", counts->runs);
    json_put_integer(object, "instances", counts->open_runs);
    json_put_integer(object, "snapshots", counts->snapshots);
    json_put_integer(object, "sleeping", counts->sleeping);
    json_put_integer(object, "commands", counts->commands);
    json_put_integer(object, "commandsUnchecked", counts->commands_unchecked);
    if (request->replay) {
        json_put_integer(object, "replayed", counts->replayed);
        json_put_integer(object, "otherBuild", counts->other_build);
        json_put_integer(object, "notReplayed", counts->not_replayed);
        json_put_string(object, "build", core_build);
    }
    json_put_integer(object, "findings", counts->findings);
    return object;
}

static void print_summary(const struct request *request, const struct fsck_counts *counts)
{
    printf("%lld history records, %lld runs (%lld instances alive), %lld snapshots (%lld "
           "sleeping), %lld commands",
           (long long)counts->records, (long long)counts->runs, (long long)counts->open_runs,
           (long long)counts->snapshots, (long long)counts->sleeping, (long long)counts->commands);
    if (counts->commands_unchecked > 0) {
        printf(" (%lld of them not to be checked)", (long long)counts->commands_unchecked);
    }
    if (request->replay) {
        printf("\nreplayed: %lld; of another build than %s, skipped: %lld; their inbox record is "
               "cut off, skipped: %lld",
               (long long)counts->replayed, core_build, (long long)counts->other_build,
               (long long)counts->not_replayed);
    }
    if (counts->findings == 0) {
        printf("\nno findings\n");
    } else {
        printf("\n%s%lld finding%s%s\n", view_bold(), (long long)counts->findings,
               counts->findings == 1 ? "" : "s", view_plain());
    }
}

static void print_end(struct printer *printer, const struct fsck_counts *counts)
{
    clear_progress(printer);
    if (printer->findings == NULL) {
        print_summary(printer->request, counts);
        return;
    }
    struct json *answer = json_object();
    json_put(answer, TEXT("findings"), json_copy(printer->findings));
    json_put(answer, TEXT("counts"), counts_json(printer->request, counts));
    view_print_json(answer);
    json_free(answer);
}

static enum status scan(void *self, const struct scan_range *ranges, uint32_t count, void *visitor,
                        void (*visit)(void *visitor, const struct record *record),
                        struct error *err)
{
    struct printer *printer = self;

    return kafka_scan(printer->kafka, ranges, count, visitor, visit, err);
}

static void pause_for(void *self, int64_t wait_ms)
{
    (void)self;
    usleep((useconds_t)(wait_ms * US_PER_MS));
}

static int check(const struct request *request, const struct config *config, struct estate *estate,
                 struct redis_look *look)
{
    struct printer printer = {.request = request, .kafka = estate->kafka, .shown = -1};
    struct settings settings = config->settings;
    struct sleep_look port = redis_look_port(look);
    struct clock clock = real_clock();
    struct fsck_reading reading = {.broker = &estate->broker,
                                   .registry = estate->registry,
                                   .look = &port,
                                   .clock = &clock,
                                   .timeout_ms = request->timeout_ms,
                                   .self = &printer,
                                   .scan = scan,
                                   .pause = pause_for,
                                   .progress = show_progress};
    struct fsck_options options = {.settings = &settings,
                                   .instance = request->instance,
                                   .partition = (int32_t)request->partition,
                                   .now_ms = clock.now_ms(clock.self),
                                   .replay = request->replay,
                                   .self = &printer,
                                   .found = found};
    struct fsck_counts counts = {.records = 0};
    struct error err;

    settings.partitions = estate->partitions;
    if (request->partition >= estate->partitions) {
        fprintf(stderr, "baton fsck: the estate has partitions 0 to %d\n", estate->partitions - 1);
        return EXIT_USAGE;
    }
    if (request->instance.bytes > 0) {
        options.partition = kafka_partition(request->instance, estate->partitions);
    }
    printer.findings = request->output == VIEW_JSON ? json_array() : NULL;
    enum status status = fsck_estate(&reading, &options, &counts, &err);
    if (status == STATUS_OK) {
        print_end(&printer, &counts);
    } else {
        clear_progress(&printer);
        fprintf(stderr, "baton fsck: %s\n", err.text);
    }
    json_free(printer.findings);
    return status != STATUS_OK ? EXIT_UNREACHABLE : counts.findings > 0 ? EXIT_FINDINGS : EXIT_DONE;
}

int cmd_fsck(int argc, char **argv)
{
    struct request request;
    struct config config = {0};
    struct estate estate = {0};
    struct redis_look *look = NULL;
    struct error err;
    int code = read_arguments(argc, argv, &request);

    if (code != -1) {
        return code;
    }
    code = estate_of_flags(&request.flags, &config, &estate);
    if (code == EXIT_DONE &&
        redis_look_open(config.redis_url, config.settings.app, &look, &err) != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE) {
        code = check(&request, &config, &estate, look);
    }
    redis_look_close(look);
    estate_close(&estate);
    config_release(&config);
    return code;
}
