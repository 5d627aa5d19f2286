/*
 * schema_shapes - what the values of each shape look like: for the JSON Schema, in words, and as an
 * example. Included by schema_words.c alone. A shape without a row is anything, and the test
 * lint_schema says so.
 *
 * In `schema` and `words` these stand for what the field says: @object its object, @least and @most
 * its bounds, @values its words, @item what a name stands for, @headers the headers of a command.
 */
#ifndef BATON_COMPILE_SCHEMA_SHAPES_H
#define BATON_COMPILE_SCHEMA_SHAPES_H

#include "compile/fields.h"

/* clang-format off */
#define REF(name) "{\"$ref\":\"#/definitions/" name "\"}"
#define STRING(pattern, said) \
    "{\"type\":\"string\",\"pattern\":\"" pattern "\",\"patternErrorMessage\":\"" said "\"}"
/* Short and long forms are told apart by `if`, not by `anyOf`: then a message speaks of the form that
 * was meant. */
#define IF(type, then, otherwise) \
    "{\"if\":{\"type\":\"" type "\"},\"then\":" then ",\"else\":" otherwise "}"
#define NEEDS(key) "{\"required\":[\"" key "\"]}"
#define IDENTIFIER STRING("^[A-Za-z_][A-Za-z0-9_]*$", "a name: letters, digits and _")
#define HEADER STRING("^[A-Za-z0-9!#$%&'*+.^_`|~:/-]{1,256}$", "the name of a header")
#define DURATION \
    "(?=[0-9])([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?|" \
    "P(?=[0-9]|T[0-9])([0-9]+W)?([0-9]+D)?" \
    "(T(?=[0-9])([0-9]+H)?([0-9]+M)?([0-9]+([.,][0-9]{1,3}0*)?S)?)?"
#define BRACED "[$][{][\\\\s\\\\S]*[}]\\\\s*"
#define UNIT(name) "\"" name "\":{\"type\":\"integer\",\"minimum\":0}"
#define CLOSED "\"type\":\"object\",\"additionalProperties\":false"

/* Of a listen: the place of a second identity, and what it has to be. */
#define IDENTITY_OR(otherwise) \
    "{\"if\":{\"type\":\"object\",\"anyOf\":[" NEEDS("message") "," NEEDS("instance") "]}," \
    "\"then\":{" CLOSED ",\"required\":[\"message\",\"instance\"],\"properties\":{" \
    "\"message\":{\"description\":\"Where it sits in these messages\",\"allOf\":[" REF("correlation") "]}," \
    "\"instance\":{\"description\":\"What it has to be\",\"allOf\":[" REF("expression") "]}}}," \
    "\"else\":" otherwise "}"

/* Definitions that several shapes refer to. Expressions and templates are not parsed: `${` without its
 * end is all that a pattern can see. */
static const struct {
    const char *name;
    const char *schema;
} shape_definitions[] = {
    {"units",
     "{" CLOSED ",\"minProperties\":1,\"properties\":{" UNIT("weeks") "," UNIT("days") "," UNIT("hours") ","
     UNIT("minutes") "," UNIT("seconds") "," UNIT("milliseconds") "}}"},
    {"duration",
     IF("object", REF("units"),
        STRING("^(" DURATION ")$", "a duration needs a unit, such as 30s, 5m, 1h30m or PT30S"))},
    {"span",
     IF("object", REF("units"),
        STRING("^(none|" BRACED "|" DURATION ")$",
               "a duration with its unit (30s, 5m, 1h30m), none, or ${ expr }"))},
    {"expression",
     "{\"type\":[\"string\",\"number\",\"boolean\"],"
     "\"pattern\":\"^\\\\s*([^$\\\\s]|[$](?![{])|" BRACED "$)\",\"patternErrorMessage\":\"an expression\"}"},
    {"place",
     "{" CLOSED ",\"minProperties\":1,\"maxProperties\":1,\"properties\":{"
     "\"header\":{\"description\":\"In this header\",\"type\":\"string\"},"
     "\"path\":{\"description\":\"In the payload\",\"allOf\":[" REF("expression") "]},"
     "\"record\":{\"description\":\"The key of the record, or in it\","
     "\"anyOf\":[{\"const\":true}," REF("expression") "]}}}"},
    {"part", IF("object", REF("place"), REF("expression"))},
    {"correlation", IF("array", "{\"minItems\":1,\"items\":" REF("part") "}", REF("part"))},
};

static const struct {
    const char *schema;
    const char *words;
    const char *example; /* YAML, or NULL. */
} shapes[SHAPE_COUNT] = {
    [SHAPE_TEXT] = {"{\"type\":\"string\"}", "text", "some text"},
    [SHAPE_FLOW_NAME] = {STRING("^[a-z][a-z0-9-]{0,62}$", "lower case letters, digits and -"),
                         "a name: lower case letters, digits, `-`", NULL},
    [SHAPE_STEP_NAME] = {STRING("^(?!(continue|end|any|all)$)[A-Za-z_][A-Za-z0-9_]*$",
                                "letters, digits and _, but not continue, end, any or all"),
                         "a name: letters, digits, `_`", NULL},
    [SHAPE_TOPIC_NAME] = {STRING("^(?![.]{1,2}$)[A-Za-z0-9._-]{1,249}$",
                                 "the name of a topic on the broker"),
                          "the name of a topic on the broker", NULL},
    [SHAPE_HEADER_NAME] = {HEADER, "the name of a header", NULL},
    [SHAPE_INTEGER] = {"{\"type\":\"integer\",\"minimum\":@least,\"maximum\":@most}",
                       "an integer from @least", NULL},
    [SHAPE_FACTOR] = {"{\"type\":\"number\",\"minimum\":1,\"maximum\":1000000}", "a number from 1", "1.5"},
    [SHAPE_PERCENT] = {STRING("^0*(100|[0-9]{1,2})%$", "a percentage from 0% to 100%"),
                       "a percentage", "10%"},
    [SHAPE_TRUE] = {"{\"const\":true}", "`true`", "true"},
    [SHAPE_BOOL] = {"{\"type\":\"boolean\"}", "`true` or `false`", "true"},
    [SHAPE_CHOICE] = {"{\"enum\":@values}", "@values", NULL},
    [SHAPE_NAMES] = {"{\"type\":\"array\",\"items\":"
                     STRING("^[A-Za-z0-9._-]{1,128}$", "the name of an error") "}",
                     "a list of error names", NULL},
    [SHAPE_TEXTS] = {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
                     "a map of texts", NULL},
    [SHAPE_RENAMES] = {"{\"type\":\"object\",\"propertyNames\":{\"enum\":@headers},"
                       "\"additionalProperties\":" HEADER "}",
                       "a map from our header names to others", NULL},
    [SHAPE_DURATION] = {REF("duration"), "a duration", "10m"},
    [SHAPE_SPAN] = {REF("span"), "a duration, `none`, or `\"${ expr }\"`", "10m"},
    [SHAPE_EXPR] = {REF("expression"), "an expression", ".orderId"},
    [SHAPE_TEMPLATE] = {"{}", "a template", "{orderId: \"${ .orderId }\"}"},
    [SHAPE_TEXT_TEMPLATE] = {"{\"type\":\"string\"}", "text, with `${ }`", "some text"},
    [SHAPE_STATUS_TEMPLATE] = {"{\"type\":[\"number\",\"string\"]}",
                               "an HTTP status, or `\"${ expr }\"`", "422"},
    [SHAPE_MAP_TEMPLATE] = {IF("object", "{}", STRING("^" BRACED "$", "a map, or ${ expr }")),
                            "a map, with `${ }`", "{orderId: \"${ .orderId }\"}"},
    [SHAPE_CORRELATION] = {REF("correlation"), "[where the key sits](#where-the-key-sits)", ".orderId"},
    [SHAPE_TOPIC] = {IDENTIFIER, "the alias of a topic", "ordersCreated"},
    [SHAPE_SERVICE] = {IDENTIFIER, "the name of a service", "inventory"},
    [SHAPE_RETRY] = {IF("object", REF("@object"),
                        "{\"type\":[\"string\",\"integer\"],\"minimum\":1,\"maximum\":1000000,"
                        "\"pattern\":\"^[A-Za-z_][A-Za-z0-9_]*$\","
                        "\"patternErrorMessage\":\"the name of a retry policy\"}"),
                     "a policy's name, a number of attempts, or @object", "5"},
    [SHAPE_FROM] = {"{\"anyOf\":[{\"enum\":[\"now\",\"earliest\"]},"
                    STRING("^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
                           "([Zz]|[+-][0-9]{2}:[0-9]{2})$", "a time such as 2026-01-31T00:00:00Z") "]}",
                    "`now`, `earliest`, or a time", "earliest"},
    [SHAPE_AS] = {"{\"anyOf\":[" IDENTIFIER ",{\"const\":false}]}", "a name, or `false`", NULL},
    [SHAPE_THEN] = {IDENTIFIER, "a step of the same list, `continue`, or `end`", "continue"},
    [SHAPE_OBJECT] = {REF("@object"), "@object", NULL},
    [SHAPE_OBJECTS] = {IF("array", "{\"minItems\":1,\"items\":" REF("@object") "}", REF("@object")),
                       "one or a list of @object", NULL},
    [SHAPE_CASES] = {"{\"type\":\"array\",\"minItems\":1,\"items\":" REF("@object") "}",
                     "a list of @object", NULL},
    [SHAPE_STEPS] = {"{\"type\":\"array\",\"items\":" REF("step") "}", "a list of [steps](#step)", NULL},
    [SHAPE_ERRORS] = {IF("array", "{\"items\":" STRING("^[A-Za-z0-9._-]{1,128}$", "the name of an error") "}",
                         STRING("^[A-Za-z0-9._-]{1,128}$", "the name of an error, or a list of them")),
                      "the name of an error, or a list of them", "timeout"},
    [SHAPE_VARIABLE] = {IDENTIFIER, "a name: letters, digits, `_`", "item"},
    [SHAPE_BODY] = {"{\"type\":\"array\",\"items\":" REF("step") "}", "a list of [steps](#step)",
                    "[{step: told, emit: news}]"},
    [SHAPE_CATCHES] = {IF("array", "{\"minItems\":1,\"items\":" REF("@object") "}", REF("@object")),
                       "one or a list of @object", NULL},
    [SHAPE_BRANCHES] = {"{\"type\":\"object\",\"minProperties\":1,\"propertyNames\":" IDENTIFIER
                        ",\"additionalProperties\":{\"type\":\"array\",\"minItems\":1,\"items\":" REF("step") "}}",
                        "a map from names to lists of [steps](#step)",
                        "{left: [{step: l, emit: news}], right: [{step: r, wait: 5m}]}"},
    [SHAPE_FOR] = {REF("@object"), "@object", NULL},
    [SHAPE_JOIN] = {"{\"anyOf\":[{\"enum\":[\"all\",\"first\",\"race\"]},"
                    "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000}]}",
                    "`all`, `first`, `race`, or a number", "first"},
    [SHAPE_VERSION] = {"{\"anyOf\":[{\"const\":\"latest\"},"
                       "{\"type\":\"integer\",\"minimum\":1}]}",
                       "`latest`, or a number", "latest"},
    [SHAPE_ROLLBACK] = {IF("array", "{\"minItems\":1,\"items\":" IDENTIFIER "}", "{\"const\":\"all\"}"),
                        "`all`, or a list of step names", "all"},
    [SHAPE_NAME] = {IDENTIFIER, "a name: letters, digits, `_`", "approved"},
    [SHAPE_AWAITED] = {"{\"type\":\"array\",\"minItems\":1,\"items\":"
                       IF("object", REF("@object"), IDENTIFIER) "}",
                       "a list of topics (by alias) and of @object", "[paymentsCaptured, {signal: approved}]"},
    [SHAPE_HANDLERS] = {"{\"type\":\"array\",\"items\":" REF("@object") "}", "a list of @object",
                        "[{listen: {signal: cancel}, raise: Cancelled}]"},
    [SHAPE_REMIND] = {REF("@object"), "@object", "{every: 1d, max: 3, do: [{step: told, emit: news}]}"},
    [SHAPE_SPANS] = {"{\"type\":\"array\",\"minItems\":1,\"items\":" REF("span") "}", "a list of durations",
                     "[1d, 3d, 7d]"},
    [SHAPE_TIMES] = {"{\"anyOf\":[{\"const\":\"many\"},"
                     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000}]}",
                     "`many`, or a number", "1"},
    [SHAPE_LISTEN_KEY] = {IDENTITY_OR(REF("correlation")),
                          "[where the key sits](#where-the-key-sits), or `{message, instance}`", ".orderId"},
    [SHAPE_RATE] = {IF("object", REF("@object"),
                       STRING("^[0-9]{1,7}/[0-9]{0,9}(ms|s|m|h|d|w)$", "a rate such as 100/s or 5/10m")),
                    "a rate such as `100/s` or `5/10m`, or @object", "100/s"},
    [SHAPE_BREAKER] = {REF("@object"), "@object", "{failures: 5}"},
    [SHAPE_LISTEN] = {IF("object", REF("@object"), IDENTIFIER), "the alias of a topic, or @object", NULL},
    [SHAPE_WAIT] = {IF("object",
                       "{\"if\":{\"anyOf\":[" NEEDS("weeks") "," NEEDS("days") "," NEEDS("hours") ","
                       NEEDS("minutes") "," NEEDS("seconds") "," NEEDS("milliseconds") "]},\"then\":"
                       REF("units") ",\"else\":" REF("@object") "}",
                       STRING("^(" BRACED "|" DURATION ")$",
                              "a duration with its unit (30s, 5m, 1h30m), ${ expr }, or a map with until")),
                    "a duration, `\"${ expr }\"`, or @object", "10m"},
    [SHAPE_RAISE] = {IF("object", REF("@object"), "{\"type\":\"string\",\"minLength\":1}"),
                     "the name of an error, `$error`, or @object", NULL},
    [SHAPE_COMPENSATE] = {IF("object", REF("@object"), "{\"const\":\"none\"}"),
                          "`none`, or @object", "none"},
    [SHAPE_FILES] = {"{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1}}",
                     "a list of files", NULL},
    [SHAPE_NAMED] = {"{\"type\":\"object\",\"propertyNames\":" IDENTIFIER ",\"additionalProperties\":@item}",
                     "a map from names to @object", NULL},
};
/* clang-format on */

#endif
