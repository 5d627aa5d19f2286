/* What a reply says under the rule of its request (LANGUAGE.md section 4, "Success or failure"). */
#include "core/decision.h"

static struct sight sight_of(const struct decision *d, const struct frame *frame,
                             const struct incoming *reply)
{
    return (struct sight){
        .scope = frame->parent,
        .input = reply->payload,
        .step = &d->flow->steps[frame->step],
        .attempt = frame->attempt,
        .incoming = reply,
    };
}

enum reply_class classify_reply(struct decision *d, const struct frame *frame,
                                const struct incoming *reply, struct error *err)
{
    const struct reply_rule *rule = &request_spec(d, frame)->reply;
    struct sight sight = sight_of(d, frame, reply);
    bool truth = false;

    if (rule->success != NULL) {
        if (scope_test(d, rule->success, &sight, &truth, err) != STATUS_OK) {
            return REPLY_UNREADABLE;
        }
        if (truth) {
            return REPLY_SUCCESS;
        }
    }
    if (rule->failure != NULL) {
        if (scope_test(d, rule->failure, &sight, &truth, err) != STATUS_OK) {
            return REPLY_UNREADABLE;
        }
        if (truth) {
            return REPLY_FAILURE;
        }
    }
    if (rule->progress != NULL) {
        if (scope_test(d, rule->progress, &sight, &truth, err) != STATUS_OK) {
            return REPLY_UNREADABLE;
        }
        if (truth) {
            return REPLY_PROGRESS;
        }
    }
    if (rule->success != NULL && rule->failure != NULL) {
        return REPLY_UNCLASSIFIED;
    }
    return rule->success != NULL ? REPLY_FAILURE : REPLY_SUCCESS;
}

/* The scalar that `expr` finds in the reply, or the empty text: a refusal without a name or a
 * reason is a refusal all the same. */
static struct text find(struct decision *d, const struct expr *expr, const struct sight *sight)
{
    struct buffer scalar = {0};
    struct json *value = NULL;
    struct error err = {0};
    struct text text = {0};

    if (expr == NULL || scope_eval(d, expr, sight, &value, &err) != STATUS_OK) {
        return text;
    }
    if (json_scalar_text(value, &scalar)) {
        text = arena_text(d->effects->arena, buffer_text(&scalar));
    }
    buffer_release(&scalar);
    json_free(value);
    return text;
}

struct json *classify_failure(struct decision *d, const struct frame *frame,
                              const struct incoming *reply)
{
    const struct message_spec *spec = request_spec(d, frame);
    struct sight sight = sight_of(d, frame, reply);
    struct text type = find(d, spec->reply.error, &sight);
    struct text title = find(d, spec->reply.reason, &sight);
    struct text service = d->flow->services[spec->service].name;
    struct json *error;

    if (title.bytes == 0) {
        title = arena_printf(d->effects->arena, "refused by %.*s", TEXT_ARG(service));
    }
    error = problem_new(type.bytes > 0 ? type.data : "rejected", title, NULL);
    if (json_member(error, "status") == NULL) {
        json_put_integer(error, "status", problem_status_of(TEXT("rejected")));
    }
    problem_put_step(error, sight.step);
    json_put_text(error, "service", service);
    json_put_integer(error, "attempt", frame->attempt);
    json_put(error, TEXT("reply"), json_copy(reply->payload));
    return error;
}
