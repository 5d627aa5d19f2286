/* Which messages a listen waits for, and what has come of them. */
#include "core/correlate.h"
#include "core/waiting.h"

/* Several rules may find the key of one topic's messages: that of the topic and those of listens.
 * Then a message may have come here by a rule that is not the one of this listen. */
static bool has_several_keys(const struct flow *flow, struct text topic)
{
    for (uint32_t i = 0; i < flow->awaited_count; i++) {
        const struct awaited *awaited = flow->awaited[i];

        if (awaited->key.kind != CORRELATION_NONE && awaited->identity == NULL &&
            text_equal(flow->topics[awaited->topic].name, topic)) {
            return true;
        }
    }
    return false;
}

static bool key_matches(const struct decision *d, const struct awaited *awaited,
                        const struct incoming *incoming)
{
    const struct topic *topic = &d->flow->topics[awaited->topic];
    const struct correlation *rule = awaited->key.kind != CORRELATION_NONE ? &awaited->key
                                                                           : &topic->key;
    struct record_view view = {.payload = incoming->payload};
    struct buffer key = {0};
    bool matches;

    if (!has_several_keys(d->flow, topic->name)) {
        return true;
    }
    view.key = json_member_text(incoming_message(incoming), "key");
    view.headers = json_member(incoming_message(incoming), "headers");
    matches = correlate_key(rule, &view, &key, NULL) == STATUS_OK &&
              text_equal(buffer_text(&key), instance_key(d->after));
    buffer_release(&key);
    return matches;
}

/* A condition about a message. One that cannot be evaluated is not met: an odd message must not end
 * the run, and people hear. */
static bool holds(struct decision *d, const struct expr *expr, const char *what,
                  const struct sight *sight)
{
    struct error err = {0};
    bool truth = true;

    if (expr != NULL && scope_test(d, expr, sight, &truth, &err) != STATUS_OK) {
        alert_add(d, ALERT_DATA, sight->step, NULL,
                  arena_printf(d->effects->arena, "%s: %s", what, err.text).data);
        return false;
    }
    return truth;
}

static bool key_fits(const struct decision *d, const struct listening *at, uint32_t item,
                     const struct incoming *incoming)
{
    const struct awaited *awaited = &at->listen->items[item];

    if (awaited->identity != NULL) {
        return identity_matches(at, item, incoming);
    }
    return incoming->alias.bytes == 0 && key_matches(d, awaited, incoming);
}

static bool is_awaited(struct decision *d, const struct listening *at, uint32_t item,
                       const struct incoming *incoming)
{
    const struct awaited *awaited = &at->listen->items[item];
    struct sight sight = {.scope = at->scope,
                          .input = incoming->payload,
                          .step = at->step,
                          .attempt = 1,
                          .incoming = incoming};

    if (awaited->signal.bytes > 0 || incoming->signal.bytes > 0) {
        return text_equal(awaited->signal, incoming->signal) &&
               holds(d, awaited->when, "when", &sight);
    }
    if (!text_equal(d->flow->topics[awaited->topic].name, incoming->topic) ||
        (awaited->type.bytes > 0 && !text_equal(awaited->type, incoming->type)) ||
        !key_fits(d, at, item, incoming)) {
        return false;
    }
    return holds(d, awaited->when, "when", &sight);
}

struct listening listen_of(const struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];

    return (struct listening){.listen = &step->listen,
                              .step = step,
                              .scope = frame->parent,
                              .got = block_get(frame, "got"),
                              .keys = block_get(frame, "keys")};
}

bool listen_matches(struct decision *d, const struct listening *at, const struct incoming *incoming,
                    uint32_t *item)
{
    for (uint32_t i = 0; i < at->listen->item_count; i++) {
        const struct awaited *awaited = &at->listen->items[i];

        /* Of `all`, one of each. */
        if ((at->listen->kind != LISTEN_ALL || json_get(at->got, awaited->as) == NULL) &&
            is_awaited(d, at, i, incoming)) {
            *item = i;
            return true;
        }
    }
    return false;
}

static uint32_t count_of(const struct json *got)
{
    return (uint32_t)json_member_int(got, "count", 0);
}

/* {count, chunks}. Gives the list when it is enough. */
static struct json *collect_many(struct decision *d, const struct listening *at,
                                 const struct incoming *incoming, struct json **got)
{
    uint32_t count = count_of(*got) + 1;
    struct json *next = json_object();
    struct json *chunks = json_copy(json_member(*got, "chunks"));
    struct json *list = NULL;
    bool enough = count >= at->listen->count;

    chunks_put(&chunks, count - 1, json_copy(incoming->payload));
    if (at->listen->until != NULL || enough) {
        list = chunks_list(chunks, count);
    }
    if (!enough && at->listen->until != NULL) {
        struct sight sight = {.scope = at->scope,
                              .input = list,
                              .step = at->step,
                              .attempt = 1,
                              .incoming = incoming};

        enough = holds(d, at->listen->until, "until", &sight);
    }
    json_put_integer(next, "count", count);
    json_put(next, TEXT("chunks"), chunks);
    json_free(*got);
    *got = next;
    if (!enough) {
        json_free(list);
        list = NULL;
    }
    return list;
}

/* {as: value}. Gives the object when it is whole. */
static struct json *collect_all(const struct listening *at, struct text as,
                                const struct incoming *incoming, struct json **got)
{
    struct json *next = *got == NULL ? json_object() : json_open_copy(*got);

    json_put(next, as, json_copy(incoming->payload));
    json_free(*got);
    *got = next;
    return json_count(next) == at->listen->item_count ? json_copy(next) : NULL;
}

void listen_collect(struct decision *d, const struct listening *at, uint32_t item,
                    const struct incoming *incoming, struct json **got, struct json **result)
{
    const struct awaited *awaited = &at->listen->items[item];

    *result = NULL;
    switch (at->listen->kind) {
    case LISTEN_ONE:
        *result = json_copy(incoming->payload);
        return;
    case LISTEN_MANY:
        *result = collect_many(d, at, incoming, got);
        return;
    case LISTEN_ANY:
        *result = json_object();
        json_put_text(*result, "which", awaited->as);
        json_put(*result, TEXT("value"), json_copy(incoming->payload));
        return;
    case LISTEN_ALL:
        *result = collect_all(at, awaited->as, incoming, got);
        return;
    }
    CHECK(false && "unknown kind of listen");
}

struct json *listen_so_far(const struct listening *at)
{
    switch (at->listen->kind) {
    case LISTEN_ONE:
    case LISTEN_ANY:
        return NULL;
    case LISTEN_MANY:
        return chunks_list(json_member(at->got, "chunks"), count_of(at->got));
    case LISTEN_ALL:
        return at->got == NULL ? json_object() : json_copy(at->got);
    }
    CHECK(false && "unknown kind of listen");
    return NULL;
}
