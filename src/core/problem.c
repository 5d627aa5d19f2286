/* $error objects: RFC 7807 with a short type name. */
#include "core/decision.h"

static const struct {
    const char *type;
    int64_t status;
} well_known[] = {
    {"timeout", 408},       {"rejected", 409},     {"validation", 400},
    {"expression", 400},    {"decode", 400},       {"communication", 500},
    {"breaker-open", 503},  {"rate-limited", 429}, {"heartbeat", 408},
    {"cancelled", 499},     {"child-failed", 424}, {"compensation-failed", 500},
    {"configuration", 400}, {"runtime", 500},
};

int64_t problem_status_of(struct text type)
{
    for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++) {
        if (text_is(type, well_known[i].type)) {
            return well_known[i].status;
        }
    }
    return 0;
}

struct json *problem_new(const char *type, struct text title, const char *detail)
{
    struct json *error = json_object();
    int64_t status = problem_status_of(text_of(type));

    json_put_string(error, "type", type);
    json_put_text(error, "title", title.bytes > 0 ? title : text_of(type));
    if (status != 0) {
        json_put_integer(error, "status", status);
    }
    if (detail != NULL) {
        json_put_string(error, "detail", detail);
    }
    return error;
}

void problem_put_step(struct json *error, const struct step *step)
{
    json_put_text(error, "step", step->name);
    if (step->reference.bytes > 0) {
        json_put_text(error, "instance", step->reference);
    }
}

struct json *problem_of_step(const struct decision *d, const struct step *step, uint32_t attempt,
                             const char *type, const char *title)
{
    struct json *error = problem_new(type, text_of(title), NULL);

    problem_put_step(error, step);
    if (step->kind == STEP_REQUEST) {
        json_put_text(error, "service", d->flow->services[step->message.service].name);
    }
    if (attempt > 0) {
        json_put_integer(error, "attempt", attempt);
    }
    return error;
}

struct json *problem_expression(const struct decision *d, const struct step *step, uint32_t attempt,
                                const struct error *err)
{
    struct json *error = problem_of_step(d, step, attempt, "expression",
                                         "an expression cannot be evaluated");

    json_put_string(error, "detail", err->text);
    return error;
}

struct text problem_type(const struct json *error)
{
    return json_member_text(error, "type");
}

const char *problem_text(const struct decision *d, const struct json *error)
{
    struct text type = problem_type(error);
    struct text title = json_member_text(error, "title");
    struct text detail = json_member_text(error, "detail");
    struct text text;

    if (text_equal(type, title)) {
        title = TEXT("");
    }
    text = arena_printf(d->effects->arena, "%.*s%s%.*s%s%.*s", TEXT_ARG(type),
                        title.bytes > 0 ? ": " : "", TEXT_ARG(title), detail.bytes > 0 ? ": " : "",
                        TEXT_ARG(detail));
    return text.data;
}

/* By these names a service, or a bridge to one, says that it does not know what became of the
 * command. */
static bool is_doubtful(struct text type)
{
    return text_is(type, "timeout") || text_is(type, "communication") || text_is(type, "heartbeat");
}

/* By these that it did not take the command this time, which tells nothing of earlier attempts. */
static bool is_turned_away(struct text type)
{
    return text_is(type, "rate-limited") || text_is(type, "breaker-open");
}

bool problem_is_answer(const struct json *error)
{
    if (json_member(error, "reply") == NULL || is_doubtful(problem_type(error))) {
        return false;
    }
    return json_member_int(error, "attempt", 1) == 1 || !is_turned_away(problem_type(error));
}
