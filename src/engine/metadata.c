/* What a lane writes beside a committed position (lane_state.h). */
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "engine/lane_state.h"

void metadata_format(char out[OFFSET_METADATA_BYTES], const char *transactional_id,
                     const char *batch, int64_t checkpoint)
{
    int bytes = snprintf(out, OFFSET_METADATA_BYTES, "1 %s %s %" PRId64, transactional_id, batch,
                         checkpoint);

    CHECK(bytes > 0 && bytes < OFFSET_METADATA_BYTES);
}

bool metadata_parse(const char *text, struct metadata *metadata)
{
    int end = 0;

    *metadata = (struct metadata){.checkpoint = 0};
    return sscanf(text, "1 %255s %63s %" SCNd64 "%n", metadata->transactional_id, metadata->batch,
                  &metadata->checkpoint, &end) == 3 &&
           text[end] == '\0' && metadata->checkpoint >= 0;
}
