/*
 * element_builder: a small tree from the parser's events.
 *
 * Owned by xml_stream. Text is gathered in a buf and copied into the arena when its element ends, so that the arena's use
 * depends on the content alone and not on the pieces it came in.
 */
#ifndef XMPP_ELEMENT_BUILDER_INT_H
#define XMPP_ELEMENT_BUILDER_INT_H

#include "base/buf.h"
#include "xml_name_int.h"
#include "xmpp/element.h"

struct element_builder_level;

struct element_builder {
	struct arena arena; /* holds the tree */
	struct buf text;
	struct element_builder_level *levels; /* owned */
	unsigned depth;
	unsigned room;
	size_t name_bytes;
	struct element *root;
};

void element_builder_init(struct element_builder *b, size_t budget, size_t name_bytes);
void element_builder_fini(struct element_builder *b);
/* Frees the tree; ready for the next. */
void element_builder_clear(struct element_builder *b);
/* ATTRIBUTES: name, value, ..., NULL; the names as xml_name_split takes them. 0 or -FAIL_X. */
int element_builder_start(struct element_builder *b, const struct xml_name *name,
			  const char **attributes) must_check;
int element_builder_text(struct element_builder *b, const char *text, size_t len) must_check;
int element_builder_end(struct element_builder *b) must_check;

#endif
