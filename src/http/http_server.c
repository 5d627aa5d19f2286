#include "http/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define REQUEST_MS 10000
#define HEAD_BYTES_MAX                                                                             \
    ((size_t)16 * 1024) /* Of one request: its line, headers, and what MHD needs. */
#define LOOK_MS 250     /* How often overdue clients are looked for. */
#define WHERE_BYTES (HTTP_HOST_BYTES + 16)

/* A connection. */
struct client {
    struct client *previous;
    struct client *next;
    int socket;
    int64_t since_ms; /* Of its beginning, or of its last answer's end. */
};

struct http_server {
    struct http_options options;
    struct MHD_Daemon *daemon;
    struct client *clients;
    int wake; /* Written to end the thread. */
    int events;
    pthread_t thread;
    bool has_thread;
    char where[WHERE_BYTES];
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- answers ---- */

static enum MHD_Result reply(struct MHD_Connection *connection, const struct http_answer *answer,
                             const char *allow)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body->bytes, answer->body->data, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (response == NULL) {
        return MHD_NO; /* The connection is closed. */
    }
    result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    if (result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    if (result == MHD_YES && allow != NULL) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, answer->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static const struct http_route *find_route(const struct http_server *server, const char *path)
{
    for (uint32_t i = 0; i < server->options.route_count; i++) {
        if (strcmp(server->options.routes[i].path, path) == 0) {
            return &server->options.routes[i];
        }
    }
    return NULL;
}

static enum MHD_Result answer_request(struct http_server *server, struct MHD_Connection *connection,
                                      const char *path, const char *method)
{
    struct buffer body = {.bytes_max = HTTP_BODY_BYTES_MAX};
    struct http_answer answer = {
        .status = HTTP_OK, .type = "text/plain; charset=utf-8", .body = &body};
    const struct http_route *route = find_route(server, path);
    const char *allow = NULL;
    enum MHD_Result result;

    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        allow = "GET, HEAD";
        answer.status = MHD_HTTP_METHOD_NOT_ALLOWED;
        buffer_add_text(&body, TEXT("only GET and HEAD are answered here\n"));
    } else if (route == NULL) {
        answer.status = MHD_HTTP_NOT_FOUND;
        buffer_add_text(&body, TEXT("there is nothing under this path; see /\n"));
    } else {
        route->fill(server->options.self, &answer);
    }
    if (body.full) {
        buffer_clear(&body);
        body.full = false;
        answer.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        buffer_add_text(&body, TEXT("the answer is too large\n"));
    }
    result = reply(connection, &answer, allow);
    buffer_release(&body);
    return result;
}

/* Called when the head of a request is there, for each piece of a body, and at its end. A body is
 * thrown away; the time that it takes is bounded as all is. */
static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **state)
{
    (void)version;
    (void)upload;
    if (*state == NULL) {
        *state = self;
        return MHD_YES;
    }
    if (*upload_bytes > 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    return answer_request(self, connection, path, method);
}

/* ---- clients ---- */

static void forget_client(struct http_server *server, struct client *client)
{
    if (client->previous != NULL) {
        client->previous->next = client->next;
    } else {
        server->clients = client->next;
    }
    if (client->next != NULL) {
        client->next->previous = client->previous;
    }
    free(client);
}

static void on_connection(void *self, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = self;
    const union MHD_ConnectionInfo *info;
    struct client *client;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context != NULL) {
            forget_client(server, *context);
            *context = NULL;
        }
        return;
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    client = calloc(1, sizeof *client);
    if (client == NULL || info == NULL) {
        free(client);
        return; /* Its inactivity still ends it. */
    }
    *client = (struct client){
        .socket = info->connect_fd, .since_ms = now_ms(), .next = server->clients};
    if (client->next != NULL) {
        client->next->previous = client;
    }
    server->clients = client;
    *context = client;
}

static void on_completed(void *self, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    (void)self;
    (void)code;
    *state = NULL;
    if (info != NULL && info->socket_context != NULL) {
        struct client *client = info->socket_context;
        client->since_ms = now_ms();
    }
}

/* The library ends connections on which nothing moves. One that moves a byte now and then would stay
 * for ever: end it when its time is over, whatever it does. */
static void cut_off(struct http_server *server)
{
    int64_t oldest_ms = now_ms() - server->options.request_ms;

    for (struct client *client = server->clients; client != NULL; client = client->next) {
        if (client->since_ms < oldest_ms) {
            (void)shutdown(client->socket, SHUT_RDWR); /* The library sees it and closes. */
        }
    }
}

static void *serve(void *argument)
{
    struct http_server *server = argument;
    struct pollfd polled[2] = {{.fd = server->wake, .events = POLLIN},
                               {.fd = server->events, .events = POLLIN}};

    while (true) {
        MHD_UNSIGNED_LONG_LONG timeout_ms = LOOK_MS;

        if (MHD_get_timeout(server->daemon, &timeout_ms) != MHD_YES || timeout_ms > LOOK_MS) {
            timeout_ms = LOOK_MS;
        }
        if (poll(polled, 2, (int)timeout_ms) > 0 && polled[0].revents != 0) {
            return NULL;
        }
        (void)MHD_run(server->daemon);
        cut_off(server);
    }
}

/* ---- life ---- */

static int listen_on(const struct addrinfo *place)
{
    int one = 1;
    int none = 0;
    int fd = socket(place->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (place->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &none, sizeof none);
    }
    if (bind(fd, place->ai_addr, place->ai_addrlen) != 0 || listen(fd, 64) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static void note_where(struct http_server *server, int fd)
{
    struct sockaddr_storage address;
    socklen_t bytes = sizeof address;
    char host[HTTP_HOST_BYTES] = "?";
    char port[16] = "?";

    if (getsockname(fd, (struct sockaddr *)&address, &bytes) == 0) {
        (void)getnameinfo((struct sockaddr *)&address, bytes, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    }
    snprintf(server->where, sizeof server->where, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s",
             host, port);
}

/* The first place that takes us: IPv6 first for all interfaces, since that serves IPv4 as well. */
static enum status bind_to(const struct http_address *address, int *fd, struct error *err)
{
    struct addrinfo hints = {.ai_family = address->host[0] == '\0' ? AF_INET6 : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *places = NULL;
    char port[16];
    int why;

    snprintf(port, sizeof port, "%u", address->port);
    *fd = -1;
    for (int round = 0; round < 2 && *fd < 0; round++) {
        int code = getaddrinfo(address->host[0] == '\0' ? NULL : address->host, port, &hints,
                               &places);
        if (code != 0) {
            return fail(err, STATUS_FATAL, "cannot find host '%s': %s", address->host,
                        gai_strerror(code));
        }
        for (const struct addrinfo *place = places; place != NULL && *fd < 0;
             place = place->ai_next) {
            *fd = listen_on(place);
        }
        why = errno;
        freeaddrinfo(places);
        hints.ai_family = AF_INET; /* A system without IPv6. */
        if (*fd < 0 && (address->host[0] != '\0' || why == EADDRINUSE)) {
            break;
        }
    }
    if (*fd < 0) {
        return fail(err, STATUS_FATAL, "cannot listen on %s:%u: %s%s", address->host, address->port,
                    strerror(why),
                    why == EADDRINUSE ? "; is another worker running here? give each its own "
                                        "`http` address"
                                      : "");
    }
    return STATUS_OK;
}

static enum status start(struct http_server *server, int fd, struct error *err)
{
    unsigned connections = server->options.connections_max;
    const union MHD_DaemonInfo *info;
    sigset_t all;
    sigset_t before;

    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        HEAD_BYTES_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)((server->options.request_ms + 999) / 1000), MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        return fail(err, STATUS_FATAL, "cannot start the HTTP server on %s", server->where);
    }
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0) {
        return fail(err, STATUS_FATAL, "this libmicrohttpd has no epoll");
    }
    server->events = info->epoll_fd;
    /* Signals are the business of the thread that started us. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    server->has_thread = pthread_create(&server->thread, NULL, serve, server) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return server->has_thread
               ? STATUS_OK
               : fail(err, STATUS_FATAL, "cannot start the thread of the HTTP server");
}

enum status http_open(const struct http_options *options, struct http_server **out,
                      struct error *err)
{
    struct http_address address;
    int fd;
    enum status status = http_address_parse(options->address, &address, err);

    if (status == STATUS_OK) {
        status = bind_to(&address, &fd, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct http_server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    server->options = *options;
    if (options->connections_max == 0) {
        server->options.connections_max = CONNECTIONS_MAX;
    }
    if (options->request_ms == 0) {
        server->options.request_ms = REQUEST_MS;
    }
    server->wake = eventfd(0, EFD_CLOEXEC);
    CHECK(server->wake >= 0);
    note_where(server, fd);
    status = start(server, fd, err);
    if (status != STATUS_OK) {
        http_close(server);
        return status;
    }
    *out = server;
    return STATUS_OK;
}

const char *http_where(const struct http_server *server)
{
    return server->where;
}

void http_close(struct http_server *server)
{
    uint64_t one = 1;

    if (server == NULL) {
        return;
    }
    if (server->has_thread) {
        CHECK(write(server->wake, &one, sizeof one) == (ssize_t)sizeof one);
        pthread_join(server->thread, NULL);
    }
    if (server->daemon != NULL) {
        MHD_stop_daemon(server->daemon); /* Closes the listening socket and the clients. */
    }
    while (server->clients != NULL) {
        struct client *client = server->clients;
        server->clients = client->next;
        free(client);
    }
    close(server->wake);
    free(server);
}
