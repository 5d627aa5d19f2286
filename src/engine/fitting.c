/*
 * What the core renders may not fit the format of its topic, and for Avro only the registry's schema
 * says so. So the lane encodes before anything is recorded; a message that cannot be is told to the core
 * as part of the event, which is decided anew. History keeps what was told: docs/decisions/0012.
 */
#include "codec/payload.h"
#include "engine/lane_state.h"

static enum status encode(struct lane *lane, struct effect_check *check, struct error *err)
{
    const struct avro_port *avro = lane->options.avro;
    enum status status;

    buffer_clear(&lane->scratch);
    status = check->format == FORMAT_AVRO && avro != NULL
                 ? avro->encode(avro->self, check->topic, check->value, &lane->scratch, err)
                 : payload_encode(check->value, check->format, &lane->scratch, err);
    check->bytes = lane_keep(lane, buffer_text(&lane->scratch));
    if (check->bytes.data == NULL) {
        check->bytes = TEXT("");
    }
    return status;
}

/* STATUS_REJECT: that of `number` cannot be encoded. */
static enum status encode_all(struct lane *lane, uint32_t *number, struct error *err)
{
    enum status status = STATUS_OK;

    for (*number = 0; *number < lane->effects.check_count; (*number)++) {
        struct effect_check *check = &lane->effects.checks[*number];

        status = check->value == NULL ? STATUS_OK : encode(lane, check, err);
        if (status != STATUS_OK) {
            break;
        }
    }
    return status;
}

/* Valid UTF-8, as history keeps it: else deciding again would give another text. */
static struct text unfit_line(struct lane *lane, uint32_t number, const struct error *why)
{
    struct json *text = json_string(why->text);
    struct text line = arena_printf(&lane->arena, UNFIT_PREFIX "%u: %.*s", number,
                                    TEXT_ARG(json_text_of(text)));

    json_free(text);
    return line;
}

enum status lane_transition(struct lane *lane, const struct flow *flow,
                            const struct instance *before, struct event *event,
                            struct fitted *fitted, struct error *err)
{
    struct text *lines = NULL;
    struct error why;

    event->unfit = NULL;
    event->unfit_count = 0;
    for (;;) {
        uint32_t number;
        enum status status;

        fitted->result = transition(flow, before, event, &fitted->after, &lane->effects);
        status = encode_all(lane, &number, &why);
        if (status == STATUS_OK) {
            return STATUS_OK;
        }
        instance_free(fitted->after);
        fitted->after = NULL;
        if (status != STATUS_REJECT) {
            return fail(err, STATUS_RETRY, "%s", why.text);
        }
        /* The last line stands for all messages from its own on: there is no further. */
        CHECK(event->unfit_count < UNFIT_MAX);
        if (lines == NULL) {
            lines = arena_array(&lane->arena, UNFIT_MAX, sizeof *lines);
        }
        lines[event->unfit_count] = unfit_line(lane, number, &why);
        event->unfit = lines;
        event->unfit_count++;
    }
}
