/*
 * kafka_error - librdkafka's errors as ours. Nobody else decides what an error code means.
 *
 * There are two readings of one code. Outside of a transaction trouble that passes is RETRY. Inside
 * of one nothing can be retried by itself: whatever is not a fence or a refusal for good is ABORT,
 * because the outcome is in doubt or the transaction is lost (DESIGN.md rule 3).
 */
#ifndef BATON_ADAPTER_KAFKA_ERROR_H
#define BATON_ADAPTER_KAFKA_ERROR_H

#include <librdkafka/rdkafka.h>

#include "base/status.h"

/* What to do about `code` outside of a transaction: RETRY, REJECT, FENCED or FATAL; never OK
 * except for RD_KAFKA_RESP_ERR_NO_ERROR. */
enum status kafka_status(rd_kafka_resp_err_t code);

/* As kafka_status, with the text "cannot <doing>: <the broker's words>". `words` may be NULL. */
enum status kafka_fail(rd_kafka_resp_err_t code, const char *words, const char *doing,
                       struct error *err);

/* The same inside of a transaction: ABORT, FENCED or FATAL. */
enum status kafka_fail_in_transaction(rd_kafka_resp_err_t code, const char *words,
                                      const char *doing, struct error *err);

/* As the two above, from an error object, which is freed. NULL is STATUS_OK. */
enum status kafka_end(rd_kafka_error_t *cause, const char *doing, struct error *err);
enum status kafka_end_in_transaction(rd_kafka_error_t *cause, const char *doing, struct error *err);

#endif
