/*
 * checker_parts - the inside of the checker, shared by its files alone.
 */
#ifndef BATON_SIM_CHECKER_PARTS_H
#define BATON_SIM_CHECKER_PARTS_H

#include "base/map.h"
#include "codec/records.h"
#include "sim/checker.h"

/* A run as its history tells it. */
struct book {
    char *key;      /* "<instance>/<run>" */
    char *instance; /* Its name. */
    int32_t partition;
    int64_t seq;
    unsigned char hash[DIGEST_BYTES];
    struct instance *state;
    bool ended;
    uint64_t *prints; /* Of the canonical state after each seq; from index 1. */
    size_t print_count;
    size_t print_capacity;
    struct instance *almost; /* Ended: what it was before its terminal record. Or NULL. */
    char *parent;            /* "<instance>/<run>" of who started it, or NULL. */
    uint32_t parent_step;    /* The activation there. */
};

/* A record of the snapshot topic. */
struct sheet {
    int64_t offset;
    char *name;
    bool gone; /* A tombstone. */
    char *run; /* "<instance>/<run>" */
    int64_t seq;
    uint64_t print;       /* Of its canonical state. */
    uint64_t timer_print; /* Of its timers. */
    uint32_t timer_count;
    bool checked;
};

struct checker {
    struct checker_options options;
    struct names names;
    char fault[CHECKER_FAULT_BYTES];
    struct arena arena; /* Of one record. */
    uint64_t records;
    int64_t *history_at; /* By partition: what was read so far. */
    int64_t *snapshot_at;
    int64_t *dlq_at;
    int64_t *alerts_at;
    struct map books;   /* By key. */
    struct map latest;  /* Instance -> its last book. */
    struct map causes;  /* "<route> <topic> <partition> <offset>" of a source record -> itself. */
    struct map sent;    /* Command id -> itself: seen in a topic. */
    struct map told;    /* Command id -> itself: told by a history record. */
    struct map emitted; /* Idempotency keys of emitted records. */
    struct map counted; /* "<topic>/<partition>/<offset>" of source records that ended somewhere. */
    struct map replies; /* When a reply to a step was first written. */
    struct map awake;   /* Books that the last look found in memory. */
    struct map dead;    /* Business keys and command ids in the dead letters. */
    struct sheet **sheets; /* By partition, */
    size_t *sheet_counts;
    size_t *sheet_capacities;
    struct checker_topic {
        struct text name;
        bool is_command;
        bool is_reply;
        int32_t partitions;
        int64_t *at;
    } * topics; /* That runs send to, and of replies. */
    size_t topic_count;
};

void checker_fail(struct checker *checker, const char *format, ...) PRINTF_LIKE(2, 3);
uint64_t checker_print(const struct instance *instance);
/* Put a copy of `text` into a map from text to itself. False: it was there. */
bool checker_note(struct map *map, struct text text);
/* The flow of an instance, or NULL. */
const struct flow *checker_flow(const struct checker *checker, struct text instance);
struct book *checker_book(const struct checker *checker, struct text instance, struct run_id run);

/* check_history.c */
void check_history(struct checker *checker, int32_t partition, const struct record *record);
void book_free(struct book *book);
/* check_store.c */
void check_snapshot(struct checker *checker, int32_t partition, const struct record *record);
void check_sheets(struct checker *checker);
void sheet_release(struct sheet *sheet);
/* check_undos.c: `before` has become `after` by a record. */
void check_undos(struct checker *checker, const struct book *book, const struct instance *before,
                 const struct instance *after);
/* Of a run that has completed. */
void check_losers(struct checker *checker, const struct book *book);
/* check_batches.c: where messages are gathered to runs, each is in one of them. */
bool checker_gathers(const struct checker *checker);
void check_batches(struct checker *checker, const struct text *keys, const uint32_t *sent,
                   size_t key_count);
/* check_children.c: of a run that another one has started, at the end. `stands`: it did what is not
 * undone. */
void check_child(struct checker *checker, const struct book *book, bool stands);
/* What a run that has completed counts on. */
void check_children_done(struct checker *checker, const struct book *book);
/* check_deadline.c */
void check_reply(struct checker *checker, const struct record *record);
void check_deadline(struct checker *checker, const struct book *book,
                    const struct history_record *history);
void reply_time_free(void *reply);
/* check_inbound.c */
void check_counted(struct checker *checker, const struct history_record *history);
void check_dead(struct checker *checker, const struct record *record);
void check_alert(struct checker *checker, const struct record *record);
void check_inbound(struct checker *checker);
/* check_sent.c */
bool is_command_topic(const struct checker *checker, struct text name);
void check_sent(struct checker *checker, const struct checker_topic *topic,
                const struct record *record);

#endif
