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
    struct text suggestion; /* What was probably meant in the place; may be empty. */
    struct text step;       /* The step that it is about, if that was said; else empty. */
};

/* A file that findings point into; its lines are printed below them. */
struct source {
    struct text file; /* As the user named it. */
    struct text text;
};

#define DIAGNOSTICS_MAX 1000 /* Of each severity are kept; what comes after is only counted. */

/* A zeroed one is valid and empty. */
struct diagnostics {
    struct arena arena;
    struct source *sources; /* In the order in which the files were read; findings sort by it. */
    uint32_t source_count;
    uint32_t source_capacity;
    struct diagnostic *items;
    uint32_t count;
    uint32_t capacity;
    uint32_t error_count;
    uint32_t warning_count;
    bool last_kept;         /* A note to a finding that is only counted is dropped as well. */
    struct text suggestion; /* For the finding that comes next. */
};

enum diagnostic_format { DIAGNOSTIC_TEXT, DIAGNOSTIC_COLOURED, DIAGNOSTIC_JSON };

/* Make `text` printable below findings in `file`. Both are copied. */
void diagnostics_source(struct diagnostics *diagnostics, struct text file, struct text text);
void diagnostics_error(struct diagnostics *diagnostics, const char *id, struct place place,
                       const char *format, ...) PRINTF_LIKE(4, 5);
void diagnostics_warn(struct diagnostics *diagnostics, const char *id, struct place place,
                      const char *format, ...) PRINTF_LIKE(4, 5);
/* The finding that is added next suggests to write `suggestion`, which is copied, in its place. */
void diagnostics_suggest(struct diagnostics *diagnostics, struct text suggestion);
/* Add a second place to the finding that was added last. */
void diagnostics_note(struct diagnostics *diagnostics, struct place place, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The finding that was added last is about the step of this name, which is copied. */
void diagnostics_step(struct diagnostics *diagnostics, struct text name);
/* Add what `other` holds, with its sources. Everything is copied. */
void diagnostics_append(struct diagnostics *diagnostics, const struct diagnostics *other);
/* True if something was found exactly there. */
bool diagnostics_any_at(const struct diagnostics *diagnostics, struct place place);
/* Order all by file and place; equal places keep their order. What was found in the same place twice,
 * because two flows use the file, is dropped. Printing does it as well. */
void diagnostics_sort(struct diagnostics *diagnostics);

/* Print all, ordered by file and place: "f.yaml:12:7: error F204: ...", the source line, a caret. */
void diagnostics_print(struct diagnostics *diagnostics, enum diagnostic_format format,
                       struct buffer *out);
/*
 * Print all as SARIF 2.1.0, with a rule for each finding that there is. Paths below `root`, an
 * absolute path, are given relative to it.
 */
void diagnostics_sarif(struct diagnostics *diagnostics, struct text root, struct buffer *out);
void diagnostics_release(struct diagnostics *diagnostics);

#endif
