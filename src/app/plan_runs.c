#include "app/plan_runs.h"

#include <stdlib.h>

#include "app/live_runs.h"
#include "compile/grow.h"
#include "core/transition.h"

static const struct comparison *changes_since(struct plan_runs *runs, const struct flow *old)
{
    for (uint32_t i = 0; i < runs->change_count; i++) {
        if (runs->changes[i].old == old) {
            return &runs->changes[i].comparison;
        }
    }
    runs->changes = grow(&runs->arena, runs->changes, runs->change_count, &runs->change_capacity,
                         sizeof(*runs->changes));
    runs->changes[runs->change_count].old = old;
    compare_flows(old, runs->flow, &runs->changes[runs->change_count].comparison);
    return &runs->changes[runs->change_count++].comparison;
}

/* With a plan that says nothing but the versions. */
static enum migrate_verdict foresee(struct plan_runs *runs, const struct flow *old,
                                    const struct instance *instance, struct text place,
                                    struct buffer *why)
{
    const struct comparison *comparison = changes_since(runs, old);
    const struct change *change = comparison_hinders(comparison, TEXT(""));
    size_t blank = text_find(place, ' ');
    struct json *plan;
    enum migrate_verdict verdict;

    if (change != NULL) {
        buffer_add_text(why, change->text);
        return MIGRATE_NO_TARGET;
    }
    plan = json_object();
    verdict = migrate_foresee(old, runs->flow, instance, plan, why);
    json_free(plan);
    change = comparison_hinders(comparison,
                                text_sub(place, 0, blank == SIZE_MAX ? place.bytes : blank));
    if ((verdict == MIGRATE_ACTION || verdict == MIGRATE_NO_TARGET) && change != NULL) {
        buffer_clear(why);
        buffer_add_text(why, change->text);
    }
    return verdict;
}

static void count(struct plan_runs *runs, struct plan_row row)
{
    for (uint32_t i = 0; i < runs->row_count; i++) {
        struct plan_row *known = &runs->rows[i];

        if (known->verdict == row.verdict && text_equal(known->hash, row.hash) &&
            text_equal(known->place, row.place) && text_equal(known->why, row.why)) {
            known->count++;
            return;
        }
    }
    runs->rows = grow(&runs->arena, runs->rows, runs->row_count, &runs->row_capacity,
                      sizeof(*runs->rows));
    row.hash = arena_text(&runs->arena, row.hash);
    row.place = arena_text(&runs->arena, row.place);
    row.why = arena_text(&runs->arena, row.why);
    runs->rows[runs->row_count++] = row;
}

static void look(void *self, const struct instance *instance)
{
    struct plan_runs *runs = self;
    struct plan_row row = {.hash = text_of(instance->flow_hash), .count = 1};
    struct buffer place = {0};
    struct buffer why = {0};

    row.old = flow_registry_by_hash(runs->estate->registry, row.hash);
    if (row.old == NULL) {
        row.verdict = MIGRATE_NOT_NOW;
        row.place = TEXT("some place");
        row.why = TEXT("this program cannot read their version");
    } else {
        instance_place(row.old, instance, &place);
        row.place = buffer_text(&place);
        row.verdict = plan_row_is_new(runs, &row)
                          ? MIGRATE_FITS
                          : foresee(runs, row.old, instance, row.place, &why);
        row.why = buffer_text(&why);
    }
    count(runs, row);
    buffer_release(&place);
    buffer_release(&why);
}

static int by_version(const void *left, const void *right)
{
    const struct plan_row *a = left;
    const struct plan_row *b = right;
    int32_t one = a->old == NULL ? 0 : a->old->version;
    int32_t other = b->old == NULL ? 0 : b->old->version;

    if (one != other) {
        return one < other ? -1 : 1;
    }
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return text_compare(a->place, b->place);
}

bool plan_row_is_new(const struct plan_runs *runs, const struct plan_row *row)
{
    return text_is(row->hash, runs->flow->hash);
}

int plan_runs_find(struct estate *estate, const struct flow *flow, struct plan_runs *runs)
{
    *runs = (struct plan_runs){.flow = flow, .estate = estate};
    int code = live_runs_each(estate, flow->name, look, runs);

    if (runs->row_count > 0) {
        qsort(runs->rows, runs->row_count, sizeof *runs->rows, by_version);
    }
    return code;
}

void plan_runs_release(struct plan_runs *runs)
{
    for (uint32_t i = 0; i < runs->change_count; i++) {
        comparison_release(&runs->changes[i].comparison);
    }
    arena_release(&runs->arena);
    *runs = (struct plan_runs){0};
}
