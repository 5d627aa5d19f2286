#include "app/check_files.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "compile/flow_file.h"

#define THREADS_MAX 16
#define FILES_A_THREAD 8 /* Fewer are done sooner than a thread is started. */

struct outcome {
    struct diagnostics found;
    enum status status;
    struct error err;
};

struct work {
    const struct path_list *list;
    struct outcome *outcomes; /* One a file; only the thread that took the file touches it. */
    atomic_uint next;
};

static void check_one(const char *path, struct outcome *outcome, struct buffer *definition)
{
    buffer_clear(definition);
    outcome->status = flow_file_check(path, &outcome->found, definition, &outcome->err);
    if (outcome->found.error_count + outcome->found.warning_count == 0) {
        diagnostics_release(&outcome->found); /* Else all the sources would stay to the end. */
    }
}

static void *run(void *argument)
{
    struct work *work = argument;
    struct buffer definition = {0};
    uint32_t index;

    while ((index = atomic_fetch_add(&work->next, 1)) < work->list->count) {
        check_one(work->list->items[index].data, &work->outcomes[index], &definition);
    }
    buffer_release(&definition);
    return NULL;
}

static uint32_t thread_count(uint32_t files)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint32_t most = files / FILES_A_THREAD;

    if (cores < 1 || most < 1) {
        return 1;
    }
    if (most > THREADS_MAX) {
        most = THREADS_MAX;
    }
    return (unsigned long)cores < most ? (uint32_t)cores : most;
}

/* This thread works as well, so a thread that cannot be started is only missed in speed. */
static void run_all(struct work *work)
{
    pthread_t threads[THREADS_MAX];
    uint32_t wanted = thread_count(work->list->count);
    uint32_t started = 0;

    while (started + 1 < wanted && pthread_create(&threads[started], NULL, run, work) == 0) {
        started++;
    }
    run(work);
    for (uint32_t i = 0; i < started; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

enum status check_files(const struct path_list *list, struct diagnostics *all, struct error *err)
{
    struct work work = {.list = list, .outcomes = calloc(list->count + 1, sizeof(struct outcome))};
    enum status status = STATUS_OK;

    CHECK(work.outcomes != NULL);
    run_all(&work);
    for (uint32_t i = 0; i < list->count; i++) {
        struct outcome *outcome = &work.outcomes[i];

        diagnostics_append(all, &outcome->found);
        if (outcome->status == STATUS_FATAL && status == STATUS_OK) {
            status = STATUS_FATAL;
            *err = outcome->err;
        }
        diagnostics_release(&outcome->found);
    }
    free(work.outcomes);
    return status;
}
