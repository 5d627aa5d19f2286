/*
 * options - how a command that looks at an estate reads its words: the options of every such command
 * (config_flag), --output, --help, and its own.
 */
#ifndef BATON_APP_OPTIONS_H
#define BATON_APP_OPTIONS_H

#include <getopt.h>

#include "app/config.h"
#include "app/view.h"

/* A command. All is borrowed. */
struct options {
    const char *name;           /* As in "baton <name>". */
    const char *usage;          /* Its help, without that of the options of every command. */
    const struct option *known; /* CONFIG_OPTIONS, output 'o', help 'h' and its own. */
    const char *letters;        /* Short ones of its own, as of getopt. */
    struct config_flags *flags;
    enum view_output *output;
    void *self;
    /* Take an option of its own, whose value is in optarg. -1: go on; else the exit code. */
    int (*take)(void *self, int letter);
};

/* Gives -1 to go on with what is left of argv from optind on; else the exit code: help was printed,
 * or the words are off, which is said. */
int options_read(int argc, char **argv, const struct options *options);
/* Say that a word is off, and where to read more. Gives the exit code. */
int options_misused(const char *name, const char *what);
/* -1, or the exit code: it is no name of an instance. */
int options_instance(const char *name, struct text instance);

#endif
