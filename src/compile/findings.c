#include "compile/findings.h"

#include <string.h>
#include <strings.h>

#include "compile/fields.h"
#include "compile/findings_rows.h"

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const struct finding *findings(uint32_t *count)
{
    *count = ROW_COUNT;
    return rows;
}

const struct finding *findings_find(struct text id)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (id.bytes == strlen(rows[i].id) && strncasecmp(id.data, rows[i].id, id.bytes) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *findings_suggest(struct text id)
{
    const char *found = NULL;
    uint32_t best = UINT32_MAX;

    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (fields_is_near(id, text_of(rows[i].id), &best)) {
            found = rows[i].id;
        }
    }
    return found;
}

static const char *severity_name(enum severity severity)
{
    return severity == SEVERITY_ERROR ? "error" : "warning";
}

void findings_explain(const struct finding *finding, struct buffer *out)
{
    buffer_addf(out, "%s (%s): %s\n\n%s\n\nWhat to do: %s\n", finding->id,
                severity_name(finding->severity), finding->title, finding->meaning,
                finding->remedy);
}

static const char *chapter_of(char digit)
{
    switch (digit) {
    case '0':
        return "The file";
    case '1':
        return "Keys and values";
    case '2':
        return "Names and ways";
    case '3':
        return "Expressions";
    case '4':
        return "Messages and services";
    case '5':
        return "Undoing";
    case '6':
        return "Times";
    default:
        return "Limits";
    }
}

void findings_page(struct buffer *out)
{
    char chapter = 0;

    buffer_addf(out, "%s",
                "# Findings of the checker\n\n"
                "Made from the table in `src/compile/findings_rows.h` (`UPDATE=1` with the test "
                "`lint_findings` writes it anew).\n\n"
                "`baton check` prints them with file, line and column; `baton check --explain "
                "F204` prints one of these entries. Errors refuse the flow; warnings do so with "
                "`--strict` only.\n");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct finding *row = &rows[i];

        if (row->id[1] != chapter) {
            chapter = row->id[1];
            buffer_addf(out, "\n## %s\n", chapter_of(chapter));
        }
        buffer_addf(out, "\n### %s: %s\n\n*%s, %s.* %s\n\n%s\n", row->id, row->title,
                    row->severity == SEVERITY_ERROR ? "Error" : "Warning", row->name, row->meaning,
                    row->remedy);
    }
}
