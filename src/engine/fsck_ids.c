#include "engine/fsck_ids.h"

static const struct {
    const char *name;
    const char *advice;
} ids[] = {
    [FSCK_FLOW_MISSING] = {"flow-missing", "deploy this version of the flow again from its file; "
                                           "its runs cannot go on without it"},
    [FSCK_FLOW_UNREADABLE] = {"flow-unreadable", "deploy the flow again, or run the newer baton "
                                                 "that wrote this"},
    [FSCK_HISTORY_UNREADABLE] = {"history-unreadable", "find out who else writes to this topic; "
                                                       "restore it from a copy"},
    [FSCK_HISTORY_HASH] = {"history-hash", "the record was altered after it was written: find out "
                                           "by whom; restore the topic from a copy"},
    [FSCK_HISTORY_KEY] = {"history-key", "find out who else writes to this topic: compaction goes "
                                         "by the key"},
    [FSCK_HISTORY_PLACE] = {"history-placement", "find out who else writes to this topic; the "
                                                 "owner of the partition does not look here"},
    [FSCK_HISTORY_GAP] = {"history-gap", "records are gone: look at retention and compaction of "
                                         "the topic; restore it from a copy"},
    [FSCK_HISTORY_REPEAT] = {"history-repeat", "two writers owned the partition at once: keep the "
                                               "logs of the workers and report it"},
    [FSCK_HISTORY_CHAIN] = {"history-chain", "a record was replaced, or two writers owned the "
                                             "partition at once: keep the logs and report it"},
    [FSCK_HISTORY_AFTER_END] = {"history-after-end", "two writers owned the partition at once: "
                                                     "keep the logs of the workers and report it"},
    [FSCK_HISTORY_ERASED] = {"history-erased", "find out who else writes to this topic; restore "
                                               "the record before compaction removes it"},
    [FSCK_HISTORY_NO_BASE] = {"history-no-base", "the run cannot be taken over: restore its "
                                                 "beginning or its snapshot from a copy"},
    [FSCK_HISTORY_OVERLAP] = {"history-overlap", "two writers owned the partition at once: keep "
                                                 "the logs of the workers and report it"},
    [FSCK_HISTORY_FOLD] = {"history-fold", "the record contradicts the state before it: keep the "
                                           "logs of the workers and report it"},
    [FSCK_CAUSE_REPEAT] = {"cause-repeat", "the same inbound record took effect twice: look at the "
                                           "business topic for what was done twice, and report it"},
    [FSCK_UNDO_ORDER] = {"undo-order", "look at what the services undid and in which order, and "
                                       "report it"},
    [FSCK_UNDO_TWICE] = {"undo-twice", "services drop it by its idempotency key; check that this "
                                       "one did, and report it"},
    [FSCK_REPLAY_DIFFERS] = {"replay-differs", "the same program decides otherwise: report it with "
                                               "the flow and this record"},
    [FSCK_SNAPSHOT_UNREADABLE] = {"snapshot-unreadable", "the run cannot wake: find out who else "
                                                         "writes to this topic"},
    [FSCK_SNAPSHOT_PLACE] = {"snapshot-placement", "find out who else writes to this topic; the "
                                                   "owner of the partition does not look here"},
    [FSCK_SNAPSHOT_DIFFERS] = {"snapshot-differs", "the run would wake in a wrong state: stop the "
                                                   "workers and restore the snapshot from a copy"},
    [FSCK_SNAPSHOT_AHEAD] = {"snapshot-ahead",
                             "history is missing that the snapshot holds: look at "
                             "the end of the history for lost records"},
    [FSCK_SNAPSHOT_MISSING] = {"snapshot-missing",
                               "the run does not wake: restore its snapshot, or "
                               "set the checkpoint back below its history"},
    [FSCK_SNAPSHOT_LEFT] = {"snapshot-left", "the ended run would wake again: write a tombstone "
                                             "for its key to the snapshot topic"},
    [FSCK_CHECKPOINT_UNREADABLE] = {"checkpoint-unreadable", "the partition cannot be taken over: "
                                                             "find out who else writes here"},
    [FSCK_CHECKPOINT_BACK] = {"checkpoint-back", "find out who set it back; a take-over folds from "
                                                 "there and is only slower"},
    [FSCK_WATERMARK_BACK] = {"watermark-back", "records of this source may take effect twice: find "
                                               "out who else writes here"},
    [FSCK_ENDED_MISSING] = {"ended-missing", "a repeated start of this key would run again: watch "
                                             "its start topic for repeats"},
    [FSCK_OFFSET_FOREIGN] = {"offset-foreign", "find out who else commits for this group"},
    [FSCK_OFFSET_MISSING] = {"offset-missing", "the group's offsets are gone (deleted, expired): "
                                               "the next owner finds them by the history"},
    [FSCK_OFFSET_BACK] = {"offset-back", "find out who set the group's offset back; repeats are "
                                         "dropped by watermarks"},
    [FSCK_OFFSET_AHEAD] = {"offset-ahead", "find out who set the group's offset ahead; set it back "
                                           "while no worker runs"},
    [FSCK_INBOX_SKIPPED] = {"inbox-skipped", "the record was never decided: set the group's offset "
                                             "back to it while no worker runs"},
    [FSCK_REDIS_AHEAD] = {"redis-ahead", "Redis holds what Kafka does not (Kafka was restored?): "
                                         "delete the partition's keys, they are built anew"},
    [FSCK_REDIS_MISSING] = {"redis-missing", "nothing to do while workers run: it is built anew; "
                                             "see that Redis keeps its data"},
    [FSCK_REDIS_STATE] = {"redis-state", "delete the partition's keys in Redis, they are built "
                                         "anew; find out who else writes there"},
    [FSCK_REDIS_STACK] = {"redis-stack", "delete the partition's keys in Redis, they are built "
                                         "anew; find out who else writes there"},
    [FSCK_REDIS_TIMER] = {"redis-timer", "delete the partition's keys in Redis, they are built "
                                         "anew; find out who else writes there"},
    [FSCK_REDIS_STRAY] = {"redis-stray", "delete the partition's keys in Redis, they are built "
                                         "anew; find out who else writes there"},
    [FSCK_REDIS_COUNT] = {"redis-count", "nothing to do while workers run: the partition is built "
                                         "anew at the next look"},
    [FSCK_COMMAND_TWICE] = {"command-twice",
                            "services drop it by its idempotency key; find out who "
                            "else writes to this topic"},
    [FSCK_COMMAND_UNKNOWN] = {"command-unknown",
                              "find out who else sends commands in baton's name; "
                              "its reply will be told as unmatched"},
    [FSCK_COMMAND_MISSING] = {"command-missing", "the service never saw it: look at the retention "
                                                 "of the topic; send it again by hand if it hangs"},
};

const char *fsck_id_name(enum fsck_id id)
{
    return ids[id].name;
}

const char *fsck_id_advice(enum fsck_id id)
{
    return ids[id].advice;
}
