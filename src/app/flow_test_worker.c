#include "app/flow_test_worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "json/json.h"

#define STOP_MS 5000
#define STOP_POLL_US 20000
#define PATH_BYTES 128
#define TAIL_BYTES 300

static const char *path_in(const struct flow_test_worker *worker, const char *name,
                           char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", worker->folder, name);
    return path;
}

/* ---- its configuration ---- */

/* Of a name that comes twice the later wins. */
static void put_properties(const struct config_properties *properties, struct json *out)
{
    for (uint32_t i = 0; i < properties->count; i++) {
        json_put(out, properties->items[i].name, json_text(properties->items[i].value));
    }
}

/* JSON is YAML. */
static void write_config(const struct config *config, struct text app, struct buffer *out)
{
    struct json *root = json_object();
    struct json *kafka = json_object();
    struct json *consumer = json_object();
    struct json *producer = json_object();
    struct json *redis = json_object();

    put_properties(&config->common, kafka);
    put_properties(&config->consumer, consumer);
    put_properties(&config->producer, producer);
    json_put(kafka, TEXT("consumer"), consumer);
    json_put(kafka, TEXT("producer"), producer);
    json_put_text(redis, "url", config->redis_url);
    json_put_text(root, "app", app);
    json_put_integer(root, "partitions", 1);
    json_put_integer(root, "lanes", 1);
    json_put_string(root, "log", "warn");
    json_put(root, TEXT("kafka"), kafka);
    json_put(root, TEXT("redis"), redis);
    json_write_pretty(root, out);
    json_free(root);
}

/* It may hold passwords; its folder is ours alone. */
static enum status save_config(const struct flow_test_worker *worker, struct text text,
                               struct error *err)
{
    char path[PATH_BYTES];
    FILE *file = fopen(path_in(worker, "baton.yaml", path), "we");
    bool is_written = file != NULL && fwrite(text.data, 1, text.bytes, file) == text.bytes;

    is_written = file != NULL && fclose(file) == 0 && is_written;
    return is_written ? STATUS_OK
                      : fail(err, STATUS_FATAL, "cannot write '%s': %s", path, strerror(errno));
}

/* ---- the process ---- */

/* What the environment says of the user's own worker is not for this one. */
static char **clean_environment(void)
{
    size_t count = 0;
    size_t kept = 0;
    char **clean;

    while (environ[count] != NULL) {
        count++;
    }
    clean = calloc(count + 1, sizeof(*clean));
    CHECK(clean != NULL);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "BATON_", strlen("BATON_")) != 0) {
            clean[kept++] = environ[i];
        }
    }
    return clean;
}

/* In the new process: only what may be called between fork and exec. */
static void become(const char *config, const char *log, char **environment)
{
    char *const argv[] = {(char[]){"baton"}, (char[]){"run"}, (char[]){"--config"},
                          (char *)(uintptr_t)config, NULL};
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    sigset_t none;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) {
        _exit(127);
    }
    execve("/proc/self/exe", argv, environment);
    _exit(127);
}

enum status flow_test_worker_start(const struct config *config, struct text app,
                                   struct flow_test_worker *worker, struct error *err)
{
    struct buffer text = {.data = NULL};
    char config_path[PATH_BYTES];
    char log_path[PATH_BYTES];
    char **environment;
    enum status status;

    *worker = (struct flow_test_worker){.pid = 0};
    snprintf(worker->folder, sizeof(worker->folder), "/tmp/baton-test-XXXXXX");
    if (mkdtemp(worker->folder) == NULL) {
        worker->folder[0] = '\0';
        return fail(err, STATUS_FATAL, "cannot make a folder in /tmp: %s", strerror(errno));
    }
    write_config(config, app, &text);
    status = save_config(worker, buffer_text(&text), err);
    buffer_release(&text);
    if (status != STATUS_OK) {
        return status;
    }
    environment = clean_environment();
    path_in(worker, "baton.yaml", config_path);
    path_in(worker, "worker.log", log_path);
    worker->pid = fork();
    if (worker->pid == 0) {
        become(config_path, log_path, environment);
    }
    free(environment);
    return worker->pid > 0 ? STATUS_OK
                           : fail(err, STATUS_FATAL, "cannot start a worker: %s", strerror(errno));
}

static void tell_last_words(const struct flow_test_worker *worker, struct error *err)
{
    char path[PATH_BYTES];
    char tail[TAIL_BYTES] = "";
    FILE *file = fopen(path_in(worker, "worker.log", path), "re");
    size_t bytes = 0;

    if (file != NULL) {
        (void)(fseek(file, -(TAIL_BYTES - 1), SEEK_END) == 0 || fseek(file, 0, SEEK_SET) == 0);
        bytes = fread(tail, 1, sizeof(tail) - 1, file);
        fclose(file);
    }
    while (bytes > 0 && tail[bytes - 1] == '\n') {
        bytes--;
    }
    (void)fail(err, STATUS_FATAL, "the worker has ended: %.*s", (int)bytes, tail);
}

bool flow_test_worker_runs(struct flow_test_worker *worker, struct error *err)
{
    if (worker->pid > 0 && waitpid(worker->pid, NULL, WNOHANG) == 0) {
        return true;
    }
    worker->pid = 0;
    tell_last_words(worker, err);
    return false;
}

void flow_test_worker_stop(struct flow_test_worker *worker)
{
    int64_t until_ms = real_clock_monotonic_ms() + STOP_MS;
    char path[PATH_BYTES];

    if (worker->pid > 0) {
        (void)kill(worker->pid, SIGTERM);
        while (waitpid(worker->pid, NULL, WNOHANG) == 0) {
            if (real_clock_monotonic_ms() > until_ms) {
                (void)kill(worker->pid, SIGKILL);
            }
            usleep(STOP_POLL_US);
        }
    }
    if (worker->folder[0] != '\0') {
        (void)unlink(path_in(worker, "baton.yaml", path));
        (void)unlink(path_in(worker, "worker.log", path));
        (void)rmdir(worker->folder);
    }
    *worker = (struct flow_test_worker){.pid = 0};
}
