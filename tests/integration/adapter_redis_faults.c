/* Redis in trouble: gone, frozen, restarted, or set up wrongly. The server is the test's own. */
#include "adapter_support.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
    pid_t pid;
    int port;
    char url[64];
};

static const struct sleep_op one[] = {{.name = {"order:a", 7}, .state = {"state", 5}}};

static redisContext *server_link(const struct server *server)
{
    redisContext *context = redisConnect("127.0.0.1", server->port);

    if (context != NULL && context->err != 0) {
        redisFree(context);
        return NULL;
    }
    return context;
}

static void server_command(const struct server *server, const char *command)
{
    redisContext *context = server_link(server);
    redisReply *reply;

    assert_non_null(context);
    reply = redisCommand(context, command);
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
    redisFree(context);
}

/* Start it on its port, and wait until it serves. */
static void server_start(struct server *server, const char *policy)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    redisContext *context = NULL;
    char port[16];

    (void)snprintf(port, sizeof(port), "%d", server->port);
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL) {
            execlp("redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port, "--save",
                   "", "--appendonly", "no", "--maxmemory-policy", policy, (char *)NULL);
        }
        _exit(127);
    }
    while (context == NULL) {
        assert_true(real_clock_monotonic_ms() < deadline_ms);
        assert_int_equal(waitpid(server->pid, NULL, WNOHANG), 0);
        context = server_link(server);
    }
    redisFree(context);
}

static void server_kill(struct server *server)
{
    if (server->pid > 0) {
        (void)kill(server->pid, SIGCONT);
        (void)kill(server->pid, SIGKILL);
        (void)waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

static struct server server_make(const char *policy)
{
    struct server server = {.port = 20000 + (int)(getpid() * 7 + 13) % 9000};
    redisContext *context;

    while ((context = server_link(&server)) != NULL) { /* Somebody else's. */
        redisFree(context);
        server.port++;
    }
    (void)snprintf(server.url, sizeof(server.url), "redis://127.0.0.1:%d/2", server.port);
    server_start(&server, policy);
    return server;
}

static void a_killed_redis_is_retry_and_its_heir_is_empty(void **state)
{
    struct server server = server_make("noeviction");
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct sleep_stamp stamp;
    struct sleep_run run;
    struct error err = {0};
    struct bed bed;
    enum status status;
    bool done = false;

    (void)state;
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    assert_int_equal(bed_apply(&bed, 0, 1, one, 1), STATUS_OK);
    server_kill(&server);

    assert_status(bed.store.load(bed.store.self, GENERATION, 1, &one[0].name, 1, &run, &err),
                  STATUS_RETRY, &err);
    status = bed.store.apply(bed.store.self, GENERATION, 1, 2, 1, one, 1, &err);
    if (status == STATUS_OK) {
        status = bed.store.settle(bed.store.self, 2000, &done, &err);
    }
    assert_status(status, STATUS_RETRY, &err);

    server_start(&server, "noeviction");
    do { /* It tries to connect at growing intervals. */
        assert_true(real_clock_monotonic_ms() < deadline_ms);
        status = bed.store.stamp(bed.store.self, &stamp, &err);
    } while (status == STATUS_RETRY);
    assert_status(status, STATUS_OK, &err);
    assert_false(stamp.present);
    assert_status(bed.store.load(bed.store.self, GENERATION, 1, &one[0].name, 1, &run, &err),
                  STATUS_STALE, &err);
    bed_close(&bed);
    server_kill(&server);
}

static void an_answer_that_is_late_holds_nobody(void **state)
{
    struct server server = server_make("noeviction");
    struct error err = {0};
    struct bed bed;
    int64_t begin_ms;
    bool done = true;

    (void)state;
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    begin_ms = real_clock_monotonic_ms();
    assert_status(bed.store.apply(bed.store.self, GENERATION, 0, 1, 1, one, 1, &err), STATUS_OK,
                  &err);
    for (int i = 0; i < 100; i++) {
        assert_status(bed.store.settle(bed.store.self, 0, &done, &err), STATUS_OK, &err);
        assert_false(done);
    }
    assert_true(real_clock_monotonic_ms() - begin_ms < 500);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    assert_status(bed.store.settle(bed.store.self, DEADLINE_MS, &done, &err), STATUS_OK, &err);
    assert_true(done);
    assert_int_equal(bed_stamp(&bed).watermark, 1);
    bed_close(&bed);
    server_kill(&server);
}

/* More than the sockets hold, so that the link is left with bytes to write. */
static void a_large_apply_to_a_frozen_redis_arrives_when_it_thaws(void **state)
{
    enum { BYTES = 900 * 1024, RUNS = 20 };
    struct server server = server_make("noeviction");
    char *large = calloc(BYTES, 1);
    struct sleep_op ops[RUNS];
    char names[RUNS][16];
    struct sleep_run run;
    struct error err = {0};
    struct bed bed;
    int64_t begin_ms;
    bool done = true;

    (void)state;
    assert_non_null(large);
    for (int i = 0; i < RUNS; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "order:%d", i);
        ops[i] = (struct sleep_op){.name = text_of(names[i]), .state = {large, BYTES}};
    }
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    begin_ms = real_clock_monotonic_ms();
    assert_status(bed.store.apply(bed.store.self, GENERATION, 0, 1, 1, ops, RUNS, &err), STATUS_OK,
                  &err);
    assert_status(bed.store.settle(bed.store.self, 0, &done, &err), STATUS_OK, &err);
    assert_false(done);
    assert_true(real_clock_monotonic_ms() - begin_ms < 1000);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    assert_status(bed.store.settle(bed.store.self, DEADLINE_MS, &done, &err), STATUS_OK, &err);
    assert_true(done);
    assert_status(bed.store.load(bed.store.self, GENERATION, 1, &ops[19].name, 1, &run, &err),
                  STATUS_OK, &err);
    assert_int_equal(run.state.bytes, BYTES);
    bed_close(&bed);
    server_kill(&server);
    free(large);
}

static void a_frozen_redis_is_retry_in_time_and_then_left_alone(void **state)
{
    struct server server = server_make("noeviction");
    struct sleep_stamp stamp;
    struct error err = {0};
    struct bed bed;
    int64_t begin_ms;

    (void)state;
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    begin_ms = real_clock_monotonic_ms();
    assert_status(bed.store.stamp(bed.store.self, &stamp, &err), STATUS_RETRY, &err);
    assert_true(real_clock_monotonic_ms() - begin_ms < 3000);
    begin_ms = real_clock_monotonic_ms();
    assert_status(bed.store.stamp(bed.store.self, &stamp, &err), STATUS_RETRY, &err);
    assert_true(real_clock_monotonic_ms() - begin_ms < 500);
    bed_close(&bed);
    server_kill(&server);
}

static void a_cut_connection_is_made_anew(void **state)
{
    struct server server = server_make("noeviction");
    struct sleep_stamp stamp;
    struct error err = {0};
    struct bed bed;
    enum status status = STATUS_RETRY;

    (void)state;
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    server_command(&server, "CLIENT KILL TYPE normal SKIPME yes");
    for (int i = 0; i < 2 && status == STATUS_RETRY; i++) {
        status = bed.store.stamp(bed.store.self, &stamp, &err);
    }
    assert_status(status, STATUS_OK, &err);
    assert_true(stamp.present);
    bed_close(&bed);
    server_kill(&server);
}

static void full_memory_changes_nothing(void **state)
{
    struct server server = server_make("noeviction");
    struct bed bed;

    (void)state;
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    server_command(&server, "CONFIG SET maxmemory 1");
    assert_int_equal(bed_apply(&bed, 0, 1, one, 1), STATUS_RETRY);
    server_command(&server, "CONFIG SET maxmemory 0");
    assert_int_equal(bed_stamp(&bed).watermark, 0);
    assert_int_equal(bed_stamp(&bed).run_count_seen, 0);
    assert_int_equal(bed_apply(&bed, 0, 1, one, 1), STATUS_OK);
    bed_close(&bed);
    server_kill(&server);
}

static void a_policy_that_evicts_is_refused(void **state)
{
    struct server server = server_make("allkeys-lru");
    struct error err = {0};

    (void)state;
    assert_status(redis_check_policy(text_of(server.url), &err), STATUS_REJECT, &err);
    assert_non_null(strstr(err.text, "allkeys-lru"));
    assert_non_null(strstr(err.text, "noeviction"));
    server_command(&server, "CONFIG SET maxmemory-policy noeviction");
    assert_status(redis_check_policy(text_of(server.url), &err), STATUS_OK, &err);
    /* A server that does not let us ask. */
    server_command(&server, "ACL SETUSER default -config -info");
    assert_status(redis_check_policy(text_of(server.url), &err), STATUS_OK, &err);
    server_kill(&server);
    assert_status(redis_check_policy(text_of(server.url), &err), STATUS_RETRY, &err);
}

static void a_password_is_sent(void **state)
{
    struct server server = server_make("noeviction");
    struct error err = {0};
    char url[96];

    (void)state;
    server_command(&server, "ACL SETUSER saga on >p@ss ~* +@all");
    server_command(&server, "CONFIG SET requirepass secret");
    assert_status(redis_check_policy(text_of(server.url), &err), STATUS_RETRY, &err);
    assert_non_null(strstr(err.text, "NOAUTH"));
    (void)snprintf(url, sizeof(url), "redis://:secret@127.0.0.1:%d", server.port);
    assert_status(redis_check_policy(text_of(url), &err), STATUS_OK, &err);
    (void)snprintf(url, sizeof(url), "redis://saga:p%%40ss@127.0.0.1:%d/1", server.port);
    assert_status(redis_check_policy(text_of(url), &err), STATUS_OK, &err);
    server_kill(&server);
}

static void scripts_that_were_flushed_are_loaded_again(void **state)
{
    struct server server = server_make("noeviction");
    struct sleep_stamp stamp;
    struct error err = {0};
    struct bed bed;
    enum status status = STATUS_RETRY;

    (void)state;
    bed_make(&bed, text_of(server.url));
    bed_reset(&bed, GENERATION);
    server_command(&server, "SCRIPT FLUSH");
    for (int i = 0; i < 3 && status == STATUS_RETRY; i++) {
        status = bed.store.stamp(bed.store.self, &stamp, &err);
    }
    assert_status(status, STATUS_OK, &err);
    assert_true(stamp.present);
    bed_close(&bed);
    server_kill(&server);
}

static void urls_are_checked_before_anything_is_sent(void **state)
{
    static const char *const bad[] = {
        "http://a",    "redis://",        "redis://h:0", "redis://h:x",
        "redis://h/x", "redis://u:%zz@h", "rediss://h",  ""};
    struct redis_place *place = NULL;
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(redis_place_open(text_of(bad[i]), TEXT("app"), &place, &err), STATUS_REJECT,
                      &err);
    }
    assert_status(redis_place_open(TEXT("redis://u:p%40ss@[::1]:1/3"), TEXT("app"), &place, &err),
                  STATUS_OK, &err);
    redis_place_close(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_redis_is_retry_and_its_heir_is_empty),
        cmocka_unit_test(an_answer_that_is_late_holds_nobody),
        cmocka_unit_test(a_large_apply_to_a_frozen_redis_arrives_when_it_thaws),
        cmocka_unit_test(a_frozen_redis_is_retry_in_time_and_then_left_alone),
        cmocka_unit_test(a_cut_connection_is_made_anew),
        cmocka_unit_test(full_memory_changes_nothing),
        cmocka_unit_test(a_policy_that_evicts_is_refused),
        cmocka_unit_test(a_password_is_sent),
        cmocka_unit_test(scripts_that_were_flushed_are_loaded_again),
        cmocka_unit_test(urls_are_checked_before_anything_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
