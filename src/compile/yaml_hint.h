/*
 * yaml_hint - what most often is behind a syntax error of YAML in a file full of expressions. libyaml
 * says where it gave up, which is rarely where the mistake is.
 */
#ifndef BATON_COMPILE_YAML_HINT_H
#define BATON_COMPILE_YAML_HINT_H

#include "compile/document.h"

struct yaml_trouble {
    const char *problem; /* As libyaml puts it. */
    const char *context; /* Or NULL. */
    size_t line;         /* Of the problem, from 0. */
    size_t column;
    size_t context_line;
};

/* " (quote it: ...)", or the empty string. */
const char *yaml_hint(const struct document *document, const struct yaml_trouble *trouble);

#endif
