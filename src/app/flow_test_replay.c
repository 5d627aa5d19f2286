/* Cases that are a recorded run: its events are decided again by the flow as it is now. */
#include <stdlib.h>

#include "adapter/real_clock.h"
#include "app/flow_test_run.h"
#include "app/rerun.h"
#include "base/duration.h"

static const struct flow *find_flow(const struct flow_test_flows *flows, struct text name)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        if (text_equal(flows->items[i]->name, name)) {
            return flows->items[i];
        }
    }
    return NULL;
}

/* What was recorded, up to the step at which it departs. */
static void tell_steps(const struct recording *recording, int64_t to, struct buffer *story)
{
    char time[TIME_TEXT_BYTES];

    for (uint32_t i = 0; i < recording->count && recording->steps[i].record.seq <= to; i++) {
        const struct history_record *record = &recording->steps[i].record;

        time_format(record->time_ms, time);
        buffer_addf(story, "%lld %s %.*s %.*s\n", (long long)record->seq, time,
                    TEXT_ARG(record->cause_kind), TEXT_ARG(record->cause_topic));
        for (uint32_t k = 0; k < record->decided_count; k++) {
            buffer_addf(story, "    %.*s\n", TEXT_ARG(record->decided[k]));
        }
    }
}

/* The first line is the message, the rest follows in the story. */
static void tell_departure(const struct flow_test_case *one, const struct recording *recording,
                           const struct rerun *rerun, struct flow_test_outcome *outcome)
{
    struct text text = buffer_text(&rerun->text);
    size_t end = text_find(text, '\n');
    struct text rest = end == SIZE_MAX ? TEXT("") : text_sub(text, end + 1, text.bytes);
    struct buffer story = {.data = NULL};

    diagnostics_error(&outcome->diagnostics, "D501", one->place, "%s at seq %lld: %.*s",
                      rerun->verdict == RERUN_DEPARTS ? "it departs from what was recorded"
                                                      : "it cannot be told from there on",
                      (long long)rerun->seq, TEXT_ARG(text_sub(text, 0, end)));
    tell_steps(recording, rerun->seq, &story);
    buffer_addf(&story, "at seq %lld: %.*s\n%.*s\n", (long long)rerun->seq,
                TEXT_ARG(text_sub(text, 0, end)), TEXT_ARG(rest));
    outcome->story = text_dup(buffer_text(&story));
    buffer_release(&story);
}

static void compare(const struct flow_test_flows *flows, const struct flow_test_case *one,
                    const struct recording *recording, struct flow_test_outcome *outcome)
{
    struct text name = text_sub(recording->instance, 0, text_find(recording->instance, ':'));
    const struct flow *flow = find_flow(flows, name);
    struct rerun rerun;

    if (flow == NULL) {
        diagnostics_error(&outcome->diagnostics, "D208", one->place,
                          "'%.*s' is a run of flow '%.*s', which is none of 'flows'",
                          TEXT_ARG(one->replay), TEXT_ARG(name));
        return;
    }
    rerun_compare(recording, flow, 0, &rerun);
    if (rerun.verdict != RERUN_SAME) {
        tell_departure(one, recording, &rerun, outcome);
    }
    rerun_release(&rerun);
    outcome->instances = 1;
    outcome->virtual_ms = recording->steps[recording->count - 1].record.time_ms -
                          recording->steps[0].record.time_ms;
    outcome->total_ms = outcome->virtual_ms;
}

void flow_test_replay(const struct flow_test_flows *flows, const struct flow_test_case *one,
                      struct flow_test_outcome *outcome)
{
    int64_t real_ms = real_clock_monotonic_ms();
    struct recording recording = {.count = 0};
    struct error err;

    if (recording_of_file(one->replay.data, &recording, &err) != STATUS_OK) {
        diagnostics_error(&outcome->diagnostics, "D208", one->place, "%s", err.text);
    } else {
        compare(flows, one, &recording, outcome);
    }
    recording_release(&recording);
    outcome->real_ms = real_clock_monotonic_ms() - real_ms;
}
