/* Types by their words. */
#include "codec/avro_parts.h"

#include <stdio.h>

#define DIGITS_MAX 300 /* Of a decimal. */

static const char *const type_words[] = {"null",   "boolean", "int",    "long",   "float",
                                         "double", "bytes",   "string", "record", "enum",
                                         "array",  "map",     "union",  "fixed"};

const char *avro_type_name(enum avro_type type)
{
    return type_words[type];
}

bool avro_primitive(struct text word, enum avro_type *type)
{
    for (int i = AVRO_NULL; i <= AVRO_STRING; i++) {
        if (text_is(word, type_words[i])) {
            *type = (enum avro_type)i;
            return true;
        }
    }
    return false;
}

const char *avro_describe(const struct avro_node *node, char room[AVRO_NAME_BYTES])
{
    static const char *const logicals[] = {"",
                                           "a decimal",
                                           "a date such as 2026-11-21",
                                           "a time such as 2026-11-21T15:04:05Z",
                                           "a time such as 2026-11-21T15:04:05Z",
                                           "a local time such as 2026-11-21T15:04:05",
                                           "a local time such as 2026-11-21T15:04:05"};

    if (node->logical != LOGICAL_NONE) {
        return logicals[node->logical];
    }
    if (node->name.bytes > 0) {
        snprintf(room, AVRO_NAME_BYTES, "%s %s '%.*s'", node->type == AVRO_ENUM ? "an" : "a",
                 type_words[node->type], TEXT_ARG(text_sub(node->name, 0, 120)));
    } else {
        snprintf(room, AVRO_NAME_BYTES, "%s %s",
                 node->type == AVRO_ARRAY || node->type == AVRO_INT ? "an" : "a",
                 type_words[node->type]);
    }
    return room;
}

uint32_t avro_null_branch(const struct avro_node *node)
{
    for (uint32_t i = 0; node->type == AVRO_UNION && i < node->count; i++) {
        if (node->branches[i]->type == AVRO_NULL) {
            return i;
        }
    }
    return UINT32_MAX;
}

void avro_set_logical(const struct json *json, struct avro_node *node)
{
    static const struct {
        const char *name;
        enum avro_type type;
        enum avro_logical logical;
    } kinds[] = {
        {"decimal", AVRO_BYTES, LOGICAL_DECIMAL},
        {"decimal", AVRO_FIXED, LOGICAL_DECIMAL},
        {"date", AVRO_INT, LOGICAL_DATE},
        {"timestamp-millis", AVRO_LONG, LOGICAL_TIME_MS},
        {"timestamp-micros", AVRO_LONG, LOGICAL_TIME_US},
        {"local-timestamp-millis", AVRO_LONG, LOGICAL_LOCAL_MS},
        {"local-timestamp-micros", AVRO_LONG, LOGICAL_LOCAL_US},
    };
    struct text name = json_member_text(json, "logicalType");
    int64_t precision = json_member_int(json, "precision", 0);
    int64_t scale = json_member_int(json, "scale", 0);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_is(name, kinds[i].name) && node->type == kinds[i].type) {
            node->logical = kinds[i].logical;
        }
    }
    if (node->logical == LOGICAL_DECIMAL) {
        if (precision < 1 || precision > DIGITS_MAX || scale < 0 || scale > precision) {
            node->logical = LOGICAL_NONE;
            return;
        }
        node->precision = (uint32_t)precision;
        node->scale = (uint32_t)scale;
    }
}
