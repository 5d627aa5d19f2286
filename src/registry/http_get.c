#include "registry/http_get.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define CONNECT_MS 3000

struct http_get {
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    struct buffer *body; /* Of the answer that is being read. */
    atomic_bool is_stopped;
    char problem[CURL_ERROR_SIZE];
};

static size_t on_body(char *data, size_t size, size_t count, void *self)
{
    struct http_get *get = self;

    if (get->body->bytes + size * count > BODY_BYTES_MAX) {
        return 0; /* Ends the transfer. */
    }
    buffer_add(get->body, data, size * count);
    return size * count;
}

static int on_progress(void *self, curl_off_t down, curl_off_t downed, curl_off_t up,
                       curl_off_t upped)
{
    const struct http_get *get = self;

    (void)down;
    (void)downed;
    (void)up;
    (void)upped;
    return atomic_load(&get->is_stopped) ? 1 : 0;
}

enum status http_url_check(struct text url, struct error *err)
{
    struct text rest = {0};

    if (text_starts(url, TEXT("http://"))) {
        rest = text_sub(url, 7, url.bytes);
    } else if (text_starts(url, TEXT("https://"))) {
        rest = text_sub(url, 8, url.bytes);
    }
    if (rest.bytes == 0) {
        return fail(err, STATUS_REJECT, "'%.*s' does not begin with http:// or https://",
                    TEXT_ARG(url));
    }
    if (text_find(rest, '@') != SIZE_MAX) {
        return fail(err, STATUS_REJECT,
                    "user and password have keys of their own, they do not "
                    "belong into the URL");
    }
    return STATUS_OK;
}

static void set_options(struct http_get *get, const struct http_get_options *options)
{
    CURL *curl = get->curl;
    char *text;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* There are other threads. */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, get->problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, get);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, get);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(options->timeout_ms < CONNECT_MS ? options->timeout_ms : CONNECT_MS));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, get->headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "baton/" BATON_VERSION);
    if (options->user.bytes > 0) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        text = text_dup(options->user);
        curl_easy_setopt(curl, CURLOPT_USERNAME, text);
        free(text);
        text = text_dup(options->password);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, text);
        free(text);
    }
    if (options->ca_file.bytes > 0) {
        text = text_dup(options->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAINFO, text);
        free(text);
    }
}

enum status http_get_open(const struct http_get_options *options, struct http_get **get,
                          struct error *err)
{
    struct text url = options->url;
    struct http_get *made;
    enum status status = http_url_check(url, err);

    if (status != STATUS_OK) {
        return status;
    }
    while (url.bytes > 0 && url.data[url.bytes - 1] == '/') {
        url.bytes--;
    }
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK); /* Counted. */
    made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->url = text_dup(url);
    made->curl = curl_easy_init();
    CHECK(made->curl != NULL);
    made->headers = curl_slist_append(
        NULL, "Accept: application/vnd.schemaregistry.v1+json, application/json");
    set_options(made, options);
    *get = made;
    return STATUS_OK;
}

void http_get_close(struct http_get *get)
{
    if (get == NULL) {
        return;
    }
    curl_easy_cleanup(get->curl);
    curl_slist_free_all(get->headers);
    curl_global_cleanup();
    free(get->url);
    free(get);
}

enum status http_get(struct http_get *get, struct text path, struct buffer *body, long *code,
                     struct error *err)
{
    struct buffer url = {0};
    CURLcode result;

    buffer_add_text(&url, text_of(get->url));
    buffer_add_text(&url, path);
    buffer_clear(body);
    get->body = body;
    get->problem[0] = '\0';
    curl_easy_setopt(get->curl, CURLOPT_URL, buffer_string(&url));
    result = curl_easy_perform(get->curl);
    buffer_release(&url);
    get->body = NULL;
    if (result != CURLE_OK) {
        return fail(err, STATUS_RETRY, "schema registry '%s': %s", get->url,
                    get->problem[0] != '\0' ? get->problem : curl_easy_strerror(result));
    }
    curl_easy_getinfo(get->curl, CURLINFO_RESPONSE_CODE, code);
    return STATUS_OK;
}

void http_get_escape(struct http_get *get, struct text text, struct buffer *path)
{
    char *escaped = curl_easy_escape(get->curl, text.data, (int)text.bytes);

    CHECK(escaped != NULL);
    buffer_add_text(path, text_of(escaped));
    curl_free(escaped);
}

void http_get_stop(struct http_get *get)
{
    atomic_store(&get->is_stopped, true);
}

const char *http_get_url(const struct http_get *get)
{
    return get->url;
}
