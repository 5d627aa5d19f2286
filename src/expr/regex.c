#include "expr/regex.h"

#include <stdlib.h>
#include <string.h>

#include "expr/regex_parse.h"

/* Ken Thompson's construction: a program whose states are all followed at once. */

#define PROGRAM_MAX 4000U /* Instructions, after repetitions are written out. */
#define WORK_MAX 40000U   /* Patterns visited meanwhile: a repetition of nothing writes nothing. */

struct instruction {
    enum instruction_kind {
        INSTRUCTION_SET,   /* take one code point of `set` */
        INSTRUCTION_SPLIT, /* go on at both `next` and `other` */
        INSTRUCTION_PLACE, /* go on if `place` holds here */
        INSTRUCTION_MATCH,
    } kind;
    enum pattern_kind place;
    const struct charset *set;
    uint32_t next;
    uint32_t other;
};

struct regex {
    struct arena arena;
    struct instruction *program;
    uint32_t count;
    uint32_t work;
    bool fold_case;
    bool too_large;
};

/* The instructions that are waiting for the next code point. */
struct states {
    uint32_t *items;
    uint32_t count;
};

struct matcher {
    const struct regex *regex;
    struct text subject;
    size_t at;
    uint32_t before; /* The code point before `at`, or 0 at the start. */
    uint32_t *seen;  /* By instruction: the turn in which it was added. */
    uint32_t *stack;
    uint32_t turn;
    bool matched;
};

/* The program is written from its end to its beginning: emitting a pattern gives the index of its
 * first instruction, from which it goes on to `next`. */
static uint32_t emit(struct regex *regex, const struct pattern *pattern, uint32_t next);

static uint32_t add(struct regex *regex, struct instruction instruction)
{
    if (regex->count >= PROGRAM_MAX) {
        regex->too_large = true;
        return 0;
    }
    regex->program[regex->count] = instruction;
    return regex->count++;
}

/* The children in reverse: the list is walked once to a stack of its own length. */
static uint32_t emit_sequence(struct regex *regex, const struct pattern *child, uint32_t next)
{
    const struct pattern **children;
    size_t count = 0;

    for (const struct pattern *at = child; at != NULL; at = at->next) {
        count++;
    }
    children = calloc(count + 1, sizeof(struct pattern *));
    CHECK(children != NULL);
    count = 0;
    for (const struct pattern *at = child; at != NULL; at = at->next) {
        children[count++] = at;
    }
    while (count > 0) {
        next = emit(regex, children[--count], next);
    }
    free(children);
    return next;
}

static uint32_t emit_choice(struct regex *regex, const struct pattern *child, uint32_t next)
{
    uint32_t entry = emit(regex, child, next);

    for (const struct pattern *at = child->next; at != NULL; at = at->next) {
        uint32_t other = emit(regex, at, next);
        entry = add(regex,
                    (struct instruction){.kind = INSTRUCTION_SPLIT, .next = entry, .other = other});
    }
    return entry;
}

static uint32_t emit_repeat(struct regex *regex, const struct pattern *pattern, uint32_t next)
{
    uint32_t end = next;
    uint32_t loop;

    if (pattern->max == REPEAT_UNBOUNDED) {
        loop = add(regex, (struct instruction){.kind = INSTRUCTION_SPLIT, .other = end});
        next = emit(regex, pattern->child, loop);
        if (!regex->too_large) {
            regex->program[loop].next = next;
        }
        next = loop;
    } else {
        for (uint32_t i = pattern->min; i < pattern->max && !regex->too_large; i++) {
            next = emit(regex, pattern->child, next);
            next = add(regex,
                       (struct instruction){.kind = INSTRUCTION_SPLIT, .next = next, .other = end});
        }
    }
    for (uint32_t i = 0; i < pattern->min && !regex->too_large; i++) {
        next = emit(regex, pattern->child, next);
    }
    return next;
}

static uint32_t emit(struct regex *regex, const struct pattern *pattern, uint32_t next)
{
    regex->work++;
    regex->too_large = regex->too_large || regex->work > WORK_MAX;
    if (regex->too_large) {
        return 0;
    }
    switch (pattern->kind) {
    case PATTERN_SET:
        return add(regex, (struct instruction){
                              .kind = INSTRUCTION_SET, .set = &pattern->set, .next = next});
    case PATTERN_SEQUENCE:
        return emit_sequence(regex, pattern->child, next);
    case PATTERN_CHOICE:
        return emit_choice(regex, pattern->child, next);
    case PATTERN_REPEAT:
        return emit_repeat(regex, pattern, next);
    case PATTERN_START:
    case PATTERN_END:
    case PATTERN_VERY_END:
    case PATTERN_BORDER:
    case PATTERN_NO_BORDER:
        return add(regex, (struct instruction){
                              .kind = INSTRUCTION_PLACE, .place = pattern->kind, .next = next});
    }
    CHECK(!"unknown kind of pattern");
    return 0;
}

static enum status read_flags(struct text flags, struct regex *regex, struct pattern_parser *parser)
{
    for (size_t i = 0; i < flags.bytes; i++) {
        char flag = flags.data[i];
        if (flag == 'i') {
            regex->fold_case = true;
        } else if (flag == 'x') {
            parser->extended = true;
        } else if (flag == 'p') {
            parser->dot_all = true;
        } else if (flag != 'g' && flag != 'l' && flag != 's') { /* These change nothing here. */
            return fail(parser->err, STATUS_REJECT, "the flags are of g i l p s x, not '%.*s'",
                        TEXT_ARG(text_sub(flags, 0, 20)));
        }
    }
    return STATUS_OK;
}

enum status regex_compile(struct text pattern, struct text flags, struct regex **regex,
                          struct error *err)
{
    struct regex *made = calloc(1, sizeof(*made));
    struct pattern_parser parser = {.source = pattern, .err = err};
    const struct pattern *root = NULL;
    uint32_t entry;

    CHECK(made != NULL);
    parser.arena = &made->arena;
    *regex = NULL;
    if (read_flags(flags, made, &parser) == STATUS_OK) {
        root = pattern_parse(&parser);
    }
    if (root == NULL) {
        regex_free(made);
        return STATUS_REJECT;
    }
    made->program = calloc(PROGRAM_MAX, sizeof(*made->program));
    CHECK(made->program != NULL);
    entry = add(made, (struct instruction){.kind = INSTRUCTION_MATCH});
    entry = emit(made, root, entry);
    /* The last instruction is where the program is entered. */
    (void)add(made, (struct instruction){.kind = INSTRUCTION_SPLIT, .next = entry, .other = entry});
    if (made->too_large) {
        regex_free(made);
        return fail(err, STATUS_REJECT, "too large, with its repetitions written out");
    }
    made->program = realloc(made->program, made->count * sizeof(*made->program));
    CHECK(made->program != NULL);
    *regex = made;
    return STATUS_OK;
}

void regex_free(struct regex *regex)
{
    if (regex != NULL) {
        free(regex->program);
        arena_release(&regex->arena);
        free(regex);
    }
}

static uint32_t other_case(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7) ||
        (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) {
        return c + 32;
    }
    if ((c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7) ||
        (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2) || (c >= 0x430 && c <= 0x44F)) {
        return c - 32;
    }
    return c;
}

static bool takes(const struct regex *regex, const struct charset *set, uint32_t c)
{
    if (!regex->fold_case) {
        return charset_has(set, c);
    }
    /* [^a] with i is "neither a nor A". */
    return set->negated ? charset_has(set, c) && charset_has(set, other_case(c))
                        : charset_has(set, c) || charset_has(set, other_case(c));
}

static bool holds(const struct matcher *matcher, enum pattern_kind place)
{
    struct text subject = matcher->subject;
    bool end = matcher->at == subject.bytes;
    bool last_newline = matcher->at + 1 == subject.bytes && subject.data[matcher->at] == '\n';
    size_t bytes;
    bool border;

    if (place == PATTERN_START) {
        return matcher->at == 0;
    }
    if (place == PATTERN_END) {
        return end || last_newline;
    }
    if (place == PATTERN_VERY_END) {
        return end;
    }
    border = (matcher->at > 0 && is_word(matcher->before)) !=
             (!end && is_word(code_point_at(subject, matcher->at, &bytes)));
    return border == (place == PATTERN_BORDER);
}

/* Follow all that needs no code point. Each instruction is looked at once a turn. */
static void follow(struct matcher *matcher, uint32_t from, struct states *states)
{
    const struct instruction *program = matcher->regex->program;
    uint32_t depth = 0;

    matcher->stack[depth++] = from;
    while (depth > 0) {
        uint32_t index = matcher->stack[--depth];
        const struct instruction *instruction = &program[index];
        if (matcher->seen[index] == matcher->turn) {
            continue;
        }
        matcher->seen[index] = matcher->turn;
        switch (instruction->kind) {
        case INSTRUCTION_SET:
            states->items[states->count++] = index;
            break;
        case INSTRUCTION_SPLIT:
            matcher->stack[depth++] = instruction->other;
            matcher->stack[depth++] = instruction->next;
            break;
        case INSTRUCTION_PLACE:
            if (holds(matcher, instruction->place)) {
                matcher->stack[depth++] = instruction->next;
            }
            break;
        case INSTRUCTION_MATCH:
            matcher->matched = true;
            return;
        }
    }
}

static void run(struct matcher *matcher, struct states *now, struct states *then, int64_t *fuel)
{
    const struct regex *regex = matcher->regex;
    struct states swap;
    uint32_t c;
    size_t bytes;

    for (;;) {
        /* A match may begin at every place. */
        follow(matcher, regex->count - 1, now);
        *fuel -= 1 + (int64_t)(now->count / 4);
        if (matcher->matched || matcher->at == matcher->subject.bytes || *fuel < 0) {
            return;
        }
        c = code_point_at(matcher->subject, matcher->at, &bytes);
        matcher->at += bytes;
        matcher->before = c;
        matcher->turn++;
        then->count = 0;
        for (uint32_t i = 0; i < now->count && !matcher->matched; i++) {
            const struct instruction *instruction = &regex->program[now->items[i]];
            if (takes(regex, instruction->set, c)) {
                follow(matcher, instruction->next, then);
            }
        }
        swap = *now;
        *now = *then;
        *then = swap;
    }
}

bool regex_matches(const struct regex *regex, struct text subject, int64_t *fuel)
{
    struct matcher matcher = {.regex = regex, .subject = subject, .turn = 1};
    size_t count = regex->count;
    /* One allocation: two sets of states, the turns, and a stack of two entries an instruction. */
    uint32_t *memory = calloc(5 * count + 2, sizeof(*memory));
    struct states now = {.items = memory};
    struct states then = {.items = memory + count};

    CHECK(memory != NULL);
    matcher.seen = memory + 2 * count;
    matcher.stack = memory + 3 * count;
    run(&matcher, &now, &then, fuel);
    free(memory);
    return matcher.matched;
}
