/* Redis is the fold of the committed snapshots up to its watermark: states, timers, stacks, counts. */
#include <inttypes.h>
#include <string.h>

#include "codec/records.h"
#include "engine/fsck_parts.h"

static struct fsck_about about(struct fsck *fsck, enum fsck_id id, struct text name,
                               const struct fsck_snap *snap)
{
    struct fsck_about place = {.id = id,
                               .topic = arena_printf(&fsck->arena, "redis {%.*s:%d}",
                                                     TEXT_ARG(fsck->options.settings->app),
                                                     fsck->partition)
                                            .data,
                               .offset = OFFSET_NONE,
                               .instance = name};

    fsck->store_findings++;
    if (snap != NULL) {
        place.offset = snap->offset;
        place.run = &snap->run;
        place.seq = snap->seq;
    }
    return place;
}

bool fsck_store_begin(struct fsck *fsck, const struct sleep_stamp *stamp)
{
    arena_reset(&fsck->arena);
    fsck->shelf_cursor = 0;
    fsck->store_missing = 0;
    fsck->store_timers = 0;
    if (!stamp->present) {
        if (fsck->bounds.snapshot_end > 0 && fsck->shelves.count > 0) {
            fsck_tell(fsck, about(fsck, FSCK_REDIS_MISSING, TEXT(""), NULL),
                      "nothing is there, and %zu runs sleep", fsck->shelves.count);
        }
        return false;
    }
    if (stamp->format != SLEEP_FORMAT) {
        fsck_tell(fsck, about(fsck, FSCK_REDIS_COUNT, TEXT(""), NULL),
                  "it is of format %d, this program knows %d", stamp->format, SLEEP_FORMAT);
        return false;
    }
    if (strcmp(stamp->topic_id, fsck->bounds.snapshot_topic_id) != 0) {
        fsck_tell(fsck, about(fsck, FSCK_REDIS_COUNT, TEXT(""), NULL),
                  "it was built from topic id '%s', '%s' has '%s'", stamp->topic_id,
                  fsck->names.snapshot, fsck->bounds.snapshot_topic_id);
        return false;
    }
    return true;
}

static uint32_t timers_of(struct fsck *fsck, const struct fsck_snap *snap, struct text **timers)
{
    struct snapshot_record snapshot;

    if (snapshot_decode(snap->value, &fsck->arena, &snapshot, NULL) != STATUS_OK) {
        return 0;
    }
    *timers = arena_array(&fsck->arena, snapshot.timer_count, sizeof **timers);
    for (uint32_t i = 0; i < snapshot.timer_count; i++) {
        (*timers)[i] = snapshot.timers[i].id;
    }
    return snapshot.timer_count;
}

static uint32_t ask_from_cursor(struct fsck *fsck, struct sleep_ask *asks, uint32_t capacity)
{
    uint32_t count = 0;
    struct text name;
    void *value;

    arena_reset(&fsck->arena);
    while (count < capacity && map_next(&fsck->shelves, &fsck->shelf_cursor, &name, &value)) {
        struct fsck_shelf *shelf = value;
        struct text *timers = NULL;

        if (shelf->was_asked) {
            continue;
        }
        asks[count].name = arena_text(&fsck->arena, name);
        asks[count].timer_count = timers_of(fsck, shelf->latest, &timers);
        asks[count++].timers = timers;
    }
    return count;
}

uint32_t fsck_store_ask(struct fsck *fsck, struct sleep_ask *asks, uint32_t capacity)
{
    uint32_t count = ask_from_cursor(fsck, asks, capacity);

    if (count > 0) {
        return count;
    }
    /* Behind the cursor some may have fallen asleep, or their question was overtaken. */
    fsck->shelf_cursor = 0;
    return ask_from_cursor(fsck, asks, capacity);
}

/* As it has to stand in the store: without the stack, which is a list of its own. */
static bool is_state(const struct snapshot_record *snapshot, struct text state)
{
    struct snapshot_record apart = *snapshot;
    struct buffer wanted = {0};

    apart.stack_count = 0;
    snapshot_encode(&apart, &wanted);
    bool is_same = text_equal(buffer_text(&wanted), state);
    buffer_release(&wanted);
    return is_same;
}

static bool are_equal(const struct text *a, uint32_t a_count, const struct text *b,
                      uint32_t b_count)
{
    bool is_same = a_count == b_count;

    for (uint32_t i = 0; i < a_count && is_same; i++) {
        is_same = text_equal(a[i], b[i]);
    }
    return is_same;
}

static void compare_timers(struct fsck *fsck, const struct snapshot_record *snapshot,
                           const struct fsck_snap *snap, const struct sleep_seen *seen)
{
    for (uint32_t i = 0; i < snapshot->timer_count; i++) {
        const struct history_timer *timer = &snapshot->timers[i];

        if (seen->due[i] == SLEEP_NOT_DUE) {
            fsck->store_timers++;
            fsck_tell(fsck, about(fsck, FSCK_REDIS_TIMER, snapshot->instance, snap),
                      "timer %.*s is not there, its snapshot arms it for %lld", TEXT_ARG(timer->id),
                      (long long)timer->due_ms);
        } else if (seen->due[i] != timer->due_ms) {
            fsck_tell(fsck, about(fsck, FSCK_REDIS_TIMER, snapshot->instance, snap),
                      "timer %.*s is due %lld, by its snapshot %lld", TEXT_ARG(timer->id),
                      (long long)seen->due[i], (long long)timer->due_ms);
        }
    }
}

static void compare(struct fsck *fsck, const struct fsck_shelf *shelf, const struct sleep_ask *ask,
                    const struct sleep_seen *seen)
{
    struct snapshot_record snapshot;
    const struct fsck_snap *snap = shelf->latest;

    if (snapshot_decode(snap->value, &fsck->arena, &snapshot, NULL) != STATUS_OK) {
        return;
    }
    if (seen->state.data == NULL) {
        fsck->store_missing++;
        fsck_tell(fsck, about(fsck, FSCK_REDIS_STATE, shelf->name, snap),
                  "no state of it is there, its snapshot says that it sleeps");
    } else if (!is_state(&snapshot, seen->state)) {
        fsck_tell(fsck, about(fsck, FSCK_REDIS_STATE, shelf->name, snap),
                  "its state is not that of its snapshot");
    } else if (!are_equal(seen->noted, seen->noted_count, ask->timers, ask->timer_count)) {
        fsck_tell(fsck, about(fsck, FSCK_REDIS_STATE, shelf->name, snap),
                  "its state notes %u timers, not the %u of its snapshot", seen->noted_count,
                  ask->timer_count);
    }
    if (!are_equal(seen->stack, seen->stack_count, snapshot.stack, snapshot.stack_count)) {
        fsck_tell(fsck, about(fsck, FSCK_REDIS_STACK, shelf->name, snap),
                  "its compensation stack (%u entries) is not that of its snapshot (%u entries)",
                  seen->stack_count, snapshot.stack_count);
    }
    compare_timers(fsck, &snapshot, snap, seen);
}

void fsck_store(struct fsck *fsck, const struct sleep_ask *asks, const struct sleep_seen *seen,
                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct fsck_shelf *shelf = map_get(&fsck->shelves, asks[i].name);

        if (shelf != NULL) {
            shelf->was_asked = true;
            compare(fsck, shelf, &asks[i], &seen[i]);
        }
    }
}

static int64_t count_timers(struct fsck *fsck)
{
    size_t cursor = 0;
    int64_t count = 0;
    struct text name;
    struct text *timers;
    void *shelf;

    while (map_next(&fsck->shelves, &cursor, &name, &shelf)) {
        arena_reset(&fsck->arena);
        count += timers_of(fsck, ((struct fsck_shelf *)shelf)->latest, &timers);
    }
    arena_reset(&fsck->arena);
    return count;
}

bool fsck_store_end(struct fsck *fsck, const struct sleep_stamp *stamp)
{
    int64_t runs = (int64_t)fsck->shelves.count - fsck->store_missing;
    int64_t timers;

    if (fsck->options.instance.bytes > 0) {
        return false; /* The others were not read. */
    }
    timers = count_timers(fsck) - fsck->store_timers;
    if (fsck->store_findings == 0 && (stamp->run_count != stamp->run_count_seen ||
                                      stamp->timer_count != stamp->timer_count_seen)) {
        fsck_tell(fsck, about(fsck, FSCK_REDIS_COUNT, TEXT(""), NULL),
                  "it counts %lld runs and %lld timers, and has %lld and %lld",
                  (long long)stamp->run_count, (long long)stamp->timer_count,
                  (long long)stamp->run_count_seen, (long long)stamp->timer_count_seen);
    }
    return stamp->run_count_seen != runs || stamp->timer_count_seen != timers;
}

void fsck_store_stray(struct fsck *fsck, struct text name, struct text timer)
{
    const struct fsck_shelf *shelf;
    struct text *timers = NULL;

    arena_reset(&fsck->arena);
    shelf = map_get(&fsck->shelves, name);
    if (timer.bytes == 0) {
        if (shelf == NULL) {
            fsck_tell(fsck, about(fsck, FSCK_REDIS_STRAY, name, NULL),
                      "a state of it is there, and no snapshot says that it sleeps");
        }
        return;
    }
    uint32_t count = shelf == NULL ? 0 : timers_of(fsck, shelf->latest, &timers);
    for (uint32_t i = 0; i < count; i++) {
        if (text_equal(timers[i], timer)) {
            return;
        }
    }
    fsck_tell(fsck, about(fsck, FSCK_REDIS_STRAY, name, NULL),
              "timer %.*s of it is there, and no snapshot arms it", TEXT_ARG(timer));
}
