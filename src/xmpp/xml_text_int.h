/* xml_text: character data and attribute values, escaped in runs. What it writes, a parser reads back byte for byte. */
#ifndef XMPP_XML_TEXT_INT_H
#define XMPP_XML_TEXT_INT_H

#include "base/buf.h"

/* In content: & < > and CR become references; everything else, LF and TAB too, stands as it is. */
void xml_text_add(struct buf *b, const char *text, size_t len);
/* A NUL-terminated value between apostrophes: & < ' and, since a parser would make them spaces, TAB LF CR. */
void xml_text_add_value(struct buf *b, const char *value);

#endif
