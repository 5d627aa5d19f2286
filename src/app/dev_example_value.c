/* Values that fit the names of members. */
#include <string.h>

#include "app/dev_example.h"
#include "base/arena.h"
#include "expr/example.h"

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* True if the last word of `name` is `word`: of "orderTotal", "order_total" and "total", "total". */
static bool is_last_word(struct text name, const char *word)
{
    size_t bytes = strlen(word);
    size_t at = name.bytes - bytes;

    if (bytes > name.bytes) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (lower(name.data[at + i]) != word[i]) {
            return false;
        }
    }
    return at == 0 || name.data[at] != word[0] || name.data[at - 1] == '_' ||
           name.data[at - 1] == '-';
}

static bool is_one_of(struct text name, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (is_last_word(name, words[i])) {
            return true;
        }
    }
    return false;
}

static const char *const amounts[] = {"total", "amount",  "price", "sum",   "cost", "fee",
                                      "value", "balance", "limit", "score", "down", NULL};
static const char *const counts[] = {"quantity", "count", "size",     "age",   "days", "months",
                                     "years",    "qty",   "attempts", "first", "last", NULL};
static const char *const flags[] = {"ok", "vip", "approved", "active", "enabled", "valid", NULL};
static const char *const times[] = {"date", "at", "until", "deadline", "expires", "time", NULL};
static const char *const mails[] = {"email", "mail", NULL};
static const char *const places[] = {"address", "street", NULL};
static const char *const no_plural[] = {"status", NULL};

#define LIST_ITEMS 3 /* Of what a flow goes through item by item. */

/* Without its "Id", with a number: "orderId" gives "order-1". */
static struct json *id_value(struct text name, uint32_t number)
{
    struct buffer text = {0};
    struct json *value;

    if (name.bytes > 2 && (text_ends(name, TEXT("Id")) || text_ends(name, TEXT("ID")))) {
        name.bytes -= 2;
    }
    while (name.bytes > 1 && (text_ends(name, TEXT("_")) || text_ends(name, TEXT("-")))) {
        name.bytes--;
    }
    buffer_addf(&text, "%.*s-%u", TEXT_ARG(name), number);
    value = json_text(buffer_text(&text));
    buffer_release(&text);
    return value;
}

static struct json *items_value(struct text name, uint32_t count)
{
    struct json *list = json_array();

    bool is_ies = name.bytes > 4 && text_ends(name, TEXT("ies"));
    struct buffer one = {0};

    name.bytes -= is_ies ? 3 : name.bytes > 1 && text_ends(name, TEXT("s"));
    buffer_addf(&one, "%.*s%s", TEXT_ARG(name), is_ies ? "y" : "");
    for (uint32_t i = 1; i <= count; i++) {
        struct json *item = json_object();
        json_put(item, TEXT("id"), id_value(buffer_text(&one), i));
        json_put_integer(item, "quantity", 1);
        json_push(list, item);
    }
    buffer_release(&one);
    return list;
}

static struct json *hinted(const struct json *hint, struct json *value)
{
    bool is_number = json_kind(hint) == JSON_NUMBER;
    bool is_whole = json_kind(hint) == JSON_ARRAY || json_kind(hint) == JSON_OBJECT;

    if (is_whole && json_kind(value) == json_kind(hint)) {
        return value;
    }
    if (is_number ? json_kind(value) == JSON_NUMBER : json_kind(hint) == JSON_NULL) {
        return value;
    }
    json_free(value);
    return is_number ? json_integer(1) : json_copy(hint);
}

static struct json *value_of(struct text name, uint32_t number)
{
    if (is_one_of(name, amounts)) {
        return json_number(42.5);
    }
    if (is_one_of(name, counts)) {
        return json_integer(1);
    }
    if (is_one_of(name, flags)) {
        return json_bool(true);
    }
    if (is_last_word(name, "currency")) {
        return json_string("EUR");
    }
    if (is_last_word(name, "country")) {
        return json_string("DE");
    }
    if (is_one_of(name, mails)) {
        return json_string("someone@example.org");
    }
    if (is_one_of(name, places)) {
        return json_string("Main Street 1");
    }
    if (is_one_of(name, times)) {
        return json_string("2030-01-31T12:00:00Z");
    }
    if (name.bytes > 2 && text_ends(name, TEXT("s")) && !text_ends(name, TEXT("ss")) &&
        !is_one_of(name, no_plural)) {
        return items_value(name, 1);
    }
    return id_value(name, number);
}

struct json *example_value(struct text name, const struct json *hint, uint32_t number)
{
    struct json *value = value_of(name, number);

    return hint == NULL ? value : hinted(hint, value);
}

/* The last member that the path names: "sku" of ".lines[0].sku". */
static struct text last_name(struct text path)
{
    struct text name = example_last_name(path);
    size_t bracket = text_find(name, '[');

    if (bracket != SIZE_MAX) {
        name.bytes = bracket;
    }
    return name.bytes > 0 && name.data[0] != '"' ? name : TEXT("value");
}

/* Whether something other than null stands there. */
static bool is_there(const struct expr *expr, const struct json *value)
{
    struct expr_env env = {.input = value};
    struct json *found = NULL;
    bool is = value != NULL && expr_eval(expr, &env, &found, NULL) == STATUS_OK &&
              json_kind(found) != JSON_NULL;

    json_free(found);
    return is;
}

/* Takes `value` over, unless there is one already. */
static struct json *put(struct json *into, struct text path, struct json *value)
{
    static const struct expr_scope nothing = {.count = 0};
    struct expr_problem problem;
    struct expr *expr = NULL;
    struct json *made = NULL;

    if (!text_is(path, ".") && expr_compile(path, &nothing, &expr, &problem) == STATUS_OK &&
        !is_there(expr, into)) {
        made = expr_put(expr, into, json_copy(value));
    }
    json_free(value);
    expr_free(expr);
    if (made == NULL) {
        return into;
    }
    json_free(into);
    return made;
}

struct json *example_put(struct json *into, struct text path, const struct json *hint,
                         uint32_t number)
{
    return put(into, path, example_value(last_name(path), hint, number));
}

struct json *example_put_list(struct json *into, struct text path)
{
    return put(into, path, items_value(last_name(path), LIST_ITEMS));
}
