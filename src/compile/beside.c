#include "compile/beside.h"

#include <dirent.h>

#include "compile/checker.h"

/* The value of the key `flow` at the beginning of a line; empty if there is none. */
static struct text name_in(struct text text)
{
    while (text.bytes > 0) {
        size_t end = text_find(text, '\n');
        struct text line = text_sub(text, 0, end == SIZE_MAX ? text.bytes : end);

        text = end == SIZE_MAX ? TEXT("") : text_sub(text, end + 1, text.bytes);
        if (text_starts(line, TEXT("flow:"))) {
            size_t from = 5;
            size_t to;

            while (from < line.bytes &&
                   (line.data[from] == ' ' || line.data[from] == '"' || line.data[from] == '\'')) {
                from++;
            }
            to = from;
            while (to < line.bytes &&
                   ((line.data[to] >= 'a' && line.data[to] <= 'z') ||
                    (line.data[to] >= '0' && line.data[to] <= '9') || line.data[to] == '-')) {
                to++;
            }
            return text_sub(line, from, to - from);
        }
    }
    return TEXT("");
}

/* A document of the standard says its name in its head. */
static bool is_document_named(struct text text, struct text name)
{
    struct diagnostics diagnostics = {0};
    struct document *document = NULL;
    const struct node *said;
    bool is = false;

    if (document_parse(TEXT(""), text, &diagnostics, &document) == STATUS_OK) {
        said = node_get(node_get(document->root, "document"), "name");
        is = said != NULL && node_is_scalar(said) && text_equal(said->text, name);
    }
    document_free(document);
    diagnostics_release(&diagnostics);
    return is;
}

static bool is_named(const char *path, struct text name)
{
    struct buffer text = {0};
    struct error err;
    bool is = file_text(path, &text, &err) == STATUS_OK &&
              (text_equal(name_in(buffer_text(&text)), name) ||
               (text_starts(buffer_text(&text), TEXT("document:")) &&
                is_document_named(buffer_text(&text), name)));

    buffer_release(&text);
    return is;
}

bool flow_file_ending(struct text path)
{
    return (text_ends(path, TEXT(".yaml")) && !text_ends(path, TEXT(".test.yaml"))) ||
           (text_ends(path, TEXT(".yml")) && !text_ends(path, TEXT(".test.yml")));
}

/* Of two with that name the first in the alphabet, wherever the folder has them. */
struct text flow_beside(struct text path, struct text name, struct arena *arena)
{
    size_t slash = text_find_last(path, '/');
    struct text folder = slash == SIZE_MAX ? TEXT("") : text_sub(path, 0, slash + 1);
    DIR *entries = opendir(slash == SIZE_MAX ? "." : arena_text(arena, folder).data);
    struct text found = TEXT("");
    const struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        struct text candidate;

        if (entry->d_name[0] == '.' || !flow_file_ending(text_of(entry->d_name))) {
            continue;
        }
        candidate = arena_printf(arena, "%.*s%s", TEXT_ARG(folder), entry->d_name);
        if ((found.bytes == 0 || text_compare(candidate, found) < 0) &&
            is_named(candidate.data, name)) {
            found = candidate;
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return found;
}
