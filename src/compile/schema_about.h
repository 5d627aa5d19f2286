/*
 * schema_about - what schema and reference say about whole objects, and values that examples show.
 * Included by schema_words.c alone. An object or key without a row here is shown all the same: by its
 * name, and with an example made from its shape. Every example is checked against the schema by the
 * test lint_schema.
 */
#ifndef BATON_COMPILE_SCHEMA_ABOUT_H
#define BATON_COMPILE_SCHEMA_ABOUT_H

#include "compile/fields.h"

struct about {
    const char *name;     /* Of the definition and the heading; else as in fields.c. */
    const char *text;     /* A sentence or two. */
    const char *fragment; /* YAML of the whole object. */
};

/* clang-format off */
static const struct about abouts[OBJECT_COUNT] = {
    [OBJECT_FLOW] = {
        .text = "A flow file. The file begins with `flow:`.",
        .fragment =
            "flow: order-saga\n"
            "version: 1\n"
            "use: [estate.yaml]\n"
            "key: .orderId\n"
            "start: {topic: ordersCreated}\n"
            "timeout: 2h\n"
            "do:\n"
            "  - step: reserve\n"
            "    request: inventory\n"
            "    type: ReserveInventory\n"
            "    value: {orderId: \"${ .orderId }\", lines: \"${ .lines }\"}\n"
            "    timeout: 30s\n"
            "    compensate:\n"
            "      request: inventory\n"
            "      type: ReleaseInventory\n"
            "      value: {orderId: \"${ .orderId }\"}\n"
            "onFailure:\n"
            "  - step: rejected\n"
            "    emit: ordersRejected\n"
            "    value: {orderId: \"${ .orderId }\", reason: \"${ $error.title }\"}\n"},
    [OBJECT_ESTATE] = {
        .name = "estate",
        .text = "An estate file: topics, services and retry policies, written once and named by the `use` of flows. A name is defined once in all the files that a flow uses.",
        .fragment =
            "topics:\n"
            "  ordersCreated: {name: orders.created, key: .orderId}\n"
            "services:\n"
            "  inventory:\n"
            "    commands: inventory.commands\n"
            "    replies: inventory.replies\n"
            "    success: .status == \"OK\"\n"
            "retries:\n"
            "  steady: {attempts: 5, delay: 2s, max: 1m}\n"},
    [OBJECT_TOPIC] = {
        .text = "What stands behind an alias below `topics`. The name on the broker alone is enough: `ordersCreated: orders.created`.",
        .fragment =
            "name: payments.captured\n"
            "key: {header: order-id}\n"
            "type: {header: message-type}\n"
            "id: {path: .eventId}\n"
            "tombstone: skip\n"},
    [OBJECT_LOCATOR] = {
        .text = "Where the type of a message sits: exactly one of these.",
        .fragment = "header: message-type\n"},
    [OBJECT_ID] = {
        .text = "Where a producer's message id sits: exactly one of these.",
        .fragment = "path: .eventId\n"},
    [OBJECT_SERVICE] = {
        .text = "What stands behind a name below `services`. Where there are `replies`, `success` or `failure` is required: with one of them, every other reply is the opposite; with both, a reply that is neither is not the answer.",
        .fragment =
            "commands: payments.commands\n"
            "replies: payments.replies\n"
            "correlate: {path: .orderId}\n"
            "success: .outcome == \"CAPTURED\"\n"
            "failure: .outcome == \"DECLINED\"\n"
            "error: .code\n"
            "reason: .message\n"
            "timeout: 20s\n"
            "retry: steady\n"},
    [OBJECT_POLICY] = {
        .text = "A retry policy, below `retries` or written where it is used.",
        .fragment =
            "attempts: 5\n"
            "delay: 2s\n"
            "backoff: exponential\n"
            "max: 1m\n"
            "jitter: 20%\n"
            "errors: [timeout, communication]\n"},
    [OBJECT_SAGA_POLICY] = {
        .name = "saga-retry",
        .text = "How undos are repeated. An undo has to succeed in the end, so it is tried for a day, and after a refusal too.",
        .fragment = "delay: 2s\nmax: 5m\ntotal: 3d\n"},
    [OBJECT_SAGA] = {
        .text = "How the undoing goes when the flow fails.",
        .fragment = "order: reverse\ninDoubt: compensate\nretry: {delay: 2s, max: 5m}\nwhenStuck: hold\n"},
    [OBJECT_START] = {
        .text = "What starts an instance. `start` is one of these or a list.",
        .fragment = "topic: ordersCreated\ntype: OrderCreated\nwhen: .total > 0\nfrom: earliest\n"},
    [OBJECT_STEP] = {
        .text = "A step is one list item with a name and exactly one action. These keys stand beside the action, on the actions that the table says.",
        .fragment =
            "step: charge\n"
            "if: .total > 0\n"
            "request: payments\n"
            "type: CapturePayment\n"
            "value: {orderId: \"${ .orderId }\", amount: \"${ .total }\"}\n"
            "timeout: 1m\n"
            "retry: steady\n"
            "as: payment\n"
            "keep: {id: \"${ .paymentId }\"}\n"},
    [OBJECT_REQUEST] = {
        .text = "Produce a command and wait for the reply, which becomes the result. A refusal raises `rejected`, or what the service's `error` names; no reply in time raises `timeout`.",
        .fragment =
            "step: reserve\n"
            "request: inventory\n"
            "type: ReserveInventory\n"
            "key: .orderId\n"
            "value: {orderId: \"${ .orderId }\", lines: \"${ .lines }\"}\n"
            "headers: {tenant: \"${ .tenant }\"}\n"
            "reply: {success: .reserved, reason: .why}\n"
            "cancel: {type: CancelReservation}\n"},
    [OBJECT_EMIT] = {
        .text = "Produce a message. It is done when the turn is committed; there is no result.",
        .fragment =
            "step: confirmed\n"
            "emit: ordersConfirmed\n"
            "type: OrderConfirmed\n"
            "value: {orderId: \"${ .orderId }\", trackingId: \"${ .ship.trackingId }\"}\n"},
    [OBJECT_LISTEN_STEP] = {
        .text = "Wait for a message of this instance. Its payload becomes the result.",
        .fragment = "step: paid\nlisten: {topic: paymentsCaptured, when: .amount >= $data.total}\ntimeout: 1d\n"},
    [OBJECT_WAIT_STEP] = {
        .text = "Let time pass. The timer survives restarts.",
        .fragment = "step: coolingOff\nwait: 14d\n"},
    [OBJECT_SET] = {
        .text = "Merge a map into the instance document: objects deeply, arrays and scalars are replaced.",
        .fragment = "step: remember\nset: {customer: {vip: \"${ .total > 1000 }\"}}\n"},
    [OBJECT_SWITCH] = {
        .text = "Take the first case whose `when` is true. The last may go without `when`; if none is true, the run goes on behind the switch.",
        .fragment =
            "step: choose\n"
            "switch:\n"
            "  - when: .total > 1000\n"
            "    do:\n"
            "      - {step: flag, set: {large: true}}\n"
            "  - then: ship\n"},
    [OBJECT_RAISE_STEP] = {
        .text = "Fail with an error of your own. `raise: $error` fails again with the error at hand.",
        .fragment = "step: refuse\nraise: {error: TooLarge, title: \"no orders above ${ .limit }\", status: 422}\n"},
    [OBJECT_END] = {
        .text = "End the run from here. `failed` and `cancelled` undo first.",
        .fragment = "step: stop\nend: cancelled\nreason: the customer asked for it\n"},
    [OBJECT_DO] = {
        .text = "A block: steps that share a timeout, a catch or a retry. Their results land in the document around it.",
        .fragment =
            "step: payment\n"
            "timeout: 10m\n"
            "do:\n"
            "  - {step: charge, request: payments, type: CapturePayment}\n"
            "  - {step: told, emit: paymentsCaptured}\n"},
    [OBJECT_TRY] = {
        .text = "A block whose errors are caught, or which is tried again: `retry` rolls it back first.",
        .fragment =
            "step: pay\n"
            "try:\n"
            "  - {step: charge, request: payments, type: CapturePayment}\n"
            "retry: 3\n"
            "catch:\n"
            "  - error: CardDeclined\n"
            "    do:\n"
            "      - {step: byInvoice, request: invoices}\n"},
    [OBJECT_FORK_STEP] = {
        .text = "Run branches side by side, each on a copy of the document. What is left when it is decided is cancelled and undone. The result holds what each branch added, by its name; of first and race it is `{which, value}`.",
        .fragment =
            "step: checks\n"
            "fork:\n"
            "  branches:\n"
            "    credit: [{step: askCredit, request: credit}]\n"
            "    fraud: [{step: askFraud, request: fraud}]\n"},
    [OBJECT_FOR_STEP] = {
        .text = "Run steps for each item of an array, each on a copy of the document. The result is an array in the order of the items.",
        .fragment =
            "step: lines\n"
            "for: {each: line, in: .lines, parallel: 10}\n"
            "do:\n"
            "  - step: reserve\n"
            "    request: inventory\n"
            "    value: {sku: \"${ $line.sku }\"}\n"},
    [OBJECT_RUN_STEP] = {
        .text = "Run another flow as a child: an instance of its own, which may be on another worker. If "
                "this run fails or is cancelled, what the child did is undone in its turn, also after the "
                "child has completed; until then the child is held. A child that fails or may not start "
                "raises `child-failed`, with its error in `$error.reply`. Any deployed flow may be run.",
        .fragment =
            "step: analysis\n"
            "run: property-analysis\n"
            "input: {property: \"${ .property }\"}\n"
            "timeout: 1d\n"},
    [OBJECT_ROLLBACK] = {
        .text = "Undo now, the latest first, and go on.",
        .fragment = "step: takeBack\nrollback: [reserve, charge]\n"},
    [OBJECT_CATCH] = {
        .text = "What to do about an error. The first that fits is taken; first what the step did is undone.",
        .fragment =
            "error: [timeout, OutOfStock]\n"
            "when: .total < 100\n"
            "do:\n"
            "  - {step: apologize, emit: apologies}\n"},
    [OBJECT_FORK] = {
        .text = "The branches of a fork, and when it is done.",
        .fragment =
            "join: first\n"
            "branches:\n"
            "  fast: [{step: askFast, request: fastCourier}]\n"
            "  cheap: [{step: askCheap, request: cheapCourier}]\n"},
    [OBJECT_FOR] = {
        .text = "What a `for` goes over, and how.",
        .fragment =
            "each: customer\n"
            "in: .customers\n"
            "at: index\n"
            "parallel: 20\n"
            "pause: 5s\n"
            "onError: collect\n"
            "result: .charge.id\n"},
    [OBJECT_UNDO] = {
        .text = "What undoes a step: a map with one action, or with `do` and a list of steps, or `none`, which says that nothing has to be undone. The steps work on a copy of the document as it was when the step was done; what an error leaves of them begins anew with the next attempt. An undo must be idempotent and accept that there is nothing to undo.",
        .fragment =
            "request: payments\n"
            "type: RefundPayment\n"
            "value: {orderId: \"${ .orderId }\", paymentId: \"${ .charge.paymentId // null }\"}\n"
            "reply: {success: '.outcome == \"REFUNDED\"'}\n"
            "timeout: 1m\n"},
    [OBJECT_UNDO_REQUEST] = {.name = "undo request"},
    [OBJECT_UNDO_BLOCK] = {.name = "undo block"},
    [OBJECT_LISTEN] = {
        .text = "The long form of `listen`: exactly one of `topic`, `signal`, `any` and `all`. With `count` or `until` (or both: whichever comes first) messages are collected; when the step's timeout cuts that short, what has come is in `$error.detail`.",
        .fragment = "topic: paymentsCaptured\ntype: PaymentCaptured\nwhen: .amount > 0\nkey: {header: order-id}\n"},
    [OBJECT_AWAITED] = {
        .name = "listen-entry",
        .text = "One entry of the `any` or `all` of a listen: a topic or a signal.",
        .fragment = "topic: paymentsCaptured\nwhen: .amount > 0\nas: paid\n"},
    [OBJECT_HANDLER] = {
        .text = "What may come at any time while the flow, or the block, goes on, and what is done then: one of `set`, `do` and `raise`, on the same document. `$message.value` is what came. Steps wait until it is done; `raise` interrupts them at once, and what they did is undone as for any error.",
        .fragment = "listen: {signal: priority}\nset: {priority: \"${ $message.value.level }\"}\ntimes: many\n"},
    [OBJECT_BATCH] = {
        .text = "Messages of a start topic that make one instance together. They are gathered partition by partition, in their order.",
        .fragment = "max: 100\nwithin: 10s\n"},
    [OBJECT_REMIND] = {
        .text = "Steps that run beside a wait from time to time and stop with it; one that is not done when the next is due lets that one out. An error in them is one of the step that waits.",
        .fragment =
            "every: 1d\nmax: 3\ndo:\n"
            "  - {step: reminded, emit: reminders, value: {count: \"${ $count }\"}}\n"},
    [OBJECT_WAIT] = {
        .text = "The long form of `wait`: until a time. A time in the past ends the wait at once.",
        .fragment = "until: .expiresAt\nminus: 90d\n"},
    [OBJECT_CASE] = {
        .text = "A case of a switch: `do` or `then`.",
        .fragment = "when: .total > 1000\nthen: review\n"},
    [OBJECT_RAISE] = {
        .text = "The long form of `raise`.",
        .fragment = "error: TooLarge\ntitle: \"no orders above ${ .limit }\"\ndetail: {total: \"${ .total }\"}\nstatus: 422\n"},
    [OBJECT_REPLY] = {
        .text = "What replies to this request mean. Each key replaces the one of the service.",
        .fragment = "success: .reserved\nreason: .why\n"},
    [OBJECT_RATE] = {.text = "A bucket that holds `burst` tokens and gains `limit` of them in `per`; a request takes one. It is shared by all flows and workers of an app. A request that finds none waits for its turn, at most for its timeout.",
        .fragment = "{limit: 10, per: 1s, burst: 20, key: .customerId}\n"},
    [OBJECT_BREAKER] = {.text = "Shared by all flows and workers of an app, as is what it counts.", .fragment = "{failures: 5, within: 1m, openFor: 30s}\n"},
    [OBJECT_CANCEL] = {
        .text = "Tells the service, best effort, that the step was abandoned.",
        .fragment = "type: CancelReservation\nvalue: {orderId: \"${ .orderId }\"}\n"},
};

/* Values of keys whose shape does not tell what they are for; `object` OBJECT_COUNT: of any object. */
static const struct {
    enum object object;
    const char *key;
    const char *yaml;
} examples[] = {
    {OBJECT_FLOW, "flow", "order-saga"},
    {OBJECT_FLOW, "title", "An order from reservation to shipping"},
    {OBJECT_FLOW, "description", "Reserves, charges and ships."},
    {OBJECT_FLOW, "labels", "{team: shop}"},
    {OBJECT_FLOW, "owner", "shop@example.org"},
    {OBJECT_FLOW, "use", "[estate.yaml]"},
    {OBJECT_FLOW, "data", "{orderId: \"${ .orderId }\", total: \"${ .total }\"}"},
    {OBJECT_FLOW, "result", "{orderId: \"${ .orderId }\"}"},
    {OBJECT_FLOW, "alerts", "opsAlerts"},
    {OBJECT_ESTATE, "use", "[topics.yaml]"},
    {OBJECT_TOPIC, "name", "orders.created"},
    {OBJECT_SERVICE, "commands", "inventory.commands"},
    {OBJECT_SERVICE, "replies", "inventory.replies"},
    {OBJECT_SERVICE, "correlate", "{header: X-Correlation}"},
    {OBJECT_SERVICE, "headers", "{correlation-id: X-Correlation}"},
    {OBJECT_SERVICE, "group", "inventory-service"},
    {OBJECT_FLOW, "topics", "{ordersCreated: {name: orders.created, key: .orderId}}"},
    {OBJECT_FLOW, "services", "{inventory: {commands: inventory.commands}}"},
    {OBJECT_FLOW, "retries", "{steady: {attempts: 5}}"},
    {OBJECT_FLOW, "start", "{topic: ordersCreated}"},
    {OBJECT_FLOW, "early", "1h"},
    {OBJECT_FLOW, "remember", "7d"},
    {OBJECT_FLOW, "keep", "30d"},
    {OBJECT_FLOW, "timeout", "2h"},
    {OBJECT_FLOW, "warnAfter", "1h"},
    {OBJECT_FLOW, "saga", "{order: parallel}"},
    {OBJECT_FLOW, "do", "[{step: reserve, request: inventory}]"},
    {OBJECT_FLOW, "onFailure", "[{step: rejected, emit: ordersRejected}]"},
    {OBJECT_ESTATE, "topics", "{ordersCreated: {name: orders.created, key: .orderId}}"},
    {OBJECT_ESTATE, "services", "{inventory: {commands: inventory.commands}}"},
    {OBJECT_ESTATE, "retries", "{steady: {attempts: 5}}"},
    {OBJECT_TOPIC, "type", "{header: message-type}"},
    {OBJECT_TOPIC, "id", "{path: .eventId}"},
    {OBJECT_SERVICE, "type", "{path: .type}"},
    {OBJECT_SERVICE, "timeout", "20s"},
    {OBJECT_POLICY, "attempts", "5"},
    {OBJECT_COUNT, "delay", "500ms"},
    {OBJECT_BATCH, "max", "100"},
    {OBJECT_REMIND, "max", "3"},
    {OBJECT_COUNT, "max", "5m"},
    {OBJECT_COUNT, "total", "1h"},
    {OBJECT_SAGA, "retry", "{delay: 2s, max: 5m}"},
    {OBJECT_START, "topic", "ordersCreated"},
    {OBJECT_START, "type", "OrderCreated"},
    {OBJECT_STEP, "step", "reserve"},
    {OBJECT_STEP, "as", "booking"},
    {OBJECT_STEP, "keep", "{id: \"${ .bookingId }\"}"},
    {OBJECT_STEP, "then", "continue"},
    {OBJECT_STEP, "note", "\"booked ${ .booking.id }\""},
    {OBJECT_STEP, "compensate", "{request: inventory, type: ReleaseInventory}"},
    {OBJECT_REQUEST, "type", "ReserveInventory"},
    {OBJECT_REQUEST, "reply", "{success: .reserved}"},
    {OBJECT_REQUEST, "cancel", "{type: CancelReservation}"},
    {OBJECT_UNDO_REQUEST, "type", "ReleaseInventory"},
    {OBJECT_UNDO_REQUEST, "reply", "{success: .released}"},
    {OBJECT_EMIT, "emit", "ordersConfirmed"},
    {OBJECT_EMIT, "type", "OrderConfirmed"},
    {OBJECT_LISTEN_STEP, "listen", "paymentsCaptured"},
    {OBJECT_FLOW, "always", "[{step: closed, emit: ordersClosed}]"},
    {OBJECT_STEP, "catch", "{error: timeout, do: [{step: late, set: {late: true}}]}"},
    {OBJECT_FORK_STEP, "fork", "{join: first, branches: {a: [{step: x, wait: 1m}], b: [{step: y, wait: 2m}]}}"},
    {OBJECT_FOR_STEP, "for", "{each: line, in: .lines}"},
    {OBJECT_FOR, "each", "line"},
    {OBJECT_FOR, "in", ".lines"},
    {OBJECT_FOR, "at", "index"},
    {OBJECT_FOR, "batch", "100"},
    {OBJECT_FOR, "parallel", "10"},
    {OBJECT_FOR, "pause", "5s"},
    {OBJECT_FOR, "while", "$line.count > 0"},
    {OBJECT_FOR, "result", ".charge.id"},
    {OBJECT_CATCH, "error", "[timeout, OutOfStock]"},
    {OBJECT_LISTEN, "topic", "paymentsCaptured"},
    {OBJECT_LISTEN, "type", "PaymentCaptured"},
    {OBJECT_LISTEN, "count", "3"},
    {OBJECT_LISTEN, "until", "length >= 3"},
    {OBJECT_LISTEN, "any", "[paymentsCaptured, {signal: paidByHand}]"},
    {OBJECT_LISTEN, "all", "[{topic: paymentsCaptured, as: paid}, {signal: approved}]"},
    {OBJECT_HANDLER, "listen", "{signal: priority}"},
    {OBJECT_HANDLER, "set", "{priority: \"${ $message.value.level }\"}"},
    {OBJECT_HANDLER, "raise", "Cancelled"},
    {OBJECT_AWAITED, "topic", "paymentsCaptured"},
    {OBJECT_AWAITED, "type", "PaymentCaptured"},
    {OBJECT_AWAITED, "as", "paid"},
    {OBJECT_COUNT, "signal", "approved"},
    {OBJECT_SET, "set", "{seen: true}"},
    {OBJECT_SWITCH, "switch", "[{when: .vip, then: ship}]"},
    {OBJECT_RAISE_STEP, "raise", "OutOfStock"},
    {OBJECT_RAISE, "error", "OutOfStock"},
    {OBJECT_RAISE, "title", "\"no ${ .sku } left\""},
    {OBJECT_RAISE, "detail", "{sku: \"${ .sku }\"}"},
    {OBJECT_END, "reason", "\"no answer within ${ .patience }\""},
    {OBJECT_WAIT, "until", ".expiresAt"},
    {OBJECT_WAIT, "minus", "90d"},
    {OBJECT_CASE, "when", ".total > 1000"},
    {OBJECT_CASE, "do", "[{step: flag, set: {large: true}}]"},
    {OBJECT_CASE, "then", "ship"},
    {OBJECT_CANCEL, "type", "CancelReservation"},
    {OBJECT_COUNT, "request", "inventory"},
    {OBJECT_COUNT, "value", "{orderId: \"${ .orderId }\"}"},
    {OBJECT_COUNT, "headers", "{tenant: \"${ .tenant }\"}"},
    {OBJECT_COUNT, "key", ".orderId"},
    {OBJECT_COUNT, "when", ".total > 0"},
    {OBJECT_COUNT, "if", ".total > 0"},
    {OBJECT_COUNT, "success", ".status == \"OK\""},
    {OBJECT_COUNT, "failure", ".status == \"REJECTED\""},
    {OBJECT_COUNT, "error", ".code"},
    {OBJECT_COUNT, "reason", ".message"},
    {OBJECT_COUNT, "progress", ".percent != null"},
    {OBJECT_COUNT, "path", ".eventId"},
    {OBJECT_COUNT, "header", "message-type"},
    {OBJECT_COUNT, "retry", "steady"},
    {OBJECT_COUNT, "errors", "[timeout, OutOfStock]"},
    {OBJECT_COUNT, "exceptErrors", "[Fraud]"},
    {OBJECT_COUNT, "warnAfter", "15m"},
    {OBJECT_COUNT, "timeout", "30s"},
};
/* clang-format on */

#endif
