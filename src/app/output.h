/*
 * output - what a command of files prints, to standard output or to the file of --output.
 */
#ifndef BATON_APP_OUTPUT_H
#define BATON_APP_OUTPUT_H

#include "base/status.h"
#include "base/text.h"

/* Write all of `text` to the file at `path`, or to standard output if it is NULL or "-".
 * STATUS_FATAL: it cannot be written; err says why. */
MUST_CHECK enum status output_write(const char *path, struct text text, struct error *err);

#endif
