/* What was found, for people and for programs. */
#include "verify/verify.h"

static void print_bounds(const struct verify_report *report, struct buffer *out)
{
    const struct verify_bounds *bounds = &report->bounds;

    buffer_addf(out,
                "  tried: up to %u attempts of a retry, %u items of a for, %u rounds of a loop, %u "
                "early %s of a topic%s\n",
                bounds->attempts, bounds->items, bounds->rounds, bounds->early,
                bounds->early == 1 ? "message" : "messages",
                bounds->failing ? ", expressions that fail" : "");
    if (report->cut > 0) {
        buffer_addf(out, "  %u ways were not followed beyond these bounds\n", report->cut);
    }
}

static void print_place(struct text file, uint32_t line, struct buffer *out)
{
    buffer_add_text(out, file);
    if (line > 0) {
        buffer_addf(out, ":%u", line);
    }
    buffer_add_text(out, TEXT(": "));
}

static void print_story(const struct verify_report *report, const struct flow *flow,
                        struct text file, struct buffer *out)
{
    uint32_t line = report->broken_step == STEP_NONE ? 0 : flow->steps[report->broken_step].line;

    print_place(file, line, out);
    buffer_addf(out, "broken: %.*s\n", TEXT_ARG(report->broken_text));
    buffer_addf(out, "  the shortest story that breaks it (%u %s):\n", report->story_count,
                report->story_count == 1 ? "event" : "events");
    for (uint32_t i = 0; i < report->story_count; i++) {
        const struct verify_event *event = &report->story[i];

        buffer_addf(out, "  %u. %.*s\n", i + 1, TEXT_ARG(event->what));
        for (uint32_t k = 0; k < event->detail_count; k++) {
            buffer_addf(out, "       %.*s\n", TEXT_ARG(event->details[k]));
        }
        buffer_addf(out, "     -> %.*s", TEXT_ARG(event->place));
        if (event->line > 0) {
            buffer_addf(out, " (line %u)", event->line);
        }
        buffer_add_char(out, '\n');
    }
}

static void print_holds(const struct verify_report *report, const struct flow *flow,
                        struct buffer *out)
{
    buffer_addf(out, "  every end is complete (%u) or %s (%u)", report->completed,
                report->undoes_nothing ? "failed, as it undoes no request" : "compensated",
                report->compensated);
    if (report->sealed > 0) {
        buffer_addf(out, ", or ended by the flow after its pivot (%u)", report->sealed);
    }
    if (report->expired > 0) {
        buffer_addf(out, "; %u early %s without a start expired", report->expired,
                    report->expired == 1 ? "message" : "messages");
    }
    buffer_addf(out, "\n  no wait lacks a way out; in %u %s an operator is asked, and can help\n",
                report->stuck, report->stuck == 1 ? "state" : "states");
    if (report->unreached_count == 0) {
        buffer_addf(out, "  each of the %u steps is reached\n", flow->step_count);
    }
}

void verify_print(const struct verify_report *report, const struct flow *flow, struct text file,
                  struct buffer *out)
{
    buffer_addf(out, "%.*s: %.*s version %d: %u states, %llu transitions\n", TEXT_ARG(file),
                TEXT_ARG(flow->name), flow->version, report->states,
                (unsigned long long)report->transitions);
    if (report->broken != VERIFY_NOTHING) {
        print_story(report, flow, file, out);
    } else if (report->complete) {
        print_holds(report, flow, out);
    } else {
        buffer_addf(out,
                    "  not proven: given up after %u states, nothing is broken so far; try smaller "
                    "bounds, or --states\n",
                    report->states);
    }
    for (uint32_t i = 0; i < report->unreached_count; i++) {
        const struct step *step = &flow->steps[report->unreached[i]];

        print_place(file, step->line, out);
        buffer_addf(out, "broken: no way leads to '%.*s'%s\n", TEXT_ARG(step->name),
                    report->cut > 0 ? " within the bounds" : "");
    }
    print_bounds(report, out);
}

static struct json *json_of_bounds(const struct verify_bounds *bounds)
{
    struct json *json = json_object();

    json_put_integer(json, "attempts", bounds->attempts);
    json_put_integer(json, "items", bounds->items);
    json_put_integer(json, "rounds", bounds->rounds);
    json_put_integer(json, "early", bounds->early);
    json_put_integer(json, "states", bounds->states);
    json_put_bool(json, "failingExpressions", bounds->failing);
    return json;
}

static void put_step(struct json *json, const struct flow *flow, uint32_t step)
{
    if (step != STEP_NONE) {
        json_put_text(json, "step", flow->steps[step].name);
        json_put_integer(json, "line", flow->steps[step].line);
    }
}

static struct json *json_of_story(const struct verify_report *report, const struct flow *flow)
{
    struct json *json = json_object();
    struct json *story = json_array();

    json_put_string(json, "rule", verify_break_name(report->broken));
    json_put_text(json, "text", report->broken_text);
    put_step(json, flow, report->broken_step);
    for (uint32_t i = 0; i < report->story_count; i++) {
        const struct verify_event *event = &report->story[i];
        struct json *one = json_object();
        struct json *details = json_array();

        for (uint32_t k = 0; k < event->detail_count; k++) {
            json_push(details, json_text(event->details[k]));
        }
        json_put_text(one, "event", event->what);
        json_put(one, TEXT("details"), details);
        json_put_text(one, "at", event->place);
        json_put_integer(one, "line", event->line);
        json_push(story, one);
    }
    json_put(json, TEXT("story"), story);
    return json;
}

struct json *verify_json(const struct verify_report *report, const struct flow *flow,
                         struct text file)
{
    struct json *json = json_object();
    struct json *ends = json_object();
    struct json *unreached = json_array();

    json_put_text(json, "file", file);
    json_put_text(json, "flow", flow->name);
    json_put_integer(json, "version", flow->version);
    json_put_bool(json, "holds", verify_holds(report));
    json_put_bool(json, "complete", report->complete && report->broken == VERIFY_NOTHING);
    json_put_integer(json, "states", report->states);
    json_put_integer(json, "transitions", (int64_t)report->transitions);
    json_put_integer(json, "cut", report->cut);
    json_put(json, TEXT("bounds"), json_of_bounds(&report->bounds));
    json_put_integer(ends, "completed", report->completed);
    json_put_integer(ends, "compensated", report->compensated);
    json_put_integer(ends, "sealed", report->sealed);
    json_put_integer(ends, "expired", report->expired);
    json_put(json, TEXT("ends"), ends);
    json_put_integer(json, "stuck", report->stuck);
    for (uint32_t i = 0; i < report->unreached_count; i++) {
        struct json *one = json_object();

        put_step(one, flow, report->unreached[i]);
        json_push(unreached, one);
    }
    json_put(json, TEXT("unreached"), unreached);
    if (report->broken != VERIFY_NOTHING) {
        json_put(json, TEXT("broken"), json_of_story(report, flow));
    }
    return json;
}
