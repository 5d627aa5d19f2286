#include <stdio.h>

#include "app/command.h"
#include "app/files.h"
#include "app/flow_view.h"
#include "app/inbox_send.h"
#include "app/migrate_file.h"
#include "app/migrate_view.h"
#include "app/options.h"
#include "base/duration.h"
#include "base/limits.h"

#define ANSWER_MS MS_PER_MINUTE

static const char usage[] =
    "Usage: baton migrate PLAN.yaml [OPTION...]\n\n"
    "Lets running instances go on by another version of their flow, as a plan says:\n\n"
    "  {migrate: order-saga, from: 1, to: 2, steps: {charge: chargeCard}}\n\n"
    "Without --yes it only says what would happen: which runs can be migrated, by the step at "
    "which\n"
    "they stand, and what stops the plan (F805, F806). With --yes each run is told by an order in\n"
    "its inbox; it decides by how it stands then, and goes on or refuses. Both are in its "
    "history.\n\n"
    "      --yes                     do it\n"
    "      --old FILE --new FILE     check the plan for two flow files, without an estate\n"
    "      --reason TEXT             why; kept in the history\n"
    "      --actor NAME              who (default: $LOGNAME)\n"
    "      --timeout SPAN            how long the answers are waited for (default: 1m)\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n\n"
    "Exit codes: 0 done, or it can be; 1 the plan is stopped, or not every run that was told went\n"
    "on; 2 usage, 3 the estate could not be reached.\n";

struct request {
    struct config_flags flags;
    enum view_output output;
    const char *path;
    const char *old;
    const char *new;
    struct text reason;
    struct text actor;
    int64_t timeout_ms;
    bool yes;
};

static int misused(const char *what)
{
    return options_misused("migrate", what);
}

static int take_option(void *self, int letter)
{
    struct request *request = self;
    struct error err;

    switch (letter) {
    case 'Y':
        request->yes = true;
        return -1;
    case 'O':
        request->old = optarg;
        return -1;
    case 'N':
        request->new = optarg;
        return -1;
    case 'R':
        request->reason = text_of(optarg);
        return -1;
    case 'W':
        request->actor = text_of(optarg);
        return text_is_utf8(request->actor) && request->actor.bytes > 0
                   ? -1
                   : misused("--actor is a name");
    default:
        return duration_parse(text_of(optarg), &request->timeout_ms, &err) == STATUS_OK
                   ? -1
                   : misused("--timeout is a span, as in 30s");
    }
}

static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,          {"output", 1, NULL, 'o'},
                                          {"yes", 0, NULL, 'Y'},   {"old", 1, NULL, 'O'},
                                          {"new", 1, NULL, 'N'},   {"reason", 1, NULL, 'R'},
                                          {"actor", 1, NULL, 'W'}, {"timeout", 1, NULL, 'T'},
                                          {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
    int code;

    *request = (struct request){.actor = inbox_actor(), .timeout_ms = ANSWER_MS};
    code = options_read(argc, argv,
                        &(struct options){.name = "migrate",
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
        return misused("give one plan, a YAML file");
    }
    if ((request->old == NULL) != (request->new == NULL)) {
        return misused("--old and --new go together");
    }
    request->path = argv[optind];
    return -1;
}

static int print_findings(struct diagnostics *found, enum view_output output)
{
    struct buffer text = {0};

    diagnostics_print(found, output == VIEW_JSON ? DIAGNOSTIC_JSON : DIAGNOSTIC_TEXT, &text);
    printf("%s", buffer_string(&text));
    buffer_release(&text);
    return found->error_count > 0 ? EXIT_FINDINGS : EXIT_DONE;
}

/* ---- two files ---- */

static int check_files_of(const struct request *request, const struct migrate_file *file,
                          struct diagnostics *found)
{
    struct flow *old = NULL;
    struct flow *new = NULL;
    int code = flow_open("migrate", request->old, &old);

    if (code == EXIT_DONE) {
        code = flow_open("migrate", request->new, &new);
    }
    if (code == EXIT_DONE &&
        (!text_equal(old->name, file->flow) || !text_equal(new->name, file->flow) ||
         old->version != file->from || new->version != file->to)) {
        fprintf(stderr, "baton migrate: the files are not versions %d and %d of '%.*s'\n",
                file->from, file->to, TEXT_ARG(file->flow));
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE) {
        migrate_file_check(file, old, new, found);
        migrate_file_warn(file, old, new, found);
        code = print_findings(found, request->output);
    }
    flow_free(old);
    flow_free(new);
    return code;
}

/* ---- an estate ---- */

static const struct flow *find_version(const struct estate *estate, struct text name,
                                       int32_t version)
{
    struct text hash = flow_registry_deployed(estate->registry, name, version);
    const struct flow *flow = hash.bytes == 0 ? NULL
                                              : flow_registry_by_hash(estate->registry, hash);

    if (flow == NULL) {
        fprintf(stderr, "baton migrate: version %d of '%.*s' is not deployed%s\n", version,
                TEXT_ARG(name), hash.bytes == 0 ? "" : " in a form that this program understands");
    }
    return flow;
}

/* Its topics are read only from its activation on. */
static bool is_read(const struct estate *estate, const struct flow *flow)
{
    const struct flow *active = flow_registry_active(estate->registry, flow->name);

    if (active != NULL && active->version >= flow->version) {
        return true;
    }
    fprintf(
        stderr,
        "baton migrate: version %d of '%.*s' is not active: what its runs wait for is not read; "
        "activate it first\n",
        flow->version, TEXT_ARG(flow->name));
    return false;
}

static int migrate(const struct request *request, struct estate *estate, struct migrate_file *file,
                   struct diagnostics *found)
{
    const struct flow *old = find_version(estate, file->flow, file->from);
    const struct flow *new = old == NULL ? NULL : find_version(estate, file->flow, file->to);
    struct migrate_view view = {.estate = estate,
                                .file = file,
                                .old = old,
                                .new = new,
                                .found = found,
                                .is_real = request->yes,
                                .orders = {.plan = file->plan,
                                           .actor = request->actor,
                                           .reason = request->reason,
                                           .timeout_ms = request->timeout_ms}};

    if (new == NULL || !is_read(estate, new)) {
        return EXIT_FINDINGS;
    }
    migrate_file_check(file, old, new, found);
    migrate_file_bind(file, old, new);
    int code = migrate_view_make(&view);
    if (view.is_seen) {
        migrate_view_print(&view, request->output);
    }
    migrate_view_release(&view);
    return code;
}

static int run(const struct request *request, struct migrate_file *file, struct diagnostics *found)
{
    struct config config = {0};
    struct estate estate = {0};
    int code = estate_of_flags(&request->flags, &config, &estate);

    if (code == EXIT_DONE) {
        code = migrate(request, &estate, file, found);
    }
    estate_close(&estate);
    config_release(&config);
    return code;
}

int cmd_migrate(int argc, char **argv)
{
    struct request request;
    struct buffer text = {.bytes_max = FLOW_FILE_BYTES_MAX};
    struct diagnostics found = {0};
    struct migrate_file file = {0};
    struct error err;
    int code = read_arguments(argc, argv, &request);

    if (code != -1) {
        return code;
    }
    if (file_read(request.path, &text, &err) != STATUS_OK) {
        fprintf(stderr, "baton migrate: %s\n", err.text);
        code = EXIT_USAGE;
    } else if (migrate_file_read(request.path, buffer_text(&text), &found, &file) != STATUS_OK) {
        code = print_findings(&found, request.output);
    } else {
        code = request.old != NULL ? check_files_of(&request, &file, &found)
                                   : run(&request, &file, &found);
    }
    migrate_file_release(&file);
    diagnostics_release(&found);
    buffer_release(&text);
    return code;
}
