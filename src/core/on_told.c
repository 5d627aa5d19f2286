/* What instances tell each other: records that baton itself puts into the inbox, in the transaction
 * of the transition that says so. By type:
 *   again   to itself: a start that waited for the end of the run before
 */
#include "core/decision.h"

static enum transition_result ignore(struct decision *d, const char *why)
{
    effect_decide(d->effects, "told %.*s: %s", TEXT_ARG(d->event->type), why);
    return TRANSITION_IGNORED;
}

static enum transition_result on_again(struct decision *d)
{
    struct mail mail = {.message = json_copy(d->event->payload)};
    struct incoming incoming = listen_mail(&mail);
    const struct start *start = start_of(d, &incoming);
    enum transition_result result = TRANSITION_APPLIED;

    if (d->after->status == RUN_NONE || d->after->status == RUN_EMBRYO) {
        start_run(d, &incoming);
    } else if (start == NULL || start->if_running == IF_RUNNING_IGNORE) {
        result = ignore(d, "started again while it runs");
    } else {
        result = queue_start(d, start, &incoming);
    }
    json_free(mail.message);
    return result;
}

enum transition_result on_told(struct decision *d)
{
    if (text_is(d->event->type, "again")) {
        return on_again(d);
    }
    if (d->after->status == RUN_NONE || instance_has_ended(d->after)) {
        return TRANSITION_VOID;
    }
    return ignore(d, "not known to this version");
}
