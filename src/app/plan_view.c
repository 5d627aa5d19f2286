#include "app/plan_view.h"

#include <stdio.h>

#include "app/command.h"
#include "app/view.h"

static enum plan_verdict verdict_of(const struct plan_facts *facts)
{
    const struct flow *flow = facts->flow;
    struct text deployed = flow_registry_deployed(facts->estate->registry, flow->name,
                                                  flow->version);

    if (deployed.bytes > 0) {
        return text_is(deployed, flow->hash) ? PLAN_SAME : PLAN_TAKEN;
    }
    if (facts->active == NULL) {
        return PLAN_FIRST;
    }
    return flow->version < facts->active->version ? PLAN_BELOW : PLAN_NEXT;
}

int plan_facts_find(struct estate *estate, struct plan_facts *facts)
{
    facts->estate = estate;
    facts->active = flow_registry_active(estate->registry, facts->flow->name);
    facts->verdict = verdict_of(facts);
    if (facts->active != NULL && !text_is(text_of(facts->active->hash), facts->flow->hash)) {
        compare_flows(facts->active, facts->flow, &facts->comparison);
        facts->is_compared = true;
    }
    if (!flow_registry_knows(estate->registry, facts->flow->name)) {
        return EXIT_DONE;
    }
    return census_take(estate, facts->flow->name, &facts->census);
}

void plan_facts_release(struct plan_facts *facts)
{
    census_release(&facts->census);
    comparison_release(&facts->comparison);
}

/* Why runs at `place` of `old` have no place in the new version; empty: they have. */
static struct text hindrance(const struct plan_facts *facts, const struct flow *old,
                             struct text place, struct arena *arena)
{
    struct comparison comparison;
    const struct change *change;
    struct text why = TEXT("");
    size_t open = text_find(place, ' ');

    if (old == NULL) {
        return TEXT("this program cannot read their version");
    }
    if (text_is(text_of(old->hash), facts->flow->hash)) {
        return why;
    }
    if (text_starts(place, TEXT("undo of ")) || text_is(place, "compensating")) {
        return TEXT("they are being undone");
    }
    if (text_find(place, ',') != SIZE_MAX) {
        return TEXT("several steps are open at once");
    }
    compare_flows(old, facts->flow, &comparison);
    change = comparison_hinders(&comparison, open == SIZE_MAX ? place : text_sub(place, 0, open));
    if (change != NULL) {
        why = arena_text(arena, change->text);
    }
    comparison_release(&comparison);
    return why;
}

static void print_verdict(const struct plan_facts *facts)
{
    const struct flow *flow = facts->flow;

    printf("%s%.*s version %d%s, from %.*s\n", view_bold(), TEXT_ARG(flow->name), flow->version,
           view_plain(), TEXT_ARG(facts->path));
    switch (facts->verdict) {
    case PLAN_FIRST:
        printf("  no version of this flow is active: from its activation on it starts runs\n");
        return;
    case PLAN_SAME:
        printf("  deployed already, with the same content: deploying it changes nothing\n");
        return;
    case PLAN_TAKEN:
        printf("  error F801: version %d is deployed with other content: give the file a higher "
               "version\n",
               flow->version);
        return;
    case PLAN_BELOW:
        printf("  warning F802: version %d is active: deploying this one activates nothing\n",
               facts->active->version);
        return;
    case PLAN_NEXT:
        printf("  version %d is active: runs that start after the activation take version %d\n",
               facts->active->version, flow->version);
        return;
    }
    CHECK(!"unknown verdict");
}

/* Runs of other versions, and those of them that could go on by this one where they stand. */
static void count_migratable(const struct plan_facts *facts, struct arena *arena, uint32_t *other,
                             uint32_t *fit)
{
    *other = 0;
    *fit = 0;
    for (uint32_t i = 0; i < facts->census.row_count; i++) {
        const struct census_row *row = &facts->census.rows[i];
        const struct flow *old = flow_registry_by_hash(facts->estate->registry, row->hash);

        if (!text_is(row->hash, facts->flow->hash)) {
            *other += row->count;
            *fit += hindrance(facts, old, row->place, arena).bytes == 0 ? row->count : 0;
        }
    }
}

static void print_migratable(const struct plan_facts *facts, struct arena *arena)
{
    uint32_t other;
    uint32_t fit;

    count_migratable(facts, arena, &other, &fit);
    if (other > 0) {
        printf("  %u of %u can be migrated where they stand ('baton migrate')%s\n", fit, other,
               fit < other ? "; of the others a plan has to say where they go on" : "");
    }
}

static void print_runs(const struct plan_facts *facts, struct arena *arena)
{
    const struct census *census = &facts->census;

    if (census->running == 0) {
        printf("no run goes on\n");
        return;
    }
    printf("%u %s on by the version %s started with\n", census->running,
           census->running == 1 ? "run goes" : "runs go",
           census->running == 1 ? "it was" : "they were");
    for (uint32_t i = 0; i < census->row_count; i++) {
        const struct census_row *row = &census->rows[i];
        const struct flow *old = flow_registry_by_hash(facts->estate->registry, row->hash);
        struct text why = hindrance(facts, old, row->place, arena);

        printf("  version %d: %u at %.*s", old == NULL ? 0 : old->version, row->count,
               TEXT_ARG(row->place));
        if (old != NULL && text_is(text_of(old->hash), facts->flow->hash)) {
            printf("\n");
        } else if (why.bytes == 0) {
            printf(": version %d has this step too\n", facts->flow->version);
        } else {
            printf(": no place in version %d: %.*s\n", facts->flow->version, TEXT_ARG(why));
        }
    }
    print_migratable(facts, arena);
}

static const char *finding_of(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_REMOVED:
    case CHANGE_RENAMED:
    case CHANGE_ACTION:
        return "F803";
    case CHANGE_IDENTITY:
        return "F804";
    case CHANGE_ADDED:
    case CHANGE_MOVED:
    case CHANGE_EDITED:
        break;
    }
    return "";
}

static void print_changes(const struct plan_facts *facts)
{
    if (!facts->is_compared) {
        return;
    }
    printf("changed since version %d\n", facts->active->version);
    for (uint32_t i = 0; i < facts->comparison.count; i++) {
        const struct change *change = &facts->comparison.items[i];
        const char *id = finding_of(change->kind);

        printf("  %.*s", TEXT_ARG(change->text));
        if (change->line > 0) {
            printf(" (line %u)", change->line);
        }
        printf("%s%s%s\n", id[0] == '\0' ? "" : " [", id, id[0] == '\0' ? "" : "]");
    }
    if (facts->comparison.count == 0) {
        printf("  nothing\n");
    }
}

void plan_print(const struct plan_facts *facts)
{
    struct arena arena = {0};

    print_verdict(facts);
    print_runs(facts, &arena);
    print_changes(facts);
    arena_release(&arena);
}

static struct json *runs_json(const struct plan_facts *facts, struct arena *arena)
{
    struct json *runs = json_array();

    for (uint32_t i = 0; i < facts->census.row_count; i++) {
        const struct census_row *row = &facts->census.rows[i];
        const struct flow *old = flow_registry_by_hash(facts->estate->registry, row->hash);
        struct text why = hindrance(facts, old, row->place, arena);
        struct json *one = json_object();

        if (old != NULL) {
            json_put_integer(one, "version", old->version);
        }
        json_put_text(one, "flowHash", row->hash);
        json_put_text(one, "place", row->place);
        json_put_integer(one, "count", row->count);
        json_put_bool(one, "fits", why.bytes == 0);
        if (why.bytes > 0) {
            json_put_text(one, "why", why);
        }
        json_push(runs, one);
    }
    return runs;
}

static struct json *changes_json(const struct comparison *comparison)
{
    struct json *changes = json_array();

    for (uint32_t i = 0; i < comparison->count; i++) {
        const struct change *change = &comparison->items[i];
        struct json *one = json_object();

        json_put_string(one, "kind", change_kind_name(change->kind));
        if (change->step.bytes > 0) {
            json_put_text(one, "step", change->step);
        }
        json_put_text(one, "text", change->text);
        if (change->line > 0) {
            json_put_integer(one, "line", change->line);
        }
        if (finding_of(change->kind)[0] != '\0') {
            json_put_string(one, "id", finding_of(change->kind));
        }
        json_push(changes, one);
    }
    return changes;
}

void plan_print_json(const struct plan_facts *facts)
{
    static const char *const verdicts[] = {
        [PLAN_FIRST] = "first", [PLAN_SAME] = "same", [PLAN_TAKEN] = "taken",
        [PLAN_BELOW] = "below", [PLAN_NEXT] = "next",
    };
    struct json *json = json_object();
    struct arena arena = {0};
    uint32_t other;
    uint32_t fit;

    count_migratable(facts, &arena, &other, &fit);
    json_put_text(json, "flow", facts->flow->name);
    json_put_integer(json, "version", facts->flow->version);
    json_put_string(json, "hash", facts->flow->hash);
    json_put_string(json, "verdict", verdicts[facts->verdict]);
    if (facts->active != NULL) {
        json_put_integer(json, "active", facts->active->version);
    }
    json_put_integer(json, "running", facts->census.running);
    json_put_integer(json, "migratable", fit);
    json_put(json, TEXT("runs"), runs_json(facts, &arena));
    json_put(json, TEXT("changes"), changes_json(&facts->comparison));
    view_print_json(json);
    json_free(json);
    arena_release(&arena);
}
