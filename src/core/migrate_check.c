/* May a run go on by another version? Nothing is changed here. */
#include "core/migrating.h"

struct target migrate_target(const struct versions *v, uint32_t step)
{
    struct text name = step < v->old->step_count ? v->old->steps[step].name : TEXT("");
    const struct json *said = json_get(json_member(v->plan, "steps"), name);
    struct target target = {.is_named = said != NULL};
    struct text to = name;

    if (said != NULL && json_kind(said) == JSON_OBJECT) {
        to = json_member_text(said, "to");
        target.is_skipped = text_is(json_member_text(said, "as"), "skipped");
    } else if (said != NULL) {
        to = json_text_of(said);
    }
    target.step = flow_find_step(v->new, to);
    return target;
}

static bool same_action(const struct versions *v, const struct step *old, const struct step *new)
{
    if (old->kind != new->kind) {
        return false;
    }
    /* Replies come by the service: of another one none would be taken for this step's. */
    return old->kind != STEP_REQUEST || text_equal(v->old->services[old->message.service].name,
                                                   v->new->services[new->message.service].name);
}

/* A listen for a second identity is known by its step's name to those who bring it messages. */
static bool same_identity(const struct frame *frame, const struct step *old, const struct step *new)
{
    return json_member(frame->local, "keys") == NULL || text_equal(old->name, new->name);
}

bool migrate_gives_up(const struct versions *v, const struct frame *frame)
{
    struct target target = migrate_target(v, frame->step);
    const struct step *old = &v->old->steps[frame->step];
    const struct step *new = &v->new->steps[target.step];

    return frame->kind == FRAME_STEP &&
           (target.is_skipped || !same_action(v, old, new) || !same_identity(frame, old, new));
}

/* Is `step` in the list that begins with `first`, a case of a switch in it included? Recursion is bounded
 * by the depth of blocks. */
static bool list_holds(const struct flow *flow, uint32_t first, uint32_t step)
{
    for (uint32_t at = first; at != STEP_NONE; at = flow->steps[at].next) {
        const struct step *here = &flow->steps[at];

        if (at == step) {
            return true;
        }
        for (uint32_t i = 0; here->kind == STEP_SWITCH && i < here->choice.case_count; i++) {
            uint32_t inner = here->choice.cases[i].first_step;

            if (inner != STEP_NONE && list_holds(flow, inner, step)) {
                return true;
            }
        }
    }
    return false;
}

/* The first step of the list, in the new version, in which the frame's target has to stand. */
static uint32_t list_of(const struct versions *v, const struct instance *instance,
                        const struct frame *frame)
{
    const struct frame *parent = frame->parent == 0 ? NULL
                                                    : instance_find_frame(instance, frame->parent);
    const struct step *around;
    uint32_t step;

    if (parent == NULL) {
        return v->new->first_step;
    }
    step = migrate_target(v, parent->step).step;
    if (step == UINT32_MAX) {
        return STEP_NONE;
    }
    around = &v->new->steps[step];
    if (parent->role == BLOCK_CATCH) {
        return parent->index < around->catcher_count ? around->catchers[parent->index].first_step
                                                     : STEP_NONE;
    }
    return around->kind == STEP_BLOCK ? around->first_step : STEP_NONE;
}

static struct text name_of(const struct flow *flow, uint32_t step)
{
    return flow->steps[step].name;
}

static enum migrate_verdict check_kept(const struct versions *v, const struct frame *frame,
                                       uint32_t to, struct buffer *why)
{
    const struct step *old = &v->old->steps[frame->step];
    const struct step *new = &v->new->steps[to];
    bool has_part = json_member(frame->local, "got") != NULL;

    if (has_part && (old->listen.kind != new->listen.kind ||
                     old->listen.item_count != new->listen.item_count)) {
        buffer_addf(why,
                    "'%.*s' has got a part of what it waits for, and '%.*s' waits for other "
                    "things",
                    TEXT_ARG(old->name), TEXT_ARG(new->name));
        return MIGRATE_NOT_NOW;
    }
    return MIGRATE_FITS;
}

static enum migrate_verdict check_given_up(const struct versions *v, const struct frame *frame,
                                           struct target target, struct buffer *why)
{
    const struct step *old = &v->old->steps[frame->step];
    const struct step *new = &v->new->steps[target.step];

    if (!target.is_named) {
        buffer_addf(why, "'%.*s' is %s, in version %d %s: name a target in 'steps'",
                    TEXT_ARG(old->name), step_kind_name(old->kind), v->new->version,
                    old->kind == new->kind ? "a request to another service"
                                           : step_kind_name(new->kind));
        return MIGRATE_ACTION;
    }
    if (!target.is_skipped && json_member(frame->local, "got") != NULL) {
        buffer_addf(why,
                    "'%.*s' has got a part of what it waits for, which '%.*s' cannot take over",
                    TEXT_ARG(old->name), TEXT_ARG(new->name));
        return MIGRATE_NOT_NOW;
    }
    if (old->pivot && frame->sent_seq > 0) {
        buffer_addf(why, "'%.*s' is a pivot under way: it cannot be given up", TEXT_ARG(old->name));
        return MIGRATE_NOT_NOW;
    }
    return MIGRATE_FITS;
}

static enum migrate_verdict check_open(const struct versions *v, const struct instance *instance,
                                       const struct frame *frame, struct buffer *why)
{
    struct target target = migrate_target(v, frame->step);
    struct text name = name_of(v->old, frame->step);
    bool is_block = frame->kind == FRAME_BLOCK;

    if (target.step == UINT32_MAX) {
        buffer_addf(why, "'%.*s', at which it stands, has no target in version %d", TEXT_ARG(name),
                    v->new->version);
        return MIGRATE_NO_TARGET;
    }
    if (!list_holds(v->new, list_of(v, instance, frame), target.step)) {
        buffer_addf(why, "'%.*s' stands in another list of steps than '%.*s'",
                    TEXT_ARG(name_of(v->new, target.step)), TEXT_ARG(name));
        return MIGRATE_NO_TARGET;
    }
    if (is_block && (target.is_skipped ||
                     !same_action(v, &v->old->steps[frame->step], &v->new->steps[target.step]))) {
        buffer_addf(why, "'%.*s' is a block at work: name targets of the steps in it",
                    TEXT_ARG(name));
        return MIGRATE_ACTION;
    }
    return !is_block && migrate_gives_up(v, frame) ? check_given_up(v, frame, target, why)
                                                   : check_kept(v, frame, target.step, why);
}

/* What handlers have got is kept by their place in the list. */
static enum migrate_verdict check_watch(const struct versions *v, const struct instance *instance,
                                        const struct frame *frame, struct buffer *why)
{
    const struct frame *parent = instance_find_frame(instance, frame->parent);
    uint32_t old_count = v->old->handler_count;
    uint32_t new_count = v->new->handler_count;

    if (parent != NULL) {
        uint32_t step = migrate_target(v, parent->step).step;
        old_count = v->old->steps[parent->step].handler_count;
        new_count = step == UINT32_MAX ? 0 : v->new->steps[step].handler_count;
    }
    if (frame->local != NULL && json_count(frame->local) > 0 && old_count != new_count) {
        buffer_addf(why, "its handlers have got messages, and there are not as many in version %d",
                    v->new->version);
        return MIGRATE_NOT_NOW;
    }
    return MIGRATE_FITS;
}

static enum migrate_verdict check_block(const struct versions *v, const struct instance *instance,
                                        const struct frame *frame, struct buffer *why)
{
    switch (frame->role) {
    case BLOCK_BODY:
    case BLOCK_CATCH:
        return check_open(v, instance, frame, why);
    case BLOCK_WATCH:
        return check_watch(v, instance, frame, why);
    case BLOCK_FORK:
    case BLOCK_BRANCH:
    case BLOCK_LOOP:
    case BLOCK_ITERATION:
        buffer_addf(why, "it is in '%.*s', a %s", TEXT_ARG(name_of(v->old, frame->step)),
                    step_kind_name(v->old->steps[frame->step].kind));
        return MIGRATE_NOT_NOW;
    case BLOCK_HANDLER:
    case BLOCK_REMIND:
    case BLOCK_UNDO:
        buffer_addf(why, "a %s is at work", block_role_name(frame->role));
        return MIGRATE_NOT_NOW;
    }
    CHECK(false && "unknown role");
    return MIGRATE_NOT_NOW;
}

/* The step of this name at any depth of a definition. Recursion is bounded by JSON_DEPTH_MAX. */
static const struct json *find_step(const struct json *json, struct text name)
{
    const struct json *found = NULL;
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    if (json_kind(json) == JSON_ARRAY) {
        for (size_t i = 0; i < json_count(json) && found == NULL; i++) {
            found = find_step(json_at(json, i), name);
        }
        return found;
    }
    if (json_kind(json) != JSON_OBJECT) {
        return NULL;
    }
    if (text_equal(json_member_text(json, "step"), name)) {
        return json;
    }
    while (found == NULL && json_next(json, &cursor, &key, &value)) {
        found = find_step(value, name);
    }
    return found;
}

/* What was kept for the block is only of use to the very same steps. */
static bool same_undo_block(const struct versions *v, uint32_t old_step, uint32_t new_step)
{
    struct json *old = NULL;
    struct json *new = NULL;
    const struct json *was;
    const struct json *is;
    bool same;

    CHECK(json_parse(v->old->definition, &old, NULL) == STATUS_OK);
    CHECK(json_parse(v->new->definition, &new, NULL) == STATUS_OK);
    was = json_member(find_step(old, name_of(v->old, old_step)), "compensate");
    is = json_member(find_step(new, name_of(v->new, new_step)), "compensate");
    same = was != NULL && is != NULL && json_equal(was, is);
    json_free(old);
    json_free(new);
    return same;
}

static bool undoes_alike(const struct versions *v, const struct undo *undo, uint32_t step)
{
    const struct step *old = &v->old->steps[undo->step];
    const struct step *new = step == UINT32_MAX ? NULL : &v->new->steps[step];

    if (new == NULL || old->kind != new->kind) {
        return false;
    }
    if (undo->state == UNDO_GROUP || old->kind == STEP_RUN) {
        return true;
    }
    if (step_undo_is_block(old) || step_undo_is_block(new)) {
        return same_undo_block(v, undo->step, step);
    }
    return new->compensate != NULL &&new->compensate->message.is_request ==
               old->compensate->message.is_request &&
           (!new->compensate->message.is_request ||
            text_equal(v->old->services[old->compensate->message.service].name,
                       v->new->services[new->compensate->message.service].name));
}

uint32_t migrate_undo_target(const struct versions *v, const struct undo *undo)
{
    uint32_t step = migrate_target(v, undo->step).step;

    if (!undoes_alike(v, undo, step)) {
        /* The plan may speak of where the run goes on. */
        step = flow_find_step(v->new, name_of(v->old, undo->step));
    }
    return undoes_alike(v, undo, step) ? step : UINT32_MAX;
}

/* What it may have to undo is undone by the new version's rules, though with the message that is there. */
static enum migrate_verdict check_undo(const struct versions *v, const struct undo *undo,
                                       struct buffer *why)
{
    if (migrate_undo_target(v, undo) == UINT32_MAX) {
        buffer_addf(why,
                    "'%.*s' may have to be undone, and version %d has no step with such a "
                    "compensate for it: name one in 'steps'",
                    TEXT_ARG(name_of(v->old, undo->step)), v->new->version);
        return MIGRATE_NO_TARGET;
    }
    return MIGRATE_FITS;
}

static enum migrate_verdict check_status(const struct instance *instance, struct buffer *why)
{
    if (instance->paused != NULL) {
        buffer_addf(why, "it is paused; resume it first");
        return MIGRATE_NOT_NOW;
    }
    switch (instance->status) {
    case RUN_RUNNING:
    case RUN_EMBRYO:
        return MIGRATE_FITS;
    case RUN_COMPENSATING:
        buffer_addf(why, "it is being undone");
        return MIGRATE_NOT_NOW;
    case RUN_FINISHING:
        buffer_addf(why, "it is in its last steps, onFailure or always");
        return MIGRATE_NOT_NOW;
    case RUN_NONE:
    case RUN_HELD:
    case RUN_COMPLETED:
    case RUN_FAILED:
    case RUN_CANCELLED:
    case RUN_EXPIRED:
        buffer_addf(why, "it has ended: %s", run_status_name(instance->status));
        return MIGRATE_NOT_NOW;
    }
    CHECK(false && "unknown status");
    return MIGRATE_NOT_NOW;
}

enum migrate_verdict migrate_foresee(const struct flow *old, const struct flow *new,
                                     const struct instance *instance, const struct json *plan,
                                     struct buffer *why)
{
    struct versions v = {old, new, plan};
    enum migrate_verdict verdict = migrate_where(instance, plan, why);

    if (verdict == MIGRATE_FITS) {
        verdict = check_status(instance, why);
    }
    for (uint32_t i = 0; i < instance->frame_count && verdict == MIGRATE_FITS; i++) {
        const struct frame *frame = &instance->frames[i];

        if (frame->kind == FRAME_UNDO || frame->state == FRAME_UNWINDING) {
            buffer_addf(why, "a part of it is being undone");
            return MIGRATE_NOT_NOW;
        }
        verdict = frame->kind == FRAME_BLOCK ? check_block(&v, instance, frame, why)
                                             : check_open(&v, instance, frame, why);
    }
    for (uint32_t i = 0; i < instance->undo_count && verdict == MIGRATE_FITS; i++) {
        verdict = check_undo(&v, &instance->stack[i], why);
    }
    return verdict;
}
