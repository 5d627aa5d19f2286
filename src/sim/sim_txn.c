/* The transaction coordinator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

#define MARKER_MS_MAX 2500

struct sim_identity *sim_identity_open(struct sim_broker *broker, struct text id)
{
    struct sim_identity *identity = NULL;

    for (size_t i = 0; i < broker->identity_count && identity == NULL; i++) {
        if (text_is(id, broker->identities[i]->id)) {
            identity = broker->identities[i];
        }
    }
    if (identity == NULL) {
        identity = calloc(1, sizeof(*identity));
        CHECK(identity != NULL);
        identity->id = text_dup(id);
        broker->identities = sim_grow(broker->identities, broker->identity_count,
                                      &broker->identity_capacity, sizeof(struct sim_identity *));
        broker->identities[broker->identity_count++] = identity;
    }
    sim_identity_fence(broker, identity);
    return identity;
}

static void txn_free(struct sim_txn *txn)
{
    if (txn == NULL) {
        return;
    }
    free(txn->parts);
    free(txn->pending);
    free(txn);
}

void sim_identity_free(struct sim_identity *identity)
{
    txn_free(identity->txn);
    free(identity->id);
    free(identity);
}

/* Write the markers that are due by `until_ms`. */
static void mark(struct sim_broker *broker, struct sim_identity *identity, int64_t until_ms)
{
    struct sim_txn *txn = identity->txn;
    bool committed = txn->decision == SIM_COMMITTED;
    bool whole = true;

    for (size_t i = 0; i < txn->part_count; i++) {
        struct sim_part *part = &txn->parts[i];

        if (!part->marked && part->mark_ms <= until_ms) {
            part->marked = true;
            sim_log_mark(part->log, txn, committed, broker->sim->now_ms);
        }
        whole = whole && part->marked;
    }
    if (!txn->offsets_marked && txn->offsets_mark_ms <= until_ms) {
        txn->offsets_marked = true;
        for (size_t i = 0; i < txn->pending_count; i++) {
            txn->pending[i].slot->pending--;
            if (committed) {
                sim_slot_set(broker, txn->pending[i].group, txn->pending[i].slot, &txn->pending[i]);
            }
        }
    }
    if (whole && txn->offsets_marked) {
        txn_free(txn);
        identity->txn = NULL;
    }
}

/* When a marker of a transaction that is decided now gets written. */
static int64_t marker_ms(struct sim *sim)
{
    return sim_chance(sim, SIM_MARKER_LATE)
               ? sim->now_ms + (int64_t)rng_below(&sim->rng, MARKER_MS_MAX)
               : sim->now_ms;
}

void sim_txn_decide(struct sim_broker *broker, struct sim_identity *identity,
                    enum sim_decision decision)
{
    struct sim_txn *txn = identity->txn;

    CHECK(txn != NULL && txn->decision == SIM_OPEN);
    txn->decision = decision;
    for (size_t i = 0; i < txn->part_count; i++) {
        txn->parts[i].mark_ms = marker_ms(broker->sim);
    }
    txn->offsets_mark_ms = marker_ms(broker->sim);
    mark(broker, identity, broker->sim->now_ms);
}

void sim_identity_fence(struct sim_broker *broker, struct sim_identity *identity)
{
    identity->epoch++;
    if (identity->txn == NULL) {
        return;
    }
    if (identity->txn->decision == SIM_OPEN) {
        identity->txn->decision = SIM_ABORTED;
    }
    mark(broker, identity, INT64_MAX);
}

struct sim_txn *sim_txn_use(struct sim_broker *broker, struct sim_identity *identity)
{
    /* The client asks again until the markers of its last transaction are there. */
    if (identity->txn != NULL && identity->txn->decision != SIM_OPEN) {
        mark(broker, identity, INT64_MAX);
    }
    if (identity->txn == NULL) {
        identity->txn = calloc(1, sizeof(*identity->txn));
        CHECK(identity->txn != NULL);
        identity->txn->started_ms = broker->sim->now_ms;
    }
    return identity->txn;
}

void sim_txn_append(struct sim_broker *broker, struct sim_txn *txn, struct sim_log *log,
                    struct sim_record *record, int64_t time_ms)
{
    bool known = false;

    (void)broker;
    for (size_t i = 0; i < txn->part_count && !known; i++) {
        known = txn->parts[i].log == log;
    }
    if (!known) {
        txn->parts = sim_grow(txn->parts, txn->part_count, &txn->part_capacity,
                              sizeof(*txn->parts));
        txn->parts[txn->part_count++] = (struct sim_part){.log = log};
    }
    sim_log_append(log, record, txn, time_ms);
}

void sim_txn_offset(struct sim_broker *broker, struct sim_txn *txn, struct sim_group *group,
                    const struct partition_offset *offset)
{
    struct sim_topic *topic = sim_topic_find(broker, offset->topic);
    struct sim_pending *pending;

    CHECK(topic != NULL);
    txn->pending = sim_grow(txn->pending, txn->pending_count, &txn->pending_capacity,
                            sizeof(*txn->pending));
    pending = &txn->pending[txn->pending_count++];
    *pending = (struct sim_pending){.group = group,
                                    .slot = sim_group_slot(group, topic, offset->partition),
                                    .offset = offset->offset,
                                    .order = ++broker->order};
    snprintf(pending->metadata, sizeof(pending->metadata), "%s", offset->metadata);
    pending->slot->pending++;
}

void sim_txn_tick(struct sim_broker *broker)
{
    int64_t now_ms = broker->sim->now_ms;

    for (size_t i = 0; i < broker->identity_count; i++) {
        struct sim_identity *identity = broker->identities[i];
        struct sim_txn *txn = identity->txn;

        if (txn == NULL) {
            continue;
        }
        if (txn->decision != SIM_OPEN) {
            mark(broker, identity, now_ms);
        } else if (now_ms - txn->started_ms > SIM_TRANSACTION_MS) {
            sim_trace(broker->sim, NULL, "transaction of '%s' timed out", identity->id);
            sim_identity_fence(broker, identity);
        }
    }
}
