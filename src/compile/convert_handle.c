/* `handle`: what may come at any time, and what is done then. What is done becomes a list of steps;
 * `set` and `raise` one of a single step that is named after what it is about. */
#include "compile/checker.h"
#include "compile/grow.h"

static const char *const actions[] = {"set", "do", "raise"};
#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

/* The pair that says what is done; a finding if there is none, or there are two. */
static const struct pair *find_action(struct checker *checker, const struct node *node)
{
    const struct pair *found = NULL;

    for (size_t i = 0; i < ACTION_COUNT; i++) {
        const struct pair *pair = node_pair(node, actions[i]);

        if (pair != NULL && found != NULL) {
            diagnostics_error(checker->diagnostics, "F107", node_place(pair->key),
                              "two actions: '%.*s' and '%.*s'", TEXT_ARG(found->key->text),
                              TEXT_ARG(pair->key->text));
            diagnostics_note(checker->diagnostics, node_place(found->key), "the other one");
            return found;
        }
        found = pair != NULL ? pair : found;
    }
    if (found == NULL) {
        diagnostics_error(checker->diagnostics, "F106", node_place(node),
                          "handler has no action: say set, do or raise");
    }
    return found;
}

static void add_name(const struct node *what, struct buffer *name)
{
    const struct node *topic = what->kind == NODE_MAP ? node_get(what, "topic") : what;
    const struct node *subject = topic == NULL ? node_get(what, "signal") : topic;

    buffer_add_text(name, subject != NULL && node_is_scalar(subject) && is_identifier(subject->text)
                              ? subject->text
                              : TEXT("message"));
}

/* "on_cancel", "on_paid_or_cancel": after what it is about, as the file has it. */
static struct text name_of(struct checker *checker, const struct node *node)
{
    const struct node *listen = node_get(node, "listen");
    const struct node *any = node_get(listen, "any");
    const struct node *list = any != NULL ? any : node_get(listen, "all");
    struct buffer buffer = {0};
    struct text name;

    buffer_add_text(&buffer, TEXT("on_"));
    if (list == NULL && listen != NULL) {
        add_name(listen, &buffer);
    }
    for (uint32_t i = 0; list != NULL && list->kind == NODE_LIST && i < list->count; i++) {
        buffer_add_text(&buffer, i == 0 ? TEXT("") : any != NULL ? TEXT("_or_") : TEXT("_and_"));
        add_name(list->items[i], &buffer);
    }
    name = arena_text(&checker->arena, buffer_text(&buffer));
    for (uint32_t i = 2; map_get(&checker->step_names, name) != NULL; i++) {
        name = arena_printf(&checker->arena, "%.*s_%u", TEXT_ARG(buffer_text(&buffer)), i);
    }
    buffer_release(&buffer);
    return name;
}

/* One step for `set` or `raise`. */
static struct json *convert_single(struct checker *checker, const struct node *node,
                                   const struct pair *action, struct json *value)
{
    uint32_t index = checker_add_step(checker, node, checker->plan.lists++);
    struct plan_step *step = &checker->plan.steps[index];
    struct json *list = json_array();
    struct json *out = json_object();

    step->aside = true;
    step->action = text_is(action->key->text, "set") ? OBJECT_SET : OBJECT_RAISE_STEP;
    checker_name_step(checker, index, action->key, name_of(checker, node));
    json_put_text(out, "step", checker->plan.steps[index].name);
    json_put(out, action->key->text, value);
    checker->plan.steps[index].json = json_copy(out);
    checker->list_first = index;
    json_push(list, out);
    return list;
}

/* The list of what is done, NULL after a finding. */
static struct json *convert_action(struct checker *checker, const struct node *node,
                                   const struct pair *action)
{
    static const struct field field = {.key = "do", .shape = SHAPE_STEPS};
    uint32_t first = checker->plan.first;
    uint32_t around = checker->parent;
    uint32_t step = checker->step;
    enum context context = checker->context;
    struct json *list = NULL;

    checker->parent = step;
    checker->list_first = STEP_NONE;
    checker->context = CONTEXT_STEP;
    if (text_is(action->key->text, "do")) {
        checker->reading_aside = true;
        list = convert_steps(checker, &field, action->value);
        checker->reading_aside = false;
    } else {
        const struct field *row = fields_find(OBJECT_HANDLER, action->key->text);
        struct json *value;

        checker->step = checker->plan.count; /* That of the step which is added next. */
        value = convert(checker, row, action->value);
        checker->step = step;
        list = value == NULL ? NULL : convert_single(checker, node, action, value);
    }
    checker->context = context;
    checker->parent = around;
    checker->plan.first = first;
    return list;
}

static void keep_first(struct checker *checker)
{
    struct plan *plan = &checker->plan;

    if (checker->list_first == STEP_NONE) {
        return;
    }
    if (checker->step != STEP_NONE) {
        checker_keep_block(checker, true);
        return;
    }
    plan->handlers = grow(&checker->arena, plan->handlers, plan->handler_count,
                          &plan->handler_capacity, sizeof(*plan->handlers));
    plan->handlers[plan->handler_count++] = checker->list_first;
}

static void convert_rest_of(struct checker *checker, const struct node *node, struct json *out)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        bool is_action = false;

        if (pair->repeated) {
            continue;
        }
        if (!node_is_scalar(pair->key)) {
            expected(checker, pair->key, "a key");
            continue;
        }
        for (size_t k = 0; k < ACTION_COUNT; k++) {
            is_action = is_action || text_is(pair->key->text, actions[k]);
        }
        if (!is_action && !convert_pair(checker, OBJECT_HANDLER, pair, out)) {
            report_unknown_key(checker, OBJECT_HANDLER, pair->key);
        }
    }
    convert_rest(checker, OBJECT_HANDLER, node, out);
}

static struct json *convert_handler(struct checker *checker, const struct node *node)
{
    const struct pair *action;
    struct json *out;
    struct json *list;

    if (node->kind != NODE_MAP) {
        return expected(checker, node, "a handler, that is a map with listen and set, do or raise");
    }
    action = find_action(checker, node);
    out = json_object();
    convert_rest_of(checker, node, out);
    if (action == NULL) {
        return out;
    }
    checker->in_handler = true;
    list = convert_action(checker, node, action);
    checker->in_handler = false;
    keep_first(checker);
    if (list != NULL) {
        json_put(out, TEXT("do"), list);
    }
    return out;
}

struct json *convert_handlers(struct checker *checker, const struct field *field,
                              const struct node *node)
{
    struct json *list;

    (void)field;
    if (node->kind != NODE_LIST) {
        return expected(checker, node, "a list of handlers");
    }
    list = json_array();
    for (uint32_t i = 0; i < node->count; i++) {
        struct json *handler = convert_handler(checker, node->items[i]);

        if (handler != NULL) {
            json_push(list, handler);
        }
    }
    if (json_count(list) == 0) {
        json_free(list);
        return NULL;
    }
    return list;
}

struct json *convert_times(struct checker *checker, const struct field *field,
                           const struct node *node)
{
    int64_t times;

    (void)field;
    if (node->kind == NODE_TEXT && text_is(node->text, "many")) {
        return NULL; /* As it is when nothing is said. */
    }
    if (node->kind != NODE_NUMBER || !text_to_int64(node->text, &times) || times < 1 ||
        times > 1000000) {
        return expected(checker, node, "many, or a number from 1");
    }
    return json_integer(times);
}
