/*
 * dev_yaml - reading scalars, templates and maps of the services file. Internal to dev_services.
 */
#ifndef BATON_APP_DEV_YAML_H
#define BATON_APP_DEV_YAML_H

#include "app/dev_services.h"
#include "compile/document.h"

struct dev_reader {
    struct dev_services *services;
    struct diagnostics *diagnostics;
};

/* A key of a map, and what reads its value into `out` + offset. */
struct dev_key {
    const char *name;
    void (*read)(struct dev_reader *reader, const struct node *node, void *out);
    size_t offset;
};

/* Read a map by a table that ends with a NULL name; what is not in it is a finding. */
void dev_read_map(struct dev_reader *reader, const struct node *node, const struct dev_key *keys,
                  void *out);
void dev_wrong(struct dev_reader *reader, const struct node *node, const char *expected);

/* Into a struct text, bool, uint32_t (at least 1), int64_t of milliseconds, struct expr *, struct
 * template *, and uint32_t in permille. */
void dev_read_text(struct dev_reader *reader, const struct node *node, void *out);
void dev_read_bool(struct dev_reader *reader, const struct node *node, void *out);
void dev_read_count(struct dev_reader *reader, const struct node *node, void *out);
void dev_read_span(struct dev_reader *reader, const struct node *node, void *out);
void dev_read_expr(struct dev_reader *reader, const struct node *node, void *out);
void dev_read_template(struct dev_reader *reader, const struct node *node, void *out);
void dev_read_headers(struct dev_reader *reader, const struct node *node, void *out); /* A map. */
void dev_read_rate(struct dev_reader *reader, const struct node *node, void *out);

#endif
