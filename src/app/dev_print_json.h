/*
 * dev_print_json - the events of dev_print as JSON, one object a line (docs/dev-mode.md).
 */
#ifndef BATON_APP_DEV_PRINT_JSON_H
#define BATON_APP_DEV_PRINT_JSON_H

#include "app/dev_print.h"
#include "json/json.h"

void dev_json_transition(const struct dev_printer *printer, const struct history_record *record,
                         const struct record *sent);
void dev_json_alert(const struct dev_printer *printer, const struct alert_record *alert);
void dev_json_dead(const struct dev_printer *printer, const struct record *letter);
void dev_json_note(const struct dev_printer *printer, int64_t time_ms, struct text instance,
                   struct text who, const char *what);
/* Print one object and free it. */
void dev_json_print(struct json *object);

/* The value of a header, or empty. Borrowed. */
struct text dev_header(const struct record *record, const char *name);

#endif
