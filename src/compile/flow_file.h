/*
 * flow_file - reads, checks and resolves flow files. The resolved definition (docs/formats/
 * definition.md) is canonical JSON with `use` inlined, defaults filled and durations in
 * milliseconds; its SHA-256 is the flow's identity, and it is what baton.flows holds.
 */
#ifndef BATON_COMPILE_FLOW_FILE_H
#define BATON_COMPILE_FLOW_FILE_H

#include "compile/diagnostic.h"
#include "model/flow.h"
#include "json/json.h"

/* True if the first key of the YAML text is `flow:` (or `document:`): a flow, not an estate file. */
bool flow_file_is_flow(struct text text);

/*
 * Check the file at `path` and what it uses. A file of topics, services and retries alone is
 * checked as an estate file.
 *
 * STATUS_OK:     no errors (warnings may be there); `definition` holds the canonical JSON, nothing
 *                for an estate file. flow_build() will take it.
 * STATUS_REJECT: errors are in `diagnostics`.
 * STATUS_FATAL:  the file cannot be read; err says why.
 */
MUST_CHECK enum status flow_file_check(const char *path, struct diagnostics *diagnostics,
                                       struct buffer *definition, struct error *err);

/* The same for a text that was read already; `use` is relative to `path`. Never STATUS_FATAL. */
MUST_CHECK enum status flow_text_check(const char *path, struct text text,
                                       struct diagnostics *diagnostics, struct buffer *definition);

/* Is there a finding `id` that is said to be about this step, or, if the name is empty, any `id`? */
bool flow_found(const struct diagnostics *found, const char *id, struct text step);
/* By step of the flow: whether there is a finding `id` that is said to be about it. In the arena. */
bool *flow_steps_found(const struct flow *flow, const struct diagnostics *found, const char *id,
                       struct arena *arena);

/* Build the state machine from a resolved definition, as read from baton.flows.
 * STATUS_REJECT: not a definition this program understands; err names the place in it. */
MUST_CHECK enum status flow_build(struct text definition, struct flow **flow, struct error *err);

#endif
