#include "codec/record_parts.h"

#define TIMER_BYTES_MIN 2 /* An empty id and a number. */

void part_put_run(struct buffer *out, struct run_id run)
{
    wire_put_long(out, run.generation);
    wire_put_long(out, run.offset);
}

struct run_id part_take_run(struct wire_reader *in)
{
    struct run_id run;

    run.generation = wire_take_int(in, "run.generation");
    run.offset = wire_take_long(in, "run.offset");
    return run;
}

void part_put_timers(struct buffer *out, const struct history_timer *timers, uint32_t count)
{
    wire_put_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_text(out, timers[i].id);
        wire_put_long(out, timers[i].due_ms);
    }
    wire_put_array_end(out);
}

const struct history_timer *part_take_timers(struct wire_reader *in, const char *field,
                                             struct arena *arena, uint32_t *count)
{
    struct history_timer *timers;

    *count = wire_take_array(in, field, TIMER_BYTES_MIN);
    timers = arena_array(arena, *count, sizeof(*timers));
    for (uint32_t i = 0; i < *count; i++) {
        timers[i].id = wire_take_text(in, field);
        timers[i].due_ms = wire_take_long(in, field);
    }
    wire_take_array_end(in, field, *count);
    return timers;
}
