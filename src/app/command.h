/*
 * command - the commands of the one program. argv[0] is the command's name. Each answers --help and
 * gives the exit code: 0 done, 1 findings, 2 usage, 3 the estate could not be reached.
 */
#ifndef BATON_APP_COMMAND_H
#define BATON_APP_COMMAND_H

enum exit_code { EXIT_DONE = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

int cmd_plan(int argc, char **argv);
/* cancel, terminate, retry, skip, resolve: by argv[0]. */
int cmd_operator(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_activate(int argc, char **argv);
int cmd_deploy(int argc, char **argv);
int cmd_drain(int argc, char **argv);
int cmd_retire(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_debug(int argc, char **argv);
int cmd_dev(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_start(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_signal(int argc, char **argv);
int cmd_versions(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_test(int argc, char **argv);

#endif
