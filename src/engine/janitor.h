/*
 * janitor - the history of runs that ended longer ago than their flow's `keep` is taken away: a
 * tombstone for each of its records, the run's last record last. History keys are unique, so nothing
 * would ever vanish by compaction alone.
 *
 * One sweep for each length of `keep` goes through a partition's history behind the checkpoint, so that
 * flows that keep for long do not hold up the others. How far it came is in the checkpoint topic under
 * "j/<keep in ms>". A pass is part of a turn: what it writes is fenced like all else of the partition,
 * and after a crash some tombstones are written again, which changes nothing.
 */
#ifndef BATON_ENGINE_JANITOR_H
#define BATON_ENGINE_JANITOR_H

#include "engine/partition.h"

struct janitor; /* One a lane; sweeps one partition at a time. */
struct lane;

struct janitor *janitor_new(void);
void janitor_free(struct janitor *janitor); /* Accepts NULL. */

/* Add to the open turn what is due. Never waits. */
void janitor_pass(struct lane *lane);
/* What the turn held of it is committed. */
void janitor_committed(struct janitor *janitor);
/* The turn is over; what it held and was not committed has to be done again. */
void janitor_end_turn(struct janitor *janitor);
/* Let go of the partition that is being swept; before it is freed. */
void janitor_close(struct janitor *janitor);
/* The same, if it is this one. */
void janitor_forget(struct janitor *janitor, const struct partition *partition);

/* The sweep of this length; a new one begins at the beginning. Borrowed until the next is made. */
struct sweep *partition_sweep(struct partition *partition, int64_t keep_ms);
/* Key "j/<keep>" of the checkpoint topic. False: it is another key. */
bool sweep_key_parse(struct text key, int64_t *keep_ms);

#endif
