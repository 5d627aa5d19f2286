/*
 * recording - all that is needed to run a recorded run again: its history records, the events that
 * caused them with their payloads, and the definitions that it went by. Read from an estate, or from
 * the file that was written of one; docs/formats/recording.md describes that.
 */
#ifndef BATON_APP_RECORDING_H
#define BATON_APP_RECORDING_H

#include "app/run_history.h"
#include "model/event.h"

struct recorded {
    struct history_record record;
    bool has_inbox; /* The inbox record is there still; false also of a timer, which has none. */
    struct inbox_record inbox;
    struct json *payload; /* Its value, decoded; NULL with has_inbox false. Owned. */
};

struct recorded_flow {
    struct text hash;
    struct flow *flow; /* Owned; NULL: this program cannot build it. */
};

struct recording {
    struct arena arena;
    struct run_history history; /* Of an estate: the records live there. */
    struct text app;            /* Of the estate: part of every command's id. */
    struct text instance;
    struct run_id run;
    int32_t partition;
    struct instance *base; /* Before the first step; NULL: nothing, it is the run's beginning. */
    struct recorded *steps;
    uint32_t count; /* At least 1. */
    struct recorded_flow *flows;
    uint32_t flow_count;
};

/* Read the run of `instance` from the estate; its latest if `run` is NULL. Gives an exit code; what is
 * wrong is printed. End it with recording_release() whatever it gives. */
int recording_of_estate(struct estate *estate, struct text app, struct text instance,
                        const struct run_id *run, struct recording *recording);

/* The same from the text of a file. STATUS_REJECT: err says what is wrong with it. */
MUST_CHECK enum status recording_of_text(struct text text, struct recording *recording,
                                         struct error *err);
/* From the file at `path`. STATUS_FATAL: it cannot be read. */
MUST_CHECK enum status recording_of_file(const char *path, struct recording *recording,
                                         struct error *err);

/* What the file holds. The caller's. */
struct json *recording_json(const struct recording *recording);

/* Or NULL: it is not there, or this program cannot build it. */
const struct flow *recording_flow(const struct recording *recording, struct text hash);

/* Make the event of a step again. False: what caused it is gone. */
bool recording_event(const struct recording *recording, const struct recorded *step,
                     struct event *event);

void recording_release(struct recording *recording);

/* ---- recording_event.c: the events in it ---- */

struct json *recorded_event_json(const struct recorded *step);
/* Texts live in `arena`. STATUS_REJECT: err names the member. */
MUST_CHECK enum status recorded_event_of_json(const struct json *json, struct arena *arena,
                                              struct recorded *step, struct error *err);

#endif
