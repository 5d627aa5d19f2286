/*
 * history_json - history records as JSON: what `baton history --output json` prints, and what a
 * recording (recording.h) holds.
 */
#ifndef BATON_APP_HISTORY_JSON_H
#define BATON_APP_HISTORY_JSON_H

#include "codec/records.h"
#include "json/json.h"

struct json *history_json(const struct history_record *record);

/* What history_json() gave, read again, but for what nobody needs who decides again: the hashes of the
 * chain and the watermark's route. Texts live in `arena`. STATUS_REJECT: err names the member. */
MUST_CHECK enum status history_of_json(const struct json *json, struct arena *arena,
                                       struct history_record *record, struct error *err);

#endif
