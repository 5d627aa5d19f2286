#include "app/dev_example.h"

#include "base/map.h"
#include "expr/example.h"

/* What is found out about the start message of a flow. */
struct gather {
    const struct flow *flow;
    struct map written; /* Members of the document that the flow itself makes. */
    struct map hints;   /* By the name of a member: what it is compared with, or taken for. */
    struct json *value; /* The payload so far. */
    uint32_t number;
};

static void add_hint(void *self, struct text name, const struct json *constant)
{
    struct gather *gather = self;

    if (map_get(&gather->hints, name) == NULL) {
        map_put(&gather->hints, name, json_copy(constant));
    }
}

static void visit_constants(const struct expr *expr, const struct expr_visitor *visitor)
{
    expr_compared(expr, visitor);
    expr_defaulted(expr, visitor);
}

static void find_hints(struct gather *gather)
{
    const struct flow *flow = gather->flow;
    struct expr_visitor visitor = {.self = gather, .visit = add_hint};

    for (uint32_t i = 0; i < flow->expr_count; i++) {
        visit_constants(flow->exprs[i], &visitor);
    }
    for (uint32_t i = 0; i < flow->template_count; i++) {
        for (uint32_t k = 0; k < template_expr_count(flow->templates[i]); k++) {
            visit_constants(template_expr_at(flow->templates[i], k), &visitor);
        }
    }
}

static void gather_release(struct gather *gather)
{
    size_t cursor = 0;
    struct text name;
    void *hint;

    while (map_next(&gather->hints, &cursor, &name, &hint)) {
        json_free(hint);
    }
    map_release(&gather->hints);
    map_release(&gather->written);
}

/* The first member of a path: "lines" of ".lines[].sku". */
static struct text first_name(struct text path)
{
    size_t bytes = 1;

    while (bytes < path.bytes && path.data[bytes] != '.' && path.data[bytes] != '[') {
        bytes++;
    }
    return text_sub(path, 1, bytes - 1);
}

struct text example_last_name(struct text path)
{
    size_t dot = text_find_last(path, '.');

    return dot == SIZE_MAX ? path : text_sub(path, dot + 1, path.bytes);
}

static void read_expr(struct gather *gather, const struct expr *expr)
{
    const struct expr_path *paths;
    uint32_t count = expr == NULL ? 0 : expr_paths(expr, &paths);

    for (uint32_t i = 0; i < count; i++) {
        struct text path = paths[i].path;

        if (map_get(&gather->written, first_name(path)) == NULL) {
            gather->value = example_put(gather->value, path,
                                        map_get(&gather->hints, example_last_name(path)),
                                        gather->number);
        }
    }
}

static void read_template(struct gather *gather, const struct template *template)
{
    for (uint32_t i = 0; template != NULL && i < template_expr_count(template); i++) {
        read_expr(gather, template_expr_at(template, i));
    }
}

static void read_key(struct gather *gather, const struct correlation *key)
{
    if (key->kind == CORRELATION_PATH) {
        read_expr(gather, key->path);
    }
    for (uint32_t i = 0; i < key->part_count; i++) {
        read_key(gather, &key->parts[i]);
    }
}

/* What a `for` goes through, where it names it: a list, whatever it is called. Its result may go by the
 * same name. */
static void read_loop(struct gather *gather, const struct step *step)
{
    const struct loop *loop = step->loop;
    const struct expr_path *paths;
    uint32_t count = expr_paths(loop->in, &paths);

    if (count == 1 && text_equal(paths[0].path, expr_source(loop->in))) {
        const struct step *writer = map_get(&gather->written, first_name(paths[0].path));
        if (writer == NULL || writer == step) {
            gather->value = example_put_list(gather->value, paths[0].path);
        }
    }
    read_expr(gather, loop->in);
    read_expr(gather, loop->condition);
}

static void read_message(struct gather *gather, const struct message_spec *message)
{
    read_template(gather, message->type);
    read_template(gather, message->key);
    read_template(gather, message->value);
    read_template(gather, message->headers);
    read_template(gather, message->cancel_type);
    read_template(gather, message->cancel_value);
}

static void read_step(struct gather *gather, const struct step *step)
{
    read_expr(gather, step->condition);
    read_expr(gather, step->timeout.expr);
    read_expr(gather, step->warn_after.expr);
    read_template(gather, step->note);
    read_message(gather, &step->message);
    if (step->compensate != NULL) {
        read_message(gather, &step->compensate->message);
    }
    read_expr(gather, step->wait.span.expr);
    read_expr(gather, step->wait.until);
    read_template(gather, step->set);
    if (step->loop != NULL) {
        read_loop(gather, step);
    }
    for (uint32_t i = 0; i < step->choice.case_count; i++) {
        read_expr(gather, step->choice.cases[i].when);
    }
    read_template(gather, step->raise.error);
    read_template(gather, step->raise.title);
    read_template(gather, step->raise.detail);
    read_template(gather, step->end.reason);
}

/* Results of steps, and what `set` writes. */
static void find_written(struct gather *gather)
{
    for (uint32_t i = 0; i < gather->flow->step_count; i++) {
        const struct step *step = &gather->flow->steps[i];

        if (step->as.bytes > 0) {
            map_put(&gather->written, step->as, (void *)(uintptr_t)step);
        }
    }
}

static void read_document(struct gather *gather)
{
    const struct flow *flow = gather->flow;

    if (flow->data != NULL) {
        read_template(gather, flow->data);
        return;
    }
    find_written(gather);
    read_key(gather, &flow->key);
    read_expr(gather, flow->timeout.expr);
    for (uint32_t i = 0; i < flow->step_count; i++) {
        read_step(gather, &flow->steps[i]);
    }
    read_template(gather, flow->result);
}

/* Headers and key of the record, as far as the topic's rules look there. */
static void add_key(struct example_message *message, const struct correlation *key, uint32_t number)
{
    struct json *value;

    if (key->kind == CORRELATION_HEADER) {
        json_put(message->headers, key->header, example_value(key->header, NULL, number));
    } else if (key->kind == CORRELATION_RECORD && message->key.bytes == 0) {
        value = example_value(TEXT("key"), NULL, number);
        if (key->path != NULL) {
            value = expr_put(key->path, NULL, value);
            json_write(value, &message->key);
        } else {
            buffer_add_text(&message->key, json_text_of(value));
        }
        json_free(value);
    }
    for (uint32_t i = 0; i < key->part_count; i++) {
        add_key(message, &key->parts[i], number);
    }
}

static struct json *as_message(const struct json *headers)
{
    struct json *message = json_object();

    json_put(message, TEXT("headers"), headers == NULL ? json_object() : json_copy(headers));
    return message;
}

/* Headers of a record are texts. NULL: one cannot be. */
static struct json *as_texts(const struct json *headers)
{
    struct json_cursor cursor = {.started = false};
    struct json *texts = json_object();
    const struct json *value;
    struct text name;
    bool are_texts = true;

    while (headers != NULL && json_next(headers, &cursor, &name, &value)) {
        struct buffer text = {0};

        are_texts = json_scalar_text(value, &text) && are_texts;
        json_put(texts, name, json_text(buffer_text(&text)));
        buffer_release(&text);
    }
    if (are_texts) {
        return texts;
    }
    json_free(texts);
    return NULL;
}

static bool is_right(const struct expr *expr, const struct json *value, bool truth,
                     const struct json *headers)
{
    struct json *message = as_message(headers);
    const struct json *variables[VARIABLE_MESSAGE + 1] = {[VARIABLE_MESSAGE] = message};
    struct expr_env env = {
        .input = value, .variables = variables, .variable_count = VARIABLE_MESSAGE + 1};
    bool answer = !truth;
    bool is = expr_test(expr, &env, &answer, NULL) == STATUS_OK && answer == truth;

    json_free(message);
    return is;
}

struct json *example_for(const struct expr *expr, const struct json *seed, bool truth,
                         struct json **headers)
{
    struct json *message = as_message(*headers);
    struct json *value = expr_example_with(expr, seed, truth, VARIABLE_MESSAGE, &message);
    struct json *texts = value == NULL ? NULL : as_texts(json_member(message, "headers"));

    if (texts == NULL || !is_right(expr, value, truth, texts)) {
        json_free(texts);
        json_free(value);
        texts = NULL;
        value = NULL;
    }
    if (value != NULL) {
        json_free(*headers);
        *headers = texts;
    }
    json_free(message);
    return value;
}

static enum status satisfy(const struct start *start, struct example_message *message,
                           struct error *err)
{
    struct json *made = start->when == NULL
                            ? json_copy(message->value)
                            : example_for(start->when, message->value, true, &message->headers);

    if (made == NULL) {
        return fail(err, STATUS_REJECT, "no message could be found for which 'when: %.*s' is true",
                    TEXT_ARG(expr_source(start->when)));
    }
    json_free(message->value);
    message->value = made;
    return STATUS_OK;
}

/* What the flow reads of the first item, if it names one, is what a message of a batch says. Takes
 * `document` over. */
static struct json *take_item(struct json *document)
{
    struct json *item = json_copy(json_at(json_member(document, "items"), 0));

    if (item == NULL) {
        return document;
    }
    json_free(document);
    return item;
}

enum status example_start(const struct flow *flow, uint32_t start, uint32_t number,
                          struct example_message *message, struct error *err)
{
    const struct start *chosen = &flow->starts[start];
    const struct topic *topic = &flow->topics[chosen->topic];
    struct gather gather = {.flow = flow, .value = json_object(), .number = number};
    enum status status;

    *message = (struct example_message){
        .topic = topic->name, .format = topic->format, .headers = json_object()};
    if (topic->format == FORMAT_JSON) {
        find_hints(&gather);
        read_key(&gather, &topic->key);
        read_expr(&gather, chosen->when);
        read_document(&gather);
        gather_release(&gather);
    } else {
        json_free(gather.value);
        gather.value = json_text(TEXT("an example"));
    }
    message->value = chosen->batch_max > 0 ? take_item(gather.value) : gather.value;
    add_key(message, &topic->key, number);
    status = satisfy(chosen, message, err);
    if (status == STATUS_OK) {
        status = example_message_complete(message, topic, chosen->type, err);
    }
    return status == STATUS_OK ? status
                               : fail_in(err, status, "flow '%.*s': an example for topic '%.*s'",
                                         TEXT_ARG(flow->name), TEXT_ARG(topic->name));
}

void example_by_hand(const struct flow *flow, uint32_t number, struct example_message *message)
{
    struct gather gather = {.flow = flow, .value = json_object(), .number = number};

    find_hints(&gather);
    read_document(&gather);
    gather_release(&gather);
    *message = (struct example_message){
        .by_hand = flow, .value = gather.value, .headers = json_object()};
    buffer_addf(&message->key, "by-hand-%u", number);
}
