/* The document itself: what stands around its tasks. */
#include <string.h>

#include "compile/ows.h"

#define VERSION_PART_MAX 999

/* A whole number of digits alone; -1: none. */
static int64_t part_of(struct text text)
{
    int64_t number;

    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }
    }
    return text.bytes > 0 && text_to_int64(text, &number) ? number : -1;
}

int64_t ows_version(struct text text)
{
    int64_t parts[3] = {0};

    for (int i = 0; i < 3; i++) {
        size_t dot = i < 2 ? text_find(text, '.') : text.bytes;

        if (dot == SIZE_MAX) {
            return 0;
        }
        parts[i] = part_of(text_sub(text, 0, dot));
        if (parts[i] < 0 || (i > 0 && parts[i] > VERSION_PART_MAX) || parts[i] > 2000) {
            return 0;
        }
        text = i < 2 ? text_sub(text, dot + 1, text.bytes - dot - 1) : text;
    }
    return parts[0] * 1000000 + parts[1] * 1000 + parts[2];
}

static bool check_dsl(struct ows *ows, const struct node *document)
{
    const struct node *dsl = node_get(document, "dsl");
    static const char *const needed[] = {"dsl", "namespace", "name", "version"};

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        const struct node *value = node_get(document, needed[i]);

        if (value == NULL || !node_is_scalar(value)) {
            diagnostics_error(ows->checker->diagnostics, "F102",
                              node_place(value == NULL ? document : value),
                              "missing required '%s' in document", needed[i]);
            return false;
        }
    }
    if (!text_starts(dsl->text, TEXT("1.0.")) ||
        part_of(text_sub(dsl->text, 4, dsl->text.bytes - 4)) < 0) {
        diagnostics_error(ows->checker->diagnostics, "F115", node_place(dsl),
                          "version '%.*s' of the DSL: this engine reads 1.0.x",
                          TEXT_ARG(dsl->text));
        return false;
    }
    return true;
}

static void put_identity(struct ows *ows, const struct node *document, struct node *flow)
{
    const struct node *version = node_get(ows->own, "version");
    const struct node *semantic = node_get(document, "version");
    const struct node *tags = node_get(document, "tags");
    int64_t number = ows_version(semantic->text);

    ows_put(ows, flow, "flow", node_get(document, "name"));
    if (version == NULL && number == 0) {
        expected(ows->checker, semantic, "a version such as '1.0.0', each part at most 999");
    }
    ows_put(ows, flow, "version", version != NULL ? version : ows_number(ows, semantic, number));
    if (node_get(document, "title") != NULL) {
        ows_put(ows, flow, "title", node_get(document, "title"));
    }
    if (node_get(document, "summary") != NULL) {
        ows_put(ows, flow, "description", node_get(document, "summary"));
    }
    if (tags != NULL) {
        ows_put(ows, flow, "labels", tags);
    }
}

/* What the standard has no word for stands in document.metadata.baton, in ours. */
static bool put_own(struct ows *ows, struct node *flow)
{
    static const char *const taken[] = {
        "use",  "topics", "services", "retries", "key",       "saga",  "early",   "remember",
        "keep", "alerts", "mode",     "owner",   "warnAfter", "start", "timeout", NULL};
    static const char *const lists[] = {"onFailure", "always", NULL};
    static const char *const known[] = {"use",       "topics", "services",  "retries", "key",
                                        "saga",      "early",  "remember",  "keep",    "alerts",
                                        "mode",      "owner",  "warnAfter", "start",   "timeout",
                                        "onFailure", "always", "version",   NULL};

    if (ows->own == NULL) {
        return true;
    }
    if (node_pair(node_get(ows->own, "start"), "batch") != NULL) {
        ows_refuse(ows, node_pair(node_get(ows->own, "start"), "batch")->key,
                   "'batch' of metadata.baton");
        return false;
    }
    if (node_pair(ows->own, "handle") != NULL) {
        ows_refuse(ows, node_pair(ows->own, "handle")->key, "'handle' of metadata.baton");
        return false;
    }
    if (!ows_keys(ows, ows->own, "metadata.baton", known)) {
        return false;
    }
    for (size_t i = 0; taken[i] != NULL; i++) {
        const struct node *value = node_get(ows->own, taken[i]);

        if (value != NULL) {
            ows_put(ows, flow, taken[i], value);
        }
    }
    for (size_t i = 0; lists[i] != NULL; i++) {
        const struct node *value = node_get(ows->own, lists[i]);
        struct expr_scope around = ows->scope;

        if (value == NULL) {
            continue;
        }
        ows_know(ows, value, TEXT("error"), TEXT("$error"));
        ows_put(
            ows, flow, lists[i],
            ows_tasks(ows, value, ows_printf(ows, "/document/metadata/baton/%s", lists[i]), false));
        ows->scope = around;
    }
    return true;
}

/* Events that start a run. */
static struct node *start_of(struct ows *ows, const struct node *on)
{
    static const char *const keys[] = {"one", "any", "all", "until", NULL};
    const struct node *any = node_get(on, "any");
    const struct node *one = node_get(on, "one");
    struct node *starts = ows_array(ows, on);
    struct text data;

    if (!ows_keys(ows, on, "schedule.on", keys)) {
        return NULL;
    }
    if (one == NULL && (any == NULL || any->kind != NODE_LIST || any->count == 0)) {
        ows_refuse(ows, on, "a start by anything but 'one' event or 'any' of several");
        return NULL;
    }
    for (uint32_t i = 0; i < (one != NULL ? 1 : any->count); i++) {
        const struct node *filter = one != NULL ? one : any->items[i];

        struct node *start = ows_map(ows, filter);

        if (node_pair(filter, "correlate") != NULL) {
            ows_refuse(ows, node_pair(filter, "correlate")->key,
                       "'correlate' of a start; say document.metadata.baton.key");
            return NULL;
        }
        if (!ows_filter(ows, filter, start, &data)) {
            return NULL;
        }
        if (!text_is(data, ".")) {
            ows_refuse(ows, filter, "a start by an event whose source is not kafka://TOPIC");
            return NULL;
        }
        ows_push(ows, starts, start);
    }
    return starts;
}

static void put_start(struct ows *ows, struct node *flow)
{
    static const char *const keys[] = {"every", "cron", "after", "on", NULL};
    const struct node *schedule = node_get(ows->root, "schedule");
    const struct node *at = schedule == NULL ? ows->root->pairs[0].key : schedule;
    struct node *start = ows_map(ows, at);

    if (node_pair(flow, "start") != NULL) {
        return; /* In our words. */
    }
    if (schedule == NULL) {
        ows_put(ows, start, "manual", ows_bool(ows, at, true));
        ows_put(ows, flow, "start", start);
        return;
    }
    if (!ows_keys(ows, schedule, "schedule", keys)) {
        return;
    }
    if (node_pair(schedule, "after") != NULL) {
        ows_refuse(ows, node_pair(schedule, "after")->key, "'after', a start after each end");
        return;
    }
    if (node_get(schedule, "on") != NULL) {
        ows_put(ows, flow, "start", start_of(ows, node_get(schedule, "on")));
        return;
    }
    if (node_get(schedule, "every") != NULL) {
        ows_put(ows, start, "every", ows_duration(ows, node_get(schedule, "every")));
    }
    if (node_get(schedule, "cron") != NULL) {
        ows_put(ows, start, "cron", node_get(schedule, "cron"));
    }
    ows_put(ows, flow, "start", start);
}

/* The first instance document; the payload is the input of the workflow. */
static struct node *data_of(struct ows *ows)
{
    const struct node *from = node_get(node_get(ows->root, "input"), "from");
    struct node *data = ows_map(ows, ows->root);

    ows_put(ows, data, "data",
            from == NULL ? ows_embrace(ows, ows->root, TEXT("."))
                         : ows_either(ows, from, OWS_SELF));
    ows_put(ows, data, "context", ows_embrace(ows, ows->root, TEXT("null")));
    if (ows_mentions(node_get(node_get(ows->root, "output"), "as"), "input")) {
        ows_put(ows, data, "input", node_get(data, "data"));
    }
    return data;
}

static bool put_rest(struct ows *ows, struct node *flow)
{
    static const char *const keys[] = {"from", "schema", NULL};
    static const char *const output_keys[] = {"as", "schema", NULL};
    const struct node *root = ows->root;
    const struct node *input = node_get(root, "input");
    const struct node *output = node_get(root, "output");
    const struct node *timeout = node_get(root, "timeout");
    const struct node *as = node_get(output, "as");

    if ((input != NULL && !ows_keys(ows, input, "input", keys)) ||
        (output != NULL && !ows_keys(ows, output, "output", output_keys))) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        const struct pair *schema = node_pair(i == 0 ? input : output, "schema");

        if (schema != NULL) {
            ows_refuse(ows, schema->key, "validation by a schema");
            return false;
        }
    }
    ows_put(ows, flow, "data", data_of(ows));
    if (node_pair(flow, "timeout") == NULL) {
        ows_put(ows, flow, "timeout",
                timeout == NULL ? ows_text(ows, root, TEXT("none")) : ows_timeout(ows, timeout));
    }
    ows->meanings[OWS_INPUT] = TEXT("$data.input");
    ows->meanings[OWS_OUTPUT] = OWS_HERE;
    ows_put(ows, flow, "result",
            as == NULL ? ows_embrace(ows, root, OWS_HERE) : ows_either(ows, as, OWS_HERE));
    return true;
}

static bool refuse_use(struct ows *ows)
{
    static const char *const keys[] = {"errors",    "retries",         "timeouts",
                                       "secrets",   "authentications", "catalogs",
                                       "functions", "extensions",      NULL};
    const struct node *use = node_get(ows->root, "use");

    if (use == NULL) {
        return true;
    }
    if (!ows_keys(ows, use, "use", keys)) {
        return false;
    }
    if (node_pair(use, "extensions") != NULL) {
        ows_refuse(ows, node_pair(use, "extensions")->key, "extensions");
        return false;
    }
    return true;
}

static void add_topic(struct ows *ows, struct node *flow)
{
    const struct pair *topics = node_pair(flow, "topics");
    struct node *made = ows_map(ows, ows->root);

    if (ows->events == NULL) {
        return;
    }
    for (uint32_t i = 0; topics != NULL && i < topics->value->count; i++) {
        ows_put_pair(ows, made, topics->value->pairs[i].key, topics->value->pairs[i].value);
    }
    ows_put(ows, made, "cloudevents", ows->events);
    for (uint32_t i = 0; i < flow->count; i++) {
        if (text_is(flow->pairs[i].key->text, "topics")) {
            flow->pairs[i].value = made;
            return;
        }
    }
    ows_put(ows, flow, "topics", made);
}

/* The variables of the standard, and those of ours that have no like there. */
static void know_fixed(struct ows *ows)
{
    static const struct {
        const char *name;
        const char *meaning;
    } fixed[] = {
        [OWS_INPUT] = {"input", "$data.data"},
        [OWS_OUTPUT] = {"output", ""},
        [OWS_CONTEXT] = {"context", "$data.context"},
        [OWS_TASK] = {"task", ""},
        [OWS_WORKFLOW] = {"workflow", ""},
        [OWS_RUNTIME] = {"runtime", ""},
        {"now", "$now"},
        {"instance", "$instance"},
        {"flow", "$flow"},
        {"step", "$step"},
        {"message", "$message"},
        {"progress", "$progress"},
    };

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        ows->scope.names[i] = text_of(fixed[i].name);
        ows->meanings[i] = text_of(fixed[i].meaning);
        ows->scope.count++;
    }
}

struct node *ows_translate(struct checker *checker, const struct document *document)
{
    static const char *const keys[] = {"document", "input",  "use",      "do",
                                       "timeout",  "output", "schedule", NULL};
    static const char *const document_keys[] = {
        "dsl", "namespace", "name", "version", "title", "summary", "tags", "metadata", NULL};
    struct ows ows = {.checker = checker, .root = document->root};
    const struct node *head = node_get(document->root, "document");
    uint32_t errors = checker->diagnostics->error_count;
    struct node *flow = ows_map(&ows, document->root);
    const struct node *tasks = node_get(document->root, "do");

    know_fixed(&ows);
    if (!ows_keys(&ows, document->root, "document", keys) ||
        !ows_keys(&ows, head, "document", document_keys) || !check_dsl(&ows, head) ||
        !refuse_use(&ows)) {
        return NULL;
    }
    ows.own = node_get(node_get(head, "metadata"), "baton");
    put_identity(&ows, head, flow);
    if (tasks == NULL) {
        diagnostics_error(checker->diagnostics, "F102", node_place(document->root),
                          "missing required 'do' in document");
    }
    ows_put(&ows, flow, "do", ows_tasks(&ows, tasks, TEXT("/do"), false));
    if (put_own(&ows, flow)) {
        put_start(&ows, flow);
        if (put_rest(&ows, flow)) {
            add_topic(&ows, flow);
        }
    }
    map_release(&ows.taken);
    return checker->diagnostics->error_count == errors ? flow : NULL;
}
