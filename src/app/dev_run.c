#include "app/dev_run.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "app/command.h"
#include "base/duration.h"

#define QUIET_STEPS 3         /* So many turns without anything: time has to pass. */
#define HOUSEKEEPING_MS 50    /* While something that was sent is not taken yet. */
#define BARRIER_MS 250        /* While a deadline that is due waits for its barrier. */
#define WAIT_MS_MAX 100       /* Of the real clock, so that lines and signals are seen. */
#define FEED_AT_ONCE 200      /* Messages a turn. */
#define FEED_WAITING_MAX 2000 /* No more while so many wait for the router, */
#define FEED_KEPT_MAX 200000  /* or the broker keeps so many records; */
#define FEED_HELD_MS 120000   /* but for no longer than this. */
#define LOOK_EVERY_STEPS 256  /* At signals, memory and what can be trimmed. */
#define HINT_AFTER_MS 2000
#define PAGE_BYTES 4096
#define MIB (1024 * 1024)

struct dev_run {
    struct dev_world *world;
    struct feed *feed;
    const struct dev_run_options *options;
    int signals;
    bool stopping;
    bool hinted;
    int code;
    enum feed_state feed_state;
    int64_t feed_due_ms;
    int64_t held_since_ms; /* The feed is held back since then; 0: it is not. */
    int64_t kill_ms;
    int64_t began_ms; /* Of the world's clock. */
    int64_t real_ms;  /* Of the machine's, then. */
    uint64_t steps;
    uint32_t quiet;
};

/* ---- feeding ---- */

static void send(struct dev_run *run, struct example_message *message)
{
    struct error err;

    if (dev_world_send(run->world, message, &err) != STATUS_OK) {
        fprintf(stderr, "baton dev: %s\n", err.text);
        run->code = EXIT_FINDINGS;
    }
}

/* A long file is read as fast as it is worked off. */
static bool is_held_back(struct dev_run *run)
{
    struct dev_world *world = run->world;
    bool full = dev_world_waiting(world) > FEED_WAITING_MAX ||
                sim_broker_records(world->broker) > FEED_KEPT_MAX;

    if (!full) {
        run->held_since_ms = 0;
    } else if (run->held_since_ms == 0) {
        run->held_since_ms = world->sim.now_ms;
    }
    return full && world->sim.now_ms - run->held_since_ms < FEED_HELD_MS;
}

/* True if something was sent. */
static bool feed_some(struct dev_run *run)
{
    struct example_message message;
    struct error err;
    int sent = 0;

    if (run->feed_state == FEED_OVER || is_held_back(run)) {
        return false;
    }
    run->feed_state = FEED_READY;
    while (sent < FEED_AT_ONCE &&
           (run->feed_state == FEED_READY || run->feed_state == FEED_WRONG)) {
        run->feed_state = feed_next(run->feed, run->world->sim.now_ms, &message, &run->feed_due_ms,
                                    &err);
        if (run->feed_state == FEED_READY) {
            send(run, &message);
            sent++;
        } else if (run->feed_state == FEED_WRONG || run->feed_state == FEED_BROKEN) {
            fflush(stdout);
            fprintf(stderr, "baton dev: %s\n", err.text);
            run->code = EXIT_FINDINGS;
        }
    }
    if (run->feed_state == FEED_BROKEN) {
        run->feed_state = FEED_OVER;
    }
    return sent > 0;
}

/* ---- looking around ---- */

static void look_for_signals(struct dev_run *run)
{
    struct signalfd_siginfo info;

    if (read(run->signals, &info, sizeof(info)) > 0) {
        run->stopping = true;
        dev_print_line(run->world->printer, "\n(stopped)");
    }
}

/* Resident memory in MiB; 0 if the system does not tell. */
static int64_t memory_mib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long long size = 0;
    long long resident = 0;

    if (file == NULL || fscanf(file, "%lld %lld", &size, &resident) != 2) {
        resident = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return resident * PAGE_BYTES / MIB;
}

static void update_http(const struct dev_run *run)
{
    if (run->options->http != NULL) {
        dev_http_update(run->options->http, run->world);
    }
}

static void look_around(struct dev_run *run)
{
    update_http(run);
    look_for_signals(run);
    dev_world_trim(run->world);
    if (memory_mib() > run->options->memory_mib) {
        fflush(stdout);
        fprintf(
            stderr,
            "baton dev: stopped: more than %lld MiB are in use, with %zu instances open and %zu "
            "records kept. Send less at a time (--every), or raise --memory\n",
            (long long)run->options->memory_mib, run->world->watch.open.count,
            sim_broker_records(run->world->broker));
        run->code = EXIT_FINDINGS;
        run->stopping = true;
    }
}

/* A worker that goes down though nobody killed it will go down again. */
static void look_at_worker(struct dev_run *run)
{
    const struct worker *worker = &run->world->worker;

    if (!worker->is_up && worker->starts > 0 && run->options->kill_every_ms == 0) {
        fflush(stdout);
        fprintf(stderr, "baton dev: the worker ended: %s\n", worker->trouble.text);
        run->code = EXIT_UNREACHABLE;
        run->stopping = true;
    }
}

/* ---- time ---- */

/* The world's time by the real clock. */
static void follow_clock(struct dev_run *run)
{
    int64_t passed_ms = real_clock_monotonic_ms() - run->real_ms;
    int64_t now_ms = run->began_ms + (int64_t)((double)passed_ms * run->options->speed);

    if (now_ms > run->world->sim.now_ms) {
        run->world->sim.now_ms = now_ms;
    }
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* When there will be something to do; INT64_MAX: never, as far as is known. */
static int64_t next_due(const struct dev_run *run)
{
    const struct dev_world *world = run->world;
    int64_t now_ms = world->sim.now_ms;
    int64_t due_ms = dev_world_due_ms(world);

    if (due_ms <= now_ms) {
        due_ms = now_ms + BARRIER_MS;
    }
    if (run->feed_state == FEED_LATER) {
        due_ms = sooner(due_ms, run->feed_due_ms);
    }
    if (run->held_since_ms != 0 || !dev_world_is_settled(world)) {
        due_ms = sooner(due_ms, now_ms + HOUSEKEEPING_MS);
    }
    if (due_ms != INT64_MAX && run->options->kill_every_ms > 0) {
        due_ms = sooner(due_ms, run->kill_ms);
    }
    return due_ms;
}

static void hint(struct dev_run *run, int64_t wait_ms)
{
    if (!run->hinted && wait_ms > HINT_AFTER_MS && run->feed_state == FEED_OVER) {
        run->hinted = true;
        dev_print_line(run->world->printer,
                       "(%zu open, the next thing is due in %lld s; Ctrl-C ends it, --speed max "
                       "skips the time)",
                       run->world->watch.open.count, (long long)(wait_ms / MS_PER_SECOND));
    }
}

/* Wait on the real clock, or until a line or a signal comes. */
static void wait_real(struct dev_run *run, int64_t wait_ms)
{
    struct pollfd wanted[] = {{.fd = run->signals, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    nfds_t count = run->feed_state == FEED_WAITS ? 2 : 1;

    fflush(stdout);
    (void)!poll(wanted, count, (int)sooner(wait_ms < 1 ? 1 : wait_ms, WAIT_MS_MAX));
    look_for_signals(run);
}

static void pass_time(struct dev_run *run)
{
    int64_t due_ms = next_due(run);
    int64_t now_ms = run->world->sim.now_ms;
    bool is_over = run->feed_state == FEED_OVER && due_ms == INT64_MAX;

    update_http(run);
    if (is_over && !run->options->stays) {
        run->stopping = true;
    } else if (due_ms == INT64_MAX) {
        wait_real(run, WAIT_MS_MAX);
    } else if (run->options->speed == DEV_SPEED_MAX) {
        run->world->sim.now_ms = due_ms;
    } else {
        int64_t wait_ms = (int64_t)((double)(due_ms - now_ms) / run->options->speed);

        hint(run, wait_ms);
        wait_real(run, wait_ms);
    }
}

/* The span counts from when the worker is back at work, or it would never get to any. */
static void kill_now_and_then(struct dev_run *run)
{
    struct dev_world *world = run->world;

    if (run->options->kill_every_ms == 0) {
        return;
    }
    if (!dev_world_is_up(world)) {
        run->kill_ms = world->sim.now_ms + run->options->kill_every_ms;
    } else if (world->sim.now_ms >= run->kill_ms) {
        run->kill_ms = world->sim.now_ms + run->options->kill_every_ms;
        dev_world_kill(world);
    }
}

static void turn(struct dev_run *run)
{
    struct dev_world *world = run->world;
    bool moved;

    if (run->options->speed != DEV_SPEED_MAX) {
        follow_clock(run);
    }
    kill_now_and_then(run);
    moved = feed_some(run);
    moved = dev_world_step(world) || moved;
    look_at_worker(run);
    run->quiet = moved ? 0 : run->quiet + 1;
    if (++run->steps % LOOK_EVERY_STEPS == 0) {
        look_around(run);
    }
    if (run->quiet >= QUIET_STEPS && !run->stopping) {
        pass_time(run);
    }
}

int dev_run(struct dev_world *world, struct feed *feed, const struct dev_run_options *options)
{
    struct dev_run run = {.world = world,
                          .feed = feed,
                          .options = options,
                          .code = EXIT_DONE,
                          .began_ms = world->sim.now_ms,
                          .kill_ms = world->sim.now_ms + options->kill_every_ms,
                          .real_ms = real_clock_monotonic_ms()};
    sigset_t signals;
    sigset_t before;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before);
    run.signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(run.signals >= 0);
    while (!run.stopping) {
        turn(&run);
    }
    close(run.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return run.code;
}
