/*
 * yaml_reader - libyaml's events as nodes, with limits. Part of document; the only file that
 * includes libyaml.
 */
#ifndef BATON_COMPILE_YAML_READER_H
#define BATON_COMPILE_YAML_READER_H

#include "compile/document.h"

/* Read document->source into document->root; NULL if the file is empty or after an error that
 * leaves no tree (F001, F003). */
void yaml_read(struct document *document, struct diagnostics *diagnostics);

#endif
