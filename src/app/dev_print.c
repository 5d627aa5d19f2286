#include "app/dev_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/dev_print_json.h"
#include "base/duration.h"

#define SHOWN_BYTES 240
#define INSTANCE_WIDTH 20
#define CLOCK_BYTES 48

/* ---- pieces ---- */

static FILE *out_of(const struct dev_printer *printer)
{
    return printer->out == NULL ? stdout : printer->out;
}

static const char *paint(const struct dev_printer *printer, const char *code)
{
    return printer->coloured ? code : "";
}

#define BOLD "\033[1m"
#define DIM "\033[2m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static void clock_text(const struct dev_printer *printer, int64_t time_ms, char out[CLOCK_BYTES])
{
    int64_t ms = time_ms - printer->start_ms;
    char span[TIME_TEXT_BYTES];

    if (ms < MS_PER_MINUTE) {
        snprintf(out, CLOCK_BYTES, "+%lld.%03llds", (long long)(ms / MS_PER_SECOND),
                 (long long)(ms % MS_PER_SECOND));
        return;
    }
    duration_format(ms < MS_PER_DAY ? ms : ms / MS_PER_SECOND * MS_PER_SECOND, span);
    snprintf(out, CLOCK_BYTES, "+%s", span);
}

static void print_head(const struct dev_printer *printer, int64_t time_ms, struct text instance)
{
    char clock[CLOCK_BYTES];

    clock_text(printer, time_ms, clock);
    fprintf(out_of(printer), "%s%-10s%s %s%-*.*s%s ", paint(printer, DIM), clock,
            paint(printer, PLAIN), paint(printer, BOLD), INSTANCE_WIDTH, TEXT_ARG(instance),
            paint(printer, PLAIN));
}

/* Cut where it would fill the screen, but never inside a character. */
static void print_value(const struct dev_printer *printer, struct text value)
{
    size_t bytes = 0;

    while (bytes < value.bytes && bytes < SHOWN_BYTES) {
        size_t step = text_utf8_step(value, bytes);

        bytes += step == 0 ? 1 : step;
    }
    fprintf(out_of(printer), "%s%.*s%s%s", paint(printer, DIM), (int)bytes,
            value.data == NULL ? "" : value.data, bytes < value.bytes ? "..." : "",
            paint(printer, PLAIN));
}

static bool has(struct text text, const char *part)
{
    size_t bytes = strlen(part);

    for (size_t i = 0; i + bytes <= text.bytes; i++) {
        if (memcmp(text.data + i, part, bytes) == 0) {
            return true;
        }
    }
    return false;
}

static const char *colour_of(struct text decided)
{
    if (text_is(decided, "completed")) {
        return BOLD GREEN;
    }
    if (text_is(decided, "failed") || text_is(decided, "cancelled") ||
        text_is(decided, "expired")) {
        return BOLD RED;
    }
    if (has(decided, "failed") || has(decided, "the run fails") || has(decided, "alert ")) {
        return RED;
    }
    return text_starts(decided, TEXT("undo of ")) ? YELLOW : "";
}

/* ---- transitions ---- */

/* What the timer of an id "<kind>/<owner>" means when it is due. */
static const char *timer_words(struct text id)
{
    static const struct {
        const char *kind;
        const char *words;
    } all[] = {
        {"attempt/", "no reply came in time"},
        {"remind/", "a reminder is due"},
        {"heartbeat/", "no sign of life came in time"},
        {"listen/", "no message came in time"},
        {"flow/", "the time of the whole flow is up"},
        {"early/", "no start came for early messages"},
        {"backoff/", "the pause before the next attempt is over"},
        {"wait/", "the wait is over"},
        {"warn/", "it takes longer than its warnAfter"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (text_starts(id, text_of(all[i].kind))) {
            return all[i].words;
        }
    }
    return "a timer is due";
}

static void print_cause(const struct dev_printer *printer, const struct history_record *record)
{
    if (text_is(record->cause_kind, "timer")) {
        fprintf(out_of(printer), "(time) %s\n", timer_words(record->cause_id));
        return;
    }
    if (record->cause_topic.bytes > 0) {
        fprintf(out_of(printer), "<- %.*s ", TEXT_ARG(record->cause_topic));
        print_value(printer, record->payload);
    } else {
        bool says = !text_is(record->payload, "null");

        fprintf(out_of(printer), "(%.*s)%s", TEXT_ARG(record->cause_kind), says ? " " : "");
        print_value(printer, says ? record->payload : TEXT(""));
    }
    fprintf(out_of(printer), "%s\n", record->kind == HISTORY_IGNORED ? "  (ignored)" : "");
}

static bool sends(struct text decided)
{
    return text_ends(decided, TEXT(" sent")) || text_ends(decided, TEXT(": emitted")) ||
           text_ends(decided, TEXT("told to cancel"));
}

static void print_sent(const struct dev_printer *printer, const struct history_command *command,
                       const struct record *sent)
{
    fprintf(out_of(printer), " -> %.*s %.*s%s", TEXT_ARG(command->topic), TEXT_ARG(command->type),
            command->type.bytes > 0 ? " " : "");
    print_value(printer, sent->value);
}

static void print_decided(const struct dev_printer *printer, const struct history_record *record,
                          const struct record *sent)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < record->decided_count; i++) {
        struct text decided = record->decided[i];

        if (text_starts(decided, TEXT("started by "))) {
            continue; /* The line above says so. */
        }
        fprintf(out_of(printer), "%*s%s%.*s%s", 12, "", paint(printer, colour_of(decided)),
                TEXT_ARG(decided), paint(printer, PLAIN));
        if (sends(decided) && next < record->command_count) {
            print_sent(printer, &record->commands[next], &sent[next]);
            next++;
        }
        fprintf(out_of(printer), "\n");
    }
    for (; next < record->command_count; next++) {
        fprintf(out_of(printer), "%*s", 11, "");
        print_sent(printer, &record->commands[next], &sent[next]);
        fprintf(out_of(printer), "\n");
    }
}

void dev_print_transition(const struct dev_printer *printer, const struct history_record *record,
                          const struct record *sent)
{
    if (printer->quiet) {
        return;
    }
    if (printer->json) {
        dev_json_transition(printer, record, sent);
        return;
    }
    print_head(printer, record->time_ms, record->instance);
    print_cause(printer, record);
    print_decided(printer, record, sent);
}

/* ---- the rest ---- */

void dev_print_alert(const struct dev_printer *printer, const struct alert_record *alert)
{
    if (printer->quiet) {
        return;
    }
    if (printer->json) {
        dev_json_alert(printer, alert);
        return;
    }
    print_head(printer, alert->time_ms, alert->instance);
    fprintf(out_of(printer), "%salert %.*s%s ", paint(printer, RED), TEXT_ARG(alert->kind),
            paint(printer, PLAIN));
    print_value(printer, alert->detail);
    fprintf(out_of(printer), "\n");
}

struct text dev_header(const struct record *record, const char *name)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_is(record->headers[i].name, name)) {
            return record->headers[i].value;
        }
    }
    return TEXT("");
}

void dev_print_dead(const struct dev_printer *printer, const struct record *letter)
{
    struct text topic = dev_header(letter, "baton-dlq-topic");
    struct text reason = dev_header(letter, "baton-dlq-reason");

    if (printer->quiet) {
        return;
    }
    if (printer->json) {
        dev_json_dead(printer, letter);
        return;
    }
    print_head(printer, letter->timestamp_ms, letter->key);
    fprintf(out_of(printer), "%sdead letter%s from %.*s: %.*s ", paint(printer, RED),
            paint(printer, PLAIN), TEXT_ARG(topic), TEXT_ARG(reason));
    print_value(printer, letter->value);
    fprintf(out_of(printer), "\n");
}

void dev_print_note(const struct dev_printer *printer, int64_t time_ms, struct text instance,
                    struct text who, const char *what)
{
    if (printer->quiet) {
        return;
    }
    if (printer->json) {
        dev_json_note(printer, time_ms, instance, who, what);
        return;
    }
    print_head(printer, time_ms, instance);
    fprintf(out_of(printer), "%s(%.*s%s%s)%s\n", paint(printer, YELLOW), TEXT_ARG(who),
            who.bytes > 0 ? " " : "", what, paint(printer, PLAIN));
}

void dev_print_line(const struct dev_printer *printer, const char *format, ...)
{
    va_list args;

    if (printer->json) {
        return;
    }
    va_start(args, format);
    vfprintf(out_of(printer), format, args);
    va_end(args);
    fprintf(out_of(printer), "\n");
}
