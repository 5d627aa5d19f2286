/* How a simulated service answers one command. */
#include <stddef.h>
#include <stdio.h>

#include "app/dev_moment.h"
#include "base/duration.h"

#define DELAY_FROM_MS 20
#define DELAY_TO_MS 80

void moment_note(const struct moment *moment, const char *what)
{
    moment->calls->note(moment->calls->self, moment->command, what);
}

/* ---- what expressions see ---- */

static struct json *headers_json(const struct record *record)
{
    struct json *headers = json_object();

    for (uint32_t i = 0; i < record->header_count; i++) {
        if (record->headers[i].value.data != NULL) {
            json_put(headers, record->headers[i].name, json_text(record->headers[i].value));
        }
    }
    return headers;
}

static void own(struct moment *moment, enum variable variable, struct json *value)
{
    moment->owned[variable] = value;
    moment->variables[variable] = value;
}

static void look(struct moment *moment)
{
    const struct sim_command *command = moment->command;
    const struct flow *flow = moment->call->flow;
    size_t flow_bytes = text_find(command->instance, ':');
    struct json *value = json_object();
    char time[TIME_TEXT_BYTES];

    json_put_text(value, "name", flow->name);
    json_put_integer(value, "version", flow->version);
    own(moment, VARIABLE_FLOW, value);
    value = json_object();
    json_put_text(value, "id", command->instance);
    json_put_text(value, "key",
                  text_sub(command->instance, flow_bytes + 1, command->instance.bytes));
    own(moment, VARIABLE_INSTANCE, value);
    value = json_object();
    json_put_text(value, "name", flow->steps[moment->call->step].name);
    json_put_integer(value, "attempt", moment->attempt);
    own(moment, VARIABLE_STEP, value);
    value = json_object();
    json_put_text(value, "topic", command->record->topic);
    json_put_text(value, "key", command->key);
    json_put(value, TEXT("headers"), headers_json(command->record));
    json_put(value, TEXT("value"), json_copy(command->value));
    own(moment, VARIABLE_MESSAGE, value);
    time_format(moment->calls->sim->now_ms, time);
    own(moment, VARIABLE_NOW, json_string(time));
}

static void look_away(struct moment *moment)
{
    for (uint32_t i = 0; i < VARIABLE_FIXED_COUNT; i++) {
        json_free(moment->owned[i]);
    }
}

struct expr_env moment_env(struct moment *moment)
{
    return (struct expr_env){.input = moment->command->value,
                             .variables = moment->variables,
                             .variable_count = VARIABLE_FIXED_COUNT,
                             .seed = moment->command->idempotency_key,
                             .draws = &moment->draws};
}

/* ---- chances ---- */

static bool hits(struct moment *moment, struct dev_chance *chance)
{
    struct expr_env env = moment_env(moment);
    struct error err;
    bool truth = true;

    if (!chance->given || (chance->attempts > 0 && moment->attempt > chance->attempts)) {
        return false;
    }
    if (chance->when != NULL && expr_test(chance->when, &env, &truth, &err) != STATUS_OK) {
        moment_note(moment, err.text);
        return false;
    }
    if (!truth) {
        return false;
    }
    chance->seen++;
    if (chance->every > 0 && chance->seen % chance->every != 0) {
        return false;
    }
    return rng_chance(&moment->calls->rng, chance->permille);
}

/* The behaviour that says something about `offset`: the type's, else the service's; an undo is not
 * touched by what is said of the service as a whole. */
static struct dev_behaviour *says(const struct moment *moment, size_t offset)
{
    struct dev_behaviour *const sides[] = {moment->call->of_type,
                                           moment->call->is_undo ? NULL : moment->call->of_service};

    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        if (sides[i] != NULL && ((struct dev_chance *)(void *)((char *)sides[i] + offset))->given) {
            return sides[i];
        }
    }
    return NULL;
}

static int64_t delay_of(const struct moment *moment)
{
    const struct dev_services *services = moment->calls->services;
    const struct dev_behaviour *const sides[] = {moment->call->of_type, moment->call->of_service};
    int64_t from_ms = services->has_delay ? services->delay_from_ms : DELAY_FROM_MS;
    int64_t to_ms = services->has_delay ? services->delay_to_ms : DELAY_TO_MS;

    for (size_t i = 2; i > 0; i--) {
        if (sides[i - 1] != NULL && sides[i - 1]->has_delay) {
            from_ms = sides[i - 1]->delay_from_ms;
            to_ms = sides[i - 1]->delay_to_ms;
        }
    }
    return from_ms + (int64_t)rng_below(&moment->calls->rng, (uint64_t)(to_ms - from_ms) + 1);
}

/* ---- answers ---- */

/* Say once if what is meant as a success is none by the flow's rule. */
static void check(struct moment *moment, const struct sim_reply *reply)
{
    const struct reply_rule *rule = &moment->call->spec->reply;
    const struct expr *expr = rule->success != NULL ? rule->success : rule->failure;
    struct json *message = json_object();
    struct expr_env env = moment_env(moment);
    const struct json *kept = moment->variables[VARIABLE_MESSAGE];
    char text[256];
    bool truth = false;
    bool is_one;

    json_put(message, TEXT("headers"),
             reply->headers == NULL ? json_object() : json_copy(reply->headers));
    moment->variables[VARIABLE_MESSAGE] = message;
    env.input = reply->value;
    is_one = expr_test(expr, &env, &truth, NULL) == STATUS_OK && truth == (rule->success != NULL);
    moment->variables[VARIABLE_MESSAGE] = kept;
    json_free(message);
    if (moment->call->told || reply->value == NULL || is_one) {
        return;
    }
    moment->call->told = true;
    snprintf(text, sizeof(text), "its answer is no success by the flow's rule (%s: %.*s)",
             rule->success != NULL ? "success" : "failure", TEXT_ARG(expr_source(expr)));
    moment_note(moment, text);
}

/* A script is taken at its word: what it says is said, whatever was said before. */
static void answer_scripted(struct moment *moment, const struct dev_scripted *scripted,
                            struct sim_answer *answer)
{
    answer->delay_ms = scripted->delay_ms;
    answer->twice = scripted->twice;
    answer->again_ms = scripted->again_ms;
    for (uint32_t i = 0; i < scripted->sign_count; i++) {
        const struct dev_sign *sign = &scripted->signs[i];
        struct sim_reply reply = moment_exactly(moment, sign->reply, &sign->heading);

        if (reply.value != NULL) {
            answer->signs[answer->sign_count++] = (struct sim_sign){sign->delay_ms, reply};
        }
    }
    switch (scripted->outcome) {
    case DEV_SUCCESS:
        answer->done = moment_success(moment, &scripted->heading);
        if (answer->done.value == NULL) {
            moment_note(moment, "has no answer: none can be made up from the flow's rule");
        }
        break;
    case DEV_REPLY:
        answer->done = moment_exactly(moment, scripted->reply, &scripted->heading);
        break;
    case DEV_FAILURE:
        answer->done = moment_refusal(moment, &scripted->failure, &scripted->heading);
        break;
    case DEV_SILENCE:
        moment_note(moment, "is silent");
        break;
    }
}

static void answer_it(struct moment *moment, struct sim_answer *answer)
{
    struct dev_behaviour *failing = says(moment, offsetof(struct dev_behaviour, failure.chance));
    struct dev_behaviour *silent = says(moment, offsetof(struct dev_behaviour, silence));
    struct dev_behaviour *twice = says(moment, offsetof(struct dev_behaviour, duplicate));
    struct expr_env env = moment_env(moment);
    struct dev_scripted scripted;
    bool is_silent;

    buffer_clear(&moment->calls->key);
    if (moment->calls->script != NULL &&
        moment->calls->script(moment->calls->script_self, moment->call, &env, &scripted)) {
        answer_scripted(moment, &scripted, answer);
        answer->verdict = answer->done.value == NULL ? SIM_MISS : SIM_DO;
        if (moment->calls->key.bytes > 0) {
            answer->key = buffer_text(&moment->calls->key);
        }
        return;
    }
    answer->delay_ms = delay_of(moment);
    answer->done = moment_success(moment, &(struct dev_heading){.headers = NULL});
    check(moment, &answer->done);
    if (failing != NULL && hits(moment, &failing->failure.chance)) {
        answer->verdict = SIM_REFUSE;
        answer->refused = moment_refusal(moment, &failing->failure, &failing->failure.heading);
    }
    is_silent = silent != NULL && hits(moment, &silent->silence);
    if (is_silent) {
        bool is_done = answer->verdict == SIM_DO && !silent->silent_before;

        /* What is refused is not done, whether that is said or not. */
        answer->verdict = is_done ? SIM_MUTE : SIM_MISS;
        moment_note(moment, is_done                 ? "does it, but its answer is lost"
                            : silent->silent_before ? "is silent: the command is lost"
                                                    : "refuses, but its answer is lost");
        return;
    }
    if (answer->verdict == SIM_REFUSE ? answer->refused.value == NULL
                                      : answer->done.value == NULL) {
        answer->verdict = SIM_MISS;
    }
    answer->twice = twice != NULL && hits(moment, &twice->duplicate);
    answer->again_ms = twice == NULL ? 0 : twice->duplicate_ms;
    if (moment->calls->key.bytes > 0) {
        answer->key = buffer_text(&moment->calls->key);
    }
}

void dev_calls_decide(void *self, const struct sim_command *command, struct sim_answer *answer)
{
    struct moment moment = {.calls = self, .command = command};
    bool is_cancel = false;

    moment.call = dev_calls_find(moment.calls, command, &is_cancel);
    answer->verdict = SIM_MUTE;
    if (is_cancel) {
        return; /* Nobody waits for an answer. */
    }
    if (moment.call == NULL) {
        moment_note(&moment, "does not know this command");
        return;
    }
    if (!text_to_int64(command->attempt, &moment.attempt)) {
        moment.attempt = 1;
    }
    answer->verdict = SIM_DO;
    look(&moment);
    answer_it(&moment, answer);
    look_away(&moment);
}
