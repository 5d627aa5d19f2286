#include <stdio.h>
#include <string.h>

#include "app/command.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct command commands[] = {
    {"run", cmd_run, "run a worker: router and executor lanes"},
    {"dev", cmd_dev, "try flows in memory, with simulated services: no Kafka, no Redis"},
    {"test", cmd_test, "run the tests of flows, in memory: weeks pass in milliseconds"},
    {"check", cmd_check, "check flow files and say what is wrong, with line and column"},
    {"verify", cmd_verify, "try all that can happen to a flow, and say what breaks its promises"},
    {"plan", cmd_plan,
     "say what deploying a flow file would do: changes, runs that keep their version"},
    {"deploy", cmd_deploy, "put versions of flows into an estate, without giving them runs"},
    {"activate", cmd_activate, "give new runs of a flow a version, or a part of them"},
    {"drain", cmd_drain, "let a version of a flow start no runs any more"},
    {"retire", cmd_retire, "take away a version by which no run goes on"},
    {"versions", cmd_versions, "list the versions of flows: who starts runs, how many go on"},
    {"migrate", cmd_migrate, "let runs go on by another version of their flow"},
    {"graph", cmd_graph, "draw a flow's state machine as Mermaid or DOT"},
    {"compile", cmd_compile, "print a flow's state machine as JSON"},
    {"export", cmd_export, "write a flow as a document of the Open Workflow Specification"},
    {"schema", cmd_schema, "print the language as JSON Schema for editors, or as a page"},
    {"show", cmd_show, "show where an instance is and what it waits for"},
    {"history", cmd_history, "show what happened to an instance, when and why"},
    {"debug", cmd_debug, "step through a recorded run, and try an edited flow on it"},
    {"signal", cmd_signal, "give an instance the signal that it listens for"},
    {"start", cmd_start, "start an instance of a flow by hand"},
    {"cancel", cmd_operator, "stop an instance and undo what it did"},
    {"terminate", cmd_operator, "end an instance here and now, without undoing anything"},
    {"pause", cmd_operator, "hold an instance where it is"},
    {"resume", cmd_operator, "let a paused instance go on"},
    {"retry", cmd_operator, "try again what is stuck in an instance"},
    {"skip", cmd_operator, "let an instance go on without what is stuck"},
    {"resolve", cmd_operator, "say what became of what is stuck in an instance"},
    {"fsck", cmd_fsck, "check an estate: history, snapshots, Redis, offsets, commands"},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void usage(FILE *out)
{
    fprintf(out, "Usage: baton COMMAND [OPTION...]\n\n"
                 "Coordinates sagas over Kafka: flows in YAML, history in compacted topics.\n\n"
                 "Commands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(out, "\n'baton COMMAND --help' tells more. 'baton --version' prints the version.\n"
                 "Exit codes: 0 done, 1 findings, 2 usage, 3 the estate could not be reached.\n");
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        usage(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        printf("baton %s\n", BATON_VERSION);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (name[0] != '\0') {
        fprintf(stderr, "baton: there is no command '%s'\n\n", name);
    }
    usage(stderr);
    return EXIT_USAGE;
}
