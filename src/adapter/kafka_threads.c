#include "adapter/kafka_threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

#define THREAD_NAME_BYTES 16 /* Of Linux, with its NUL. */
#define RENAMES_MAX 64

/* Lives as long as the configuration, which lives as long as the handle. */
struct thread_name {
    char text[THREAD_NAME_BYTES];
    atomic_uint renames;
};

static const char *role_word(enum kafka_role role)
{
    switch (role) {
    case KAFKA_ADMIN:
        return "ask";
    case KAFKA_CONSUMER:
        return "in";
    case KAFKA_READER:
        return "log";
    case KAFKA_PRODUCER:
    case KAFKA_FORWARDER:
        return "out";
    }
    CHECK(!"unknown role");
    return "";
}

static rd_kafka_resp_err_t on_thread_start(rd_kafka_t *unused, rd_kafka_thread_type_t type,
                                           const char *given, void *opaque)
{
    const struct thread_name *name = opaque;

    (void)unused;
    (void)type;
    (void)given;
    (void)pthread_setname_np(pthread_self(), name->text);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The thread of the first broker is renamed by the client once it has learned the broker's number,
 * which is soon: the first requests of a handle are the moment to name it again. */
static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *unused, int socket, const char *broker,
                                           int32_t id, int16_t key, int16_t version, int32_t number,
                                           size_t bytes, void *opaque)
{
    struct thread_name *name = opaque;

    (void)unused;
    (void)socket;
    (void)broker;
    (void)id;
    (void)key;
    (void)version;
    (void)number;
    (void)bytes;
    if (atomic_load_explicit(&name->renames, memory_order_relaxed) < RENAMES_MAX) {
        atomic_fetch_add_explicit(&name->renames, 1, memory_order_relaxed);
        (void)pthread_setname_np(pthread_self(), name->text);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *unused, void *opaque,
                                  char *errstr, size_t errstr_bytes)
{
    (void)unused;
    if (errstr_bytes > 0) {
        errstr[0] = '\0';
    }
    (void)rd_kafka_interceptor_add_on_request_sent(rk, "names", on_request_sent, opaque);
    return rd_kafka_interceptor_add_on_thread_start(rk, "names", on_thread_start, opaque);
}

static rd_kafka_resp_err_t on_conf_destroy(void *opaque)
{
    free(opaque);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void kafka_threads_name(rd_kafka_conf_t *conf, enum kafka_role role)
{
    struct thread_name *name = calloc(1, sizeof *name);
    char caller[THREAD_NAME_BYTES] = "";

    CHECK(name != NULL);
    (void)pthread_getname_np(pthread_self(), caller, sizeof caller);
    (void)snprintf(name->text, sizeof name->text, "%.10s.%s", caller, role_word(role));
    if (rd_kafka_conf_interceptor_add_on_conf_destroy(conf, "names", on_conf_destroy, name) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        free(name);
        return;
    }
    (void)rd_kafka_conf_interceptor_add_on_new(conf, "names", on_new, name);
}
