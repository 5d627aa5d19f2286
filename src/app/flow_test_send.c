/* What comes from outside in a case: messages, and what operators do. */
#include <stdio.h>

#include "app/flow_test_facts.h"
#include "app/flow_test_run.h"
#include "base/duration.h"
#include "core/correlate.h"

struct found_topic {
    const struct topic *topic;
    struct text type; /* Of its only start; else empty. */
    bool is_chosen;   /* The test says this type. */
};

/* By alias, or by the name on the broker. */
static bool find_topic(const struct flow_test_flows *flows, struct text name,
                       struct found_topic *found)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        const struct flow *flow = flows->items[i];

        for (uint32_t k = 0; k < flow->topic_count; k++) {
            struct text known = flow->topics[k].name;

            known = text_sub(known, flows->prefix.bytes, known.bytes);
            if (text_equal(flow->topics[k].alias, name) || text_equal(known, name)) {
                *found = (struct found_topic){.topic = &flow->topics[k]};
                return true;
            }
        }
    }
    return false;
}

/* The only one that the first flow starts from. */
static bool start_topic(const struct flow_test_flows *flows, struct found_topic *found)
{
    const struct flow *flow = flows->items[0];

    for (uint32_t i = 0; i < flow->start_count; i++) {
        const struct topic *topic = &flow->topics[flow->starts[i].topic];

        if (i > 0 && topic != found->topic) {
            return false;
        }
        *found = (struct found_topic){.topic = topic,
                                      .type = i == 0 ? flow->starts[i].type : TEXT("")};
    }
    return flow->start_count > 0;
}

/* ---- values ---- */

static struct json *render(const struct dev_world *world, const struct template *template,
                           struct place place, struct diagnostics *diagnostics)
{
    const struct json *variables[VARIABLE_FIXED_COUNT] = {NULL};
    char time[TIME_TEXT_BYTES];
    struct expr_env env = {.variables = variables, .variable_count = VARIABLE_FIXED_COUNT};
    struct json *value = NULL;
    struct json *now;
    struct error err;

    time_format(world->sim.now_ms, time);
    now = json_string(time);
    variables[VARIABLE_NOW] = now;
    if (template != NULL && template_render(template, &env, &value, &err) != STATUS_OK) {
        diagnostics_error(diagnostics, "D503", place, "%s", err.text);
    }
    json_free(now);
    return value;
}

/* A type that the message says itself stays, so that one of another type can be sent. */
static bool says_type(const struct topic *topic, const struct example_message *message)
{
    struct record_view view = {
        .payload = message->value, .key = buffer_text(&message->key), .headers = message->headers};
    struct buffer type = {0};
    bool is_said;

    correlate_locate(&topic->type, &view, &type);
    is_said = type.bytes > 0;
    buffer_release(&type);
    return is_said;
}

/* `value` and `headers` are taken over. */
static void post(struct dev_world *world, const struct found_topic *found,
                 struct example_message *message, struct place place,
                 struct diagnostics *diagnostics)
{
    struct error err;

    message->topic = found->topic->name;
    message->format = found->topic->format;
    /* Without a key it is sent as well: what becomes of it is to be seen. */
    (void)!example_message_complete(
        message, found->topic,
        found->is_chosen || !says_type(found->topic, message) ? found->type : TEXT(""), NULL);
    if (dev_world_send(world, message, &err) != STATUS_OK) {
        diagnostics_error(diagnostics, "D503", place, "%s", err.text);
    }
}

static void send_message(struct dev_world *world, const struct flow_test_flows *flows,
                         const struct flow_test_send *send, struct diagnostics *diagnostics)
{
    struct found_topic found = {.topic = NULL};
    struct example_message message = {.format = FORMAT_JSON};
    struct json *key;

    if (send->topic.bytes > 0 ? !find_topic(flows, send->topic, &found)
                              : !start_topic(flows, &found)) {
        diagnostics_error(diagnostics, "D201", send->place,
                          send->topic.bytes > 0 ? "no flow knows a topic '%.*s'"
                                                : "which topic?%.*s The flow does not start from "
                                                  "exactly one",
                          TEXT_ARG(send->topic));
        return;
    }
    message.value = render(world, send->value, send->place, diagnostics);
    message.headers = send->headers == NULL
                          ? json_object()
                          : render(world, send->headers, send->place, diagnostics);
    key = render(world, send->key, send->place, diagnostics);
    if (key != NULL && !json_scalar_text(key, &message.key)) {
        json_write(key, &message.key);
    }
    json_free(key);
    if (message.value == NULL || message.headers == NULL) {
        example_message_release(&message);
        return;
    }
    if (send->headers != NULL) {
        struct json *open = json_open_copy(message.headers);

        json_free(message.headers);
        message.headers = open;
    }
    if (send->type.bytes > 0) {
        found.type = send->type;
        found.is_chosen = true;
    }
    post(world, &found, &message, send->place, diagnostics);
}

/* ---- operators ---- */

/* The activation of what is stuck: of a step, or of the undo of one. */
static uint32_t stuck_at(const struct flow_test_flows *flows, const struct fact_instance *instance,
                         struct text target)
{
    static const struct text undo = TEXT_INIT("undo ");
    bool is_undo = text_starts(target, undo);
    struct text step = is_undo ? text_sub(target, undo.bytes, target.bytes) : target;
    struct text flow_name = text_sub(instance->name, 0, text_find(instance->name, ':'));

    for (uint32_t i = 0; i < flows->count; i++) {
        const struct flow *flow = flows->items[i];

        for (uint32_t k = 0; k < instance->state->frame_count; k++) {
            const struct frame *frame = &instance->state->frames[k];

            if (text_equal(flow->name, flow_name) && frame->state == FRAME_STUCK &&
                (frame->kind == FRAME_UNDO) == is_undo && frame->step < flow->step_count &&
                text_equal(flow->steps[frame->step].name, step)) {
                return frame->activation;
            }
        }
    }
    return 0;
}

static void write_data(struct dev_world *world, const struct flow_test_send *send,
                       struct buffer *data, struct diagnostics *diagnostics)
{
    struct json *value = render(world, send->value, send->place, diagnostics);

    if (value == NULL) {
        buffer_add_text(data, TEXT("null"));
    } else {
        json_write(value, data);
    }
    json_free(value);
}

static void send_operator(struct dev_world *world, const struct flow_test_flows *flows,
                          const struct facts *facts, const struct flow_test_send *send,
                          struct diagnostics *diagnostics)
{
    const struct fact_instance *instance = facts_find(facts, send->instance);
    struct inbox_record inbox = {.kind = INBOX_OPERATOR,
                                 .actor = TEXT("test"),
                                 .reason = TEXT("a test"),
                                 .verb = (int32_t)send->verb};
    struct buffer value = {.data = NULL};
    struct buffer data = {.data = NULL};
    struct outgoing record = {.topic = text_of(world->names.inbox)};
    size_t colon;
    struct error err;

    if (instance == NULL || instance->state == NULL) {
        diagnostics_error(diagnostics, "D502", send->place, "there is no such instance yet");
        return;
    }
    if (send->verb == OPERATOR_SIGNAL) {
        write_data(world, send, &data, diagnostics);
        inbox.type = send->target;
        inbox.value = buffer_text(&data);
    } else if (send->verb == OPERATOR_CANCEL || send->verb == OPERATOR_PAUSE ||
               send->verb == OPERATOR_RESUME) {
        inbox.reason = send->target;
    } else {
        inbox.activation = stuck_at(flows, instance, send->target);
        if (inbox.activation == 0) {
            diagnostics_error(diagnostics, "D502", send->place, "'%.*s' is not stuck then",
                              TEXT_ARG(send->target));
            return;
        }
    }
    colon = text_find(instance->name, ':');
    inbox.flow = text_sub(instance->name, 0, colon);
    inbox.key = text_sub(instance->name, colon + 1, instance->name.bytes);
    inbox_encode(&inbox, &value);
    record.key = instance->name;
    record.value = buffer_text(&value);
    if (sim_broker_append(world->broker, &record, &err) != STATUS_OK) {
        diagnostics_error(diagnostics, "D503", send->place, "%s", err.text);
    }
    buffer_release(&data);
    buffer_release(&value);
}

bool flow_test_can_send(const struct flow_test_flows *flows, const struct facts *facts,
                        const struct flow_test_send *send)
{
    const struct fact_instance *instance;

    if (!send->is_operator) {
        return true;
    }
    instance = facts_find(facts, send->instance);
    return instance != NULL && instance->state != NULL &&
           (send->verb == OPERATOR_SIGNAL || send->verb == OPERATOR_CANCEL ||
            stuck_at(flows, instance, send->target) != 0);
}

void flow_test_send(struct dev_world *world, const struct flow_test_flows *flows,
                    const struct facts *facts, const struct flow_test_send *send,
                    struct diagnostics *diagnostics)
{
    if (send->is_operator) {
        send_operator(world, flows, facts, send, diagnostics);
    } else {
        send_message(world, flows, send, diagnostics);
    }
}

void flow_test_start(struct dev_world *world, const struct flow_test_flows *flows,
                     const struct flow_test *test, const struct flow_test_case *one,
                     struct diagnostics *diagnostics)
{
    const struct flow *flow = flows->items[0];
    bool by_hand = flow->manual != NULL && flow->start_count == 0;
    struct found_topic found = {.topic = NULL};
    struct example_message message = {.format = FORMAT_JSON};
    struct json *common;
    struct json *own;
    struct error err;

    if (test->start == NULL && one->start == NULL) {
        return;
    }
    if (!by_hand && !start_topic(flows, &found)) {
        diagnostics_error(diagnostics, "D201", one->place,
                          "'start' goes to the topic that the flow starts from, and it has not "
                          "exactly one: say it with 'send'");
        return;
    }
    common = render(world, test->start, one->place, diagnostics);
    own = render(world, one->start, one->place, diagnostics);
    if (common != NULL && own != NULL) {
        message.value = json_merge(common, own);
    } else {
        message.value = json_copy(common != NULL ? common : own);
    }
    json_free(common);
    json_free(own);
    if (message.value != NULL && by_hand) {
        if (dev_world_start(world, flow, TEXT("by-hand"), message.value, &err) != STATUS_OK) {
            diagnostics_error(diagnostics, "D503", one->place, "%s", err.text);
        }
    } else if (message.value != NULL) {
        message.headers = json_object();
        post(world, &found, &message, one->place, diagnostics);
    }
}
