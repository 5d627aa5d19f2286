/*
 * diagnostic - findings with file, line and column, as the linter prints them.
 */
#ifndef BATON_COMPILE_DIAGNOSTIC_H
#define BATON_COMPILE_DIAGNOSTIC_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/text.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct place {
    struct text file;
    uint32_t line;   /* From 1; 0: the file as a whole. */
    uint32_t column; /* From 1, in characters. */
    uint32_t width;  /* Characters to underline, at least 1. */
};

struct diagnostic {
    const char *id; /* "F204" */
    enum severity severity;
    struct place place;
    struct text message;
    struct place note_place; /* line 0: no note. */
    struct text note;
};

struct diagnostics {
    struct arena arena;
    struct diagnostic *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t error_count;
    uint32_t warning_count;
};

enum diagnostic_format { DIAGNOSTIC_TEXT, DIAGNOSTIC_JSON };

/* Print all, ordered by file and place: "f.yaml:12:7: error F204: ...", the source line, a caret. */
void diagnostics_print(const struct diagnostics *diagnostics, enum diagnostic_format format,
                       struct buffer *out);
void diagnostics_release(struct diagnostics *diagnostics);

#endif
