/* States from which no way leads to an end. */
#include <stdlib.h>

#include "verify/explore.h"

bool explorer_counts_on(const struct explorer *explorer, const struct trial *trial)
{
    const struct move *move = trial->move;
    const struct instance *after = trial->after;

    switch ((enum move_kind)move->kind) {
    case MOVE_OPERATOR:
        return move->word != OPERATOR_CANCEL;
    case MOVE_PARENT:
        return trial->before->status == RUN_HELD;
    case MOVE_MESSAGE:
        return !explorer->world.messages[move->message].starts ||
               trial->before->status != RUN_RUNNING ||
               (after->closing != RUN_CANCELLED && after->status != RUN_CANCELLED);
    case MOVE_REPLY:
    case MOVE_KEY_REPLY:
    case MOVE_TIMER:
    case MOVE_SIGNAL:
    case MOVE_BEGIN:
    case MOVE_REFUSED:
    case MOVE_CHILD:
        return true;
    }
    CHECK(!"unknown move");
    return true;
}

/* Of the states that lead to no end, the first from which nothing leads anywhere, as it tells most. */
static uint32_t first_trap(const struct explorer *explorer, const bool *good)
{
    bool *moves = calloc((size_t)explorer->count + 1, sizeof(bool));
    uint32_t trap = STATE_NONE;
    uint32_t still = STATE_NONE;

    CHECK(moves != NULL);
    for (size_t i = 0; i < explorer->edge_count; i++) {
        moves[explorer->edges[i].from] = true;
    }
    for (uint32_t i = explorer->count; i > 1; i--) {
        if (!good[i - 1]) {
            trap = i - 1;
            still = moves[i - 1] ? still : i - 1;
        }
    }
    free(moves);
    return still == STATE_NONE ? trap : still;
}

/* Marks, backwards from the ends, what leads to one. */
uint32_t explorer_find_trap(const struct explorer *explorer)
{
    bool *good = calloc((size_t)explorer->count + 1, sizeof(bool));
    uint32_t *first = calloc((size_t)explorer->count + 2, sizeof(uint32_t));
    uint32_t *from = calloc(explorer->edge_count + 1, sizeof(uint32_t));
    uint32_t *todo = calloc((size_t)explorer->count + 1, sizeof(uint32_t));
    uint32_t todo_count = 0;
    uint32_t trap;

    CHECK(good != NULL && first != NULL && from != NULL && todo != NULL);
    for (size_t i = 0; i < explorer->edge_count; i++) {
        first[explorer->edges[i].to + 1]++;
    }
    for (uint32_t i = 0; i < explorer->count; i++) {
        first[i + 1] += first[i];
        if (explorer->loose[i]) {
            good[i] = true;
            todo[todo_count++] = i;
        }
    }
    for (size_t i = 0; i < explorer->edge_count; i++) {
        from[first[explorer->edges[i].to]++] = explorer->edges[i].from;
    }
    /* first[i] is now where the edges to state i end, and first[i - 1] where they begin. */
    while (todo_count > 0) {
        uint32_t to = todo[--todo_count];

        for (uint32_t i = to == 0 ? 0 : first[to - 1]; i < first[to]; i++) {
            if (!good[from[i]]) {
                good[from[i]] = true;
                todo[todo_count++] = from[i];
            }
        }
    }
    trap = first_trap(explorer, good);
    free(good);
    free(first);
    free(from);
    free(todo);
    return trap;
}
