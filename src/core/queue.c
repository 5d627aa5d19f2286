/* A start for a key that runs: LANGUAGE.md section 6, rule 5. The new run needs an id of its own,
 * which is the place of an inbox record: so what waits is told to this instance at the run's end. */
#include "base/limits.h"
#include "core/told.h"

static enum transition_result refuse(struct decision *d, const struct incoming *incoming)
{
    alert_message(d, ALERT_UNMATCHED, incoming, "too many starts wait for the end of the run");
    return TRANSITION_IGNORED;
}

/* False: there is no room. */
static bool add(struct decision *d, const struct incoming *incoming, bool alone)
{
    struct instance *after = d->after;
    struct json *old = after->queue;
    struct json *queue = old == NULL || alone ? json_array() : json_open_copy(old);
    struct json *mail = mail_of(incoming);

    json_push(queue, mail);
    after->queue = queue;
    if (json_count(queue) <= MAILBOX_MAX && result_fits(after, mail, 0)) {
        json_free(old);
        remember_id(d, incoming);
        return true;
    }
    after->queue = old;
    after->bytes_most = 0;
    json_free(queue);
    return false;
}

enum transition_result queue_start(struct decision *d, const struct start *start,
                                   const struct incoming *incoming)
{
    struct text name = incoming->topic.bytes > 0 ? incoming->topic : incoming->starter;
    bool restarts = start->if_running == IF_RUNNING_RESTART;

    if (!add(d, incoming, restarts)) {
        return refuse(d, incoming);
    }
    if (!restarts || d->after->status != RUN_RUNNING || d->after->sealed) {
        effect_decide(d->effects, "%.*s: started again when this run has ended", TEXT_ARG(name));
        return TRANSITION_APPLIED;
    }
    effect_decide(d->effects, "%.*s: started again, this run is given up for it", TEXT_ARG(name));
    fail_run(d, problem_new("cancelled", TEXT("started again"), NULL), RUN_CANCELLED);
    return TRANSITION_APPLIED;
}

void queue_tell(struct decision *d)
{
    struct instance *after = d->after;

    for (size_t i = 0; i < json_count(after->queue); i++) {
        tell(d, instance_flow_name(after), instance_key(after), "again",
             json_copy(json_at(after->queue, i)));
    }
    json_free(after->queue);
    after->queue = NULL;
}
