#include "sim/sim_services.h"

#include <stdlib.h>

#include "codec/payload.h"
#include "sim/sim_ledger.h"

#define LAST_HEADER(record, i) ((record)->headers[(record)->header_count - 1 - (i)])

struct server {
    struct sim_service_options options;
    size_t number;
    struct json *success;
    struct json *failure;
    struct json *undone;
    int64_t *offsets; /* Of the command topic, by partition. */
    int32_t partitions;
};

/* An answer on its way. */
struct letter {
    size_t service; /* Its number. */
    int64_t due_ms;
    struct sim_reply reply;
    char *key;
    size_t key_bytes;
};

struct sim_services {
    struct sim *sim;
    struct sim_broker *broker;
    struct server *services;
    size_t count;
    size_t capacity;
    struct letter *letters;
    size_t letter_count;
    size_t letter_capacity;
    struct sim_ledger ledger;
};

struct sim_services *sim_services_new(struct sim *sim, struct sim_broker *broker)
{
    struct sim_services *services = calloc(1, sizeof(*services));

    CHECK(services != NULL);
    services->sim = sim;
    services->broker = broker;
    return services;
}

static void letter_release(struct letter *letter)
{
    sim_reply_release(&letter->reply);
    free(letter->key);
}

void sim_services_free(struct sim_services *services)
{
    if (services == NULL) {
        return;
    }
    for (size_t i = 0; i < services->count; i++) {
        json_free(services->services[i].success);
        json_free(services->services[i].failure);
        json_free(services->services[i].undone);
        free(services->services[i].offsets);
    }
    for (size_t i = 0; i < services->letter_count; i++) {
        letter_release(&services->letters[i]);
    }
    sim_ledger_release(&services->ledger);
    free(services->letters);
    free(services->services);
    free(services);
}

static enum status parse_object(const char *source, struct json **value, struct error *err)
{
    enum status status = json_parse(text_of(source == NULL ? "{}" : source), value, err);

    if (status == STATUS_OK && json_kind(*value) != JSON_OBJECT) {
        status = fail(err, STATUS_REJECT, "'%s' is no object", source);
    }
    return status;
}

enum status sim_services_add(struct sim_services *services,
                             const struct sim_service_options *options, struct error *err)
{
    struct server service = {.options = *options};
    const char *undone = options->undone == NULL ? options->success : options->undone;
    enum status status = parse_object(options->success, &service.success, err);

    if (status == STATUS_OK) {
        status = parse_object(options->failure, &service.failure, err);
    }
    if (status == STATUS_OK) {
        status = parse_object(undone, &service.undone, err);
    }
    if (status != STATUS_OK) {
        json_free(service.success);
        json_free(service.failure);
        json_free(service.undone);
        return fail_in(err, status, "service '%s'", options->name);
    }
    service.partitions = sim_broker_partitions(services->broker, text_of(options->commands));
    service.offsets = calloc((size_t)service.partitions + 1, sizeof(*service.offsets));
    CHECK(service.offsets != NULL);
    services->services = sim_grow(services->services, services->count, &services->capacity,
                                  sizeof(*services->services));
    service.number = services->count;
    services->services[services->count++] = service;
    return STATUS_OK;
}

/* By our name; the last of a name wins. */
static struct text header(const struct server *service, const struct record *record,
                          const char *name)
{
    struct text wanted = text_of(name);

    for (uint32_t i = 0; i < service->options.header_count; i++) {
        if (text_is(service->options.headers[i].ours, name)) {
            wanted = service->options.headers[i].theirs;
        }
    }
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_equal(LAST_HEADER(record, i).name, wanted)) {
            return LAST_HEADER(record, i).value;
        }
    }
    return TEXT("");
}

static void draw(struct sim *sim, const struct server *service, const struct sim_command *command,
                 struct sim_answer *answer)
{
    const struct sim_rates *rates = &service->options.rates;
    uint64_t lot = rng_below(&sim->rng, 1000);
    bool late = sim->faulty && rng_chance(&sim->rng, rates->late);
    int64_t most_ms = late ? rates->late_ms_max : rates->delay_ms_max;

    answer->verdict = SIM_DO;
    answer->delay_ms = (int64_t)rng_below(&sim->rng, (uint64_t)most_ms + 1);
    answer->twice = sim->faulty && rng_chance(&sim->rng, rates->twice);
    answer->again_ms = (int64_t)rng_below(&sim->rng, (uint64_t)rates->late_ms_max + 1);
    if (lot < rates->refuse) {
        /* An undo must not be refused: a service that cannot undo leaves work for people. */
        answer->verdict = command->undo_of.bytes > 0 ? SIM_DO : SIM_REFUSE;
    } else if (sim->faulty && lot < rates->refuse + rates->mute) {
        answer->verdict = SIM_MUTE;
    } else if (sim->faulty && lot < rates->refuse + rates->mute + rates->miss) {
        answer->verdict = SIM_MISS;
    }
}

/* What is said, with what the service echoes. The caller's. */
static struct sim_reply reply_of(const struct server *service, const struct sim_command *command,
                                 const struct sim_answer *answer)
{
    const struct sim_reply *given = answer->verdict == SIM_REFUSE ? &answer->refused
                                                                  : &answer->done;
    const struct json *body = answer->verdict == SIM_REFUSE ? service->failure
                              : command->undo_of.bytes > 0  ? service->undone
                                                            : service->success;
    const char *echo = service->options.echo;
    const struct json *echoed = echo == NULL ? NULL : json_member(command->value, echo);
    struct json *value;

    if (given->value != NULL) {
        return sim_reply_copy(given);
    }
    value = json_open_copy(body);
    if (echoed != NULL) {
        json_put(value, text_of(echo), json_copy(echoed));
    }
    return (struct sim_reply){.value = value};
}

static struct json *with_id(struct json *headers, const struct sim_service_options *service,
                            struct text id)
{
    const char *name = service->correlation == NULL ? "correlation-id" : service->correlation;
    struct json *all = headers == NULL ? json_object() : json_open_copy(headers);

    if (service->by_header) {
        json_put(all, text_of(name), json_text(id));
    }
    json_free(headers);
    return all;
}

/* `reply` is taken over. */
static void add_letter(struct sim_services *services, const struct server *service,
                       const struct sim_command *command, const struct sim_answer *answer,
                       int64_t delay_ms, struct sim_reply reply)
{
    struct text key = answer->key.data == NULL ? command->key : answer->key;

    reply.headers = with_id(reply.headers, &service->options, command->id);
    services->letters = sim_grow(services->letters, services->letter_count,
                                 &services->letter_capacity, sizeof(*services->letters));
    services->letters[services->letter_count++] = (struct letter){.service = service->number,
                                                                  .due_ms = services->sim->now_ms +
                                                                            delay_ms,
                                                                  .reply = reply,
                                                                  .key = text_dup(key),
                                                                  .key_bytes = key.bytes};
}

static void post(struct sim_services *services, const struct server *service,
                 const struct sim_command *command, const struct sim_answer *answer)
{
    bool speaks = answer->verdict == SIM_DO || answer->verdict == SIM_REFUSE;
    struct sim_reply reply = {.value = NULL};

    if (speaks) {
        reply = reply_of(service, command, answer);
    }
    for (uint32_t i = 0; i < answer->sign_count; i++) {
        add_letter(services, service, command, answer, answer->signs[i].delay_ms,
                   answer->signs[i].reply);
    }
    for (int i = 0; speaks && i <= (int)answer->twice; i++) {
        add_letter(services, service, command, answer,
                   answer->delay_ms + (i == 0 ? 0 : answer->again_ms), sim_reply_copy(&reply));
    }
    sim_reply_release(&reply);
}

static void serve(struct sim_services *services, const struct server *service,
                  const struct record *record)
{
    struct sim_command command = {
        .service = text_of(service->options.name),
        .type = header(service, record, "message-type"),
        .key = record->key,
        .id = header(service, record, "correlation-id"),
        .idempotency_key = header(service, record, "idempotency-key"),
        .undo_of = header(service, record, "baton-undo-of"),
        .attempt = header(service, record, "baton-attempt"),
        .instance = header(service, record, "baton-instance"),
        .step = header(service, record, "baton-step"),
        .record = record,
    };
    struct sim_answer answer = {.verdict = SIM_DO};
    struct json *value = NULL;
    struct sim_deed *deed;

    if (payload_decode(record->value, service->options.format, &value, NULL) != STATUS_OK) {
        return;
    }
    command.value = value;
    deed = sim_ledger_deed(&services->ledger, &command);
    if (service->options.decide != NULL) {
        service->options.decide(service->options.decide_self, &command, &answer);
    } else {
        draw(services->sim, service, &command, &answer);
    }
    sim_ledger_settle(&services->ledger, deed, service->options.refuses_anew, &answer);
    sim_trace(services->sim, NULL, "%s: %.*s %.*s%s%s", service->options.name,
              TEXT_ARG(command.type), TEXT_ARG(command.idempotency_key),
              deed->done      ? " done"
              : deed->refused ? " refused"
                              : " missed",
              answer.verdict == SIM_DO || answer.verdict == SIM_REFUSE ? "" : ", silent");
    post(services, service, &command, &answer);
    sim_reply_release(&answer.done);
    sim_reply_release(&answer.refused);
    json_free(value);
}

static void deliver(struct sim_services *services, struct letter *letter)
{
    const struct sim_service_options *service = &services->services[letter->service].options;
    struct buffer body = {.data = NULL};
    struct outgoing record = {.topic = text_of(service->replies),
                              .partition = PARTITION_BY_KEY,
                              .key = {letter->key, letter->key_bytes}};
    struct record_header *headers = sim_reply_headers(&letter->reply, &record.header_count);
    struct error err;
    enum status status = payload_encode(letter->reply.value, service->format, &body, &err);

    record.headers = headers;
    record.value = buffer_text(&body);
    if (status == STATUS_OK) {
        status = sim_broker_append(services->broker, &record, &err);
    }
    if (status != STATUS_OK) {
        sim_trace(services->sim, NULL, "%s: cannot answer: %s", service->name, err.text);
    }
    free(headers);
    buffer_release(&body);
}

static void deliver_due(struct sim_services *services)
{
    size_t kept = 0;

    for (size_t i = 0; i < services->letter_count; i++) {
        if (services->letters[i].due_ms <= services->sim->now_ms) {
            deliver(services, &services->letters[i]);
            letter_release(&services->letters[i]);
        } else {
            services->letters[kept++] = services->letters[i];
        }
    }
    services->letter_count = kept;
}

void sim_services_step(struct sim_services *services)
{
    struct record record;

    for (size_t i = 0; i < services->count; i++) {
        struct server *service = &services->services[i];

        for (int32_t k = 0; k < service->partitions; k++) {
            while (sim_broker_read(services->broker, text_of(service->options.commands), k,
                                   &service->offsets[k], &record)) {
                serve(services, service, &record);
            }
        }
    }
    deliver_due(services);
}

bool sim_services_idle(const struct sim_services *services)
{
    if (services->letter_count > 0) {
        return false;
    }
    for (size_t i = 0; i < services->count; i++) {
        const struct server *service = &services->services[i];

        for (int32_t k = 0; k < service->partitions; k++) {
            if (service->offsets[k] <
                sim_broker_end(services->broker, text_of(service->options.commands), k)) {
                return false;
            }
        }
    }
    return true;
}

void sim_services_limit(struct sim_services *services, size_t deeds_max)
{
    services->ledger.most = deeds_max;
}

int64_t sim_services_due_ms(const struct sim_services *services)
{
    int64_t due_ms = INT64_MAX;

    for (size_t i = 0; i < services->letter_count; i++) {
        if (services->letters[i].due_ms < due_ms) {
            due_ms = services->letters[i].due_ms;
        }
    }
    return due_ms;
}

int64_t sim_services_position(const struct sim_services *services, struct text topic,
                              int32_t partition)
{
    for (size_t i = 0; i < services->count; i++) {
        const struct server *service = &services->services[i];

        if (text_is(topic, service->options.commands) && partition < service->partitions) {
            return service->offsets[partition];
        }
    }
    return 0;
}

const struct sim_deed *sim_services_deed(const struct sim_services *services, size_t index)
{
    return index < services->ledger.count ? services->ledger.deeds[index] : NULL;
}

const struct sim_deed *sim_services_find(const struct sim_services *services, struct text key)
{
    return map_get(&services->ledger.by_key, key);
}
