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
    return plan_runs_find(estate, facts->flow, &facts->runs);
}

void plan_facts_release(struct plan_facts *facts)
{
    plan_runs_release(&facts->runs);
    comparison_release(&facts->comparison);
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

struct sums {
    uint32_t all;
    uint32_t other; /* By other versions. */
    uint32_t fit;   /* Of these, the ones that can be migrated where they stand. */
    uint32_t later; /* Not now. */
};

static struct sums sum_up(const struct plan_runs *runs)
{
    struct sums sums = {0};

    for (uint32_t i = 0; i < runs->row_count; i++) {
        const struct plan_row *row = &runs->rows[i];
        uint32_t count = plan_row_is_new(runs, row) ? 0 : row->count;

        sums.all += row->count;
        sums.other += count;
        sums.fit += row->verdict == MIGRATE_FITS ? count : 0;
        sums.later += row->verdict == MIGRATE_NOT_NOW ? count : 0;
    }
    return sums;
}

static void print_migratable(const struct sums *sums)
{
    if (sums->other == 0) {
        return;
    }
    printf("  %u of %u can be migrated where they stand ('baton migrate')", sums->fit, sums->other);
    if (sums->later > 0) {
        printf("; %u cannot now", sums->later);
    }
    printf("%s\n", sums->fit + sums->later < sums->other
                       ? "; of the others a plan has to say where they go on"
                       : "");
}

static void print_runs(const struct plan_facts *facts)
{
    const struct plan_runs *runs = &facts->runs;
    struct sums sums = sum_up(runs);

    if (sums.all == 0) {
        printf("no run goes on\n");
        return;
    }
    printf("%u %s on by the version %s started with\n", sums.all,
           sums.all == 1 ? "run goes" : "runs go", sums.all == 1 ? "it was" : "they were");
    for (uint32_t i = 0; i < runs->row_count; i++) {
        const struct plan_row *row = &runs->rows[i];

        if (row->old == NULL) {
            printf("  another version: %u at %.*s", row->count, TEXT_ARG(row->place));
        } else {
            printf("  version %d: %u at %.*s", row->old->version, row->count, TEXT_ARG(row->place));
        }
        if (plan_row_is_new(runs, row)) {
            printf("\n");
        } else if (row->verdict == MIGRATE_FITS) {
            printf(": version %d has this step too\n", facts->flow->version);
        } else if (row->verdict == MIGRATE_NOT_NOW) {
            printf(": cannot be migrated now: %.*s\n", TEXT_ARG(row->why));
        } else {
            printf(": no place in version %d: %.*s\n", facts->flow->version, TEXT_ARG(row->why));
        }
    }
    print_migratable(&sums);
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
    print_verdict(facts);
    print_runs(facts);
    print_changes(facts);
}

static struct json *runs_json(const struct plan_runs *runs)
{
    struct json *list = json_array();

    for (uint32_t i = 0; i < runs->row_count; i++) {
        const struct plan_row *row = &runs->rows[i];
        struct json *one = json_object();

        if (row->old != NULL) {
            json_put_integer(one, "version", row->old->version);
        }
        json_put_text(one, "flowHash", row->hash);
        json_put_text(one, "place", row->place);
        json_put_integer(one, "count", row->count);
        json_put_bool(one, "fits", row->verdict == MIGRATE_FITS);
        if (row->why.bytes > 0) {
            json_put_text(one, "why", row->why);
        }
        json_push(list, one);
    }
    return list;
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
    struct sums sums = sum_up(&facts->runs);

    json_put_text(json, "flow", facts->flow->name);
    json_put_integer(json, "version", facts->flow->version);
    json_put_string(json, "hash", facts->flow->hash);
    json_put_string(json, "verdict", verdicts[facts->verdict]);
    if (facts->active != NULL) {
        json_put_integer(json, "active", facts->active->version);
    }
    json_put_integer(json, "running", sums.all);
    json_put_integer(json, "migratable", sums.fit);
    json_put(json, TEXT("runs"), runs_json(&facts->runs));
    json_put(json, TEXT("changes"), changes_json(&facts->comparison));
    view_print_json(json);
    json_free(json);
}
