/* xml_text: character data and attribute values, escaped in runs. What it writes, a parser reads back byte for byte. */
#ifndef XMPP_XML_TEXT_INT_H
#define XMPP_XML_TEXT_INT_H

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* buf_reserve and buf_add without a call where there is room: they are most of what a stanza costs us. */
static inline char *xml_text_room(struct buf *b, size_t n)
{
	if (n < b->size - b->len && n <= b->max - b->len && !b->fail)
		return b->data + b->len;
	return buf_reserve(b, n);
}

static inline void xml_text_put(struct buf *b, const void *data, size_t len)
{
	char *to = xml_text_room(b, len);

	if (!to)
		return;
	memcpy(to, data, len);
	b->len += len;
}

static inline void xml_text_putc(struct buf *b, char c)
{
	xml_text_put(b, &c, 1);
}

/* In content: & < > and CR become references; everything else, LF and TAB too, stands as it is. */
void xml_text_add(struct buf *b, const char *text, size_t len);
/* A value between apostrophes: & < ' and, since a parser would make them spaces, TAB LF CR. */
void xml_text_add_value(struct buf *b, const char *value, size_t len);
/* A space, the name, and the value up to its NUL between apostrophes; returns its length. */
size_t xml_text_add_attribute(struct buf *b, const char *name, size_t name_len, const char *value);

#endif
