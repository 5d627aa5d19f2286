#include "registry/schema_fetch.h"

#include <stdlib.h>

#define REFERENCES_MAX 64
#define REFERENCE_DEPTH_MAX 8

/* The registry's own codes of "not found": of subjects, versions, schemas. Any other 404 may come
 * from somebody else, or from a wrong URL, and says nothing about a schema. */
#define ERROR_CODE_FIRST 40401
#define ERROR_CODE_LAST 40403

/* A schema and those it refers to, in the order in which they can be read. */
struct fetching {
    struct http_get *get;
    struct json *answers[REFERENCES_MAX + 1]; /* Owned; their texts are borrowed below. */
    struct text texts[REFERENCES_MAX + 1];
    char *paths[REFERENCES_MAX]; /* What was asked for; heap. */
    uint32_t count;
    uint32_t asked;
    struct error *err;
};

static enum status explain(struct fetching *fetching, struct text path, long code,
                           const struct json *answer)
{
    int64_t error_code = json_member_int(answer, "error_code", 0);
    struct text message = text_sub(json_member_text(answer, "message"), 0, 200);
    const char *url = http_get_url(fetching->get);

    if (code == 404 && error_code >= ERROR_CODE_FIRST && error_code <= ERROR_CODE_LAST) {
        return fail(fetching->err, STATUS_REJECT, "schema registry '%s' has no '%.*s': %.*s", url,
                    TEXT_ARG(path), TEXT_ARG(message));
    }
    if (code == 401 || code == 403) {
        return fail(fetching->err, STATUS_RETRY,
                    "schema registry '%s' refuses '%.*s' (%ld): see schemaRegistry.user and "
                    ".password",
                    url, TEXT_ARG(path), code);
    }
    return fail(fetching->err, STATUS_RETRY, "schema registry '%s' answers '%.*s' with %ld%s%.*s",
                url, TEXT_ARG(path), code,
                code == 404 ? " and no error_code of a registry: is the URL right?" : ": ",
                TEXT_ARG(message));
}

static enum status ask(struct fetching *fetching, struct text path, struct json **answer)
{
    struct buffer body = {0};
    struct error unreadable;
    long code = 0;
    enum status status = http_get(fetching->get, path, &body, &code, fetching->err);

    *answer = NULL;
    if (status == STATUS_OK && json_parse(buffer_text(&body), answer, &unreadable) != STATUS_OK) {
        *answer = NULL;
    }
    buffer_release(&body);
    if (status == STATUS_OK && (code != 200 || *answer == NULL)) {
        status = explain(fetching, path, code, *answer == NULL ? json_null() : *answer);
        json_free(*answer);
        *answer = NULL;
    }
    return status;
}

static enum status collect(struct fetching *fetching, struct json *answer, uint32_t depth);

static bool was_asked(const struct fetching *fetching, struct text path)
{
    for (uint32_t i = 0; i < fetching->asked; i++) {
        if (text_is(path, fetching->paths[i])) {
            return true;
        }
    }
    return false;
}

static void put_version_path(struct http_get *get, struct text subject, struct text version,
                             struct buffer *path)
{
    buffer_add_text(path, TEXT("/subjects/"));
    http_get_escape(get, subject, path);
    buffer_add_text(path, TEXT("/versions/"));
    buffer_add_text(path, version);
}

static enum status refer(struct fetching *fetching, const struct json *reference, uint32_t depth)
{
    char room[INTEGER_TEXT_BYTES];
    struct buffer path = {0};
    struct json *answer = NULL;
    enum status status = STATUS_OK;

    put_version_path(fetching->get, json_member_text(reference, "subject"),
                     text_integer(json_member_int(reference, "version", -1), room), &path);
    if (!was_asked(fetching, buffer_text(&path))) {
        if (fetching->asked == REFERENCES_MAX || depth == REFERENCE_DEPTH_MAX) {
            status = fail(fetching->err, STATUS_REJECT, "more references than are supported");
        } else {
            fetching->paths[fetching->asked++] = text_dup(buffer_text(&path));
            status = ask(fetching, buffer_text(&path), &answer);
        }
        if (status == STATUS_OK) {
            status = collect(fetching, answer, depth + 1);
        }
    }
    buffer_release(&path);
    return status;
}

/* Takes `answer` over. What it refers to comes before it. */
static enum status collect(struct fetching *fetching, struct json *answer, uint32_t depth)
{
    const struct json *references = json_member(answer, "references");
    struct text type = json_member_text(answer, "schemaType");
    enum status status = STATUS_OK;

    if (type.bytes > 0 && !text_is(type, "AVRO")) {
        status = fail(fetching->err, STATUS_REJECT, "it is of type %.*s, not AVRO", TEXT_ARG(type));
    }
    for (size_t i = 0; references != NULL && i < json_count(references) && status == STATUS_OK;
         i++) {
        status = refer(fetching, json_at(references, i), depth);
    }
    fetching->answers[fetching->count] = answer;
    fetching->texts[fetching->count++] = json_member_text(answer, "schema");
    return status;
}

static enum status fetch(struct http_get *get, struct text path, struct fetched_schema *fetched,
                         struct error *err)
{
    struct fetching fetching = {.get = get, .err = err};
    struct json *answer = NULL;
    enum status status = ask(&fetching, path, &answer);

    fetched->schema = NULL;
    if (status == STATUS_OK) {
        fetched->id = (uint32_t)json_member_int(answer, "id", fetched->id);
        status = collect(&fetching, answer, 0);
        if (status == STATUS_OK) {
            status = avro_schema_parse(fetching.texts, fetching.count, &fetched->schema, err);
        }
        status = status == STATUS_REJECT ? fail_in(err, status, "schema '%.*s' of registry '%s'",
                                                   TEXT_ARG(path), http_get_url(get))
                                         : status;
    }
    for (uint32_t i = 0; i < fetching.count; i++) {
        json_free(fetching.answers[i]);
    }
    for (uint32_t i = 0; i < fetching.asked; i++) {
        free(fetching.paths[i]);
    }
    return status;
}

enum status schema_fetch_id(struct http_get *get, uint32_t id, struct fetched_schema *fetched,
                            struct error *err)
{
    struct buffer path = {0};
    enum status status;

    buffer_addf(&path, "/schemas/ids/%u", id);
    *fetched = (struct fetched_schema){.id = id};
    status = fetch(get, buffer_text(&path), fetched, err);
    fetched->id = id;
    buffer_release(&path);
    return status;
}

enum status schema_fetch_latest(struct http_get *get, struct text subject,
                                struct fetched_schema *fetched, struct error *err)
{
    struct buffer path = {0};
    enum status status;

    put_version_path(get, subject, TEXT("latest"), &path);
    *fetched = (struct fetched_schema){0};
    status = fetch(get, buffer_text(&path), fetched, err);
    buffer_release(&path);
    return status;
}
