/*
 * blocks_yaml - a flow of blocks within each other, with words in capitals that a test turns: how forks
 * join, what loops collect, what undoes.
 */
#ifndef BATON_SUPPORT_BLOCKS_YAML_H
#define BATON_SUPPORT_BLOCKS_YAML_H

static const char header[] = "flow: blocks\n"
                             "version: 1\n"
                             "key: .id\n"
                             "start: {topic: orders}\n"
                             "timeout: 2h\n"
                             "topics: {orders: orders, news: news, notes: notes, extra: extra}\n"
                             "services:\n"
                             "  stock: {commands: c, replies: r, success: .ok, error: .code}\n";

#define DO(name) "request: stock, type: " name ", compensate: {request: stock, type: Undo" name "}"

/* What may come at any time: it changes the document, does work of its own, or ends the run. */
#define HANDLE                                                                                     \
    "handle:\n"                                                                                    \
    "  - {listen: {signal: hint}, set: {hint: '${ $message.value }'}}\n"                           \
    "  - {listen: {any: [extra, {signal: also}]}, times: TIMES, do: "                              \
    "[{step: h1, " DO("H1") "}, {step: h2, wait: 5s}, {step: h3, " DO(                             \
        "H3") "}]}\n"                                                                              \
              "  - {listen: {signal: stop}, raise: B}\n"

static const char body[] =
    "do:\n"
    "  - {step: first, " DO(
        "First") "}\n"
                 "  - step: pay\n"
                 "    try:\n"
                 "      - {step: boxed, request: stock, type: Boxed, compensate: BOX}\n"
                 "      - {step: hold, " DO(
                     "Hold") "}\n"
                             "      - step: both\n"
                             "        fork:\n"
                             "          join: JOIN\n"
                             "          branches:\n"
                             "            left: [{step: l1, " DO("L1") "}, {step: l2, " DO(
                                 "L2") "}]\n"
                                       "            right:\n"
                                       "              - step: items\n"
                                       "                for: {each: x, in: '[1, 2, 3]', parallel: "
                                       "2, onError: COLLECT, pause: PAUSE}\n"
                                       "                do:\n"
                                       "                  - {step: i1, " DO(
                                           "I1") "}\n"
                                                 "                  - step: inner\n"
                                                 "                    do: [{step: i2, " DO(
                                                     "I2") ", PIVOT}]\n"
                                                           "                    catch: {error: "
                                                           "[A], rollback: ROLLBACK}\n"
                                                           "            third: [{step: t1, "
                                                           "request: stock, type: T1, cancel: "
                                                           "{type: Stop}}, {step: t2, listen: "
                                                           "LISTEN, timeout: 15m, REMIND}]\n"
                                                           "        timeout: 20m\n"
                                                           "      - {step: after, " DO(
                                                               "After") "}\n"
                                                                        "    retry: {attempts: 2, "
                                                                        "delay: 5s, errors: [A]}\n"
                                                                        "    catch:\n"
                                                                        "      - {error: [B], do: "
                                                                        "[{step: caught, " DO(
                                                                            "Caught") "}]}\n"
                                                                                      "      - "
                                                                                      "{error: C, "
                                                                                      "when: '.id "
                                                                                      "== \"A1\"', "
                                                                                      "do: [{step: "
                                                                                      "again, "
                                                                                      "raise: "
                                                                                      "$error}]}\n"
                                                                                      "  - {step: "
                                                                                      "back, "
                                                                                      "rollback: "
                                                                                      "[first], "
                                                                                      "if: 'IF'}\n"
                                                                                      "  - {step: "
                                                                                      "last, " DO(
                                                                                          "Last") ", timeout: 1m}\n" HANDLE
                                                                                                  "saga: {order: ORDER, whenStuck: STUCK, retry: {attempts: 2, delay: 1s}}\n"
                                                                                                  "onFailure: [{step: told, emit: news}]\n"
                                                                                                  "always: [{step: closed, request: stock, type: Closed}]\n";

struct knob {
    const char *word;
    const char *values[4];
};

#define M1 "do: [{step: m1, " DO("M1") "}]}"
/* Blocks of steps that undo. */
#define BOX1                                                                                       \
    "{do: [{step: u1, request: stock, type: U1}, {step: u2, set: {u: '${ .u1 }'}}, "               \
    "{step: u3, listen: {signal: go}, timeout: 2m, catch: {error: timeout}}]}"
#define BOX2                                                                                       \
    "{timeout: 10m, retry: {attempts: 3, delay: 2s}, do: "                                         \
    "[{step: u1, for: {each: y, in: '[1, 2]', parallel: 2}, do: "                                  \
    "[{step: u2, request: stock, type: U2}]}, {step: u3, try: "                                    \
    "[{step: u4, request: stock, type: U4}], retry: {attempts: 2, delay: 5s, errors: [A]}, "       \
    "catch: {error: [B], do: [{step: u5, wait: 3s}]}}]}"
#define BOX3                                                                                       \
    "{do: [{step: u1, fork: {join: first, branches: "                                              \
    "{x: [{step: u2, request: stock, type: U2}], y: [{step: u3, wait: 20s}]}}}, "                  \
    "{step: u4, raise: A, if: '.u1.which == \"y\"'}, {step: u6, do: [{step: u7, wait: 4s}], "      \
    "handle: [{listen: {signal: stay}, do: [{step: u8, wait: 2s}]}]}]}"
static const struct knob knobs[] = {
    {"JOIN", {"all", "first", "2", "race"}},
    {"COLLECT", {"fail", "collect", "fail", "collect"}},
    {"PAUSE", {"3s", "3s", "10ms", "1m"}},
    {"PIVOT", {"note: n", "note: n", "pivot: true", "pivot: true, inDoubt: skip"}},
    {"ROLLBACK", {"true", "false", "true", "true"}},
    {"IF", {"true", "false", ".both != null", "true"}},
    {"ORDER", {"reverse", "reverse", "reverse", "parallel"}},
    {"LISTEN",
     {"{any: [notes, {signal: go}]}", "{all: [notes, {signal: go}]}", "{topic: notes, count: 2}",
      "{signal: go}"}},
    {"REMIND", {"note: n", "remind: {every: 1m, " M1, "note: n", "remind: {at: [5m], " M1}},
    {"TIMES", {"1", "3", "many", "many"}},
    {"STUCK", {"hold", "continue", "hold", "continue"}},
    {"BOX", {"{request: stock, type: UndoBoxed}", BOX1, BOX2, BOX3}},
};

#endif
