#include "app/flow_test_story.h"

#include <stdint.h>

#define LINES_MAX 100 /* Longer ones are cut. */
#define FIRST_LINES 30
#define LAST_LINES 40

static size_t line_end(struct text story, size_t at)
{
    size_t bytes = text_find(text_sub(story, at, story.bytes), '\n');

    return bytes == SIZE_MAX ? story.bytes : at + bytes + 1;
}

static size_t lines_of(struct text story)
{
    size_t count = 0;

    for (size_t at = 0; at < story.bytes; at = line_end(story, at)) {
        count++;
    }
    return count;
}

/* Behind `lines` lines, and on to the next that begins an event: what it decided is indented. */
static size_t event_after(struct text story, size_t lines)
{
    size_t at = 0;

    while (at < story.bytes && (lines > 0 || story.data[at] == ' ')) {
        at = line_end(story, at);
        lines -= lines > 0;
    }
    return at;
}

void flow_test_story_cut(struct text story, struct buffer *out)
{
    size_t lines = lines_of(story);
    size_t from;
    size_t to;

    from = lines > LINES_MAX ? event_after(story, FIRST_LINES) : 0;
    to = lines > LINES_MAX ? event_after(story, lines - LAST_LINES) : 0;
    if (from == to) {
        buffer_add_text(out, story);
        return;
    }
    buffer_add_text(out, text_sub(story, 0, from));
    buffer_addf(out, "... %zu lines are left out; --verbose shows them\n",
                lines_of(text_sub(story, from, to - from)));
    buffer_add_text(out, text_sub(story, to, story.bytes));
}
