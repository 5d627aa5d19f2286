/* The state machine as Mermaid and DOT, for `baton graph`. */
#include "compile/lines.h"
#include "compile/machine.h"

#define LABEL_CHARACTERS_MAX 72

enum drawing { DRAWING_MERMAID, DRAWING_DOT };

/* Text inside a quoted label. Long conditions are cut: the picture has to stay one. */
static void add_label(struct buffer *out, struct text text, enum drawing drawing)
{
    size_t characters = 0;

    for (size_t at = 0; at < text.bytes; characters++) {
        size_t bytes = character_bytes(text, at);
        char c = text.data[at];

        if (characters == LABEL_CHARACTERS_MAX) {
            buffer_add_text(out, TEXT("..."));
            return;
        }
        if (c == '"' || c == '\\') {
            buffer_add_text(out, drawing == DRAWING_DOT ? TEXT("\\") : TEXT(""));
            buffer_add_text(out, drawing == DRAWING_DOT ? text_sub(text, at, 1)
                                 : c == '"'             ? TEXT("#quot;")
                                                        : TEXT("#92;"));
        } else if (drawing == DRAWING_MERMAID && (c == '<' || c == '>' || c == '#')) {
            buffer_addf(out, "#%d;", c);
        } else if ((unsigned char)c < 0x20) {
            buffer_add_char(out, ' ');
        } else {
            buffer_add(out, text.data + at, bytes);
        }
        at += bytes;
    }
}

/* Steps and undos are named after their step, which may be any word; the rest have fixed names. */
static void add_id(const struct machine *machine, uint32_t index, struct buffer *out)
{
    const struct state *state = &machine->states[index];

    buffer_add_text(out, text_of(state_kind_name(state->kind)));
    if (state->step != STEP_NONE) {
        buffer_add_char(out, '_');
        buffer_add_text(out, machine->flow->steps[state->step].name);
    }
}

static bool is_dashed(const struct machine *machine, const struct transition *one)
{
    return one->trigger == TRIGGER_UNDO || machine->states[one->from].kind == STATE_UNDO;
}

static void add_transition_label(const struct transition *one, enum drawing drawing,
                                 struct buffer *out)
{
    bool words = one->trigger == TRIGGER_DONE;

    if (!words) {
        buffer_add_text(out, text_of(trigger_name(one->trigger)));
    }
    if (one->topic.bytes > 0) {
        buffer_add_text(out, TEXT(" "));
        add_label(out, one->topic, drawing);
    }
    if (one->when.bytes > 0) {
        buffer_add_text(out, TEXT(": "));
        add_label(out, one->when, drawing);
    }
}

static void add_state_label(const struct machine *machine, const struct state *state,
                            enum drawing drawing, struct buffer *out)
{
    bool pivot = state->kind == STATE_STEP && machine->flow->steps[state->step].pivot;

    add_label(out, state->name, drawing);
    if (pivot) {
        buffer_add_text(out, TEXT(" (pivot)"));
    }
    if (state->does.bytes > 0) {
        buffer_add_text(out, drawing == DRAWING_DOT ? TEXT("\\n") : TEXT("<br/>"));
        add_label(out, state->does, drawing);
    }
}

static const char *mermaid_open(const struct machine *machine, const struct state *state)
{
    if (state->kind == STATE_STEP) {
        return machine->flow->steps[state->step].kind == STEP_SWITCH ? "{\"" : "[\"";
    }
    return state->kind == STATE_UNDO || state->kind == STATE_UNWIND ? "[\"" : "([\"";
}

static const char *mermaid_close(const struct machine *machine, const struct state *state)
{
    if (state->kind == STATE_STEP) {
        return machine->flow->steps[state->step].kind == STEP_SWITCH ? "\"}" : "\"]";
    }
    return state->kind == STATE_UNDO || state->kind == STATE_UNWIND ? "\"]" : "\"])";
}

void machine_mermaid(const struct machine *machine, struct buffer *out)
{
    buffer_addf(out, "%%%% %.*s, version %d\nflowchart TD\n", TEXT_ARG(machine->flow->name),
                machine->flow->version);
    for (uint32_t i = 0; i < machine->state_count; i++) {
        const struct state *state = &machine->states[i];

        buffer_add_text(out, TEXT("    "));
        add_id(machine, i, out);
        buffer_add_text(out, text_of(mermaid_open(machine, state)));
        add_state_label(machine, state, DRAWING_MERMAID, out);
        buffer_add_text(out, text_of(mermaid_close(machine, state)));
        buffer_add_text(out, state->kind == STATE_UNDO ? TEXT(":::undo\n") : TEXT("\n"));
    }
    for (uint32_t i = 0; i < machine->transition_count; i++) {
        const struct transition *one = &machine->transitions[i];
        bool plain = one->trigger == TRIGGER_DONE && one->topic.bytes == 0 && one->when.bytes == 0;

        buffer_add_text(out, TEXT("    "));
        add_id(machine, one->from, out);
        buffer_add_text(out, is_dashed(machine, one) ? TEXT(" -.->") : TEXT(" -->"));
        if (!plain) {
            buffer_add_text(out, TEXT("|\""));
            add_transition_label(one, DRAWING_MERMAID, out);
            buffer_add_text(out, TEXT("\"|"));
        }
        buffer_add_char(out, ' ');
        add_id(machine, one->to, out);
        buffer_add_char(out, '\n');
    }
    buffer_add_text(out, TEXT("    classDef undo stroke-dasharray: 5 5\n"));
}

static const char *dot_shape(const struct machine *machine, const struct state *state)
{
    switch (state->kind) {
    case STATE_START:
    case STATE_ANY:
        return "shape=oval";
    case STATE_STEP:
        return machine->flow->steps[state->step].kind == STEP_SWITCH ? "shape=diamond"
                                                                     : "shape=box";
    case STATE_UNWIND:
        return "shape=box, style=rounded";
    case STATE_UNDO:
        return "shape=box, style=dashed";
    case STATE_STUCK:
        return "shape=octagon";
    case STATE_COMPLETED:
    case STATE_FAILED:
    case STATE_CANCELLED:
        return "shape=oval, peripheries=2";
    }
    CHECK(!"unknown kind of state");
    return "";
}

void machine_dot(const struct machine *machine, struct buffer *out)
{
    buffer_addf(out, "digraph \"%.*s\" {\n    rankdir=TB;\n", TEXT_ARG(machine->flow->name));
    for (uint32_t i = 0; i < machine->state_count; i++) {
        buffer_add_text(out, TEXT("    "));
        add_id(machine, i, out);
        buffer_addf(out, " [%s, label=\"", dot_shape(machine, &machine->states[i]));
        add_state_label(machine, &machine->states[i], DRAWING_DOT, out);
        buffer_add_text(out, TEXT("\"];\n"));
    }
    for (uint32_t i = 0; i < machine->transition_count; i++) {
        const struct transition *one = &machine->transitions[i];

        buffer_add_text(out, TEXT("    "));
        add_id(machine, one->from, out);
        buffer_add_text(out, TEXT(" -> "));
        add_id(machine, one->to, out);
        buffer_add_text(out, TEXT(" [label=\""));
        add_transition_label(one, DRAWING_DOT, out);
        buffer_addf(out, "\"%s];\n", is_dashed(machine, one) ? ", style=dashed" : "");
    }
    buffer_add_text(out, TEXT("}\n"));
}
