/*
 * dev_print - what `baton dev` says on standard output: lines for people, or one JSON object an event.
 */
#ifndef BATON_APP_DEV_PRINT_H
#define BATON_APP_DEV_PRINT_H

#include <stdio.h>

#include "codec/records.h"
#include "engine/broker.h"

struct dev_printer {
    FILE *out; /* NULL: standard output. Of what is no JSON. */
    bool json;
    bool quiet; /* Events are not printed, only what frames them. */
    bool coloured;
    int64_t start_ms; /* Times are shown from here. */
};

/* A transition, and what it sent: `sent[i]` is the record of record->commands[i], its value NULL where it
 * is not known. */
void dev_print_transition(const struct dev_printer *printer, const struct history_record *record,
                          const struct record *sent);
void dev_print_alert(const struct dev_printer *printer, const struct alert_record *alert);
/* A dead letter; its headers say why. */
void dev_print_dead(const struct dev_printer *printer, const struct record *letter);
/* Something that no record tells: `who` (a service, or empty) does `what` at `time_ms`; `instance` may be
 * empty. */
void dev_print_note(const struct dev_printer *printer, int64_t time_ms, struct text instance,
                    struct text who, const char *what);
/* A line that frames the events: not printed with --output json. */
void dev_print_line(const struct dev_printer *printer, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
