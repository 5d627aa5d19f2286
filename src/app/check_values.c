#include "app/check_values.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/schemas.h"
#include "compile/value_mentions.h"
#include "registry/schema_fetch.h"

/* The latest schema of a subject, or why there is none that can be used. */
struct subject {
    struct text topic;
    struct avro_schema *schema; /* NULL: see problem. */
    uint32_t id;
    struct error problem;
    struct subject *next;
};

struct schemas {
    struct http_get *get;
    struct arena arena;
    struct subject *first;
};

static enum status find_subject(struct schemas *schemas, struct text topic,
                                const struct subject **found, struct error *err)
{
    struct fetched_schema fetched;
    struct subject *subject = schemas->first;
    enum status status;

    while (subject != NULL && !text_equal(subject->topic, topic)) {
        subject = subject->next;
    }
    *found = subject;
    if (subject != NULL) {
        return STATUS_OK;
    }
    subject = arena_alloc(&schemas->arena, sizeof *subject);
    subject->topic = arena_text(&schemas->arena, topic);
    status = schema_fetch_latest(schemas->get,
                                 arena_printf(&schemas->arena, "%.*s-value", TEXT_ARG(topic)),
                                 &fetched, &subject->problem);
    if (status != STATUS_OK && status != STATUS_REJECT) {
        return fail(err, status, "%s", subject->problem.text);
    }
    subject->schema = fetched.schema;
    subject->id = fetched.id;
    subject->next = schemas->first;
    schemas->first = subject;
    *found = subject;
    return STATUS_OK;
}

static enum status check_value(struct schemas *schemas, const struct value_mention *mention,
                               struct diagnostics *found, struct error *err)
{
    const struct subject *subject;
    struct error why;
    enum status status = find_subject(schemas, mention->topic, &subject, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (subject->schema == NULL) {
        diagnostics_error(found, "F411", mention->place,
                          "nothing can be sent to topic '%.*s', whose format is avro: %s",
                          TEXT_ARG(mention->topic), subject->problem.text);
    } else if (avro_check_template(subject->schema, mention->value, &why) != STATUS_OK) {
        diagnostics_error(found, "F411", mention->place,
                          "the value does not fit schema %u of topic '%.*s': %s", subject->id,
                          TEXT_ARG(mention->topic), why.text);
    }
    return STATUS_OK;
}

static enum status check_file(struct schemas *schemas, const char *path, struct diagnostics *all,
                              struct error *err)
{
    struct value_mentions mentions = {0};
    struct diagnostics found = {0};
    enum status status = value_mentions_read(path, &found, &mentions, err);

    /* What else is wrong with the file has been told. */
    found.count = found.error_count = found.warning_count = 0;
    for (uint32_t i = 0; i < mentions.count && status == STATUS_OK; i++) {
        status = check_value(schemas, &mentions.items[i], &found, err);
    }
    if (found.count > 0) {
        diagnostics_append(all, &found);
    }
    diagnostics_release(&found);
    value_mentions_release(&mentions);
    return status;
}

static int check_listed(const struct config *config, const struct path_list *list,
                        struct diagnostics *all)
{
    struct http_get_options http = schemas_http(config);
    struct schemas schemas = {0};
    struct error err;
    enum status status = http_get_open(&http, &schemas.get, &err);
    int code = EXIT_DONE;

    for (uint32_t i = 0; i < list->count && status == STATUS_OK; i++) {
        status = check_file(&schemas, list->items[i].data, all, &err);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "baton check: %s\n", err.text);
        code = status == STATUS_RETRY ? EXIT_UNREACHABLE : EXIT_USAGE;
    }
    for (struct subject *subject = schemas.first; subject != NULL; subject = subject->next) {
        avro_schema_free(subject->schema);
    }
    http_get_close(schemas.get);
    arena_release(&schemas.arena);
    return code;
}

int check_values(const struct config_flags *flags, const char *url, const struct path_list *list,
                 struct diagnostics *all)
{
    struct config config = {0};
    int code = config_open(flags, &config);

    if (code == EXIT_DONE && url != NULL) {
        config.registry.url = text_of(url);
    }
    if (code == EXIT_DONE && config.registry.url.bytes > 0) {
        code = check_listed(&config, list, all);
    }
    config_release(&config);
    return code;
}
