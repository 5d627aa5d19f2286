/*
 * record_parts - what several records have in common, as in schemas/: RunId and Timer.
 */
#ifndef BATON_CODEC_RECORD_PARTS_H
#define BATON_CODEC_RECORD_PARTS_H

#include "codec/records.h"
#include "codec/wire.h"

void part_put_run(struct buffer *out, struct run_id run);
struct run_id part_take_run(struct wire_reader *in);

void part_put_timers(struct buffer *out, const struct history_timer *timers, uint32_t count);
const struct history_timer *part_take_timers(struct wire_reader *in, const char *field,
                                             struct arena *arena, uint32_t *count);

#endif
