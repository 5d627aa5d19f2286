/* What instances tell each other: records that baton itself puts into the inbox, in the transaction
 * of the transition that says so. By type:
 *   again     to itself: a start that waited for the end of the run before
 *   start     by a parent, or a person: begin
 *   answer    by a child: it has ended, or may not begin
 *   unwind    by a parent that rolls back: undo what you did, then say
 *   unwound   by a child: it is done
 *   release   by a parent: it will not want you undone any more
 *   cancel    by a parent: stop, nobody waits
 *   message   by an alias: what the run listens for by another identity; see core/identity.c
 *   deaf      by an alias: it cannot tell one more
 *   listen    to an alias: this run listens for its value; see core/alias.c
 *   unlisten  to an alias: it does not any more
 *   schedule  by a lane, to the instance that starts others by the clock: see core/schedule.c
 */
#include "core/told.h"
#include "core/waiting.h"

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
    if (text_is(d->event->type, "start")) {
        return parent_starts(d);
    }
    if (text_is(d->event->type, "message")) {
        return identity_message(d);
    }
    if (d->after->status == RUN_NONE || instance_has_ended(d->after)) {
        return TRANSITION_VOID;
    }
    if (text_is(d->event->type, "deaf")) {
        return identity_deaf(d);
    }
    if (text_is(d->event->type, "answer")) {
        return child_answered(d);
    }
    if (text_is(d->event->type, "unwound")) {
        return child_unwound(d);
    }
    if (text_is(d->event->type, "unwind")) {
        return parent_unwinds(d);
    }
    if (text_is(d->event->type, "release") || text_is(d->event->type, "cancel")) {
        return parent_lets_go(d);
    }
    return ignore(d, "not known to this version");
}
