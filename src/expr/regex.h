/*
 * regex - regular expressions whose matching takes time in proportion to text times pattern,
 * whatever they are: no backtracking, hence no back references and no look-around. Answers only
 * whether there is a match.
 *
 * The syntax is Oniguruma's as jq uses it, as far as it goes; what is not supported is refused, not
 * misread.
 */
#ifndef BATON_EXPR_REGEX_H
#define BATON_EXPR_REGEX_H

#include "base/status.h"
#include "base/text.h"

struct regex;

/* `flags`: any of g i l p s x, as in jq. STATUS_REJECT: err says what is wrong. `err` may not be
 * NULL. */
MUST_CHECK enum status regex_compile(struct text pattern, struct text flags, struct regex **regex,
                                     struct error *err);
void regex_free(struct regex *regex); /* Accepts NULL. */

/* Is there a match anywhere in `subject`, which is valid UTF-8? Takes from *fuel what it costs; if
 * that falls below 0 the answer means nothing. */
bool regex_matches(const struct regex *regex, struct text subject, int64_t *fuel);

#endif
