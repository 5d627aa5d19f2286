/*
 * avro_eval - schemas, bytes and values on standard input, one a line, results on standard output.
 * For differential.py.
 *
 *     S [<schema>, ...]   take these schemas (JSON texts in a JSON list); answers "S", or "X <why>"
 *     D "<base64>"        decode; answers "V <value>", or "E <why>"
 *     E <value>           encode; answers "B <base64>", or "E <why>"
 *     T <template>        check a template; answers "T", or "E <why>"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/avro.h"
#include "codec/base64.h"

#define SCHEMAS_MAX 16

static struct json *parse_line(const char *line)
{
    struct json *value = NULL;
    struct error err = {{0}};

    if (json_parse_within(text_of(line), 300, &value, &err) != STATUS_OK) {
        (void)fprintf(stderr, "avro_eval: %s: %s\n", line, err.text);
        exit(2);
    }
    return value;
}

static void take(const struct json *list, struct avro_schema **schema)
{
    struct text texts[SCHEMAS_MAX];
    uint32_t count = 0;
    struct error err = {{0}};

    for (; count < SCHEMAS_MAX && count < json_count(list); count++) {
        texts[count] = json_text_of(json_at(list, count));
    }
    avro_schema_free(*schema);
    if (avro_schema_parse(texts, count, schema, &err) == STATUS_OK) {
        (void)printf("S\n");
    } else {
        (void)printf("X %s\n", err.text);
    }
}

static enum status answer(char verb, const struct avro_schema *schema, const struct json *given,
                          struct buffer *out, struct error *err)
{
    struct buffer bytes = {0};
    struct json *value = NULL;
    enum status status;

    if (verb == 'T') {
        return avro_check_template(schema, given, err);
    }
    if (verb == 'D') {
        status = base64_decode(json_text_of(given), &bytes, err);
        status = status == STATUS_OK ? avro_decode(schema, buffer_text(&bytes), &value, err)
                                     : status;
        if (status == STATUS_OK) {
            json_write(value, out);
        }
    } else {
        status = avro_encode(schema, given, &bytes, err);
        base64_encode(buffer_text(&bytes), out);
    }
    json_free(value);
    buffer_release(&bytes);
    return status;
}

int main(void)
{
    struct avro_schema *schema = NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;

    while ((bytes = getline(&line, &room, stdin)) > 2) {
        struct buffer out = {0};
        struct error err = {{0}};
        struct json *given;

        line[bytes - 1] = '\0';
        given = parse_line(line + 2);
        if (line[0] == 'S') {
            take(given, &schema);
        } else if (schema == NULL || answer(line[0], schema, given, &out, &err) != STATUS_OK) {
            (void)printf("E %s\n", err.text);
        } else {
            (void)printf("%c %s\n",
                         line[0] == 'D'   ? 'V'
                         : line[0] == 'E' ? 'B'
                                          : 'T',
                         buffer_string(&out));
        }
        (void)fflush(stdout);
        json_free(given);
        buffer_release(&out);
    }
    avro_schema_free(schema);
    free(line);
    return 0;
}
