/*
 * A record whose schema is not at hand makes its partition wait, and no other: it is neither passed
 * over nor dead, since a registry that is away says nothing about the record.
 */
#include "base/log.h"
#include "engine/router_state.h"

/* A schema is mostly there after a few milliseconds; when the registry is away, asking more often
 * than this is of no use. */
#define HOLD_FIRST_MS 10
#define HOLD_MOST_MS 1000

enum status router_hold(struct router *router, const struct route_source *source, int32_t partition,
                        struct place *place, const struct error *why)
{
    struct error err;
    enum status status = router->consumer.pause(router->consumer.self, source->topic, partition,
                                                &err);

    if (status != STATUS_OK) {
        return status == STATUS_FATAL ? STATUS_FATAL : STATUS_ABORT;
    }
    place->holds = place->held_at == place->next ? place->holds + 1 : 0;
    place->held_at = place->next;
    if (place->holds > 6) {
        log_again(&router->gate, LOG_WARN, "schema-awaited",
                  "topic=%.*s partition=%d offset=%lld reason=\"%s\"", TEXT_ARG(source->topic),
                  partition, (long long)place->next, why->text);
    }
    place->held_ms = router->now_ms +
                     (place->holds > 6 ? HOLD_MOST_MS : HOLD_FIRST_MS << place->holds);
    router->held++;
    stat_set(&router->stats->held, router->held);
    return STATUS_OK;
}

enum status router_release(struct router *router, struct error *err)
{
    struct place_visit visit = {0};
    enum status status = STATUS_OK;

    if (router->held == 0) {
        return STATUS_OK;
    }
    router->held = 0;
    while (router_next_place(router, &visit)) {
        struct place *place = visit.place;

        CHECK(visit.source != NULL);
        if (place->state == PLACE_READING && place->held_ms > 0 &&
            place->held_ms <= router->now_ms && status == STATUS_OK) {
            status = router->consumer.start(router->consumer.self, visit.source->topic,
                                            visit.partition, place->next, err);
            place->held_ms = status == STATUS_OK ? 0 : place->held_ms;
        }
        router->held += place->state == PLACE_READING && place->held_ms > 0;
    }
    stat_set(&router->stats->held, router->held);
    /* Not ours any more, perhaps: the next poll says so. */
    return status == STATUS_FENCED || status == STATUS_REJECT ? STATUS_OK : status;
}

int64_t router_hold_wait(const struct router *router, int64_t wait_ms)
{
    struct place_visit visit = {0};

    while (router->held > 0 && router_next_place(router, &visit)) {
        int64_t due_ms = visit.place->held_ms - router->now_ms;

        if (visit.place->held_ms > 0 && due_ms < wait_ms) {
            wait_ms = due_ms > 0 ? due_ms : 0;
        }
    }
    return wait_ms;
}
