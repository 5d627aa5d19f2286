#include "expr/builtin.h"

#include <string.h>

static const struct builtin builtins[] = {
    {"abs", 0, BUILTIN_CALL, builtin_abs, NULL},
    {"add", 0, BUILTIN_CALL, builtin_add, NULL},
    {"all", 0, BUILTIN_ALL, NULL, NULL},
    {"all", 1, BUILTIN_ALL, NULL, NULL},
    {"any", 0, BUILTIN_ANY, NULL, NULL},
    {"any", 1, BUILTIN_ANY, NULL, NULL},
    {"ascii_downcase", 0, BUILTIN_CALL, builtin_ascii_downcase, NULL},
    {"ascii_upcase", 0, BUILTIN_CALL, builtin_ascii_upcase, NULL},
    {"contains", 1, BUILTIN_CALL, builtin_contains, NULL},
    {"del", 1, BUILTIN_DELETE, NULL, NULL},
    {"duration", 1, BUILTIN_CALL, builtin_duration, NULL},
    {"empty", 0, BUILTIN_EMPTY, NULL, NULL},
    {"endswith", 1, BUILTIN_CALL, builtin_endswith, NULL},
    {"false", 0, BUILTIN_FALSE, NULL, NULL},
    {"first", 0, BUILTIN_FIRST_ITEM, NULL, NULL},
    {"first", 1, BUILTIN_FIRST, NULL, NULL},
    {"flatten", 0, BUILTIN_CALL, builtin_flatten, NULL},
    {"flatten", 1, BUILTIN_CALL, builtin_flatten, NULL},
    {"floor", 0, BUILTIN_CALL, builtin_floor, NULL},
    {"from_entries", 0, BUILTIN_CALL, builtin_from_entries, NULL},
    {"fromdateiso8601", 0, BUILTIN_CALL, builtin_fromdate, NULL},
    {"fromjson", 0, BUILTIN_CALL, builtin_fromjson, NULL},
    {"group_by", 1, BUILTIN_BY, NULL, builtin_group_by},
    {"has", 1, BUILTIN_CALL, builtin_has, NULL},
    {"join", 1, BUILTIN_CALL, builtin_join, NULL},
    {"keys", 0, BUILTIN_CALL, builtin_keys, NULL},
    {"last", 0, BUILTIN_LAST_ITEM, NULL, NULL},
    {"last", 1, BUILTIN_LAST, NULL, NULL},
    {"length", 0, BUILTIN_CALL, builtin_length, NULL},
    {"ltrimstr", 1, BUILTIN_CALL, builtin_ltrimstr, NULL},
    {"map", 1, BUILTIN_MAP, NULL, NULL},
    {"max", 0, BUILTIN_CALL, builtin_max, NULL},
    {"max_by", 1, BUILTIN_BY, NULL, builtin_max_by},
    {"min", 0, BUILTIN_CALL, builtin_min, NULL},
    {"min_by", 1, BUILTIN_BY, NULL, builtin_min_by},
    {"not", 0, BUILTIN_CALL, builtin_not, NULL},
    {"null", 0, BUILTIN_NULL, NULL, NULL},
    {"random", 0, BUILTIN_CALL, builtin_random, NULL},
    {"range", 1, BUILTIN_RANGE, NULL, NULL},
    {"range", 2, BUILTIN_RANGE, NULL, NULL},
    {"range", 3, BUILTIN_RANGE, NULL, NULL},
    {"reverse", 0, BUILTIN_CALL, builtin_reverse, NULL},
    {"round", 0, BUILTIN_CALL, builtin_round, NULL},
    {"rtrimstr", 1, BUILTIN_CALL, builtin_rtrimstr, NULL},
    {"select", 1, BUILTIN_SELECT, NULL, NULL},
    {"sort", 0, BUILTIN_CALL, builtin_sort, NULL},
    {"sort_by", 1, BUILTIN_BY, NULL, builtin_sort_by},
    {"split", 1, BUILTIN_CALL, builtin_split, NULL},
    {"startswith", 1, BUILTIN_CALL, builtin_startswith, NULL},
    {"test", 1, BUILTIN_CALL, builtin_test, NULL},
    {"test", 2, BUILTIN_CALL, builtin_test, NULL},
    {"to_entries", 0, BUILTIN_CALL, builtin_to_entries, NULL},
    {"todateiso8601", 0, BUILTIN_CALL, builtin_todate, NULL},
    {"tojson", 0, BUILTIN_CALL, builtin_tojson, NULL},
    {"tonumber", 0, BUILTIN_CALL, builtin_tonumber, NULL},
    {"tostring", 0, BUILTIN_CALL, builtin_tostring, NULL},
    {"true", 0, BUILTIN_TRUE, NULL, NULL},
    {"type", 0, BUILTIN_CALL, builtin_type, NULL},
    {"unique", 0, BUILTIN_CALL, builtin_unique, NULL},
    {"uuid", 0, BUILTIN_CALL, builtin_uuid, NULL},
    {"with_entries", 1, BUILTIN_WITH_ENTRIES, NULL, NULL},
    {"@base64", 0, BUILTIN_CALL, builtin_base64, NULL},
    {"@base64d", 0, BUILTIN_CALL, builtin_base64d, NULL},
    {"@json", 0, BUILTIN_CALL, builtin_tojson, NULL},
    {"@text", 0, BUILTIN_CALL, builtin_tostring, NULL},
};

struct hint {
    const char *name;
    const char *text;
};

#define SAME_AGAIN "an expression must give the same value again when the run is replayed"
#define NO_SECRETS "the environment of a worker may hold secrets and differs between workers"
#define NO_INPUT "an expression reads only '.' and its variables"
#define NO_OUTPUT "an expression has no side effects"
#define NO_STOP "an expression cannot stop the program; raise an error in a step of its own"

static const struct hint forbidden[] = {
    {"now", SAME_AGAIN "; use $now, the time of the event, as in '$now | fromdateiso8601'"},
    {"localtime", SAME_AGAIN ", whatever the worker's time zone; use $now"},
    {"strflocaltime", SAME_AGAIN ", whatever the worker's time zone; use $now"},
    {"env", NO_SECRETS "; put what is needed into the flow's data"},
    {"$ENV", NO_SECRETS "; put what is needed into the flow's data"},
    {"input", NO_INPUT},
    {"inputs", NO_INPUT},
    {"input_filename", NO_INPUT},
    {"input_line_number", NO_INPUT},
    {"debug", NO_OUTPUT "; use 'note:' on the step to write to history and log"},
    {"stderr", NO_OUTPUT "; use 'note:' on the step to write to history and log"},
    {"halt", NO_STOP},
    {"halt_error", NO_STOP},
    {"get_search_list", NO_INPUT},
    {"$__loc__", NO_INPUT},
};

/* What jq 1.6 and 1.7 have besides; with what does the same here, where something does. */
static const struct hint of_jq[] = {
    {"@csv", ""},
    {"@html", ""},
    {"@sh", ""},
    {"@tsv", ""},
    {"@uri", ""},
    {"ascii", ""},
    {"booleans", "write select(type == \"boolean\")"},
    {"capture", ""},
    {"ceil", "write -(-. | floor)"},
    {"combinations", ""},
    {"error", "use a 'raise' step"},
    {"explode", "write split(\"\")"},
    {"fabs", "write abs"},
    {"fromdate", "write fromdateiso8601"},
    {"getpath", "write the path itself"},
    {"gsub", "write split and join"},
    {"implode", ""},
    {"in", "write has the other way round"},
    {"index", "write split or test"},
    {"indices", ""},
    {"inside", "write contains the other way round"},
    {"isempty", "write ([f] | length) == 0"},
    {"keys_unsorted", "write keys, or to_entries | map(.key)"},
    {"limit", "write [f][:n]"},
    {"map_values",
     "write with_entries({key, value: (.value | f)}) for an object, map for an array"},
    {"match", "write test"},
    {"nth", "write [f][n]"},
    {"nulls", "write select(. == null)"},
    {"numbers", "write select(type == \"number\")"},
    {"objects", "write select(type == \"object\")"},
    {"arrays", "write select(type == \"array\")"},
    {"path", ""},
    {"paths", ""},
    {"pick", "write an object, such as {a, b}"},
    {"pow", ""},
    {"recurse", ""},
    {"repeat", ""},
    {"rindex", ""},
    {"scan", "write test"},
    {"setpath", "write . + {name: value}"},
    {"delpaths", "write del(.path)"},
    {"splits", "write split"},
    {"sqrt", ""},
    {"strings", "write select(type == \"string\")"},
    {"sub", "write split and join"},
    {"todate", "write todateiso8601"},
    {"transpose", ""},
    {"trim", ""},
    {"unique_by", "write group_by(f) | map(first)"},
    {"until", ""},
    {"values", "write select(. != null)"},
    {"walk", ""},
    {"while", ""},
    {"strftime", "write todateiso8601"},
    {"strptime", "write fromdateiso8601"},
    {"mktime", "write fromdateiso8601"},
    {"gmtime", "write todateiso8601"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const struct builtin *builtin_find(struct text name, uint32_t arity)
{
    for (size_t i = 0; i < COUNT(builtins); i++) {
        if (builtins[i].arity == arity && text_is(name, builtins[i].name)) {
            return &builtins[i];
        }
    }
    return NULL;
}

const struct builtin *builtin_named(struct text name)
{
    for (size_t i = 0; i < COUNT(builtins); i++) {
        if (text_is(name, builtins[i].name)) {
            return &builtins[i];
        }
    }
    return NULL;
}

static const char *hint_of(const struct hint *hints, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_is(name, hints[i].name)) {
            return hints[i].text;
        }
    }
    return NULL;
}

const char *builtin_forbidden(struct text name)
{
    return hint_of(forbidden, COUNT(forbidden), name);
}

const char *builtin_of_jq(struct text name)
{
    return hint_of(of_jq, COUNT(of_jq), name);
}

const char *builtin_suggest(struct text name)
{
    const char *nearest = NULL;
    uint32_t edits = name.bytes < 4 ? 2 : 3; /* Of short names one edit is already much. */

    for (size_t i = 0; i < COUNT(builtins); i++) {
        uint32_t distance = text_distance(name, text_of(builtins[i].name), edits - 1);
        if (distance < edits) {
            edits = distance;
            nearest = builtins[i].name;
        }
    }
    return nearest;
}
