/*
 * fields_parts - the rows of the table of fields.h that are about what stands within steps: what a listen
 * waits for, handlers, reminders, cases, catches, the parts of fork and for. Included by fields.c alone.
 */
#ifndef BATON_COMPILE_FIELDS_PARTS_H
#define BATON_COMPILE_FIELDS_PARTS_H

#include "base/limits.h"
#include "compile/fields.h"

/* clang-format off */
#define AWAITED_ROWS \
    {.key = "topic", .shape = SHAPE_TOPIC, .doc = "The topic of the message"}, \
    {.key = "signal", .shape = SHAPE_NAME, .doc = "Or the signal of this name, which a person or program gives with baton signal"}, \
    {.key = "type", .shape = SHAPE_TEXT, .doc = "Only messages of this type"}, \
    {.key = "when", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE, .doc = "Only messages for which this is true"}, \
    {.key = "key", .shape = SHAPE_LISTEN_KEY, \
     .doc = "Where the business key sits in these messages, else as the topic says; or {message, instance}: another identity, where it sits in them and what it has to be"}

static const struct field listen_rows[] = {
    AWAITED_ROWS,
    {.key = "count", .shape = SHAPE_INTEGER, .least = 1, .most = LOOP_ITEMS_MAX,
     .doc = "So many messages; the result is an array"},
    {.key = "until", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE,
     .doc = "Messages until this is true, '.' being the array of what has come; the result is that array"},
    {.key = "any", .shape = SHAPE_AWAITED, .object = OBJECT_AWAITED,
     .doc = "The first of these; the result is {which, value}"},
    {.key = "all", .shape = SHAPE_AWAITED, .object = OBJECT_AWAITED,
     .doc = "One of each of these, in any order; the result is an object with the name of each"},
};

static const struct field awaited_rows[] = {
    AWAITED_ROWS,
    {.key = "as", .shape = SHAPE_NAME, .doc = "Its name in the result, else that of the topic or signal"},
};

static const struct field handler_rows[] = {
    {.key = "listen", .shape = SHAPE_LISTEN, .object = OBJECT_LISTEN, .flags = FIELD_REQUIRED,
     .doc = "What it is about, as in a step; what came is $message.value"},
    {.key = "set", .shape = SHAPE_MAP_TEMPLATE, .doc = "Merge this into the document"},
    {.key = "do", .shape = SHAPE_BODY, .doc = "Or run these steps; the others do not go on meanwhile"},
    {.key = "raise", .shape = SHAPE_RAISE, .object = OBJECT_RAISE, .doc = "Or fail with this error, at once"},
    {.key = "times", .shape = SHAPE_TIMES, .doc = "How often: a number, or many, which it is otherwise"},
};

static const struct field remind_rows[] = {
    {.key = "every", .shape = SHAPE_SPAN, .doc = "So often"},
    {.key = "max", .shape = SHAPE_INTEGER, .least = 1, .most = 1000000, .doc = "With every: at most so many times"},
    {.key = "at", .shape = SHAPE_SPANS, .doc = "Or after each of these, from the beginning of the wait"},
    {.key = "do", .shape = SHAPE_BODY, .flags = FIELD_REQUIRED, .doc = "The steps; $count says how often it is now"},
};

static const struct field wait_rows[] = {
    {.key = "until", .shape = SHAPE_EXPR, .flags = FIELD_REQUIRED, .doc = "Gives an ISO time"},
    {.key = "minus", .shape = SHAPE_DURATION, .doc = "That much earlier"},
};

static const struct field case_rows[] = {
    {.key = "when", .shape = SHAPE_EXPR, .doc = "Take this case if true; the last one may go without"},
    {.key = "do", .shape = SHAPE_STEPS, .doc = "Run these steps"},
    {.key = "then", .shape = SHAPE_THEN, .doc = "Or go to a step of the list of the switch"},
};

static const struct field raise_rows[] = {
    {.key = "error", .shape = SHAPE_TEXT_TEMPLATE, .flags = FIELD_REQUIRED, .doc = "Name of the error"},
    {.key = "title", .shape = SHAPE_TEXT_TEMPLATE, .doc = "What happened, in a line"},
    {.key = "detail", .shape = SHAPE_TEMPLATE, .doc = "More about it"},
    {.key = "status", .shape = SHAPE_STATUS_TEMPLATE, .doc = "An HTTP status"},
};

static const struct field reply_rows[] = {
    {.key = "success", .shape = SHAPE_EXPR, .doc = "True for a reply that says done"},
    {.key = "failure", .shape = SHAPE_EXPR, .doc = "True for a reply that says refused"},
    {.key = "error", .shape = SHAPE_EXPR, .doc = "Names the error of a refusal"},
    {.key = "reason", .shape = SHAPE_EXPR, .doc = "Its title, for people"},
    {.key = "progress", .shape = SHAPE_EXPR, .doc = "True for a reply that says it is still at work; its payload is $progress"},
};

static const struct field cancel_rows[] = {
    {.key = "type", .shape = SHAPE_TEXT_TEMPLATE, .flags = FIELD_REQUIRED, .doc = "Type of the command"},
    {.key = "value", .shape = SHAPE_TEMPLATE, .doc = "The payload; else the instance document"},
};

static const struct field catch_rows[] = {
    {.key = "error", .shape = SHAPE_ERRORS, .fallback = "[\"any\"]",
     .doc = "The errors, by name; any is all but cancelled and compensation-failed"},
    {.key = "when", .shape = SHAPE_EXPR, .doc = "And only if this is true"},
    {.key = "do", .shape = SHAPE_BODY,
     .doc = "The steps, none if it is enough to go on; it goes on after the step that failed"},
    {.key = "rollback", .shape = SHAPE_BOOL, .fallback = "true", .doc = "Whether to undo first what the step did"},
};

static const struct field fork_rows[] = {
    {.key = "join", .shape = SHAPE_JOIN, .fallback = "\"all\"",
     .doc = "all, the first to succeed, the first to end (race), or how many must succeed"},
    {.key = "branches", .shape = SHAPE_BRANCHES, .flags = FIELD_REQUIRED, .doc = "The steps of each branch, by its name"},
};

static const struct field for_rows[] = {
    {.key = "each", .shape = SHAPE_VARIABLE, .flags = FIELD_REQUIRED, .doc = "The variable that holds the item, without $"},
    {.key = "in", .shape = SHAPE_EXPR, .flags = FIELD_REQUIRED, .doc = "Gives the array"},
    {.key = "at", .shape = SHAPE_VARIABLE, .doc = "The variable that holds the item's index, from 0"},
    {.key = "batch", .shape = SHAPE_INTEGER, .least = 1, .most = LOOP_ITEMS_MAX, .doc = "So many items at a time: the variable holds an array"},
    {.key = "parallel", .shape = SHAPE_INTEGER, .least = 1, .most = LOOP_PARALLEL_MAX, .fallback = "1", .doc = "How many run side by side"},
    {.key = "pause", .shape = SHAPE_SPAN, .doc = "Between one item's end and the next one's start"},
    {.key = "join", .shape = SHAPE_JOIN, .fallback = "\"all\"", .doc = "When it is enough, as in fork"},
    {.key = "onError", .shape = SHAPE_CHOICE, .values = "fail collect", .fallback = "\"fail\"",
     .doc = "Whether an item's error fails the step, or is kept as {error} in its place"},
    {.key = "while", .shape = SHAPE_EXPR, .doc = "Stop before the first item for which this is not true"},
    {.key = "result", .shape = SHAPE_EXPR, .context = CONTEXT_ITEM, .doc = "What to keep of an item; '.' is what its steps added"},
};
/* clang-format on */

#endif
