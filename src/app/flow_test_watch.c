#include "app/flow_test_watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLE_MS 60 /* Editors write in several steps. */
#define EVENTS_BYTES 4096

struct flow_test_watch {
    int changes;
    int signals;
    sigset_t before;
};

enum status flow_test_watch_open(struct flow_test_watch **watch, struct error *err)
{
    struct flow_test_watch *made = calloc(1, sizeof(*made));
    sigset_t signals;

    CHECK(made != NULL);
    made->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (made->changes < 0) {
        free(made);
        return fail(err, STATUS_FATAL, "cannot watch files: %s", strerror(errno));
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &made->before);
    made->signals = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(made->signals >= 0);
    *watch = made;
    return STATUS_OK;
}

void flow_test_watch_close(struct flow_test_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    close(watch->changes);
    close(watch->signals);
    sigprocmask(SIG_SETMASK, &watch->before, NULL);
    free(watch);
}

void flow_test_watch_add(struct flow_test_watch *watch, struct text path)
{
    struct stat info;
    size_t slash = text_find_last(path, '/');
    char *folder;

    if (watch == NULL) {
        return;
    }
    folder = text_dup(path);
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode)) {
        free(folder);
        folder = text_dup(slash == SIZE_MAX ? TEXT(".") : text_sub(path, 0, slash + 1));
    }
    /* One that cannot be watched changes unseen; the others do not. */
    (void)inotify_add_watch(watch->changes, folder,
                            IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE);
    free(folder);
}

static void drain(int file)
{
    char events[EVENTS_BYTES];

    while (read(file, events, sizeof(events)) > 0) {
    }
}

bool flow_test_watch_await(struct flow_test_watch *watch)
{
    struct pollfd both[] = {{.fd = watch->changes, .events = POLLIN},
                            {.fd = watch->signals, .events = POLLIN}};
    int wait_ms = -1;

    for (;;) {
        int ready = poll(both, 2, wait_ms);

        if (ready > 0 && (both[1].revents & POLLIN) != 0) {
            drain(watch->signals); /* Else it would be delivered when it is no longer blocked. */
            return false;
        }
        if (ready == 0) {
            return true;
        }
        if (ready > 0) {
            drain(watch->changes);
            wait_ms = SETTLE_MS;
        }
    }
}
