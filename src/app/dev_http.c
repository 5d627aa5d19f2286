#include "app/dev_http.h"

#include <pthread.h>
#include <stdlib.h>

#include "adapter/real_clock.h"
#include "engine/metrics.h"
#include "http/http_server.h"

#define UPDATE_MS 250

struct dev_http {
    struct http_server *server;
    int64_t updated_ms;
    pthread_mutex_t lock; /* Of what follows. */
    struct buffer text;
    bool is_ready;
};

static void fill_metrics(void *self, struct http_answer *answer)
{
    struct dev_http *http = self;

    answer->type = METRICS_TYPE;
    CHECK(pthread_mutex_lock(&http->lock) == 0);
    buffer_add_text(answer->body, buffer_text(&http->text));
    CHECK(pthread_mutex_unlock(&http->lock) == 0);
}

static void fill_health(void *self, struct http_answer *answer)
{
    (void)self;
    buffer_addf(answer->body, "ok\n");
}

static void fill_ready(void *self, struct http_answer *answer)
{
    struct dev_http *http = self;

    CHECK(pthread_mutex_lock(&http->lock) == 0);
    bool is_ready = http->is_ready;
    CHECK(pthread_mutex_unlock(&http->lock) == 0);
    answer->status = is_ready ? HTTP_OK : HTTP_UNAVAILABLE;
    buffer_addf(answer->body, is_ready ? "ready\n" : "the worker is not up\n");
}

enum status dev_http_open(const char *address, struct dev_http **http, struct error *err)
{
    static const struct http_route routes[] = {
        {"/metrics", fill_metrics}, {"/healthz", fill_health}, {"/readyz", fill_ready}};
    struct dev_http *made = calloc(1, sizeof(*made));
    struct http_options options = {.address = text_of(address),
                                   .routes = routes,
                                   .route_count = sizeof(routes) / sizeof(routes[0]),
                                   .self = made};
    enum status status;

    CHECK(made != NULL);
    CHECK(pthread_mutex_init(&made->lock, NULL) == 0);
    status = http_open(&options, &made->server, err);
    if (status != STATUS_OK) {
        dev_http_close(made);
        return status;
    }
    *http = made;
    return STATUS_OK;
}

const char *dev_http_where(const struct dev_http *http)
{
    return http_where(http->server);
}

void dev_http_update(struct dev_http *http, const struct dev_world *world)
{
    const struct worker *worker = &world->worker;
    const struct lane_stats *lane = worker->lanes[0] == NULL ? NULL : lane_stats(worker->lanes[0]);
    struct metrics_view view = {.lanes = &lane,
                                .lane_count = lane != NULL,
                                .router = worker->router == NULL ? NULL
                                                                 : router_stats(worker->router),
                                .barrier_age_ms = -1,
                                .threads_alive = worker->is_up};
    int64_t now_ms = real_clock_monotonic_ms();
    int64_t time_ms;
    int64_t end;

    if (http->updated_ms != 0 && now_ms - http->updated_ms < UPDATE_MS) {
        return;
    }
    http->updated_ms = now_ms;
    if (worker->barrier != NULL && barrier_read(worker->barrier, 0, &time_ms, &end)) {
        view.barrier_age_ms = world->sim.now_ms - time_ms;
    }
    CHECK(pthread_mutex_lock(&http->lock) == 0);
    buffer_clear(&http->text);
    metrics_render(&view, &http->text);
    http->is_ready = lane != NULL && lane->ready == (uint64_t)world->settings.partitions;
    CHECK(pthread_mutex_unlock(&http->lock) == 0);
}

void dev_http_close(struct dev_http *http)
{
    if (http == NULL) {
        return;
    }
    http_close(http->server);
    pthread_mutex_destroy(&http->lock);
    buffer_release(&http->text);
    free(http);
}
