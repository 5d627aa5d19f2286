/* What a listen waits for: a topic or signal, several of one, any or all of several. */
#include "compile/checker.h"

static const char *const subjects[] = {"topic", "signal", "any", "all"};
#define SUBJECT_COUNT (sizeof(subjects) / sizeof(subjects[0]))

/* The pair that says what is waited for; a finding if there is none, or there are two. */
static const struct pair *find_subject(struct checker *checker, enum object object,
                                       const struct node *node)
{
    bool whole = object == OBJECT_LISTEN;
    const struct pair *found = NULL;

    for (size_t i = 0; i < (whole ? SUBJECT_COUNT : 2); i++) {
        const struct pair *pair = node_pair(node, subjects[i]);

        if (pair == NULL) {
            continue;
        }
        if (found != NULL) {
            diagnostics_error(checker->diagnostics, "F107", node_place(pair->key),
                              "two things to wait for: '%.*s' and '%.*s'",
                              TEXT_ARG(found->key->text), TEXT_ARG(pair->key->text));
            diagnostics_note(checker->diagnostics, node_place(found->key), "the other one");
            return found;
        }
        found = pair;
    }
    if (found == NULL) {
        diagnostics_error(checker->diagnostics, "F102", node_place(node),
                          "missing required 'topic' in %s (or say %s)", fields_of(object)->name,
                          whole ? "signal, any or all" : "signal");
    }
    return found;
}

static bool stands_with(struct text key, struct text subject)
{
    if (text_is(subject, "topic")) {
        return true;
    }
    if (text_is(subject, "signal")) {
        return !text_is(key, "type") && !text_is(key, "key");
    }
    return false;
}

static void check_keys(struct checker *checker, const struct node *node, struct text subject)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *key = node->pairs[i].key;
        bool is_subject = false;

        for (size_t k = 0; k < SUBJECT_COUNT; k++) {
            is_subject = is_subject || text_is(key->text, subjects[k]);
        }
        if (!is_subject && !stands_with(key->text, subject) &&
            fields_find(OBJECT_LISTEN, key->text) != NULL) {
            diagnostics_error(
                checker->diagnostics, "F111", node_place(key),
                "'%.*s' is not allowed with '%.*s'%s", TEXT_ARG(key->text), TEXT_ARG(subject),
                fields_find(OBJECT_AWAITED, key->text) == NULL || text_is(subject, "signal")
                    ? ""
                    : ": it stands on the entries");
        }
    }
}

static struct json *convert_map_of(struct checker *checker, enum object object,
                                   const struct node *node)
{
    const struct pair *subject = find_subject(checker, object, node);

    if (subject != NULL) {
        check_keys(checker, node, subject->key->text);
    }
    return convert_object(checker, object, node);
}

static struct json *convert_alias(struct checker *checker, const struct node *node)
{
    struct json *topic = convert_reference(checker, fields_find(OBJECT_LISTEN, TEXT("topic")),
                                           node);
    struct json *listen;

    if (topic == NULL) {
        return NULL;
    }
    listen = json_object();
    json_put(listen, TEXT("topic"), topic);
    return listen;
}

struct json *convert_listen(struct checker *checker, const struct field *field,
                            const struct node *node)
{
    if (node->kind == NODE_LIST) {
        return expected(checker, node,
                        "the alias of a topic, or a map with topic, signal, any or all");
    }
    return node->kind == NODE_MAP ? convert_map_of(checker, field->object, node)
                                  : convert_alias(checker, node);
}

/* The entry's own name, else that of what it waits for, as the file has it. */
static const struct node *name_of(const struct node *node)
{
    const struct node *name;

    if (node->kind != NODE_MAP) {
        return node;
    }
    name = node_get(node, "as");
    name = name == NULL ? node_get(node, "topic") : name;
    return name == NULL ? node_get(node, "signal") : name;
}

/* F108 */
static void check_distinct(struct checker *checker, const struct node *list, uint32_t index)
{
    const struct node *name = name_of(list->items[index]);

    for (uint32_t i = 0; i < index; i++) {
        const struct node *other = name_of(list->items[i]);

        if (other != NULL && node_is_scalar(other) && text_equal(other->text, name->text)) {
            diagnostics_error(checker->diagnostics, "F108", node_place(name),
                              "bad name '%.*s': another entry has it; give one of them 'as'",
                              TEXT_ARG(name->text));
            diagnostics_note(checker->diagnostics, node_place(other), "the other one");
            return;
        }
    }
}

struct json *convert_awaited(struct checker *checker, const struct field *field,
                             const struct node *node)
{
    struct json *list;

    if (node->kind != NODE_LIST || node->count == 0) {
        return expected(checker, node, "a list of topics and signals");
    }
    list = json_array();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *item = node->items[i];
        struct json *entry = item->kind == NODE_MAP ? convert_map_of(checker, field->object, item)
                                                    : convert_alias(checker, item);
        const struct node *name = name_of(item);

        if (entry == NULL) {
            continue;
        }
        if (name != NULL && node_is_scalar(name)) {
            json_put_text(entry, "as", name->text);
            check_distinct(checker, node, i);
        }
        json_push(list, entry);
    }
    return list;
}

const struct json *listen_at(const struct json *listen, size_t index, const struct node *nodes,
                             const struct node **node)
{
    const char *several = json_member(listen, "any") != NULL ? "any" : "all";
    const struct json *list = json_member(listen, several);
    const struct node *items = node_get(nodes, several);

    if (list == NULL) {
        *node = nodes;
        return index == 0 ? listen : NULL;
    }
    *node = items != NULL && items->kind == NODE_LIST && index < items->count ? items->items[index]
                                                                              : nodes;
    return index < json_count(list) ? json_at(list, index) : NULL;
}
