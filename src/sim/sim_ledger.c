#include "sim/sim_ledger.h"

#include <stdlib.h>
#include <string.h>

static void drop_text(struct text text)
{
    free((char *)(uintptr_t)text.data);
}

static struct text keep_text(struct text text)
{
    return (struct text){text_dup(text), text.bytes};
}

static void deed_free(struct sim_deed *deed)
{
    drop_text(deed->service);
    drop_text(deed->type);
    drop_text(deed->idempotency_key);
    drop_text(deed->undo_of);
    drop_text(deed->instance);
    free(deed);
}

/* The older half: what is repeated is repeated soon. */
static void forget(struct sim_ledger *ledger)
{
    size_t gone = ledger->count / 2;

    for (size_t i = 0; i < gone; i++) {
        map_remove(&ledger->by_key, ledger->deeds[i]->idempotency_key);
        deed_free(ledger->deeds[i]);
    }
    ledger->count -= gone;
    memmove(ledger->deeds, ledger->deeds + gone, ledger->count * sizeof(struct sim_deed *));
}

struct sim_deed *sim_ledger_deed(struct sim_ledger *ledger, const struct sim_command *command)
{
    struct sim_deed *deed = map_get(&ledger->by_key, command->idempotency_key);

    if (deed != NULL) {
        return deed;
    }
    if (ledger->most > 0 && ledger->count >= ledger->most) {
        forget(ledger);
    }
    deed = calloc(1, sizeof(*deed));
    CHECK(deed != NULL);
    *deed = (struct sim_deed){.service = keep_text(command->service),
                              .type = keep_text(command->type),
                              .idempotency_key = keep_text(command->idempotency_key),
                              .undo_of = keep_text(command->undo_of),
                              .instance = keep_text(command->instance)};
    ledger->deeds = sim_grow(ledger->deeds, ledger->count, &ledger->capacity,
                             sizeof(struct sim_deed *));
    ledger->deeds[ledger->count++] = deed;
    map_put(&ledger->by_key, deed->idempotency_key, deed);
    return deed;
}

void sim_ledger_settle(struct sim_ledger *ledger, struct sim_deed *deed, bool refuses_anew,
                       struct sim_answer *answer)
{
    bool speaks = answer->verdict == SIM_DO || answer->verdict == SIM_REFUSE;

    deed->commands++;
    if (deed->done || (deed->refused && !refuses_anew)) {
        answer->verdict = !speaks ? SIM_MISS : deed->done ? SIM_DO : SIM_REFUSE;
        return;
    }
    deed->refused = answer->verdict == SIM_REFUSE;
    deed->done = answer->verdict == SIM_DO || answer->verdict == SIM_MUTE;
    if (deed->done) {
        deed->order = ++ledger->order;
    }
}

void sim_ledger_release(struct sim_ledger *ledger)
{
    map_release(&ledger->by_key);
    for (size_t i = 0; i < ledger->count; i++) {
        deed_free(ledger->deeds[i]);
    }
    free(ledger->deeds);
    *ledger = (struct sim_ledger){.deeds = NULL};
}
