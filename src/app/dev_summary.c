/* The table at the end of `baton dev`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/dev_print_json.h"
#include "app/dev_watch.h"
#include "base/duration.h"

#define OPEN_SHOWN_MAX 10

static void wait_text(const struct watched *watched, int64_t now_ms, char out[64])
{
    char span[TIME_TEXT_BYTES];

    out[0] = '\0';
    if (watched->wake.at_ms != WAKE_NEVER) {
        duration_format(watched->wake.at_ms > now_ms ? watched->wake.at_ms - now_ms : 0, span);
        snprintf(out, 64, ", until in %s", span);
    }
}

static void show_open(const struct watch *watch, int64_t now_ms)
{
    struct text name;
    void *value;
    size_t cursor = 0;
    size_t shown = 0;
    char wait[64];

    if (watch->open.count == 0) {
        return;
    }
    printf("  %6zu  open\n", watch->open.count);
    while (map_next(&watch->open, &cursor, &name, &value) && shown++ < OPEN_SHOWN_MAX) {
        const struct watched *watched = value;

        wait_text(watched, now_ms, wait);
        printf("          %s: at %s%s\n", watched->name, watched->place, wait);
    }
    if (watch->open.count > OPEN_SHOWN_MAX) {
        printf("          ... and %zu more\n", watch->open.count - OPEN_SHOWN_MAX);
    }
}

static void show_table(const struct watch *watch, int64_t now_ms, int64_t real_ms)
{
    char took[TIME_TEXT_BYTES];
    char real[TIME_TEXT_BYTES];

    duration_format(now_ms - watch->printer->start_ms, took);
    duration_format(real_ms, real);
    printf("\nInstances: %" PRIu64 " ended, %zu open, after %s on their clock, %s on yours\n",
           watch->ended, watch->open.count, took, real);
    for (uint32_t i = 0; i < watch->tally_count; i++) {
        const struct end_tally *tally = &watch->tallies[i];

        printf("  %6" PRIu64 "  %-10s %s%s%s\n", tally->count, tally->state, tally->flow,
               tally->reason[0] == '\0' ? "" : ": ", tally->reason);
    }
    show_open(watch, now_ms);
    printf("Commands and emitted records %" PRIu64 ", replies %" PRIu64 ", timers %" PRIu64
           ", alerts %" PRIu64 ", dead letters %" PRIu64 "\n",
           watch->commands, watch->replies, watch->timers, watch->alert_count, watch->letter_count);
}

static struct json *ends_json(const struct watch *watch)
{
    struct json *ends = json_array();

    for (uint32_t i = 0; i < watch->tally_count; i++) {
        const struct end_tally *tally = &watch->tallies[i];
        struct json *end = json_object();

        json_put_string(end, "flow", tally->flow);
        json_put_string(end, "state", tally->state);
        if (tally->reason[0] != '\0') {
            json_put_string(end, "reason", tally->reason);
        }
        json_put_integer(end, "count", (int64_t)tally->count);
        json_push(ends, end);
    }
    return ends;
}

static void show_json(const struct watch *watch, int64_t now_ms)
{
    struct json *summary = json_object();
    struct json *open = json_array();
    struct text name;
    void *value;
    size_t cursor = 0;
    size_t shown = 0;

    json_put_string(summary, "event", "summary");
    json_put_integer(summary, "ms", now_ms - watch->printer->start_ms);
    json_put(summary, TEXT("ended"), ends_json(watch));
    json_put_integer(summary, "open", (int64_t)watch->open.count);
    while (map_next(&watch->open, &cursor, &name, &value) && shown++ < OPEN_SHOWN_MAX) {
        const struct watched *watched = value;
        struct json *instance = json_object();

        json_put_string(instance, "instance", watched->name);
        json_put_string(instance, "at", watched->place);
        json_push(open, instance);
    }
    json_put(summary, TEXT("waiting"), open);
    json_put_integer(summary, "commands", (int64_t)watch->commands);
    json_put_integer(summary, "replies", (int64_t)watch->replies);
    json_put_integer(summary, "timers", (int64_t)watch->timers);
    json_put_integer(summary, "alerts", (int64_t)watch->alert_count);
    json_put_integer(summary, "deadLetters", (int64_t)watch->letter_count);
    dev_json_print(summary);
}

void watch_summary(const struct watch *watch, int64_t now_ms, int64_t real_ms)
{
    if (watch->printer->json) {
        show_json(watch, now_ms);
    } else {
        show_table(watch, now_ms, real_ms);
    }
}
