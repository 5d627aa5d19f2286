/* What messages and signals lead to, in the picture of a flow. */
#include "compile/machine.h"

void machine_add_awaited(struct machine *machine, const struct listen *listen, uint32_t from,
                         uint32_t to)
{
    for (uint32_t i = 0; i < listen->item_count; i++) {
        const struct awaited *awaited = &listen->items[i];
        bool is_signal = awaited->signal.bytes > 0;
        struct text when = awaited->when == NULL ? TEXT("") : expr_source(awaited->when);

        if (listen->kind == LISTEN_MANY) {
            when = machine_enough(machine, listen);
        } else if (listen->kind == LISTEN_ALL) {
            when = TEXT("with all others");
        } else if (is_signal && when.bytes == 0) {
            when = machine_awaited(machine, awaited);
        }
        machine_add(machine, (struct transition){
                                 .from = from,
                                 .to = to,
                                 .trigger = TRIGGER_MESSAGE,
                                 .topic = is_signal ? TEXT("") : machine_awaited(machine, awaited),
                                 .when = when});
    }
}

/* From wherever the block, or the run, has come to. */
void machine_add_handlers(struct machine *machine, const struct handler *handlers, uint32_t count,
                          uint32_t from)
{
    for (uint32_t i = 0; i < count; i++) {
        machine_add_awaited(machine, &handlers[i].listen, from,
                            machine->of_step[handlers[i].first_step]);
    }
}
