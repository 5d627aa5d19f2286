#include "app/migrate_view.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/live_runs.h"
#include "core/transition.h"

#define WHYS_SHOWN 20

/* ---- what is there ---- */

static void count(struct migrate_view *view, struct text place, enum migrate_verdict verdict,
                  struct text why)
{
    for (uint32_t i = 0; i < view->row_count; i++) {
        struct migrate_row *row = &view->rows[i];

        if (row->verdict == verdict && text_equal(row->place, place) && text_equal(row->why, why)) {
            row->count++;
            return;
        }
    }
    if (view->row_count == view->row_capacity) {
        view->row_capacity = view->row_capacity == 0 ? 16 : view->row_capacity * 2;
        view->rows = realloc(view->rows, view->row_capacity * sizeof *view->rows);
        CHECK(view->rows != NULL);
    }
    view->rows[view->row_count++] = (struct migrate_row){arena_text(&view->arena, place), verdict,
                                                         arena_text(&view->arena, why), 1};
}

static void look(void *self, const struct instance *instance)
{
    struct migrate_view *view = self;
    struct buffer place = {0};
    struct buffer why = {0};

    if (!text_is(text_of(instance->flow_hash), view->old->hash)) {
        return; /* Of another version: not meant. */
    }
    enum migrate_verdict verdict = migrate_foresee(view->old, view->new, instance, view->file->plan,
                                                   &why);
    instance_place(view->old, instance, &place);
    count(view, buffer_text(&place), verdict, buffer_text(&why));
    if (verdict == MIGRATE_FITS) {
        migrate_orders_add(&view->orders, instance->name);
    }
    buffer_release(&place);
    buffer_release(&why);
}

/* What stops the plan: somebody has to say where these runs go on. */
static void tell_stops(struct migrate_view *view)
{
    struct place place = migrate_file_steps(view->file);

    for (uint32_t i = 0; i < view->row_count; i++) {
        const struct migrate_row *row = &view->rows[i];

        if (row->verdict == MIGRATE_ACTION || row->verdict == MIGRATE_NO_TARGET) {
            diagnostics_error(view->found, row->verdict == MIGRATE_ACTION ? "F805" : "F806", place,
                              "%u %s at '%.*s': %.*s", row->count,
                              row->count == 1 ? "run stands" : "runs stand", TEXT_ARG(row->place),
                              TEXT_ARG(row->why));
        }
    }
}

static uint32_t count_answers(const struct migrate_view *view, enum migrate_answer answer)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < view->orders.count; i++) {
        sum += view->orders.items[i].answer == answer;
    }
    return sum;
}

int migrate_view_make(struct migrate_view *view)
{
    int code = migrate_orders_open(view->estate, &view->orders);

    if (code == EXIT_DONE) {
        code = live_runs_each(view->estate, view->old->name, look, view);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    view->is_seen = true;
    tell_stops(view);
    if (view->found->error_count > 0) {
        return EXIT_FINDINGS;
    }
    if (!view->is_real || view->orders.count == 0) {
        return EXIT_DONE;
    }
    view->is_done = true;
    code = migrate_orders_give(view->estate, &view->orders);
    if (code != EXIT_DONE) {
        return EXIT_UNREACHABLE;
    }
    return count_answers(view, MIGRATE_REFUSED) + count_answers(view, MIGRATE_UNANSWERED) > 0
               ? EXIT_FINDINGS
               : EXIT_DONE;
}

void migrate_view_release(struct migrate_view *view)
{
    migrate_orders_release(&view->orders);
    free(view->rows);
    arena_release(&view->arena);
}

/* ---- for people ---- */

static uint32_t count_rows(const struct migrate_view *view, enum migrate_verdict verdict)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < view->row_count; i++) {
        sum += view->rows[i].verdict == verdict ? view->rows[i].count : 0;
    }
    return sum;
}

static void print_rows(const struct migrate_view *view, enum migrate_verdict verdict)
{
    for (uint32_t i = 0; i < view->row_count; i++) {
        const struct migrate_row *row = &view->rows[i];

        if (row->verdict == verdict) {
            printf("    %u at %.*s%s%.*s\n", row->count, TEXT_ARG(row->place),
                   row->why.bytes > 0 ? ": " : "", TEXT_ARG(row->why));
        }
    }
}

static void print_answers(const struct migrate_view *view)
{
    uint32_t shown = 0;

    printf("%u migrated, %u refused, %u had ended, %u did not answer in time\n",
           count_answers(view, MIGRATE_DONE), count_answers(view, MIGRATE_REFUSED),
           count_answers(view, MIGRATE_ENDED), count_answers(view, MIGRATE_UNANSWERED));
    for (uint32_t i = 0; i < view->orders.count && shown < WHYS_SHOWN; i++) {
        const struct migrate_order *order = &view->orders.items[i];

        if (order->answer == MIGRATE_REFUSED) {
            printf("    %.*s: %.*s\n", TEXT_ARG(order->instance), TEXT_ARG(order->why));
            shown++;
        } else if (order->answer == MIGRATE_UNANSWERED) {
            printf("    %.*s: the order stands in its inbox; is a worker there?\n",
                   TEXT_ARG(order->instance));
            shown++;
        }
    }
}

static void print_table(const struct migrate_view *view)
{
    struct buffer text = {0};

    printf("%s%.*s%s from version %d to version %d\n", view_bold(), TEXT_ARG(view->old->name),
           view_plain(), view->old->version, view->new->version);
    printf("  %u %s be migrated\n", count_rows(view, MIGRATE_FITS),
           count_rows(view, MIGRATE_FITS) == 1 ? "run can" : "runs can");
    print_rows(view, MIGRATE_FITS);
    if (count_rows(view, MIGRATE_NOT_NOW) > 0) {
        printf("  %u cannot now\n", count_rows(view, MIGRATE_NOT_NOW));
        print_rows(view, MIGRATE_NOT_NOW);
    }
    if (count_rows(view, MIGRATE_LEFT_OUT) > 0) {
        printf("  %u are left out by 'where'\n", count_rows(view, MIGRATE_LEFT_OUT));
    }
    diagnostics_print(view->found, DIAGNOSTIC_TEXT, &text);
    printf("%s", buffer_string(&text));
    buffer_release(&text);
    if (view->found->error_count > 0) {
        printf("the plan is stopped: nothing was changed\n");
    } else if (view->is_done) {
        print_answers(view);
    } else if (view->is_real) {
        printf("nothing was changed: there is no run to migrate\n");
    } else {
        printf("a dry run: nothing was changed; --yes does it\n");
    }
}

/* ---- for programs ---- */

static struct json *rows_json(const struct migrate_view *view)
{
    static const char *const verdicts[] = {
        [MIGRATE_FITS] = "fits",      [MIGRATE_LEFT_OUT] = "leftOut", [MIGRATE_ACTION] = "F805",
        [MIGRATE_NO_TARGET] = "F806", [MIGRATE_NOT_NOW] = "notNow",
    };
    struct json *rows = json_array();

    for (uint32_t i = 0; i < view->row_count; i++) {
        struct json *row = json_object();

        json_put_text(row, "place", view->rows[i].place);
        json_put_string(row, "verdict", verdicts[view->rows[i].verdict]);
        json_put_integer(row, "count", view->rows[i].count);
        if (view->rows[i].why.bytes > 0) {
            json_put_text(row, "why", view->rows[i].why);
        }
        json_push(rows, row);
    }
    return rows;
}

static struct json *findings_json(const struct migrate_view *view)
{
    struct json *findings = json_array();

    for (uint32_t i = 0; i < view->found->count; i++) {
        const struct diagnostic *one = &view->found->items[i];
        struct json *finding = json_object();

        json_put_string(finding, "id", one->id);
        json_put_integer(finding, "line", one->place.line);
        json_put_integer(finding, "column", one->place.column);
        json_put_text(finding, "message", one->message);
        json_push(findings, finding);
    }
    return findings;
}

static struct json *answers_json(const struct migrate_view *view)
{
    static const char *const answers[] = {
        [MIGRATE_UNANSWERED] = "unanswered",
        [MIGRATE_DONE] = "migrated",
        [MIGRATE_REFUSED] = "refused",
        [MIGRATE_ENDED] = "ended",
    };
    struct json *all = json_array();

    for (uint32_t i = 0; i < view->orders.count; i++) {
        const struct migrate_order *order = &view->orders.items[i];
        struct json *one = json_object();

        json_put_text(one, "instance", order->instance);
        json_put_string(one, "answer", answers[order->answer]);
        if (order->why.bytes > 0) {
            json_put_text(one, "why", order->why);
        }
        json_push(all, one);
    }
    return all;
}

static void print_json(const struct migrate_view *view)
{
    struct json *root = json_object();

    json_put_text(root, "flow", view->old->name);
    json_put_integer(root, "from", view->old->version);
    json_put_integer(root, "to", view->new->version);
    json_put_bool(root, "dryRun", !view->is_real);
    json_put(root, TEXT("runs"), rows_json(view));
    json_put(root, TEXT("findings"), findings_json(view));
    if (view->is_done) {
        json_put_integer(root, "migrated", count_answers(view, MIGRATE_DONE));
        json_put_integer(root, "refused", count_answers(view, MIGRATE_REFUSED));
        json_put_integer(root, "ended", count_answers(view, MIGRATE_ENDED));
        json_put_integer(root, "unanswered", count_answers(view, MIGRATE_UNANSWERED));
        json_put(root, TEXT("answers"), answers_json(view));
    }
    view_print_json(root);
    json_free(root);
}

void migrate_view_print(const struct migrate_view *view, enum view_output output)
{
    if (output == VIEW_JSON) {
        print_json(view);
    } else {
        print_table(view);
    }
}
