/*
 * document - a YAML file as a tree of nodes that know where they stand. Scalars are read by the
 * YAML 1.2 core schema. The only module that knows libyaml. What the keys mean is not known here.
 */
#ifndef BATON_COMPILE_DOCUMENT_H
#define BATON_COMPILE_DOCUMENT_H

#include "compile/diagnostic.h"
#include "json/json.h"

enum node_kind { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_TEXT, NODE_LIST, NODE_MAP };

enum node_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL, STYLE_FOLDED };

struct document;
struct node;

struct pair {
    struct node *key; /* Any kind: what is no text is a finding of the reader of the map. */
    struct node *value;
    bool repeated; /* An earlier pair has this key: a finding was or will be made; skip it. */
};

struct node {
    enum node_kind kind;
    enum node_style style; /* Of scalars. */
    bool truth;            /* NODE_BOOL */
    bool made;             /* By a front end, in the place of what stands there. */
    bool open;             /* Still being read: an alias to it would never end. */
    uint32_t line;         /* From 1. */
    uint32_t column;       /* From 1, in characters. */
    uint32_t end_line;
    uint32_t end_column;
    uint32_t expanded; /* Nodes in it when aliases are written out. */
    uint32_t depth;    /* Levels below it. */
    const struct document *document;
    struct text text;    /* Of scalars: as decoded, whatever the kind. */
    struct pair *pairs;  /* NODE_MAP */
    struct node **items; /* NODE_LIST */
    uint32_t count;
};

/* Everything lives in the arena. The same node may be reached twice through an alias. */
struct document {
    struct arena arena;
    struct text file;
    struct text source;
    size_t *lines; /* Byte where each line starts. */
    uint32_t line_count;
    struct node *root; /* A map. */
};

/*
 * Parse `source`, which `file` names. Both are copied. Findings F001 to F007 go to `diagnostics`.
 *
 * STATUS_OK:     *document is set and belongs to the caller; there may be findings.
 * STATUS_REJECT: errors are in `diagnostics`, *document is NULL.
 */
MUST_CHECK enum status document_parse(struct text file, struct text source,
                                      struct diagnostics *diagnostics, struct document **document);
void document_free(struct document *document); /* Accepts NULL. */

/* The value of a key of a map, or NULL. The first if it stands there twice. */
const struct node *node_get(const struct node *map, const char *key);
const struct pair *node_pair(const struct node *map, const char *key);
struct place node_place(const struct node *node);
/* The place of bytes [offset, offset + bytes) of a scalar's decoded text. Where the file cannot be
 * matched to the text exactly, the scalar's start. */
struct place node_place_in(const struct node *node, size_t offset, size_t bytes);
/* "a list", "text 'abc'", "number 5", "nothing". */
const char *node_describe(const struct node *node, char out[64]);
/* True for plain yes, no, on, off: text in YAML 1.2, but not to everybody's eye. */
bool node_is_yes_no(const struct node *node);
/* The node as JSON, belonging to the caller. NULL if a key is no text or a number has no JSON form;
 * *problem is the node at fault. */
struct json *node_json(const struct node *node, const struct node **problem);

/* The place of a byte of the file. */
struct place document_place(const struct document *document, size_t byte);

/* Internal to the module: the kind of a plain scalar. */
enum node_kind scalar_kind(struct text text, bool *truth);
/* Line and column where byte `offset` of the scalar's text stands in the file. */
bool scalar_locate(const struct node *node, size_t offset, uint32_t *line, uint32_t *column);

#endif
