/* What an operator decides about one instance: baton cancel, terminate, pause, resume, retry, skip,
 * resolve. */
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/inbox_send.h"
#include "app/options.h"
#include "app/run_history.h"

struct word {
    const char *name;
    enum operator_verb verb;
    bool is_about_step; /* Of something that is stuck. */
    const char *usage;
};

#define OPTIONS_TEXT                                                                               \
    "      --reason TEXT             why; kept in the history\n"                                   \
    "      --actor NAME              who (default: $LOGNAME)\n"                                    \
    "  -o, --output table|json       for people (default) or programs\n"                           \
    "  -h, --help                    this text\n"
#define STEP_TEXT                                                                                  \
    "STEP names what is stuck, if that is more than one thing: a step, or #<number> as\n"          \
    "'baton show -o json' tells it (activation).\n\n"

static const struct word words[] = {
    {"cancel", OPERATOR_CANCEL, false,
     "Usage: baton cancel INSTANCE [OPTION...]\n\n"
     "Stops a running instance, <flow>:<key>: what is open is given up, what was done is undone,\n"
     "then onFailure and always run, and it ends as cancelled. After its pivot it is "
     "refused.\n\n" OPTIONS_TEXT},
    {"terminate", OPERATOR_TERMINATE, false,
     "Usage: baton terminate INSTANCE [OPTION...]\n\n"
     "Ends an instance, <flow>:<key>, here and now. Nothing is undone and no step runs: what was\n"
     "done stays done. To undo it, cancel.\n\n" OPTIONS_TEXT},
    {"pause", OPERATOR_PAUSE, false,
     "Usage: baton pause INSTANCE [OPTION...]\n\n"
     "Holds an instance, <flow>:<key>, where it is. What comes for it is kept, in order, and its\n"
     "timers stand still until 'baton resume'. Commands that are out already are not "
     "recalled.\n\n" OPTIONS_TEXT},
    {"resume", OPERATOR_RESUME, false,
     "Usage: baton resume INSTANCE [OPTION...]\n\n"
     "Lets a paused instance, <flow>:<key>, go on: what has come meanwhile is decided in its\n"
     "order, and each timer has as long to go as when it was paused.\n\n" OPTIONS_TEXT},
    {"retry", OPERATOR_RETRY, true,
     "Usage: baton retry INSTANCE [STEP] [OPTION...]\n\n"
     "Tries what is stuck again, with a new series of attempts.\n" STEP_TEXT OPTIONS_TEXT},
    {"skip", OPERATOR_SKIP, true,
     "Usage: baton skip INSTANCE [STEP] [OPTION...]\n\n"
     "Goes on without what is stuck: an undo is left undone, a step is passed over.\n" STEP_TEXT
         OPTIONS_TEXT},
    {"resolve", OPERATOR_DONE, true,
     "Usage: baton resolve INSTANCE [STEP] [--as done|failed] [OPTION...]\n\n"
     "Says what became of what is stuck, as somebody has found out or done by hand. A pivot whose\n"
     "outcome is unknown is done, or has failed.\n" STEP_TEXT
     "      --as done|failed          it took place (default), or it did not\n" OPTIONS_TEXT},
};

struct request {
    struct config_flags flags;
    const struct word *word;
    enum operator_verb verb;
    struct text instance;
    struct text step; /* Empty: the only one that is stuck. */
    struct text reason;
    struct text actor;
    enum view_output output;
};

static int misused(const struct request *request, const char *what)
{
    return options_misused(request->word->name, what);
}

static int take_option(void *self, int letter)
{
    struct request *request = self;

    if (letter == 'R') {
        request->reason = text_of(optarg);
        return -1;
    }
    if (letter == 'W') {
        request->actor = text_of(optarg);
        return -1;
    }
    if (request->word->verb != OPERATOR_DONE ||
        (strcmp(optarg, "done") != 0 && strcmp(optarg, "failed") != 0)) {
        return misused(request, "--as takes done or failed, of 'baton resolve'");
    }
    request->verb = strcmp(optarg, "done") == 0 ? OPERATOR_DONE : OPERATOR_FAILED;
    return -1;
}

static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option known[] = {CONFIG_OPTIONS,           {"reason", 1, NULL, 'R'},
                                          {"actor", 1, NULL, 'W'},  {"as", 1, NULL, 'A'},
                                          {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int most = request->word->is_about_step ? 2 : 1;
    int code = options_read(argc, argv,
                            &(struct options){.name = request->word->name,
                                              .usage = request->word->usage,
                                              .known = known,
                                              .letters = "",
                                              .flags = &request->flags,
                                              .output = &request->output,
                                              .self = request,
                                              .take = take_option});

    if (code != -1) {
        return code;
    }
    if (optind >= argc || argc - optind > most) {
        return misused(request, "give one instance, <flow>:<key>, and at most one step");
    }
    request->instance = text_of(argv[optind]);
    code = options_instance(request->word->name, request->instance);
    if (code == -1 && optind + 1 < argc) {
        request->step = text_of(argv[optind + 1]);
    }
    return code;
}

static struct text step_name(const struct run_history *history, const struct frame *frame)
{
    return history->flow != NULL && frame->step < history->flow->step_count
               ? history->flow->steps[frame->step].name
               : TEXT("?");
}

static bool is_meant(const struct request *request, const struct run_history *history,
                     const struct frame *frame)
{
    int64_t number;

    if (frame->state != FRAME_STUCK) {
        return false;
    }
    if (request->step.bytes == 0) {
        return true;
    }
    if (request->step.data[0] == '#') {
        return text_to_int64(text_sub(request->step, 1, request->step.bytes), &number) &&
               (number == frame->activation || number == frame->undo_of);
    }
    return text_equal(request->step, step_name(history, frame));
}

/* Which of the stuck ones is meant. Gives an exit code. */
static int find_stuck(const struct request *request, const struct run_history *history,
                      uint32_t *activation)
{
    const struct instance *state = history->state;
    uint32_t count = 0;

    for (uint32_t i = 0; i < state->frame_count; i++) {
        if (is_meant(request, history, &state->frames[i])) {
            *activation = state->frames[i].activation;
            count++;
        }
    }
    if (count == 1) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton %s: '%.*s': %s%s\n", request->word->name, TEXT_ARG(request->instance),
            count == 0 ? "nothing is stuck" : "more than one thing is stuck, say which",
            count == 0 && request->step.bytes > 0 ? " there" : "");
    for (uint32_t i = 0; i < state->frame_count; i++) {
        const struct frame *frame = &state->frames[i];

        if (frame->state == FRAME_STUCK) {
            struct text name = step_name(history, frame);

            fprintf(stderr, "  #%u %s%.*s\n", frame->activation,
                    frame->kind == FRAME_UNDO ? "undo of " : "", TEXT_ARG(name));
        }
    }
    return EXIT_FINDINGS;
}

static void tell(const struct request *request, struct text actor, uint32_t activation)
{
    struct json *root;

    if (request->output == VIEW_TABLE) {
        printf("%s of %.*s is in its inbox; 'baton history %.*s' tells what came of it\n",
               request->word->name, TEXT_ARG(request->instance), TEXT_ARG(request->instance));
        return;
    }
    root = json_object();
    json_put_text(root, "instance", request->instance);
    json_put_string(root, "sent", request->word->name);
    json_put_text(root, "actor", actor);
    if (activation != 0) {
        json_put_integer(root, "activation", activation);
    }
    view_print_json(root);
    json_free(root);
}

static int ask(struct estate *estate, const struct request *request,
               const struct run_history *history)
{
    size_t colon = text_find(request->instance, ':');
    struct inbox_record record = {
        .kind = INBOX_OPERATOR,
        .flow = text_sub(request->instance, 0, colon),
        .key = text_sub(request->instance, colon + 1, request->instance.bytes),
        .reason = request->reason,
        .actor = request->actor.bytes > 0 ? request->actor : inbox_actor(),
        .verb = (int32_t)request->verb};
    int code = EXIT_DONE;

    if (history->state == NULL || instance_has_ended(history->state)) {
        /* Of a long run that has ended the state may be folded away. */
        fprintf(stderr, "baton %s: '%.*s' has ended: %.*s\n", request->word->name,
                TEXT_ARG(request->instance), TEXT_ARG(history->records[history->count - 1].to));
        code = EXIT_FINDINGS;
    } else if (request->word->is_about_step) {
        code = find_stuck(request, history, &record.activation);
    }
    if (code == EXIT_DONE) {
        code = inbox_send(estate, &record);
    }
    if (code == EXIT_DONE) {
        tell(request, record.actor, record.activation);
    }
    return code;
}

int cmd_operator(int argc, char **argv)
{
    struct request request = {0};
    struct run_history history = {0};
    struct estate estate = {0};
    struct config config = {0};
    int code;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(argv[0], words[i].name) == 0) {
            request.word = &words[i];
        }
    }
    CHECK(request.word != NULL);
    request.verb = request.word->verb;
    code = read_arguments(argc, argv, &request);
    if (code != -1) {
        return code;
    }
    code = estate_of_flags(&request.flags, &config, &estate);
    if (code == EXIT_DONE) {
        code = run_history_read(&estate, request.instance, NULL, &history);
    }
    if (code == EXIT_DONE) {
        code = ask(&estate, &request, &history);
    }
    run_history_release(&history);
    estate_close(&estate);
    config_release(&config);
    return code;
}
