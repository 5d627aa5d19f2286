/* links: baton_http */
/* The server as its clients meet it, those included that mean no good. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/http_server.h"

#define ANSWER_BYTES 4096
#define REQUEST_MS 400
#define CONNECTIONS 8

static atomic_uint filled;

static void fill_hello(void *self, struct http_answer *answer)
{
    atomic_fetch_add(&filled, 1);
    buffer_add_text(answer->body, text_of(self));
}

static void fill_flood(void *self, struct http_answer *answer)
{
    (void)self;
    for (int i = 0; i < 200000; i++) {
        buffer_add_text(answer->body, TEXT("0123456789012345678901234567890123456789012345678901"));
    }
}

static void fill_trouble(void *self, struct http_answer *answer)
{
    (void)self;
    answer->status = HTTP_UNAVAILABLE;
    answer->type = "application/json";
    buffer_add_text(answer->body, TEXT("{}"));
}

static const struct http_route routes[] = {
    {"/hello", fill_hello}, {"/flood", fill_flood}, {"/trouble", fill_trouble}};

static struct http_server *open_server(void)
{
    struct http_options options = {.address = TEXT("127.0.0.1:0"),
                                   .routes = routes,
                                   .route_count = 3,
                                   .self = "hello\n",
                                   .connections_max = CONNECTIONS,
                                   .request_ms = REQUEST_MS};
    struct http_server *server = NULL;
    struct error err;

    assert_int_equal(http_open(&options, &server, &err), STATUS_OK);
    return server;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int dial(const struct http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    unsigned port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(sscanf(http_where(server), "127.0.0.1:%u", &port), 1);
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void put(int fd, const char *text, size_t bytes)
{
    /* It may have hung up already, which is its right. */
    (void)send(fd, text, bytes, MSG_NOSIGNAL);
}

/* Read until the other side hangs up, or for `wait_ms`. Gives the bytes read; *is_over tells whether
 * it hung up. */
static size_t hear(int fd, char out[ANSWER_BYTES], int64_t wait_ms, bool *is_over)
{
    int64_t until_ms = now_ms() + wait_ms;
    size_t bytes = 0;

    *is_over = false;
    while (now_ms() < until_ms && !*is_over) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        char part[ANSWER_BYTES];

        if (poll(&polled, 1, 20) <= 0) {
            continue;
        }
        ssize_t got = recv(fd, part, sizeof part, 0);
        *is_over = got <= 0;
        for (ssize_t i = 0; i < got && bytes + 1 < ANSWER_BYTES; i++) {
            out[bytes++] = part[i];
        }
    }
    out[bytes] = '\0';
    return bytes;
}

static void ask(const struct http_server *server, const char *request, char out[ANSWER_BYTES])
{
    int fd = dial(server);
    bool is_over;

    put(fd, request, strlen(request));
    hear(fd, out, 5000, &is_over);
    assert_true(is_over);
    close(fd);
}

#define CLOSES "Host: x\r\nConnection: close\r\n\r\n"

static void a_route_is_answered_and_others_are_not_found(void **state)
{
    struct http_server *server = open_server();
    char out[ANSWER_BYTES];

    (void)state;
    ask(server, "GET /hello?x=1 HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "HTTP/1.1 200 OK"));
    assert_non_null(strstr(out, "\r\n\r\nhello\n"));
    ask(server, "GET /trouble HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "HTTP/1.1 503 "));
    assert_non_null(strstr(out, "application/json"));
    ask(server, "GET /hello/ HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "HTTP/1.1 404 "));
    ask(server, "GET /../../etc/passwd HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "HTTP/1.1 404 "));
    http_close(server);
}

static void head_gets_no_body_and_other_methods_are_refused(void **state)
{
    struct http_server *server = open_server();
    char out[ANSWER_BYTES];

    (void)state;
    ask(server, "HEAD /hello HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "Content-Length: 6"));
    assert_null(strstr(out, "hello"));
    ask(server, "DELETE /hello HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "HTTP/1.1 405 "));
    assert_non_null(strstr(out, "Allow: GET, HEAD"));
    ask(server, "POST /hello HTTP/1.1\r\nContent-Length: 4\r\n" CLOSES "body", out);
    assert_non_null(strstr(out, "HTTP/1.1 405 "));
    http_close(server);
}

static void an_answer_above_its_bound_becomes_an_error(void **state)
{
    struct http_server *server = open_server();
    char out[ANSWER_BYTES];

    (void)state;
    ask(server, "GET /flood HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "HTTP/1.1 500 "));
    http_close(server);
}

static void assert_serves(const struct http_server *server)
{
    char out[ANSWER_BYTES];

    ask(server, "GET /hello HTTP/1.1\r\n" CLOSES, out);
    assert_non_null(strstr(out, "hello\n"));
}

static void long_lines_and_garbage_are_refused_and_the_next_is_served(void **state)
{
    static const char *const garbage[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03",
        "GET /hello HTTP/9.9\r\n\r\n",
        "GET /%00%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /hello HTTP/1.1\r\nContent-Length: 99999999999999999999\r\nHost: x\r\n\r\n",
        "GET /hello HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\nzzz\r\n"};
    struct http_server *server = open_server();
    static char line[256 * 1024];
    char out[ANSWER_BYTES];
    bool is_over;

    (void)state;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        int fd = dial(server);
        put(fd, garbage[i], strlen(garbage[i]));
        hear(fd, out, 5000, &is_over);
        assert_true(is_over);
        close(fd);
    }
    memset(line, 'a', sizeof line);
    memcpy(line, "GET /", 5);
    int fd = dial(server);
    put(fd, line, sizeof line);
    hear(fd, out, 5000, &is_over);
    assert_true(is_over);
    close(fd);
    assert_serves(server);
    http_close(server);
}

/* It sends a byte again and again, so that it is never idle. */
static void a_slow_client_is_cut_off_though_it_moves(void **state)
{
    struct http_server *server = open_server();
    int64_t begun_ms = now_ms();
    char out[ANSWER_BYTES];
    bool is_over = false;
    int fd = dial(server);

    (void)state;
    put(fd, "GET /hello HTTP/1.1\r\n", 21);
    while (!is_over && now_ms() < begun_ms + 5000) {
        put(fd, "X", 1);
        hear(fd, out, 50, &is_over);
    }
    assert_true(is_over);
    assert_true(now_ms() - begun_ms >= REQUEST_MS);
    close(fd);
    http_close(server);
}

/* More than there is room for, none of which asks anything: they are cut off and others get through. */
static void connections_that_ask_nothing_keep_nobody_out_for_long(void **state)
{
    struct http_server *server = open_server();
    int fds[CONNECTIONS * 4];

    (void)state;
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        fds[i] = dial(server);
    }
    assert_serves(server);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
        close(fds[i]);
    }
    assert_serves(server);
    http_close(server);
}

static void a_client_that_reads_nothing_does_not_hold_up_the_end(void **state)
{
    struct http_server *server = open_server();
    int64_t begun_ms = now_ms();
    int fd = dial(server);

    (void)state;
    put(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", 32);
    http_close(server);
    assert_true(now_ms() - begun_ms < 3000);
    close(fd);
}

static void a_connection_may_be_used_again(void **state)
{
    static const char request[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    struct http_server *server = open_server();
    unsigned before = atomic_load(&filled);
    char out[ANSWER_BYTES];
    bool is_over;
    int fd = dial(server);

    (void)state;
    for (int i = 0; i < 3; i++) {
        put(fd, request, sizeof request - 1);
        hear(fd, out, 100, &is_over);
        assert_non_null(strstr(out, "hello\n"));
        assert_false(is_over);
    }
    assert_int_equal(atomic_load(&filled) - before, 3);
    close(fd);
    http_close(server);
}

static void a_port_in_use_is_told(void **state)
{
    struct http_server *server = open_server();
    struct http_server *second = NULL;
    struct http_options options = {.address = text_of(http_where(server))};
    struct error err;

    (void)state;
    assert_int_equal(http_open(&options, &second, &err), STATUS_FATAL);
    assert_non_null(strstr(err.text, "in use"));
    assert_non_null(strstr(err.text, http_where(server)));
    http_close(server);
}

static void addresses_are_host_and_port(void **state)
{
    static const char *const bad[] = {"",     "9464",  "localhost", "::1:9464",
                                      "[]:1", "[::1]", "a:",        "a:65536",
                                      "a:-1", "a:1x",  "http://a:1"};
    struct http_address address;
    struct error err;

    (void)state;
    assert_int_equal(http_address_parse(TEXT("[::1]:9464"), &address, &err), STATUS_OK);
    assert_string_equal(address.host, "::1");
    assert_int_equal(address.port, 9464);
    assert_int_equal(http_address_parse(TEXT(":0"), &address, &err), STATUS_OK);
    assert_string_equal(address.host, "");
    assert_int_equal(address.port, 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(http_address_parse(text_of(bad[i]), &address, &err), STATUS_REJECT);
        assert_non_null(strstr(err.text, "127.0.0.1:9464"));
    }
}

static void all_interfaces_are_listened_on(void **state)
{
    struct http_options options = {.address = TEXT(":0")};
    struct http_server *server = NULL;
    struct error err;

    (void)state;
    assert_int_equal(http_open(&options, &server, &err), STATUS_OK);
    assert_int_not_equal(http_where(server)[strlen(http_where(server)) - 2], ':');
    http_close(server);
    http_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_is_answered_and_others_are_not_found),
        cmocka_unit_test(head_gets_no_body_and_other_methods_are_refused),
        cmocka_unit_test(an_answer_above_its_bound_becomes_an_error),
        cmocka_unit_test(long_lines_and_garbage_are_refused_and_the_next_is_served),
        cmocka_unit_test(a_slow_client_is_cut_off_though_it_moves),
        cmocka_unit_test(connections_that_ask_nothing_keep_nobody_out_for_long),
        cmocka_unit_test(a_client_that_reads_nothing_does_not_hold_up_the_end),
        cmocka_unit_test(a_connection_may_be_used_again),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(addresses_are_host_and_port),
        cmocka_unit_test(all_interfaces_are_listened_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
