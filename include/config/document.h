/*
 * document: one YAML file as a tree in which every node knows its line and column.
 *
 * What the configuration has no use for is refused here: anchors, aliases, tags, merge keys, a second document, keys that
 * are lists, control characters, nesting deeper than DOCUMENT_DEPTH, keys that occur twice in one map. Scalars are text:
 * what they mean is the schema's business. The tree lives in the document's arena. Pure; not shared between threads.
 */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "base/mem.h"
#include "config/diag.h"

#define DOCUMENT_MAX ((size_t)1 << 20) /* bytes of one file */
#define DOCUMENT_DEPTH 16

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	int line; /* from 1 */
	int column;
	bool refused;	    /* an error about it was reported: look no further */
	bool empty;	    /* nothing was written: "key:" */
	const char *text;   /* of a scalar: UTF-8 without control characters */
	struct node *next;  /* its sibling */
	struct node *first; /* of a list its items, of a map its keys */
	struct node *last;
	struct node *value; /* of a map's key; NULL where the file broke off */
};

struct document {
	struct place at;   /* the file; line and column 0 */
	struct node *root; /* NULL = empty, or not well-formed */
	struct arena arena;
};

/* Parses LEN bytes of the file AT. Everything wrong goes to DIAGS; -FAIL_CONFIG where it is not well-formed YAML and
 * the tree is therefore empty. document_fini in any case. */
int document_parse(struct document *d, const struct place *at, const char *data, size_t len,
		   struct diags *diags) must_check;
void document_fini(struct document *d);

struct place document_place(const struct document *d, const struct node *node);
/* "a list", "a map", "a single value" */
const char *node_kind_str(enum node_kind kind);

#endif
