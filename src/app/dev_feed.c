#include "app/dev_feed.h"

#include <stdlib.h>
#include <string.h>

#include "app/dev_flows.h"
#include "app/dev_lines.h"
#include "base/duration.h"

struct feed {
    const struct feed_options *options;
    struct lines lines;
    const char *file; /* As errors name it. */
    uint32_t sent;    /* Of the command line's. */
    uint32_t made;    /* Made-up ones, of the start that is at turn. */
    uint32_t flow;    /* Whose start is at turn. */
    uint32_t start;
    uint32_t number; /* Of the made-up messages in all. */
    int64_t begun_ms;
    int64_t due_ms; /* When the next one may go out. */
    bool held;      /* `next` waits for its time. */
    struct example_message next;
};

/* ---- topics ---- */

struct named_topic {
    const struct flow *by_hand; /* No topic: the flow is started by hand. */
    const struct topic *topic;
    struct text type; /* Of the only start there is from it; else empty. */
};

/* By the name on the broker or by alias. */
static bool find_topic(const struct feed *feed, struct text name, struct named_topic *found)
{
    for (uint32_t i = 0; i < feed->options->flow_count; i++) {
        const struct flow *flow = feed->options->flows[i];

        for (uint32_t k = 0; k < flow->topic_count; k++) {
            if (text_equal(flow->topics[k].name, name) || text_equal(flow->topics[k].alias, name)) {
                *found = (struct named_topic){.topic = &flow->topics[k]};
                return true;
            }
        }
    }
    return false;
}

/* Only people, or other flows, start it. */
static bool is_by_hand(const struct flow *flow)
{
    return flow->manual != NULL && flow->start_count == 0 && flow->schedule_count == 0;
}

static bool find_by_hand(const struct feed *feed, struct text name, struct named_topic *found)
{
    for (uint32_t i = 0; i < feed->options->flow_count; i++) {
        const struct flow *flow = feed->options->flows[i];

        if (flow->manual != NULL && text_equal(flow->name, name)) {
            *found = (struct named_topic){.by_hand = flow};
            return true;
        }
    }
    return false;
}

/* The only start topic of all flows; of a single flow that is started by hand, that. */
static enum status only_topic(const struct feed *feed, struct named_topic *found, struct error *err)
{
    uint32_t starts = 0;

    *found = (struct named_topic){.topic = NULL};
    for (uint32_t i = 0; i < feed->options->flow_count; i++) {
        const struct flow *flow = feed->options->flows[i];

        for (uint32_t k = 0; k < flow->start_count; k++) {
            const struct topic *topic = &flow->topics[flow->starts[k].topic];

            if (found->topic != NULL && !text_equal(topic->name, found->topic->name)) {
                return fail(err, STATUS_REJECT,
                            "flows start from '%.*s' and from '%.*s': name the topic (--send TOPIC "
                            "JSON, or {\"topic\": ..., \"value\": ...} as a line)",
                            TEXT_ARG(found->topic->name), TEXT_ARG(topic->name));
            }
            found->topic = topic;
            found->type = flow->starts[k].type;
            starts++;
        }
    }
    if (starts != 1) {
        found->type = TEXT("");
    }
    if (starts == 0 && feed->options->flow_count == 1 && is_by_hand(feed->options->flows[0])) {
        found->by_hand = feed->options->flows[0];
        return STATUS_OK;
    }
    return found->topic == NULL ? fail(err, STATUS_REJECT, "no flow starts from a topic")
                                : STATUS_OK;
}

static enum status choose_topic(const struct feed *feed, struct text name,
                                struct named_topic *found, struct error *err)
{
    if (name.bytes == 0) {
        return only_topic(feed, found, err);
    }
    if (!find_topic(feed, name, found) && !find_by_hand(feed, name, found)) {
        return fail(err, STATUS_REJECT,
                    "no flow knows a topic '%.*s', and none that is started by hand has this name",
                    TEXT_ARG(name));
    }
    return STATUS_OK;
}

/* ---- one message from JSON ---- */

static bool is_envelope(const struct json *line)
{
    static const char *const members[] = {"topic", "value", "key", "type", "headers", "after"};
    struct json_cursor cursor = {.started = false};
    const struct json *value;
    struct text key;

    if (json_kind(line) != JSON_OBJECT || json_member(line, "value") == NULL) {
        return false;
    }
    while (json_next(line, &cursor, &key, &value)) {
        bool known = false;

        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
            known = known || text_is(key, members[i]);
        }
        if (!known) {
            return false;
        }
    }
    return true;
}

static enum status take_after(struct feed *feed, const struct json *line, struct error *err)
{
    struct text after = json_member_text(line, "after");
    int64_t after_ms = 0;
    enum status status = STATUS_OK;

    if (after.bytes > 0) {
        status = duration_parse(after, &after_ms, err);
        if (feed->begun_ms + after_ms > feed->due_ms) {
            feed->due_ms = feed->begun_ms + after_ms;
        }
    }
    return status;
}

static enum status take_json(struct feed *feed, struct text topic, const struct json *line,
                             struct example_message *message, struct error *err)
{
    bool wrapped = is_envelope(line);
    const struct json *headers = wrapped ? json_member(line, "headers") : NULL;
    struct named_topic named = {.topic = NULL};
    struct json *key = NULL;
    struct text type;
    enum status status;

    if (wrapped && json_member(line, "topic") != NULL) {
        topic = json_member_text(line, "topic");
    }
    status = choose_topic(feed, topic, &named, err);
    if (status == STATUS_OK && wrapped) {
        status = take_after(feed, line, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *message = (struct example_message){
        .by_hand = named.by_hand,
        .topic = named.by_hand != NULL ? TEXT("") : named.topic->name,
        .format = named.by_hand != NULL ? FORMAT_JSON : named.topic->format,
        .value = json_copy(wrapped ? json_member(line, "value") : line),
        .headers = headers != NULL && json_kind(headers) == JSON_OBJECT ? json_open_copy(headers)
                                                                        : json_object()};
    key = wrapped ? json_copy(json_member(line, "key")) : NULL;
    if (key != NULL && !json_scalar_text(key, &message->key)) {
        json_write(key, &message->key);
    }
    json_free(key);
    if (named.by_hand != NULL) {
        if (message->key.bytes == 0) {
            buffer_addf(&message->key, "by-hand-%u", ++feed->number);
        }
        return STATUS_OK;
    }
    type = wrapped ? json_member_text(line, "type") : TEXT("");
    /* Without a key it is sent as well: what becomes of it is to be seen. */
    (void)!example_message_complete(message, named.topic, type.bytes > 0 ? type : named.type, NULL);
    return STATUS_OK;
}

static enum status take_text(struct feed *feed, struct text topic, struct text text,
                             struct example_message *message, struct error *err)
{
    struct json *line = NULL;
    enum status status = json_parse(text, &line, err);

    if (status == STATUS_OK) {
        status = take_json(feed, topic, line, message, err);
    }
    json_free(line);
    return status;
}

/* ---- the sources, one after the other ---- */

static enum feed_state take_line(struct feed *feed, struct example_message *message,
                                 struct error *err)
{
    struct text line;
    enum status status;

    switch (lines_next(&feed->lines, &line)) {
    case LINES_READY:
        break;
    case LINES_WAIT:
        return FEED_WAITS;
    case LINES_OVER:
        return FEED_OVER;
    case LINES_TOO_LONG:
        (void)!fail(err, STATUS_REJECT, "%s:%u: the line is too long", feed->file,
                    feed->lines.number);
        return FEED_BROKEN;
    }
    status = take_text(feed, TEXT(""), line, message, err);
    if (status == STATUS_OK) {
        return FEED_READY;
    }
    (void)!fail_in(err, status, "%s:%u", feed->file, feed->lines.number);
    return FEED_WRONG;
}

/* A start from a topic that an earlier one starts from as well gets its messages anyway. */
static bool is_covered(const struct feed *feed, const struct flow *flow, uint32_t start)
{
    const struct start *wanted = &flow->starts[start];
    struct text name = flow->topics[wanted->topic].name;

    for (uint32_t i = 0; i <= feed->flow; i++) {
        const struct flow *other = feed->options->flows[i];
        uint32_t most = i == feed->flow ? start : other->start_count;

        for (uint32_t k = 0; k < most; k++) {
            if (text_equal(other->topics[other->starts[k].topic].name, name) &&
                text_equal(other->starts[k].type, wanted->type) && wanted->when == NULL) {
                return true;
            }
        }
    }
    return false;
}

static enum feed_state take_made(struct feed *feed, struct example_message *message,
                                 struct error *err)
{
    const struct feed_options *options = feed->options;

    while (feed->flow < options->flow_count) {
        const struct flow *flow = options->flows[feed->flow];

        /* One that another of them runs gets its runs from that. */
        if (is_by_hand(flow) && feed->made < options->count &&
            dev_parent_of(options->flows, options->flow_count, flow) == NULL) {
            feed->made++;
            example_by_hand(flow, ++feed->number, message);
            return FEED_READY;
        }
        if (feed->start >= flow->start_count) {
            feed->flow++;
            feed->start = 0;
            feed->made = 0;
        } else if (feed->made >= options->count || is_covered(feed, flow, feed->start)) {
            feed->start++;
            feed->made = 0;
        } else {
            feed->made++;
            feed->number++;
            if (example_start(flow, feed->start, feed->number, message, err) == STATUS_OK) {
                return FEED_READY;
            }
            example_message_release(message);
            feed->made = options->count;
            return FEED_WRONG;
        }
    }
    return FEED_OVER;
}

static enum feed_state take(struct feed *feed, struct example_message *message, struct error *err)
{
    const struct feed_options *options = feed->options;
    enum feed_state state;

    if (feed->sent < options->send_count) {
        const struct feed_send *send = &options->sends[feed->sent++];
        enum status status = take_text(feed, text_of(send->topic), text_of(send->value), message,
                                       err);

        if (status == STATUS_OK) {
            return FEED_READY;
        }
        (void)!fail_in(err, status, "--send %s", send->topic == NULL ? "" : send->topic);
        return FEED_WRONG;
    }
    state = feed->file == NULL ? FEED_OVER : take_line(feed, message, err);
    return state == FEED_OVER ? take_made(feed, message, err) : state;
}

enum feed_state feed_next(struct feed *feed, int64_t now_ms, struct example_message *message,
                          int64_t *due_ms, struct error *err)
{
    if (!feed->held) {
        enum feed_state state = take(feed, &feed->next, err);

        if (state != FEED_READY) {
            return state;
        }
        feed->held = true;
    }
    if (feed->due_ms > now_ms) {
        *due_ms = feed->due_ms;
        return FEED_LATER;
    }
    *message = feed->next;
    feed->held = false;
    feed->due_ms = now_ms + feed->options->every_ms;
    return FEED_READY;
}

bool feed_is_interactive(const struct feed *feed)
{
    return feed->file != NULL && strcmp(feed->options->file, "-") == 0 && !feed->lines.over;
}

enum status feed_open(const struct feed_options *options, int64_t now_ms, struct feed **feed,
                      struct error *err)
{
    struct feed *made = calloc(1, sizeof(*made));
    enum status status = STATUS_OK;

    CHECK(made != NULL);
    *made = (struct feed){.options = options,
                          .begun_ms = now_ms,
                          .due_ms = now_ms,
                          .lines = {.fd = -1, .over = true}};
    if (options->file != NULL) {
        made->file = strcmp(options->file, "-") == 0 ? "standard input" : options->file;
        status = lines_open(options->file, &made->lines, err);
    }
    if (status != STATUS_OK) {
        feed_close(made);
        return status;
    }
    *feed = made;
    return STATUS_OK;
}

void feed_close(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    if (feed->held) {
        example_message_release(&feed->next);
    }
    lines_close(&feed->lines);
    free(feed);
}
