/* A case on real servers: time passes by itself, and when nothing more will come has to be judged. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "app/flow_test_match.h"
#include "app/flow_test_place.h"
#include "app/flow_test_running.h"

#define TURN_US 5000
#define QUIET_MS 700      /* Without anything new it is at rest, if all is as expected; */
#define ENDED_MS 3000     /* if not, and all runs have ended, after so long; */
#define PATIENCE_MS 30000 /* else it is waited for so much longer. */

/* Is all as the case expects? Nothing is reported yet. */
static bool is_as_expected(const struct running *running)
{
    struct diagnostics found = {0};
    struct flow_test_matching matching = {.diagnostics = &found,
                                          .facts = running->facts,
                                          .flows = running->flows->items,
                                          .flow_count = running->flows->count,
                                          .slack_ms = FLOW_TEST_SLACK_MS};
    bool is_fine;

    flow_test_match(&matching, running->one);
    is_fine = found.error_count == 0;
    diagnostics_release(&found);
    return is_fine;
}

struct course {
    int64_t moved_ms; /* When something was new. */
    bool is_judged;   /* And it has been judged since. */
};

/* Nothing more is waited for. */
static bool is_over(const struct running *running, struct course *course, int64_t now_ms)
{
    int64_t since_ms = now_ms - running->began_ms;

    if (running->one->until_ms > 0 && since_ms < running->one->until_ms) {
        return false;
    }
    if (since_ms > running->expected_ms + PATIENCE_MS) {
        return true;
    }
    if (running->sent < running->one->sends.count || since_ms < running->expected_ms ||
        now_ms - course->moved_ms < QUIET_MS) {
        return false;
    }
    if (running->facts->count > 0 && running->world->watch.open.count == 0 &&
        now_ms - course->moved_ms > ENDED_MS) {
        return true;
    }
    if (course->is_judged) {
        return false;
    }
    course->is_judged = true;
    return is_as_expected(running);
}

static bool turn(struct running *running, bool *ok)
{
    struct error err = {{0}};
    bool moved = flow_test_send_due(running);

    moved = flow_test_place_step(running->place, ok, &err) || moved;
    moved = dev_world_step(running->world) || moved;
    if (!*ok) {
        diagnostics_error(running->diagnostics, "D504", running->one->place, "%s", err.text);
    }
    return moved;
}

/* Somebody wants to stop; the signal is held back until all is removed. */
static bool is_stopped(struct running *running)
{
    sigset_t signals;

    if (sigpending(&signals) != 0 ||
        (sigismember(&signals, SIGINT) != 1 && sigismember(&signals, SIGTERM) != 1)) {
        return false;
    }
    diagnostics_error(running->diagnostics, "D504", running->one->place, "stopped by a signal");
    return true;
}

void flow_test_play_real(struct running *running)
{
    struct clock clock = real_clock();
    struct course course = {.moved_ms = running->began_ms};
    bool ok = true;

    flow_test_place_connect(running->place, running->world);
    flow_test_start(running->world, running->flows, running->test, running->one,
                    running->diagnostics);
    while (ok && !is_stopped(running) && !is_over(running, &course, running->world->sim.now_ms)) {
        running->world->sim.now_ms = clock.now_ms(clock.self);
        if (turn(running, &ok)) {
            course = (struct course){.moved_ms = running->world->sim.now_ms};
        } else {
            usleep(TURN_US);
        }
    }
}

void flow_test_hide(char *text, struct text prefix)
{
    struct text rest = text_of(text);
    size_t kept = 0;

    while (rest.bytes > 0) {
        bool is_prefix = prefix.bytes > 0 && text_starts(rest, prefix);

        if (!is_prefix) {
            text[kept++] = rest.data[0];
        }
        rest = text_sub(rest, is_prefix ? prefix.bytes : 1, rest.bytes);
    }
    if (text != NULL) {
        text[kept] = '\0';
    }
}
