#include "engine/settings.h"

#include <stdio.h>

#include "base/check.h"
#include "base/duration.h"
#include "base/limits.h"

struct settings settings_default(void)
{
    return (struct settings){
        .app = TEXT("baton"),
        .partitions = 16,
        .batch_records_max = BATCH_RECORDS_MAX,
        .checkpoint_idle_ms = 5 * MS_PER_SECOND,
        .checkpoint_max_ms = 30 * MS_PER_SECOND,
        .remember_max = 1000000,
        .history_max = 10000,
        .resident_max = 200000,
        .deadlines_grace_ms = 5 * MS_PER_MINUTE,
        .session_timeout_ms = 6 * MS_PER_SECOND,
        .fence_grace_ms = MS_PER_SECOND,
        /* Half of delete.retention.ms (7 d): beyond it tombstones of the snapshot topic may be
         * gone, and a replay would leave runs in the store that have ended. */
        .store_stale_ms = 7 * MS_PER_DAY / 2,
        .near_ms = MS_PER_MINUTE,
        .near_poll_ms = 10 * MS_PER_SECOND,
        .trim_every_ms = MS_PER_MINUTE,
        .sweep_every_ms = MS_PER_MINUTE,
        .barrier_every_ms = MS_PER_SECOND,
    };
}

static void name_make(char out[NAME_BYTES], struct text app, const char *suffix)
{
    int bytes = snprintf(out, NAME_BYTES, "%.*s.%s", TEXT_ARG(app), suffix);

    CHECK(bytes > 0 && bytes < NAME_BYTES);
}

void names_init(struct names *names, struct text app)
{
    name_make(names->inbox, app, "inbox");
    name_make(names->history, app, "history");
    name_make(names->snapshot, app, "snapshot");
    name_make(names->checkpoint, app, "checkpoint");
    name_make(names->flows, app, "flows");
    name_make(names->dlq, app, "dlq");
    name_make(names->alerts, app, "alerts");
    name_make(names->router_group, app, "router");
    name_make(names->exec_group, app, "exec");
}
