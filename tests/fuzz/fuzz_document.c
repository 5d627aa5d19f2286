/* links: baton_compile */
/*
 * Any bytes as a flow file: findings with a place inside of it, or a definition that builds.
 */
#include <stdint.h>

#include "base/check.h"
#include "compile/flow_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct text source = {(const char *)data, bytes};
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct buffer printed = {0};
    enum status status;

    (void)flow_file_is_flow(source);
    /* A folder that is not there: what the input uses is not found. */
    status = flow_text_check("/nowhere/f.yaml", source, &found, &definition);
    CHECK((status == STATUS_REJECT) == (found.error_count > 0));
    CHECK(status == STATUS_OK || status == STATUS_REJECT);
    for (uint32_t i = 0; i < found.count; i++) {
        CHECK(found.items[i].place.line > 0 && found.items[i].place.column > 0);
        CHECK(found.items[i].place.line <= bytes + 1);
    }
    diagnostics_print(&found, DIAGNOSTIC_TEXT, &printed);
    buffer_clear(&printed);
    diagnostics_print(&found, DIAGNOSTIC_JSON, &printed);
    diagnostics_release(&found);
    buffer_release(&definition);
    buffer_release(&printed);
    return 0;
}
