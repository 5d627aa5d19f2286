/*
 * fields_rows - the rows of the table of fields.h. Included by fields.c alone; a row's place in its
 * list is the order in which reference pages show it.
 */
#ifndef BATON_COMPILE_FIELDS_ROWS_H
#define BATON_COMPILE_FIELDS_ROWS_H

#include "base/limits.h"
#include "compile/fields.h"

/* clang-format off */
#define ERRORS_REPEATED \
    "[\"timeout\",\"communication\",\"heartbeat\",\"breaker-open\",\"rate-limited\",\"child-failed\"]"

static const struct field flow_rows[] = {
    {.key = "flow", .shape = SHAPE_FLOW_NAME, .flags = FIELD_REQUIRED, .doc = "Name of the flow"},
    {.key = "version", .shape = SHAPE_INTEGER, .flags = FIELD_REQUIRED, .least = 1, .most = INT32_MAX,
     .doc = "Version of the flow; a change needs a higher one"},
    {.key = "title", .shape = SHAPE_TEXT, .flags = FIELD_INFO, .doc = "One line for people"},
    {.key = "description", .shape = SHAPE_TEXT, .flags = FIELD_INFO, .doc = "More for people"},
    {.key = "labels", .shape = SHAPE_TEXTS, .flags = FIELD_INFO, .doc = "Texts by name, for finding flows"},
    {.key = "owner", .shape = SHAPE_TEXT, .flags = FIELD_INFO, .doc = "Who to ask"},
    {.key = "mode", .shape = SHAPE_CHOICE, .values = "orchestrate observe", .fallback = "\"orchestrate\"",
     .doc = "Drive the services, or only watch them"},
    {.key = "use", .shape = SHAPE_FILES, .doc = "Estate files, relative to this one"},
    {.key = "topics", .shape = SHAPE_NAMED, .object = OBJECT_TOPIC, .doc = "Topics by alias"},
    {.key = "services", .shape = SHAPE_NAMED, .object = OBJECT_SERVICE, .doc = "Services by name"},
    {.key = "retries", .shape = SHAPE_NAMED, .object = OBJECT_POLICY, .doc = "Retry policies by name"},
    {.key = "key", .shape = SHAPE_CORRELATION, .context = CONTEXT_KEY,
     .doc = "What identifies an instance: its place in the instance document, and in messages of topics without a key of their own"},
    {.key = "start", .shape = SHAPE_OBJECTS, .object = OBJECT_START, .flags = FIELD_REQUIRED,
     .doc = "What starts an instance"},
    {.key = "early", .shape = SHAPE_DURATION, .fallback = "600000",
     .doc = "How long a message for an unknown key waits for its start"},
    {.key = "remember", .shape = SHAPE_DURATION, .fallback = "86400000",
     .doc = "How long a finished key is remembered, so that a repeated start does not run again"},
    {.key = "data", .shape = SHAPE_TEMPLATE, .context = CONTEXT_DATA,
     .doc = "The first instance document; else the payload of the start message"},
    {.key = "timeout", .shape = SHAPE_SPAN, .context = CONTEXT_OPEN,
     .doc = "Of the whole flow; none says that no limit is meant"},
    {.key = "warnAfter", .shape = SHAPE_SPAN, .context = CONTEXT_OPEN,
     .doc = "Alert when the flow has not ended by then"},
    {.key = "saga", .shape = SHAPE_OBJECT, .object = OBJECT_SAGA, .fallback = "{}",
     .doc = "How compensation goes"},
    {.key = "alerts", .shape = SHAPE_TOPIC, .doc = "Topic for warnings; else the engine's"},
    {.key = "keep", .shape = SHAPE_DURATION, .fallback = "604800000",
     .doc = "How long the history of a finished run is kept"},
    {.key = "do", .shape = SHAPE_STEPS, .flags = FIELD_REQUIRED, .doc = "The steps"},
    {.key = "onFailure", .shape = SHAPE_STEPS, .doc = "Steps run after compensation ended"},
    {.key = "result", .shape = SHAPE_TEMPLATE, .context = CONTEXT_RESULT,
     .doc = "The completion record; else the instance document"},
    {.key = "always", .shape = SHAPE_STEPS, .doc = "Steps run at every end, last of all"},
    {.key = "handle", .shape = SHAPE_HANDLERS, .object = OBJECT_HANDLER,
     .doc = "What may come at any time while the run goes on"},
};

static const struct field estate_rows[] = {
    {.key = "use", .shape = SHAPE_FILES, .doc = "More estate files"},
    {.key = "topics", .shape = SHAPE_NAMED, .object = OBJECT_TOPIC, .doc = "Topics by alias"},
    {.key = "services", .shape = SHAPE_NAMED, .object = OBJECT_SERVICE, .doc = "Services by name"},
    {.key = "retries", .shape = SHAPE_NAMED, .object = OBJECT_POLICY, .doc = "Retry policies by name"},
};

static const struct field topic_rows[] = {
    {.key = "name", .shape = SHAPE_TOPIC_NAME, .flags = FIELD_REQUIRED, .doc = "Name on the broker"},
    {.key = "format", .shape = SHAPE_CHOICE, .values = "json avro string bytes", .fallback = "\"json\"",
     .doc = "How payloads are encoded"},
    {.key = "key", .shape = SHAPE_CORRELATION, .context = CONTEXT_KEY,
     .doc = "Where the business key sits in this topic's messages; else as the flow's key"},
    {.key = "type", .shape = SHAPE_OBJECT, .object = OBJECT_LOCATOR, .doc = "Where the message type sits"},
    {.key = "id", .shape = SHAPE_OBJECT, .object = OBJECT_ID,
     .doc = "Where the producer's message id sits; else topic, partition and offset"},
    {.key = "envelope", .shape = SHAPE_CHOICE, .values = "none cloudevents", .fallback = "\"none\"",
     .doc = "What wraps the payload"},
    {.key = "tombstone", .shape = SHAPE_CHOICE, .values = "skip deliver", .fallback = "\"skip\"",
     .doc = "What to do with a record without a value"},
};

static const struct field locator_rows[] = {
    {.key = "header", .shape = SHAPE_HEADER_NAME, .doc = "In this header"},
    {.key = "path", .shape = SHAPE_EXPR, .context = CONTEXT_KEY, .doc = "In the payload"},
    {.key = "record", .shape = SHAPE_TRUE, .doc = "The key of the record"},
};

static const struct field id_rows[] = {
    {.key = "header", .shape = SHAPE_HEADER_NAME, .doc = "In this header"},
    {.key = "path", .shape = SHAPE_EXPR, .context = CONTEXT_KEY, .doc = "In the payload"},
};

static const struct field service_rows[] = {
    {.key = "commands", .shape = SHAPE_TOPIC_NAME, .flags = FIELD_REQUIRED, .doc = "Topic of its commands"},
    {.key = "replies", .shape = SHAPE_TOPIC_NAME, .doc = "Topic of its replies"},
    {.key = "format", .shape = SHAPE_CHOICE, .values = "json avro string bytes", .fallback = "\"json\"",
     .doc = "How commands and replies are encoded"},
    {.key = "type", .shape = SHAPE_OBJECT, .object = OBJECT_LOCATOR,
     .doc = "Where the message type sits; else in the header message-type"},
    {.key = "correlate", .shape = SHAPE_CORRELATION, .context = CONTEXT_KEY,
     .doc = "The header in which replies echo the command id (else correlation-id), or the business key in them"},
    {.key = "success", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE, .doc = "True for a reply that says done"},
    {.key = "failure", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE, .doc = "True for a reply that says refused"},
    {.key = "error", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE, .doc = "Names the error of a refusal"},
    {.key = "reason", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE, .doc = "Its title, for people"},
    {.key = "timeout", .shape = SHAPE_DURATION, .fallback = "60000", .doc = "Of each attempt of a request"},
    {.key = "retry", .shape = SHAPE_RETRY, .object = OBJECT_POLICY, .doc = "For requests without a retry of their own"},
    {.key = "headers", .shape = SHAPE_RENAMES, .doc = "Other names for the headers of commands"},
    {.key = "group", .shape = SHAPE_TEXT, .doc = "The service's consumer group: its lag is the metric baton_service_lag_records"},
    {.key = "progress", .shape = SHAPE_EXPR, .context = CONTEXT_MESSAGE, .doc = "True for a reply that says it is still at work; its payload is $progress"},
    {.key = "rate", .shape = SHAPE_RATE, .object = OBJECT_RATE, .doc = "So many requests a time, of all runs together"},
    {.key = "breaker", .shape = SHAPE_BREAKER, .object = OBJECT_BREAKER,
     .doc = "Stops requests for a while after so many failures: they fail with breaker-open"},
    {.key = "concurrency", .shape = SHAPE_INTEGER, .least = 1, .most = 1000000, .doc = "So many requests at once, of all runs together"},
};

#define POLICY_ROWS(attempts_fallback, total_fallback, errors_fallback) \
    {.key = "attempts", .shape = SHAPE_INTEGER, .least = 1, .most = 1000000, .fallback = (attempts_fallback), \
     .doc = "All tries, the first one counted"}, \
    {.key = "delay", .shape = SHAPE_DURATION, .fallback = "1000", .doc = "Before the second try"}, \
    {.key = "backoff", .shape = SHAPE_CHOICE, .values = "constant linear exponential", \
     .fallback = "\"exponential\"", .doc = "How the delay grows"}, \
    {.key = "factor", .shape = SHAPE_FACTOR, .fallback = "2", .doc = "Of exponential growth"}, \
    {.key = "max", .shape = SHAPE_DURATION, .fallback = "60000",\
     .doc = "The longest delay; without it a minute, or `delay` if that is longer"}, \
    {.key = "jitter", .shape = SHAPE_PERCENT, .fallback = "20", .doc = "How far a delay may differ, either way"}, \
    {.key = "total", .shape = SHAPE_DURATION, .fallback = (total_fallback), \
     .doc = "From the first try; no try begins later"}, \
    {.key = "errors", .shape = SHAPE_NAMES, .fallback = (errors_fallback), .doc = "Errors that are tried again"}, \
    {.key = "exceptErrors", .shape = SHAPE_NAMES, .fallback = "[]", .doc = "Errors that are not"}

static const struct field policy_rows[] = {POLICY_ROWS("3", NULL, ERRORS_REPEATED)};
/* An undo has to succeed in the end: no bound but a day, and a refusal is tried again as well. */
static const struct field saga_policy_rows[] = {POLICY_ROWS(NULL, "86400000", "[\"any\"]")};

static const struct field saga_rows[] = {
    {.key = "order", .shape = SHAPE_CHOICE, .values = "reverse parallel", .fallback = "\"reverse\"",
     .doc = "One undo after the other, or all at once"},
    {.key = "inDoubt", .shape = SHAPE_CHOICE, .values = "compensate skip", .fallback = "\"compensate\"",
     .doc = "What to do with a step whose outcome is unknown"},
    {.key = "retry", .shape = SHAPE_RETRY, .object = OBJECT_SAGA_POLICY, .doc = "For undos without a retry of their own"},
    {.key = "whenStuck", .shape = SHAPE_CHOICE, .values = "hold continue", .fallback = "\"hold\"",
     .doc = "What becomes of the other undos when one is stuck"},
};

static const struct field start_rows[] = {
    {.key = "topic", .shape = SHAPE_TOPIC, .doc = "The topic whose messages start instances"},
    {.key = "manual", .shape = SHAPE_TRUE, .doc = "People start instances: baton start FLOW --key KEY"},
    {.key = "type", .shape = SHAPE_TEXT, .doc = "Only messages of this type"},
    {.key = "when", .shape = SHAPE_EXPR, .context = CONTEXT_START, .doc = "Only messages for which this is true"},
    {.key = "from", .shape = SHAPE_FROM, .fallback = "\"now\"", .doc = "Where to begin reading: now, earliest, or a time"},
    {.key = "ifRunning", .shape = SHAPE_CHOICE, .values = "ignore queue restart", .fallback = "\"ignore\"",
     .doc = "A start for a key that is running"},
    {.key = "afterDone", .shape = SHAPE_CHOICE, .values = "ignore restart", .fallback = "\"ignore\"",
     .doc = "A start for a key that is done and still remembered"},
    {.key = "cron", .shape = SHAPE_TEXT, .doc = "An instance at these times: minute, hour, day, month, weekday; its key is the time"},
    {.key = "zone", .shape = SHAPE_TEXT, .doc = "Time zone of cron, as Europe/Berlin; else UTC"},
    {.key = "every", .shape = SHAPE_DURATION, .doc = "An instance every so often, at multiples since 1970 in UTC; its key is the time"},
    {.key = "catchUp", .shape = SHAPE_CHOICE, .values = "last all none",
     .doc = "Times that came while no worker was there: start for the last of them (default), for all, for none"},
    {.key = "batch", .shape = SHAPE_OBJECT, .object = OBJECT_BATCH,
     .doc = "One instance for several messages: its document is {items: [...]}, its key the place of the first"},
};

static const struct field batch_rows[] = {
    {.key = "max", .shape = SHAPE_INTEGER, .flags = FIELD_REQUIRED, .least = 1, .most = BATCH_MESSAGES_MAX,
     .doc = "So many, or as many as take 256 KiB together"},
    {.key = "within", .shape = SHAPE_DURATION, .flags = FIELD_REQUIRED,
     .doc = "Or those that came within so long of the first"},
};

static const struct field step_rows[] = {
    {.key = "step", .shape = SHAPE_STEP_NAME, .flags = FIELD_REQUIRED, .actions = ON_ALL,
     .doc = "Its name: unique in the flow, its identity in history"},
    {.key = "if", .shape = SHAPE_EXPR, .actions = ON_ALL, .doc = "Skip the step unless this is true"},
    {.key = "as", .shape = SHAPE_AS, .actions = ON_REQUEST | ON_LISTEN | ON_FORK | ON_FOR | ON_RUN,
     .doc = "Where the result goes, else the step's name; false drops it"},
    {.key = "keep", .shape = SHAPE_TEMPLATE, .actions = ON_REQUEST | ON_LISTEN | ON_FORK | ON_FOR | ON_RUN, .context = CONTEXT_KEEP,
     .doc = "What to keep of the result"},
    {.key = "timeout", .shape = SHAPE_SPAN, .actions = ON_REQUEST | ON_LISTEN | ON_BLOCKS | ON_RUN,
     .doc = "Of each attempt of a request, of the whole wait or block otherwise"},
    {.key = "warnAfter", .shape = SHAPE_SPAN, .actions = ON_REQUEST | ON_LISTEN | ON_WAIT | ON_BLOCKS | ON_RUN,
     .doc = "Alert when it takes longer, and keep waiting"},
    {.key = "retry", .shape = SHAPE_RETRY, .object = OBJECT_POLICY, .actions = ON_REQUEST | ON_DO | ON_TRY,
     .doc = "A retry policy's name, a number of attempts, or a policy; a block is rolled back before it is tried again"},
    {.key = "catch", .shape = SHAPE_CATCHES, .object = OBJECT_CATCH, .actions = ON_ALL & ~(ON_SWITCH | ON_END | ON_ROLLBACK),
     .doc = "What to do about errors of this step; first it is undone"},
    {.key = "compensate", .shape = SHAPE_COMPENSATE, .object = OBJECT_UNDO, .actions = ON_REQUEST | ON_EMIT,
     .doc = "What undoes the step; none says that nothing has to"},
    {.key = "pivot", .shape = SHAPE_BOOL, .actions = ON_REQUEST | ON_EMIT | ON_LISTEN,
     .doc = "Once it succeeds there is no way back, only forward"},
    {.key = "inDoubt", .shape = SHAPE_CHOICE, .values = "compensate skip", .actions = ON_REQUEST,
     .doc = "Whether to undo it when its outcome is unknown"},
    {.key = "then", .shape = SHAPE_THEN, .actions = ON_ALL & ~(ON_RAISE | ON_END),
     .doc = "Where to go when it ran: a step of the same list, continue, or end"},
    {.key = "note", .shape = SHAPE_TEXT_TEMPLATE, .actions = ON_ALL, .context = CONTEXT_NOTE, .doc = "A line for history and log"},
    {.key = "remind", .shape = SHAPE_REMIND, .object = OBJECT_REMIND,
     .actions = ON_REQUEST | ON_LISTEN | ON_RUN, .doc = "Steps that run beside the wait from time to time, and stop with it"},
};

static const struct field request_rows[] = {
    {.key = "request", .shape = SHAPE_SERVICE, .flags = FIELD_ACTION, .doc = "Send a command to this service and wait for the reply"},
    {.key = "type", .shape = SHAPE_TEXT_TEMPLATE, .doc = "Type of the command"},
    {.key = "key", .shape = SHAPE_EXPR, .doc = "Key of the record; else the instance's"},
    {.key = "value", .shape = SHAPE_TEMPLATE, .doc = "The payload; else the instance document"},
    {.key = "headers", .shape = SHAPE_MAP_TEMPLATE, .doc = "More headers"},
    {.key = "reply", .shape = SHAPE_OBJECT, .object = OBJECT_REPLY, .context = CONTEXT_MESSAGE,
     .doc = "What replies mean, where it differs from the service"},
    {.key = "cancel", .shape = SHAPE_OBJECT, .object = OBJECT_CANCEL, .doc = "Sent when the step is abandoned"},
    {.key = "heartbeat", .shape = SHAPE_SPAN,
     .doc = "Fails with heartbeat when it is silent for so long; a reply that is progress begins the time anew"},
};

static const struct field emit_rows[] = {
    {.key = "emit", .shape = SHAPE_TOPIC, .flags = FIELD_ACTION, .doc = "Produce a message to this topic"},
    {.key = "type", .shape = SHAPE_TEXT_TEMPLATE, .doc = "Type of the message"},
    {.key = "key", .shape = SHAPE_EXPR, .doc = "Key of the record; else the instance's"},
    {.key = "value", .shape = SHAPE_TEMPLATE, .doc = "The payload; else the instance document"},
    {.key = "headers", .shape = SHAPE_MAP_TEMPLATE, .doc = "More headers"},
};

static const struct field listen_step_rows[] = {
    {.key = "listen", .shape = SHAPE_LISTEN, .object = OBJECT_LISTEN, .flags = FIELD_ACTION,
     .doc = "Wait for a message"},
};

static const struct field wait_step_rows[] = {
    {.key = "wait", .shape = SHAPE_WAIT, .object = OBJECT_WAIT, .flags = FIELD_ACTION, .doc = "Let time pass"},
};

static const struct field set_rows[] = {
    {.key = "set", .shape = SHAPE_MAP_TEMPLATE, .flags = FIELD_ACTION, .doc = "Merge this into the instance document"},
};

static const struct field switch_rows[] = {
    {.key = "switch", .shape = SHAPE_CASES, .object = OBJECT_CASE, .flags = FIELD_ACTION,
     .doc = "Take the first case that is true; none: go on"},
};

static const struct field raise_step_rows[] = {
    {.key = "raise", .shape = SHAPE_RAISE, .object = OBJECT_RAISE, .flags = FIELD_ACTION,
     .doc = "Fail with this error"},
};

static const struct field end_rows[] = {
    {.key = "end", .shape = SHAPE_CHOICE, .values = "completed failed cancelled", .flags = FIELD_ACTION,
     .doc = "End the run; failed triggers compensation"},
    {.key = "reason", .shape = SHAPE_TEXT_TEMPLATE, .doc = "Why, for people"},
};

static const struct field do_rows[] = {
    {.key = "do", .shape = SHAPE_BODY, .flags = FIELD_ACTION, .doc = "Run these steps as a block"},
    {.key = "handle", .shape = SHAPE_HANDLERS, .object = OBJECT_HANDLER,
     .doc = "What may come at any time while the block runs"},
};

static const struct field try_rows[] = {
    {.key = "try", .shape = SHAPE_BODY, .flags = FIELD_ACTION, .doc = "Run these steps; their errors are caught or the block is tried again"},
};

static const struct field fork_step_rows[] = {
    {.key = "fork", .shape = SHAPE_OBJECT, .object = OBJECT_FORK, .flags = FIELD_ACTION, .doc = "Run branches side by side"},
};

static const struct field for_step_rows[] = {
    {.key = "for", .shape = SHAPE_FOR, .object = OBJECT_FOR, .flags = FIELD_ACTION, .doc = "Run the steps of 'do' for each item"},
    {.key = "do", .shape = SHAPE_BODY, .flags = FIELD_REQUIRED, .doc = "The steps"},
};

static const struct field rollback_rows[] = {
    {.key = "rollback", .shape = SHAPE_ROLLBACK, .flags = FIELD_ACTION, .doc = "Undo now: all, or what these steps did, the latest first"},
};

static const struct field run_rows[] = {
    {.key = "run", .shape = SHAPE_TEXT_TEMPLATE, .flags = FIELD_ACTION,
     .doc = "Run an instance of this flow as a child; what it does is undone with this one"},
    {.key = "version", .shape = SHAPE_VERSION, .fallback = "\"latest\"",
     .doc = "Version of the flow; it is settled when the child starts"},
    {.key = "input", .shape = SHAPE_TEMPLATE, .doc = "What the child starts with; else the instance document"},
    {.key = "key", .shape = SHAPE_EXPR, .doc = "The child's business key; else <own key>/<step>, in a for with /<index>"},
    {.key = "await", .shape = SHAPE_BOOL, .fallback = "true",
     .doc = "Wait for the child's end; its result is the step's"},
    {.key = "parentClose", .shape = SHAPE_CHOICE, .values = "cancel abandon", .fallback = "\"cancel\"",
     .doc = "Whether the child is cancelled and undone with this run, or goes on by itself"},
    {.key = "ifRunning", .shape = SHAPE_CHOICE, .values = "fail join", .fallback = "\"fail\"",
     .doc = "A child that runs already: fail with child-failed, or wait for that one"},
};

static const struct field undo_rows[] = {
    {.key = "timeout", .shape = SHAPE_SPAN, .actions = ON_REQUEST | ON_UNDO_BLOCK,
     .doc = "Of each attempt; of do, none otherwise"},
    {.key = "retry", .shape = SHAPE_RETRY, .object = OBJECT_POLICY, .actions = ON_REQUEST | ON_UNDO_BLOCK,
     .doc = "Else the saga's; with do each attempt begins anew"},
};

static const struct field undo_block_rows[] = {
    {.key = "do", .shape = SHAPE_STEPS, .flags = FIELD_ACTION,
     .doc = "Run these steps, on a copy of the document as it was when the step was done"},
};

static const struct field undo_request_rows[] = {
    {.key = "request", .shape = SHAPE_SERVICE, .flags = FIELD_ACTION, .doc = "Send a command to this service and wait for the reply"},
    {.key = "type", .shape = SHAPE_TEXT_TEMPLATE, .doc = "Type of the command"},
    {.key = "key", .shape = SHAPE_EXPR, .doc = "Key of the record; else the instance's"},
    {.key = "value", .shape = SHAPE_TEMPLATE, .doc = "The payload; else the instance document"},
    {.key = "headers", .shape = SHAPE_MAP_TEMPLATE, .doc = "More headers"},
    {.key = "reply", .shape = SHAPE_OBJECT, .object = OBJECT_REPLY, .context = CONTEXT_MESSAGE,
     .doc = "What replies mean; the service's failure is not inherited when success is given"},
    {.key = "heartbeat", .shape = SHAPE_SPAN,
     .doc = "Fails with heartbeat when it is silent for so long; a reply that is progress begins the time anew"},
    {.key = "cancel", .shape = SHAPE_OBJECT, .object = OBJECT_CANCEL, .doc = "Sent when the undo is skipped, or its run terminated"},
};

/* clang-format on */

#endif
