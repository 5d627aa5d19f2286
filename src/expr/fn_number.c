/* Functions of numbers, of time, and those that draw. */
#include <math.h>
#include <stdio.h>

#include "base/duration.h"
#include "base/hash.h"
#include "expr/builtin.h"

#define SECONDS_MIN (-62167219200.0) /* 0000-01-01T00:00:00Z */
#define SECONDS_MAX 253402300799.0   /* 9999-12-31T23:59:59Z */

/* Any constants will do; that they never change is what matters. */
#define SEED_UUID_HIGH UINT64_C(0x9e3779b97f4a7c15)
#define SEED_UUID_LOW UINT64_C(0xc2b2ae3d27d4eb4f)
#define SEED_RANDOM UINT64_C(0x165667b19e3779f9)

/* Integers stay as they are: a double could not hold them all. */
static enum outcome rounded(struct evaluator *ev, const struct node *node, const struct json *input,
                            double (*how)(double), struct json **value)
{
    int64_t whole;

    if (json_kind(input) != JSON_NUMBER) {
        return eval_raise(ev, node, "%s takes a number, not %s", node->builtin->name,
                          kind_name(input));
    }
    *value = json_int64(input, &whole) ? json_integer(whole) : eval_number(how(json_double(input)));
    return OUTCOME_OK;
}

enum outcome builtin_floor(struct evaluator *ev, const struct node *node, const struct json *input,
                           struct json *const *arguments, struct json **value)
{
    (void)arguments;
    return rounded(ev, node, input, floor, value);
}

enum outcome builtin_round(struct evaluator *ev, const struct node *node, const struct json *input,
                           struct json *const *arguments, struct json **value)
{
    (void)arguments;
    return rounded(ev, node, input, round, value);
}

/* A number that is not negative stays as it was written. */
enum outcome builtin_abs(struct evaluator *ev, const struct node *node, const struct json *input,
                         struct json *const *arguments, struct json **value)
{
    (void)arguments;
    if (json_kind(input) != JSON_NUMBER) {
        return eval_raise(ev, node, "abs takes a number, not %s", kind_name(input));
    }
    if (!signbit(json_double(input))) {
        *value = json_copy(input);
        return OUTCOME_OK;
    }
    return op_negate(ev, node, input, value);
}

/* Milliseconds as seconds: whole if they are. */
static struct json *seconds(int64_t ms)
{
    return ms % MS_PER_SECOND == 0 ? json_integer(ms / MS_PER_SECOND)
                                   : json_number((double)ms / (double)MS_PER_SECOND);
}

enum outcome builtin_fromdate(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    struct error err = {{0}};
    int64_t ms;

    (void)arguments;
    if (json_kind(input) != JSON_TEXT) {
        return eval_raise(ev, node, "fromdateiso8601 takes a string, not %s", kind_name(input));
    }
    if (time_parse(json_text_of(input), &ms, &err) != STATUS_OK) {
        return eval_raise(ev, node, "%s", err.text);
    }
    *value = seconds(ms);
    return OUTCOME_OK;
}

enum outcome builtin_todate(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json *const *arguments, struct json **value)
{
    char text[TIME_TEXT_BYTES];
    struct text whole;
    double at;

    (void)arguments;
    if (json_kind(input) != JSON_NUMBER) {
        return eval_raise(ev, node, "todateiso8601 takes a number of seconds, not %s",
                          kind_name(input));
    }
    at = trunc(json_double(input));
    if (at < SECONDS_MIN || at > SECONDS_MAX) {
        return eval_raise(ev, node, "the time is not in the years 0 to 9999");
    }
    time_format((int64_t)at * MS_PER_SECOND, text);
    whole = text_of(text);
    /* Without the milliseconds, as jq writes it. */
    whole.bytes -= sizeof(".000Z") - 1;
    (void)snprintf(text + whole.bytes, sizeof(text) - whole.bytes, "Z");
    *value = json_string(text);
    return OUTCOME_OK;
}

enum outcome builtin_duration(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json *const *arguments,
                              struct json **value)
{
    struct error err = {{0}};
    int64_t ms;

    (void)input;
    if (json_kind(arguments[0]) != JSON_TEXT) {
        return eval_raise(ev, node, "duration takes a string such as \"1h30m\", not %s",
                          kind_name(arguments[0]));
    }
    if (duration_parse(json_text_of(arguments[0]), &ms, &err) != STATUS_OK) {
        return eval_raise(ev, node, "%s", err.text);
    }
    *value = seconds(ms);
    return OUTCOME_OK;
}

/* The number of this draw within the event. */
static uint64_t draw(struct evaluator *ev)
{
    uint32_t *count = ev->env->draws == NULL ? &ev->draws : ev->env->draws;

    return (*count)++;
}

enum outcome builtin_uuid(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json *const *arguments, struct json **value)
{
    uint64_t turn = draw(ev);
    uint64_t high = hash64(ev->env->seed, SEED_UUID_HIGH + turn);
    uint64_t low = hash64(ev->env->seed, SEED_UUID_LOW + turn);
    char text[40];

    (void)node;
    (void)input;
    (void)arguments;
    /* Version 4, variant 1: a random one to all who read it. */
    high = (high & ~UINT64_C(0xF000)) | UINT64_C(0x4000);
    low = (low & ~(UINT64_C(3) << 62)) | (UINT64_C(2) << 62);
    (void)snprintf(text, sizeof(text), "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32),
                   (unsigned)(high >> 16 & 0xFFFFU), (unsigned)(high & 0xFFFFU),
                   (unsigned)(low >> 48), (unsigned long long)(low & UINT64_C(0xFFFFFFFFFFFF)));
    *value = json_string(text);
    return OUTCOME_OK;
}

enum outcome builtin_random(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json *const *arguments, struct json **value)
{
    uint64_t bits = hash64(ev->env->seed, SEED_RANDOM + draw(ev)) >> 11;

    (void)node;
    (void)input;
    (void)arguments;
    *value = json_number((double)bits / 9007199254740992.0); /* 0 to below 1. */
    return OUTCOME_OK;
}
