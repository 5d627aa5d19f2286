/*
 * findings - the one table of what the checker can find. It drives `baton check --explain`, the rules
 * of the SARIF output and docs/findings.md. A finding that is reported without a row here fails the
 * test lint_findings, and so does a row that nothing reports.
 */
#ifndef BATON_COMPILE_FINDINGS_H
#define BATON_COMPILE_FINDINGS_H

#include "compile/diagnostic.h"

struct finding {
    const char *id;   /* "F204" */
    const char *name; /* "NoSuchStep", for tools that show names beside ids. */
    enum severity severity;
    const char *title;   /* What is wrong, in a few words. */
    const char *meaning; /* Why it is a finding: what would happen. */
    const char *remedy;  /* What to do. May hold `code`. */
};

/* All, ordered by id. */
const struct finding *findings(uint32_t *count);
/* NULL if there is none. Upper and lower case are the same. */
const struct finding *findings_find(struct text id);
/* The nearest id that exists, or NULL. */
const char *findings_suggest(struct text id);
/* What `baton check --explain ID` prints. */
void findings_explain(const struct finding *finding, struct buffer *out);
/* The page docs/findings.md. */
void findings_page(struct buffer *out);

#endif
