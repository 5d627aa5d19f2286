/*
 * limits - every bound on what grows with input, in one place. Above a limit: STATUS_REJECT.
 */
#ifndef BATON_BASE_LIMITS_H
#define BATON_BASE_LIMITS_H

#define KEY_BYTES_MAX 512                /* Business key, UTF-8. */
#define PAYLOAD_BYTES_MAX (256 * 1024)   /* One message or reply. */
#define STATE_BYTES_MAX (900 * 1024)     /* One run, encoded. */
#define TOLD_BYTES_MAX (2 * 1024 * 1024) /* What one run tells another, such as its result. */
#define FLOW_FILE_BYTES_MAX (1024 * 1024)
#define DEFINITION_BYTES_MAX (900 * 1024) /* Resolved definition in baton.flows. */
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 10000 /* After alias expansion. */
#define JSON_DEPTH_MAX 64
#define STATE_DEPTH_MAX                                                                            \
    (JSON_DEPTH_MAX + 32) /* A state or delta holds values that are this deep. */
#define STEPS_MAX 10000
#define BLOCK_DEPTH_MAX 32
#define EXPR_SOURCE_BYTES_MAX (16 * 1024)
#define EXPR_DEPTH_MAX 128    /* Nesting of the expression itself. */
#define EXPR_WEIGHT_MAX 512   /* Evaluation frames an expression may nest. */
#define EXPR_FUEL_MAX 1000000 /* Evaluation steps. */
#define EXPR_OUTPUT_BYTES_MAX (1024 * 1024)
#define MAILBOX_MAX 1000                   /* Early messages of one instance. */
#define BATCH_MESSAGES_MAX 1000            /* Of one run that a batch starts. */
#define DEDUPE_MAX 10000                   /* Producer ids remembered by one run. */
#define INLINE_TRANSITIONS_MAX 10000       /* Steps one event may pass through (loops of set). */
#define SENT_BYTES_MAX (64 * 1024 * 1024)  /* All messages of one event: one transaction. */
#define LISTED_BYTES_MAX (4 * 1024 * 1024) /* Their ids, topics, keys and types: one record. */
#define LOOP_ITEMS_MAX 10000               /* Of one `for`. */
#define LOOP_PARALLEL_MAX 1000
#define BATCH_RECORDS_MAX 5000
#define HEADERS_MAX 64 /* Headers carried from one record. */

#endif
