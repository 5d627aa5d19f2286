/* links: baton_compile */
/*
 * Any bytes as a definition from the topic of flows: refused with a reason, or a state machine that
 * gives the same definition back and can be drawn.
 */
#include <stdint.h>

#include "base/check.h"
#include "compile/flow_file.h"
#include "compile/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void draw(const struct flow *flow)
{
    struct machine *machine = machine_new(flow);
    struct buffer out = {0};

    machine_json(machine, &out);
    machine_mermaid(machine, &out);
    machine_dot(machine, &out);
    machine_free(machine);
    buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct text source = {(const char *)data, bytes};
    struct flow *again = NULL;
    struct flow *flow = NULL;
    struct error err = {0};
    enum status status = flow_build(source, &flow, &err);

    CHECK(status == STATUS_OK ? flow != NULL : status == STATUS_REJECT && err.text[0] != '\0');
    if (status == STATUS_OK) {
        CHECK(flow_build(flow->definition, &again, &err) == STATUS_OK);
        CHECK(text_equal(flow->definition, again->definition));
        draw(flow);
    }
    flow_free(again);
    flow_free(flow);
    return 0;
}
